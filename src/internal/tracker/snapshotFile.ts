/**
 * A snapshot as a text that tells what it is, its place in the row of those that were saved, and whether it is whole: a
 * line `effect-errata snapshot VERSION NUMBER CHECKSUM`, then JSON.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Classifier from "../../Classifier.js"
import type * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { SnapshotSchema } from "./snapshotCodec.js"
import type { Snapshot } from "./snapshotModel.js"

export interface Stored {
  readonly number: number
  readonly snapshot: Snapshot
}

const version = 1
const Json = Schema.parseJson(SnapshotSchema)

export const write = (number: number, snapshot: Snapshot): string => {
  const json = Schema.encodeSync(Json)(snapshot)
  return `effect-errata snapshot ${version} ${number} ${checksum(number, json)}\n${json}`
}

/** Left says why it cannot be used. */
export const read = (text: string, context: FetchContext.Input): Either.Either<Stored, FetchError.FetchError> => {
  const [head, written, digits, wanted] = /^effect-errata snapshot (\d{1,9}) (\d{1,15}) ([0-9a-f]{8})\n/.exec(text) ??
    []
  if (head === undefined) {
    return Either.left(new FetchError.DataTransformation({ message: "this is no snapshot of a tracker", context }))
  }
  if (Number(written) !== version) {
    const message = `this snapshot is of version ${written}: it must be of version ${version}`
    return Either.left(new FetchError.DataValidation({ message, context }))
  }
  const number = Number(digits)
  const json = text.slice(head.length)
  const found = checksum(number, json)
  return found === wanted
    ? Schema.decodeEither(Json)(json).pipe(
      Either.mapBoth({
        onLeft: (error) => Classifier.classifySync(error, { context }),
        onRight: (snapshot) => ({ number, snapshot })
      })
    )
    : Either.left(
      new FetchError.DataIntegrity({ message: "this snapshot is damaged", wanted, found, context })
    )
}

/** FNV-1a, 32 bits, of UTF-16 units (http://www.isthe.com/chongo/tech/comp/fnv). */
const checksum = (number: number, json: string): string => {
  const text = `${number}\n${json}`
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, "0")
}
