/** The members of a service that are derived from others, and the service that counts nothing. */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { durationOf, timelineOf } from "../options.js"
import type { Derived, Service } from "./model.js"
import { encodableEmptyData, encodableStats, encodableVerdict } from "./readCodec.js"
import { noCalls, noEvents } from "./snapshotModel.js"

const maxSteps = 1440

export const derive = (
  { activeAlerts, stats }: Pick<Service, "activeAlerts" | "stats">
): Pick<Service, Derived> => {
  const rate = (window: Duration.DurationInput) =>
    Effect.map(
      stats({ window }),
      ({ byCode }) => Object.fromEntries(Object.entries(byCode).map(([code, { count }]) => [code, count]))
    )
  return {
    latency: () => Effect.succeed([]),
    rates: Effect.all({ minute: rate("1 minute"), hour: rate("1 hour"), day: rate("1 day") }),
    timeline: (options) => {
      const { code, step, window } = timelineOf(options)
      const day = Duration.days(1)
      const whole = Duration.min(window, day)
      const width = Duration.max(Duration.min(step, day), Duration.millis(Duration.toMillis(whole) / maxSteps))
      const steps = Duration.toMillis(whole) === 0 ? 0 : Math.ceil(Duration.toMillis(whole) / Duration.toMillis(width))
      // Strictly younger: an event of exactly this age belongs to the step before.
      const younger = (n: number) =>
        Effect.map(stats({ window: Duration.subtract(Duration.times(width, n), Duration.nanos(1n)) }), (stats) => ({
          at: stats.at,
          count: code === undefined
            ? stats.total
            : Object.hasOwn(stats.byCode, code)
            ? stats.byCode[code]?.count ?? 0
            : 0
        }))
      return Effect.map(
        Effect.forEach(Array.from({ length: steps }, (_, i) => i + 1), younger),
        (counts) =>
          counts.map(({ at, count }, i) => ({
            at: DateTime.subtractDuration(at, Duration.times(width, i)),
            count: count - (counts[i - 1]?.count ?? 0)
          })).reverse()
      )
    },
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

const windowOf = (options: { readonly window?: Duration.DurationInput | undefined } | undefined) =>
  Option.fromNullable(durationOf(options?.window))

export const noop: Service = {
  track: () => Effect.void,
  succeeded: () => Effect.void,
  stats: (options) =>
    Effect.map(DateTime.now, (at) =>
      encodableStats({
        at,
        window: windowOf(options),
        total: 0,
        attempts: 0,
        errorRatio: Option.none(),
        dropped: 0,
        byCode: {},
        bySeverity,
        byCategory: {},
        retry: noRetries,
        calls: noCallCounts
      })),
  rates: Effect.succeed({ minute: {}, hour: {}, day: {} }),
  breakdown: () => Effect.succeed([]),
  timeline: () => Effect.succeed([]),
  emptyData: (options) =>
    Effect.map(
      DateTime.now,
      (at) => encodableEmptyData({ at, window: windowOf(options), expected: 0, unexpected: 0, rows: [] })
    ),
  verdict: () => Effect.sync(() => encodableVerdict({ verdict: "normal", exceeded: Option.none() })),
  latency: () => Effect.succeed([]),
  alerts: Stream.empty,
  activeAlerts: Effect.succeed([]),
  recent: () => Effect.succeed([]),
  setLimits: () => Effect.void,
  snapshot: emptySnapshot,
  restore: () => Effect.void,
  reset: Effect.void
}
