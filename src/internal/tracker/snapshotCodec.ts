/** The schema of a snapshot. Its JSON encodes lists of numbers compactly, as there are very many of them. */
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Alert from "../../Alert.js"
import * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import type { Series, Tally, ValueLatency as Durations } from "./snapshotModel.js"
import { noCalls } from "./snapshotModel.js"

// ---------------------------------------------------------------------------------------------------------------------
// numbers
// ---------------------------------------------------------------------------------------------------------------------

// Lists of whole numbers are encoded as one string. There are very many of them, and most are small or 0: in base 36, with
// nothing for a 0, they are short and quick to read.

const radix = 36

type Lists = ReadonlyArray<ReadonlyArray<number>>

const isNatural = (n: unknown): boolean => Number.isSafeInteger(n) && Number(n) >= 0

const writeLists = (lists: Lists): string => lists.map(writeList).join(";")

/** Undefined where the text is not of this form. */
const readLists = (text: string): Lists | undefined => {
  if (/[^0-9a-z,;]/.test(text)) return undefined
  const lists = text.split(";").map(readList)
  return lists.every((list) => list.every(isNatural)) ? lists : undefined
}

const writeList = (list: ReadonlyArray<number>): string =>
  list.length === 1 ? `${list[0]?.toString(radix)}` : list.map((n) => n === 0 ? "" : n.toString(radix)).join(",")

const readList = (text: string): ReadonlyArray<number> =>
  text === "" ? [] : text.split(",").map((digits) => digits === "" ? 0 : parseInt(digits, radix))

const ofSeries = ({ day, hour, minute, total }: Series): Lists => total === 0 ? [] : [[total], minute, hour, day]

const seriesOf = ([[total = 0] = [], minute = [], hour = [], day = []]: Lists): Series => ({
  total,
  minute,
  hour,
  day
})

// Ages fall from the first to the last: they are written from the last, each as the difference to the one before.
const ofTally = ({ ages, total }: Tally): Lists => [
  [total],
  ...ages.map((level) => level.map((age, i) => age - (level[i + 1] ?? 0)).reverse())
]

const tallyOf = ([[total = 0] = [], ...levels]: Lists): Tally => ({
  total,
  ages: levels.map((steps) => {
    let age = 0
    return steps.map((step) => age += step).reverse()
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// schemas
// ---------------------------------------------------------------------------------------------------------------------

const Natural = Schema.Number.pipe(Schema.filter(isNatural, { message: () => "Expected a whole number" }))

const amount = Schema.NonNegative.pipe(Schema.finite())

/** Lists of numbers encoded as one string. */
const compact = <A>(
  is: (u: unknown) => u is A,
  of: (a: A) => Lists,
  to: (lists: Lists) => A
): Schema.Schema<A, string> =>
  Schema.transformOrFail(Schema.String, Schema.declare(is), {
    strict: true,
    encode: (a) => ParseResult.succeed(writeLists(of(a))),
    decode: (text, _, ast) => {
      const lists = readLists(text)
      return lists === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, "Expected lists of numbers in base 36"))
        : ParseResult.succeed(to(lists))
    }
  })

const isList = (u: unknown): u is ReadonlyArray<number> => Array.isArray(u) && u.every(isNatural)

const list = compact(isList, (list) => [list], ([list = []]) => list)

const tally = compact(
  (u): u is Tally => Predicate.hasProperty(u, "ages") && Array.isArray(u.ages) && u.ages.every(isList),
  ofTally,
  tallyOf
)

const series = compact(
  (u): u is Series =>
    Predicate.hasProperty(u, "minute") && Predicate.hasProperty(u, "hour") && Predicate.hasProperty(u, "day") &&
    [u.minute, u.hour, u.day].every(isList),
  ofSeries,
  seriesOf
)

// In nanoseconds, so that the middle of each bucket stays in its bucket.
const histogram = compact(
  (u): u is Durations["counts"] =>
    Array.isArray(u) && u.every((row) => Predicate.hasProperty(row, "millis") && Predicate.hasProperty(row, "count")),
  (counts) => [counts.map(({ millis }) => Math.round(millis * 1e6)), counts.map(({ count }) => count)],
  ([nanos = [], counts = []]) => nanos.map((nanos, i) => ({ millis: nanos / 1e6, count: counts[i] ?? 0 }))
)

const CodeSeries = Schema.Struct({ code: Schema.String, series })

const WindowName: Schema.Schema<Alert.WindowName, string> = Schema.String

// The elements of the long lists have schemas of their own, so that a snapshot can be encoded piece by piece.

export const Code = Schema.Struct({
  code: Schema.String,
  category: Schema.String,
  severity: FetchError.Severity,
  errors: tally,
  expected: tally,
  hours: list
})

export const Value = Schema.Struct({
  value: Schema.String,
  errors: Schema.Array(CodeSeries),
  rest: series,
  expected: series,
  successes: series,
  attempted: Schema.Boolean
})

export const ValueLatency = Schema.Struct({ value: Schema.String, maxMillis: amount, counts: histogram })

export const DimensionRest = Schema.Array(CodeSeries)

export const Empties = Schema.Struct({
  reason: FetchError.EmptyReason,
  source: Schema.String,
  expected: tally,
  unexpected: tally
})

export const Recent = Schema.Struct({
  at: Schema.DateTimeUtcFromNumber,
  tag: Schema.String,
  code: Schema.String,
  category: Schema.String,
  severity: FetchError.Severity,
  message: Schema.String,
  context: FetchContext.FetchContext,
  expected: Schema.optional(Schema.Boolean),
  causes: Schema.optional(Schema.Array(Schema.String))
})

export const SnapshotSchema = Schema.Struct({
  version: Schema.Literal(1),
  at: Schema.DateTimeUtcFromNumber,
  since: Schema.DateTimeUtcFromNumber,
  age: Natural,
  watched: list,
  codes: Schema.Array(Code),
  successes: tally,
  attempted: Schema.Boolean,
  dimensions: Schema.Array(Schema.Struct({ name: Schema.String, values: Schema.Array(Value), rest: DimensionRest })),
  empties: Schema.Array(Empties),
  latency: Schema.Array(Schema.Struct({
    source: Schema.String,
    maxMillis: amount,
    counts: Schema.Array(Schema.Struct({ millis: amount, count: Natural }))
  })),
  latencies: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, values: Schema.Array(ValueLatency) }))),
  calls: Schema.optionalWith(
    Schema.Struct({ made: tally, recovered: tally, failed: tally, refused: tally }),
    // Snapshots written before calls were counted do not have them.
    { default: () => noCalls }
  ),
  retry: Schema.Struct({
    retries: tally,
    giveUps: tally,
    gateWaits: tally,
    refusals: tally,
    openCircuits: tally
  }),
  expectedCalls: Schema.optional(tally),
  recent: Schema.Array(Recent),
  limits: Schema.Array(Schema.Struct({
    code: Schema.String,
    name: WindowName,
    window: Schema.DurationFromMillis,
    limit: Natural,
    recovered: Natural
  })),
  objectives: Schema.optional(Schema.Array(Schema.Struct({
    name: Schema.String,
    objective: Schema.NonNegative,
    of: Schema.Literal("calls", "attempts"),
    by: Schema.optional(Schema.String)
  }))),
  alerts: Schema.Array(Schema.Struct({
    alert: Schema.Union(Alert.Fired, Alert.Escalated),
    since: Schema.DateTimeUtcFromNumber,
    escalations: Natural,
    peak: amount,
    values: Schema.Array(Schema.String),
    limit: Schema.optional(Schema.Struct({
      window: Schema.DurationFromMillis,
      recovered: amount,
      minAttempts: Schema.optional(Natural),
      short: Schema.optional(Natural)
    }))
  })),
  resolved: Schema.optional(Schema.Array(Alert.Resolved)),
  dropped: Natural
})
