/** The members of a service that are derived from others, and the service that counts nothing. */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Check } from "../options.js"
import type { Row } from "./counting/dimension.js"
import type { StepsInput } from "./counting/timelines.js"
import { noWorst, worstOf } from "./counting/worst.js"
import type { BreakdownRow, Derived, Service, Stats } from "./model.js"
import { encodableEmptyData, encodableStats, encodableVerdict, encodableWorst } from "./readCodec.js"
import * as Reads from "./readOptions.js"
import { noCalls, noEvents } from "./snapshotModel.js"

const maxSteps = 1440

export const derive = (
  { activeAlerts, breakdown, stats }: Pick<Service, "activeAlerts" | "breakdown" | "stats">
): Pick<Service, Derived> => {
  const rate = (window: Duration.DurationInput) =>
    Effect.map(
      stats({ window }),
      ({ byCode }) => Object.fromEntries(Object.entries(byCode).map(([code, { count }]) => [code, count]))
    )
  return {
    latency: (options) => nothing("latency", Reads.latency(), options),
    rates: Effect.all({ minute: rate("1 minute"), hour: rate("1 hour"), day: rate("1 day") }),
    worst: (options) =>
      Reads.read(
        "worst",
        Reads.worst(),
        options,
        ({ by, window = "hour", ...options }) =>
          Effect.map(breakdown({ by, window }), (rows) => worstOf(rows.map(rowOf), options, () => undefined))
      ),
    timeline: (options) =>
      Reads.read(
        "timeline",
        Reads.timeline,
        options,
        ({ code, ...options }) =>
          Effect.map(stepsOf(stats, options), (steps) =>
            steps.map(({ at, difference }) => ({
              at,
              count: difference((stats) =>
                code === undefined
                  ? stats.total
                  : Object.hasOwn(stats.byCode, code)
                  ? stats.byCode[code]?.count ?? 0
                  : 0
              )
            })))
      ),
    callTimeline: (options) =>
      Reads.read(
        "callTimeline",
        Reads.callTimeline,
        options,
        (options) =>
          Effect.map(stepsOf(stats, options), (steps) =>
            steps.map(({ at, difference }) => ({
              at,
              made: difference(({ calls }) => calls.made),
              recovered: difference(({ calls }) => calls.recovered),
              failed: difference(({ calls }) => calls.failed),
              refused: difference(({ calls }) => calls.refused)
            })))
      ),
    alertStatus: Effect.map(activeAlerts, (alerts) =>
      alerts.map((alert) => {
        const amount = alert.attempts === undefined ? alert.count : alert.count / Math.max(1, alert.attempts)
        return { alert, since: alert.at, amount, peak: amount, escalations: 0, trend: [] }
      })),
    resolvedAlerts: (options) => nothing("resolvedAlerts", Reads.windowed, options),
    errorBudgets: Effect.succeed([]),
    limits: Effect.succeed([]),
    verdict: (code) =>
      Effect.map(activeAlerts, (alerts) => {
        const alert = Option.fromNullable(
          alerts.find(({ attempts, by, ...alert }) => alert.code === code && by === undefined && attempts === undefined)
        )
        return {
          verdict: Option.isSome(alert) ? "extraordinary" : "normal",
          exceeded: Option.map(alert, ({ count, limit, window }) => ({ window, limit, count }))
        }
      }),
    setLimits: () =>
      Effect.fail(
        new Cause.IllegalArgumentException(
          "The limits of this tracker cannot be set: its implementation has no setLimits"
        )
      ),
    snapshot: emptySnapshot,
    restore: () => Effect.void
  }
}

/** Without the expected empties, which a row of a breakdown does not distinguish where attempts are not counted. */
const rowOf = ({ attempts, count, errorRatio, value }: BreakdownRow): Row => {
  const failures = Option.match(errorRatio, { onNone: () => count, onSome: (ratio) => ratio * attempts })
  return { value, count, expected: count - failures, attempts }
}

/** A read without an answer, whose options are checked all the same. */
const nothing = <Options>(name: string, check: Check<Options>, options: unknown): Effect.Effect<ReadonlyArray<never>> =>
  Reads.read(name, check, options, () => Effect.succeed([]))

/** The steps of a timeline, oldest first, each with the difference of two counts. */
const stepsOf = (stats: Service["stats"], { step, window }: StepsInput) => {
  const day = Duration.days(1)
  const whole = Duration.min(window, day)
  const width = Duration.max(Duration.min(step, day), Duration.millis(Duration.toMillis(whole) / maxSteps))
  const steps = Duration.toMillis(whole) === 0 ? 0 : Math.ceil(Duration.toMillis(whole) / Duration.toMillis(width))
  // Strictly younger: an event of exactly this age belongs to the step before.
  const younger = (n: number) => stats({ window: Duration.subtract(Duration.times(width, n), Duration.nanos(1n)) })
  return Effect.map(
    Effect.forEach(Array.from({ length: steps }, (_, i) => i + 1), younger),
    (all) =>
      all.map((stats, i) => {
        const newer = all[i - 1]
        return {
          at: DateTime.subtractDuration(stats.at, Duration.times(width, i)),
          difference: (count: (stats: Stats) => number) => count(stats) - (newer === undefined ? 0 : count(newer))
        }
      }).reverse()
  )
}

const emptySnapshot: Service["snapshot"] = Effect.map(DateTime.now, (at) => ({
  version: 1,
  at,
  since: at,
  age: 0,
  watched: [],
  codes: [],
  successes: noEvents,
  attempted: false,
  dimensions: [],
  empties: [],
  latency: [],
  retry: {
    retries: noEvents,
    giveUps: noEvents,
    gateWaits: noEvents,
    refusals: noEvents,
    openCircuits: noEvents
  },
  calls: noCalls,
  recent: [],
  limits: [],
  alerts: [],
  dropped: 0
}))

const bySeverity = { INFO: 0, WARNING: 0, ERROR: 0 }

const noRetries = { retries: 0, giveUps: 0, gateWaits: 0, refusals: 0, openCircuits: 0 }

const noCallCounts = { made: 0, recovered: 0, failed: 0, refused: 0 }

export const noop: Service = {
  track: () => Effect.void,
  succeeded: () => Effect.void,
  stats: (options) =>
    Reads.read("stats", Reads.windowed, options, ({ window }) =>
      Effect.map(DateTime.now, (at) =>
        encodableStats({
          at,
          window: Option.fromNullable(window),
          total: 0,
          attempts: 0,
          errorRatio: Option.none(),
          dropped: 0,
          byCode: {},
          bySeverity,
          byCategory: {},
          retry: noRetries,
          calls: noCallCounts
        }))),
  rates: Effect.succeed({ minute: {}, hour: {}, day: {} }),
  breakdown: (options) => nothing("breakdown", Reads.breakdown(), options),
  worst: (options) =>
    Reads.read("worst", Reads.worst(), options, () => Effect.sync(() => encodableWorst({ ...noWorst }))),
  timeline: (options) => nothing("timeline", Reads.timeline, options),
  callTimeline: (options) => nothing("callTimeline", Reads.callTimeline, options),
  emptyData: (options) =>
    Reads.read("emptyData", Reads.windowed, options, ({ window }) =>
      Effect.map(
        DateTime.now,
        (at) => encodableEmptyData({ at, window: Option.fromNullable(window), expected: 0, unexpected: 0, rows: [] })
      )),
  verdict: () => Effect.sync(() => encodableVerdict({ verdict: "normal", exceeded: Option.none() })),
  latency: (options) => nothing("latency", Reads.latency(), options),
  alerts: Stream.empty,
  activeAlerts: Effect.succeed([]),
  alertStatus: Effect.succeed([]),
  resolvedAlerts: (options) => nothing("resolvedAlerts", Reads.windowed, options),
  errorBudgets: Effect.succeed([]),
  limits: Effect.succeed([]),
  recent: (options) => nothing("recent", Reads.recent, options),
  setLimits: () => Effect.void,
  snapshot: emptySnapshot,
  restore: () => Effect.void,
  reset: Effect.void
}
