/**
 * Everything a tracker knows at one instant, as data: to be kept across a restart, and to be asked what is normal and
 * what comes next.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Alert from "./Alert.js"
import * as FetchContext from "./FetchContext.js"
import * as FetchError from "./FetchError.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A count since the start, and how old what was counted is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tally {
  /** Since the start. */
  readonly total: number
  /** In milliseconds, of the last day, in the form of `SlidingWindow.Snapshot`. */
  readonly ages: ReadonlyArray<ReadonlyArray<number>>
}

/**
 * A count since the start, and over the last minute, hour and day in steps of a second, a minute and 24 minutes. The
 * oldest step comes first, the last one is under way; steps before the first one are empty.
 *
 * @since 0.1.0
 * @category models
 */
export interface Series {
  /** Since the start. */
  readonly total: number
  readonly minute: ReadonlyArray<number>
  readonly hour: ReadonlyArray<number>
  readonly day: ReadonlyArray<number>
}

/**
 * The errors of one code.
 *
 * @since 0.1.0
 * @category models
 */
export interface Code {
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
  /** The errors that were not expected: all but expected empties. */
  readonly errors: Tally
  /** The expected empties, which are not among the errors. */
  readonly expected: Tally
  /** The errors in each hour of the wall clock in UTC, the oldest first; as many as {@link Snapshot} has `watched`. */
  readonly hours: ReadonlyArray<number>
}

/**
 * One value of a dimension.
 *
 * @since 0.1.0
 * @category models
 */
export interface Value {
  readonly value: string
  /** Expected empties included. */
  readonly errors: ReadonlyArray<{ readonly code: string; readonly series: Series }>
  /** Errors beyond the number of pairs of value and code that are told apart. */
  readonly rest: Series
  /** The expected empties, which are among the errors, too. */
  readonly expected: Series
  readonly successes: Series
  /** Are the attempts counted, and not only what fails? */
  readonly attempted: boolean
}

/**
 * One dimension.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dimension {
  readonly name: string
  readonly values: ReadonlyArray<Value>
  /** By code, what is in the `rest` of some value. */
  readonly rest: ReadonlyArray<{ readonly code: string; readonly series: Series }>
}

/**
 * A limit in force, of a code.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limit {
  readonly code: string
  /** `minute`, `hour`, `day`, or the name of a limit of your own. */
  readonly name: Alert.WindowName
  readonly window: Duration.Duration
  /** Exceeded by a count above it. */
  readonly limit: number
  /** Recovered from by a count at or below it. */
  readonly recovered: number
}

/**
 * An alert that is active.
 *
 * @since 0.1.0
 * @category models
 */
export interface Active {
  /** What was told last. */
  readonly alert: Alert.Fired | Alert.Escalated
  readonly since: DateTime.Utc
  readonly escalations: number
  /** The highest count since; of a ratio, the highest ratio. */
  readonly peak: number
  /** All values by which a rule on a dimension is firing, the worst first. */
  readonly values: ReadonlyArray<string>
}

/**
 * How long the successful fetches from one source took, since the start.
 *
 * @since 0.1.0
 * @category models
 */
export interface Latency {
  readonly source: string
  /** How many took about so long, the shortest first. */
  readonly counts: ReadonlyArray<{ readonly millis: number; readonly count: number }>
}

/**
 * One of the last errors, bounded and without secrets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recent {
  readonly at: DateTime.Utc
  readonly tag: string
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
  readonly message: string
  readonly context: FetchContext.FetchContext
}

/**
 * Everything a tracker knows at one instant.
 *
 * @since 0.1.0
 * @category models
 */
export interface Snapshot {
  readonly version: 1
  /** When it was taken. */
  readonly at: DateTime.Utc
  /** When counting began: at the start, or at the last reset. */
  readonly since: DateTime.Utc
  /** How long ago that was by the clock that never steps, in milliseconds: what the steps of a series go by. */
  readonly age: number
  /**
   * How many seconds of each hour of the wall clock in UTC the tracker was there to count in, the oldest first; the
   * last one is under way. At most 28 days.
   */
  readonly watched: ReadonlyArray<number>
  readonly codes: ReadonlyArray<Code>
  readonly successes: Tally
  /** Are attempts counted, and not only what fails? */
  readonly attempted: boolean
  readonly dimensions: ReadonlyArray<Dimension>
  readonly empties: ReadonlyArray<{
    readonly reason: FetchError.EmptyReason
    readonly source: string
    readonly expected: Tally
    readonly unexpected: Tally
  }>
  readonly latency: ReadonlyArray<Latency>
  /** Newest first. */
  readonly recent: ReadonlyArray<Recent>
  readonly limits: ReadonlyArray<Limit>
  readonly alerts: ReadonlyArray<Active>
  /** As in the `Stats` of a tracker. */
  readonly dropped: number
}

// ---------------------------------------------------------------------------------------------------------------------
// schemas
// ---------------------------------------------------------------------------------------------------------------------

const isNatural = (n: unknown): boolean => Number.isSafeInteger(n) && Number(n) >= 0

const Natural = Schema.Number.pipe(Schema.filter(isNatural, { message: () => "Expected a whole number" }))

const Naturals: Schema.Schema<ReadonlyArray<number>> = Schema.declare(
  (u): u is ReadonlyArray<number> => Array.isArray(u) && u.every(isNatural),
  { identifier: "Naturals", arbitrary: () => (fc) => fc.array(fc.nat()) }
)

// There are very many numbers, most of them small: to the base of 36, in one text, they are short and quickly read.
const radix = 36

const Numbers: Schema.Schema<ReadonlyArray<number>, string> = Schema.transformOrFail(Schema.String, Naturals, {
  strict: true,
  encode: (list) => ParseResult.succeed(list.map((n) => n.toString(radix)).join(",")),
  decode: (text, _, ast) =>
    /[^0-9a-z,]/.test(text)
      ? ParseResult.fail(new ParseResult.Type(ast, text, "Expected numbers to the base of 36"))
      : ParseResult.succeed(text === "" ? [] : text.split(",").map((digits) => parseInt(digits, radix)))
})

// Ages fall from the first to the last: written from the last, each as the step from the one before.
const Ages: Schema.Schema<ReadonlyArray<number>, string> = Schema.transform(Numbers, Naturals, {
  strict: true,
  encode: (ages) => ages.map((age, i) => age - (ages[i + 1] ?? 0)).reverse(),
  decode: (steps) => {
    let age = 0
    return steps.map((step) => age += step).reverse()
  }
})

const tally = Schema.Struct({ total: Natural, ages: Schema.Array(Ages) })

const series = Schema.Struct({ total: Natural, minute: Numbers, hour: Numbers, day: Numbers })

const ofCode = Schema.Struct({ code: Schema.String, series })

const window: Schema.Schema<Alert.WindowName, string> = Schema.String

const snapshot = Schema.Struct({
  version: Schema.Literal(1),
  at: Schema.DateTimeUtcFromNumber,
  since: Schema.DateTimeUtcFromNumber,
  age: Natural,
  watched: Numbers,
  codes: Schema.Array(Schema.Struct({
    code: Schema.String,
    category: Schema.String,
    severity: FetchError.Severity,
    errors: tally,
    expected: tally,
    hours: Numbers
  })),
  successes: tally,
  attempted: Schema.Boolean,
  dimensions: Schema.Array(Schema.Struct({
    name: Schema.String,
    values: Schema.Array(Schema.Struct({
      value: Schema.String,
      errors: Schema.Array(ofCode),
      rest: series,
      expected: series,
      successes: series,
      attempted: Schema.Boolean
    })),
    rest: Schema.Array(ofCode)
  })),
  empties: Schema.Array(Schema.Struct({
    reason: FetchError.EmptyReason,
    source: Schema.String,
    expected: tally,
    unexpected: tally
  })),
  latency: Schema.Array(Schema.Struct({
    source: Schema.String,
    counts: Schema.Array(Schema.Struct({ millis: Schema.NonNegative, count: Natural }))
  })),
  recent: Schema.Array(Schema.Struct({
    at: Schema.DateTimeUtcFromNumber,
    tag: Schema.String,
    code: Schema.String,
    category: Schema.String,
    severity: FetchError.Severity,
    message: Schema.String,
    context: FetchContext.FetchContext
  })),
  limits: Schema.Array(Schema.Struct({
    code: Schema.String,
    name: window,
    window: Schema.DurationFromMillis,
    limit: Natural,
    recovered: Natural
  })),
  alerts: Schema.Array(Schema.Struct({
    alert: Schema.Union(Alert.Fired, Alert.Escalated),
    since: Schema.DateTimeUtcFromNumber,
    escalations: Natural,
    peak: Schema.NonNegative,
    values: Schema.Array(Schema.String)
  })),
  dropped: Natural
})

/**
 * A {@link Snapshot} as JSON.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoded extends Schema.Schema.Encoded<typeof snapshot> {}

/**
 * The schema of a {@link Snapshot}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Snapshot: Schema.Schema<Snapshot, Encoded> = snapshot

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

const perDay = 1440
const minute = 60_000

/**
 * The errors of one code that were not expected, minute by minute: as long as the tracker counts, at most over the last
 * day. The oldest minute comes first, the last one ends at `at`. What the window of the code knows as one bucket of many
 * is spread evenly between the oldest and the newest of them.
 *
 * @since 0.1.0
 * @category combinators
 */
export const minutes = (snapshot: Snapshot, code: string): ReadonlyArray<number> => {
  const length = Math.min(perDay, Math.floor(snapshot.age / minute) + 1)
  const counts = Array.from({ length }, () => 0)
  // What is exactly as old as a minute is long belongs to the minute before, as in a timeline.
  const add = (age: number, count: number) => {
    const index = counts.length - 1 - Math.floor(age / minute)
    if (index >= 0) counts[index] = (counts[index] ?? 0) + count
  }
  for (const [level, ages] of (snapshot.codes.find((known) => known.code === code)?.errors.ages ?? []).entries()) {
    if (level === 0) { for (const age of ages) add(age, 1) }
    else for (let i = 0; i + 1 < ages.length; i += 2) spread(ages[i] ?? 0, ages[i + 1] ?? 0, 2 ** level, add)
  }
  return counts
}

/** As many events as a bucket has, evenly from its oldest to its newest one. */
const spread = (oldest: number, newest: number, events: number, add: (age: number, count: number) => void): void => {
  let added = 0
  for (let from = newest; from <= oldest; from = (Math.floor(from / minute) + 1) * minute) {
    const until = (Math.floor(from / minute) + 1) * minute
    const younger = until > oldest ? events : Math.ceil((until - newest) / (oldest - newest) * (events - 1))
    add(from, younger - added)
    added = younger
  }
}
