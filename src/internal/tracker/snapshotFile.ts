/**
 * The text of a saved snapshot: a line `effect-errata snapshot VERSION NUMBER CHECKSUM`, then JSON. The number orders the
 * snapshots of one tracker, the checksum shows whether the text is complete.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Classifier from "../../Classifier.js"
import type * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import type { Numbered } from "../persistence/storeSlots.js"
import * as Codec from "./snapshotCodec.js"
import type { Snapshot } from "./snapshotModel.js"

const version = 1
const Json = Schema.parseJson(Codec.SnapshotSchema)

// The largest number of characters that are encoded at a time: about 3 milliseconds.
const perTurn = 20_000

// A timer: a yield runs before timers and I/O.
const letOthersRun = Effect.sleep(Duration.zero)

/** The text of a snapshot. It is encoded in pieces, so that megabytes do not block the event loop. */
export const write = Effect.fnUntraced(function*(
  { number, value: snapshot }: Numbered<Snapshot>
): Effect.fn.Return<string> {
  const hash = new Checksum(`${number}\n`)
  const pieces: Array<string> = []
  let sinceTurn = 0
  for (const piece of encode(snapshot)) {
    pieces.push(piece)
    hash.add(piece)
    sinceTurn += piece.length
    if (sinceTurn < perTurn) continue
    sinceTurn = 0
    yield* letOthersRun
  }
  return `effect-errata snapshot ${version} ${number} ${hash.text}\n${pieces.join("")}`
})

/** The JSON of a snapshot in pieces, each of which takes little time. The pieces of a lazy snapshot are read one by one. */
function* encode(snapshot: Snapshot): Generator<string> {
  const { codes, dimensions, empties, latencies = [], recent, ...rest } = snapshot
  const others = Schema.encodeSync(Codec.SnapshotSchema)({
    ...rest,
    codes: [],
    dimensions: [],
    empties: [],
    recent: []
  })
  const { codes: _c, dimensions: _d, empties: _e, recent: _r, ...json } = others
  yield JSON.stringify(json).slice(0, -1)
  yield* list("codes", codes, Schema.encodeSync(Codec.Code))
  yield* list("empties", empties, Schema.encodeSync(Codec.Empties))
  yield* list("recent", recent, Schema.encodeSync(Codec.Recent))
  yield `,"latencies":[`
  for (const [i, { name, values }] of latencies.entries()) {
    yield `${i === 0 ? "" : ","}{"name":${JSON.stringify(name)}`
    yield* list("values", values, Schema.encodeSync(Codec.ValueLatency))
    yield "}"
  }
  yield `],"dimensions":[`
  for (const [i, { name, rest, values }] of dimensions.entries()) {
    yield `${i === 0 ? "" : ","}{"name":${JSON.stringify(name)}`
    yield* list("values", values, Schema.encodeSync(Codec.Value))
    yield `,"rest":${JSON.stringify(Schema.encodeSync(Codec.DimensionRest)(rest))}}`
  }
  yield "]}"
}

function* list<A>(key: string, items: ReadonlyArray<A>, encode: (item: A) => unknown): Generator<string> {
  yield `,"${key}":[`
  for (const [i, item] of items.entries()) yield `${i === 0 ? "" : ","}${JSON.stringify(encode(item))}`
  yield "]"
}

/** Left: the reason why the text cannot be used. */
export const read = (
  text: string,
  context: FetchContext.Input
): Either.Either<Numbered<Snapshot>, FetchError.FetchError> => {
  const [head, written, digits, wanted] = /^effect-errata snapshot (\d{1,9}) (\d{1,15}) ([0-9a-f]{8})\n/.exec(text) ??
    []
  if (head === undefined) {
    return Either.left(new FetchError.DataTransformation({ message: "not a snapshot of an error tracker", context }))
  }
  if (Number(written) !== version) {
    const message = `snapshot version ${written} is not supported: expected version ${version}`
    return Either.left(new FetchError.DataValidation({ message, context }))
  }
  const number = Number(digits)
  const json = text.slice(head.length)
  const found = new Checksum(`${number}\n`).add(json).text
  return found === wanted
    ? Schema.decodeEither(Json)(json).pipe(
      Either.mapBoth({
        onLeft: (error) => Classifier.classifySync(error, { context }),
        onRight: (value) => ({ number, value })
      })
    )
    : Either.left(new FetchError.DataIntegrity({ message: "the snapshot is damaged", wanted, found, context }))
}

/** FNV-1a, 32 bits, of UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv). */
class Checksum {
  private hash = 0x811c9dc5

  constructor(text: string) {
    this.add(text)
  }

  add(text: string): this {
    let hash = this.hash
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    this.hash = hash
    return this
  }

  get text(): string {
    return (this.hash >>> 0).toString(16).padStart(8, "0")
  }
}
