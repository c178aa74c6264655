/**
 * The frame: everything the page shows at one instant, as plain JSON. One frame a second goes to all clients. Instants are
 * ISO 8601, durations milliseconds, ratios 0 to 1; null is a value that is not known.
 */
import * as Schema from "effect/Schema"
import { Severity } from "../../FetchError.js"
import { recordOf } from "../../internal/safe/recordSchema.js"

const N = Schema.Number
const S = Schema.String
const At = Schema.DateTimeUtc
const list = <A, I>(item: Schema.Schema<A, I>) => Schema.Array(item)
/** Checked as a whole: a frame has thousands of numbers. */
const Numbers = Schema.declare((u): u is ReadonlyArray<number> =>
  Array.isArray(u) && u.every((item) => typeof item === "number" && Number.isFinite(item))
)
const maybe = <A, I>(value: Schema.Schema<A, I>) => Schema.NullOr(value)

/** A piece of a sentence. A code is set in a monospace font; a strong piece is emphasized. */
const Piece = Schema.Struct({ text: S, style: Schema.Literal("plain", "code", "strong") })
const Sentence = list(Piece)

const Level = Schema.Literal("ok", "warning", "error")

const Headline = Schema.Struct({ level: Level, title: S, sentence: Sentence, facts: list(Sentence) })

const AlertRow = Schema.Struct({
  id: S,
  /** The code, or the name of the rule. */
  name: S,
  isRule: Schema.Boolean,
  severity: Severity,
  window: S,
  /** A number of errors, or a share of the attempts if `isRatio`. */
  value: N,
  limit: N,
  isRatio: Schema.Boolean,
  /** How many times the limit `value` is. */
  times: N,
  /** The other windows of the same code that exceed their limits. */
  others: list(Schema.Struct({ window: S, value: N, limit: N })),
  /** The dimension and the values that exceed a rule on a dimension. */
  by: maybe(S),
  values: list(S),
  more: N,
  escalations: N,
  since: At,
  /** The value at each of the last 60 minutes, oldest first. */
  trend: Numbers
})

const ResolvedRow = Schema.Struct({
  name: S,
  window: S,
  isRatio: Schema.Boolean,
  peak: N,
  limit: N,
  at: At,
  took: N
})

const CodeRow = Schema.Struct({
  code: S,
  severity: Severity,
  category: S,
  /** The errors in the last minute, hour and day. */
  counts: Numbers,
  /** The limits of the same windows. */
  limits: list(maybe(N))
})

/** A row of steps of one length, the oldest first; the last one is under way. */
const Bars = Schema.Struct({
  /** The length of a step, in milliseconds. */
  step: N,
  /** The start of the first step. */
  start: At,
  /** The number of errors in each step, by code. Codes without an error are left out. */
  errors: recordOf(Numbers, { type: "array", items: { type: "number" } }),
  /** The calls that ended in each step, or the attempts where no calls are counted. */
  calls: Numbers,
  /** The calls that did not succeed, or the attempts. */
  failures: Numbers
})

const Calls = Schema.Struct({
  /** False where only attempts are counted. */
  isCalls: Schema.Boolean,
  made: N,
  direct: N,
  recovered: N,
  failed: N,
  refused: N,
  objective: maybe(
    Schema.Struct({
      name: S,
      target: N,
      /** The share of the error budget of the last day that is left. */
      budget: N,
      /** How many times faster it is spent than the objective allows. */
      burn: maybe(N),
      exhaustedIn: maybe(N)
    })
  )
})

const WorstRow = Schema.Struct({
  value: S,
  failed: N,
  attempts: N,
  ratio: N,
  /** The most frequent code. */
  code: maybe(S),
  /** The ratio as a multiple of that of the other values. */
  times: maybe(N)
})

const Worst = Schema.Struct({
  dimension: S,
  rows: list(WorstRow),
  /** The number of values, and of those with too few attempts for a failure rate. */
  total: N,
  few: N,
  /** The number of values by failure rate, in ten steps. */
  histogram: Numbers,
  message: maybe(S)
})

const Latency = Schema.Struct({
  dimension: S,
  /** Slowest value first. */
  rows: list(Schema.Struct({ value: S, count: N, p50: N, p90: N, p99: N })),
  /** The number of values. */
  total: N
})

const Empty = Schema.Struct({
  sources: list(S),
  rows: list(Schema.Struct({ reason: S, isExpected: Schema.Boolean, counts: Numbers }))
})

const Guards = Schema.Struct({
  circuits: list(
    Schema.Struct({
      name: S,
      state: Schema.Literal("closed", "open", "half-open"),
      detail: maybe(S),
      probeAt: maybe(At)
    })
  ),
  gates: list(Schema.Struct({ name: S, until: At, detail: maybe(S) })),
  budgets: list(Schema.Struct({ name: S, left: N, capacity: N })),
  weights: list(Schema.Struct({ name: S, used: N, limit: N }))
})

const ForecastRow = Schema.Struct({
  code: S,
  severity: Severity,
  window: S,
  count: N,
  limit: N,
  earliest: At,
  likely: At,
  latest: maybe(At)
})

const RecentRow = Schema.Struct({
  at: At,
  code: S,
  severity: Severity,
  message: S,
  context: list(Schema.Tuple(S, S)),
  /** A short form of the context: symbol, interval, source. */
  about: S,
  /** Names and messages, outermost first. */
  causes: list(S),
  /** The number of errors like this one. */
  count: N
})

const frame = Schema.Struct({
  /** The build of the page that this frame is for. */
  build: S,
  at: At,
  since: maybe(At),
  process: Schema.Struct({ name: S, detail: S }),
  headline: Headline,
  alerts: list(AlertRow),
  resolved: list(ResolvedRow),
  codes: list(CodeRow),
  /** The number of codes without an error in the last day and without a limit. */
  quietCodes: N,
  bars: Schema.Struct({ hour: Bars, sixHours: Bars, day: Bars }),
  calls: Calls,
  worst: list(Worst),
  latency: list(Latency),
  empty: Empty,
  /** Null: no retry policy reports its state. */
  guards: maybe(Guards),
  forecast: maybe(list(ForecastRow)),
  recent: list(RecentRow),
  /** The number of errors in the rows of `recent`. */
  recentTotal: N
})

export interface Frame extends Schema.Schema.Type<typeof frame> {}

/** The JSON of a frame, as the page gets it. */
export interface FrameJson extends Schema.Schema.Encoded<typeof frame> {}

export const Frame: Schema.Schema<Frame, FrameJson> = frame

export const encodeFrame: (frame: Frame) => FrameJson = Schema.encodeSync(Frame)

export type { Piece }
type Piece = Frame["headline"]["sentence"][number]
