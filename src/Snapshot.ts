/**
 * Everything a tracker knows at one instant, as data: to be kept across a restart, and to be asked what is normal and
 * what comes next.
 *
 * @since 0.1.0
 */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Alert from "./Alert.js"
import * as FetchContext from "./FetchContext.js"
import * as FetchError from "./FetchError.js"
import * as Numbers from "./internal/tracker/counting/compactNumbers.js"
import { isNatural } from "./internal/tracker/counting/compactNumbers.js"
import * as SlidingWindow from "./SlidingWindow.js"

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
 * What became of failed attempts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retry {
  readonly retries: Tally
  readonly giveUps: Tally
  readonly gateWaits: Tally
  readonly refusals: Tally
  readonly openCircuits: Tally
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
  /** The longest one. */
  readonly maxMillis: number
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
  /** What became of failed attempts: see `RetryCounts` of the tracker. */
  readonly retry: Retry
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

const Natural = Schema.Number.pipe(Schema.filter(isNatural, { message: () => "Expected a whole number" }))

const amount = Schema.NonNegative.pipe(Schema.finite())

/** What is many numbers, as a text. */
const written = <A>(
  is: (u: unknown) => u is A,
  of: (a: A) => Numbers.Lists,
  to: (lists: Numbers.Lists) => A
): Schema.Schema<A, string> =>
  Schema.transformOrFail(Schema.String, Schema.declare(is), {
    strict: true,
    encode: (a) => ParseResult.succeed(Numbers.write(of(a))),
    decode: (text, _, ast) => {
      const lists = Numbers.read(text)
      return lists === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, "Expected numbers to the base of 36"))
        : ParseResult.succeed(to(lists))
    }
  })

const isList = (u: unknown): u is ReadonlyArray<number> => Array.isArray(u) && u.every(isNatural)

const list = written(isList, (list) => [list], ([list = []]) => list)

const tally = written(
  (u): u is Tally => Predicate.hasProperty(u, "ages") && Array.isArray(u.ages) && u.ages.every(isList),
  Numbers.ofTally,
  Numbers.tallyOf
)

const series = written(
  (u): u is Series =>
    Predicate.hasProperty(u, "minute") && Predicate.hasProperty(u, "hour") && Predicate.hasProperty(u, "day") &&
    [u.minute, u.hour, u.day].every(isList),
  Numbers.ofSeries,
  Numbers.seriesOf
)

const ofCode = Schema.Struct({ code: Schema.String, series })

const window: Schema.Schema<Alert.WindowName, string> = Schema.String

const snapshot = Schema.Struct({
  version: Schema.Literal(1),
  at: Schema.DateTimeUtcFromNumber,
  since: Schema.DateTimeUtcFromNumber,
  age: Natural,
  watched: list,
  codes: Schema.Array(Schema.Struct({
    code: Schema.String,
    category: Schema.String,
    severity: FetchError.Severity,
    errors: tally,
    expected: tally,
    hours: list
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
    maxMillis: amount,
    counts: Schema.Array(Schema.Struct({ millis: amount, count: Natural }))
  })),
  retry: Schema.Struct({
    retries: tally,
    giveUps: tally,
    gateWaits: tally,
    refusals: tally,
    openCircuits: tally
  }),
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
    peak: amount,
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
 * The errors of one code that were not expected, minute by minute, as a timeline tells them: as long as the tracker counts,
 * at most over the last day. The oldest minute comes first, the last one ends at `at`.
 *
 * @example
 * import { ErrorTracker, FetchError, Snapshot } from "effect-errata"
 * import { Effect, TestClock, TestContext } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   yield* TestClock.adjust("150 seconds")
 *   yield* tracker.track(new FetchError.NetworkDns())
 *   return Snapshot.minutes(yield* tracker.snapshot, "NETWORK_DNS")
 * }).pipe(Effect.provide(ErrorTracker.layer()), Effect.provide(TestContext.TestContext))
 *
 * Effect.runPromise(program).then((minutes) => assert.deepStrictEqual(minutes, [1, 0, 1]))
 *
 * @since 0.1.0
 * @category combinators
 */
export const minutes = (snapshot: Snapshot, code: string): ReadonlyArray<number> => {
  const counts = new Float64Array(Math.min(perDay, Math.floor(snapshot.age / minute) + 1))
  const ages = snapshot.codes.find((known) => known.code === code)?.errors.ages ?? []
  SlidingWindow.restore({ horizon: perDay * minute, snapshot: ages, now: 0 }).steps(minute, 0, counts)
  return Array.from(counts).reverse()
}
