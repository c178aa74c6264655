/** The tracker in memory. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Options, Service } from "../../ErrorTracker.js"
import type { Severity, Trackable } from "../../FetchError.js"
import * as FetchError from "../../FetchError.js"
import * as Threshold from "../../Threshold.js"

interface Event {
  readonly stamp: bigint
  readonly wall: number
  readonly error: Trackable
}

const day = Duration.days(1)
const windows = { minute: Duration.minutes(1), hour: Duration.hours(1), day }

const tally = (events: ReadonlyArray<Event>, key: (error: Trackable) => string): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { error } of events) counts.set(key(error), (counts.get(key(error)) ?? 0) + 1)
  return counts
}

const isExpected = (error: Trackable): boolean => error instanceof FetchError.DataEmpty && error.expected

export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<Service, never, Scope.Scope> {
  const thresholds: Threshold.Thresholds = { ...Threshold.defaults, ...options.thresholds }
  const state = yield* Ref.make<{ readonly events: ReadonlyArray<Event>; readonly successes: number }>({
    events: [],
    successes: 0
  })
  const inside = (window: Duration.DurationInput | undefined) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeNanos
      const wall = yield* Clock.currentTimeMillis
      const { events, successes } = yield* Ref.get(state)
      const span = window === undefined ? undefined : Duration.min(Duration.decode(window), day)
      const nanos = span === undefined ? undefined : BigInt(Duration.toMillis(span)) * 1_000_000n
      return {
        now,
        at: DateTime.unsafeMake(wall),
        successes,
        window: Option.fromNullable(span),
        events: nanos === undefined ? events : events.filter(({ stamp }) => now - stamp <= nanos)
      }
    })
  const stats: Service["stats"] = (options) =>
    Effect.map(inside(options?.window), ({ at, events, successes, window }) => {
      const severities = new Map(events.map(({ error }) => [error.code, error.severity]))
      const unexpected = events.filter(({ error }) => !isExpected(error)).length
      const attempts = successes === 0 ? 0 : successes + events.length
      const bySeverity: Record<Severity, number> = { INFO: 0, WARNING: 0, ERROR: 0 }
      for (const { error } of events) bySeverity[error.severity]++
      return {
        at,
        window,
        total: events.length,
        attempts,
        errorRatio: attempts === 0 ? Option.none() : Option.some(unexpected / attempts),
        dropped: 0,
        byCode: Object.fromEntries(
          Array.from(tally(events, (e) => e.code), ([code, count]) => [
            code,
            { count, severity: severities.get(code) ?? "ERROR" }
          ])
        ),
        bySeverity,
        byCategory: Object.fromEntries(tally(events, (e) => e.category))
      }
    })
  return {
    track: (error) =>
      Effect.gen(function*() {
        const stamp = yield* Clock.currentTimeNanos
        const wall = yield* Clock.currentTimeMillis
        yield* Ref.update(state, (s) => ({ ...s, events: [...s.events, { stamp, wall, error }] }))
      }),
    succeeded: () => Ref.update(state, (s) => ({ ...s, successes: s.successes + 1 })),
    stats,
    rates: Effect.map(
      Effect.all({
        minute: stats({ window: windows.minute }),
        hour: stats({ window: windows.hour }),
        day: stats({ window: windows.day })
      }),
      ({ day, hour, minute }) => ({
        minute: Object.fromEntries(Object.entries(minute.byCode).map(([code, { count }]) => [code, count])),
        hour: Object.fromEntries(Object.entries(hour.byCode).map(([code, { count }]) => [code, count])),
        day: Object.fromEntries(Object.entries(day.byCode).map(([code, { count }]) => [code, count]))
      })
    ),
    breakdown: ({ by, code, limit, window }) =>
      Effect.map(inside(window === undefined ? undefined : windows[window]), ({ events }) => {
        const counts = tally(
          events.filter(({ error }) => code === undefined || error.code === code),
          ({ context }) =>
            String(({ ...context.attributes, ...context } as Readonly<Record<string, unknown>>)[by] ?? "unknown")
        )
        const total = Array.from(counts.values()).reduce((sum, n) => sum + n, 0)
        return Array.from(counts, ([value, count]) => ({
          value,
          count,
          attempts: 0,
          errorRatio: Option.none(),
          share: count / total
        })).sort((a, b) => b.count - a.count).slice(0, limit)
      }),
    timeline: ({ code, step, window }) =>
      Effect.map(inside(window), ({ at, events, now }) => {
        const width = BigInt(Duration.toMillis(step)) * 1_000_000n
        const steps = Math.ceil(Duration.toMillis(window) / Duration.toMillis(step))
        return Array.from({ length: steps }, (_, i) => ({
          at: DateTime.subtractDuration(at, Duration.times(step, steps - 1 - i)),
          count: events.filter(({ error, stamp }) =>
            (code === undefined || error.code === code) && (now - stamp) / width === BigInt(steps - 1 - i)
          ).length
        }))
      }),
    emptyData: (options) =>
      Effect.map(inside(options?.window), ({ at, events, window }) => {
        const empties = events.flatMap(({ error }) => error instanceof FetchError.DataEmpty ? [error] : [])
        const expected = empties.filter((e) => e.expected).length
        return { at, window, expected, unexpected: empties.length - expected, rows: [] }
      }),
    verdict: (code) =>
      Effect.gen(function*() {
        const limits = thresholds[code]
        for (const window of ["minute", "hour", "day"] as const) {
          const limit = { minute: limits?.perMinute, hour: limits?.perHour, day: limits?.perDay }[window]
          const { events } = yield* inside(windows[window])
          const count = events.filter(({ error }) => error.code === code && !isExpected(error)).length
          if (limit !== undefined && count > limit) {
            return { verdict: "extraordinary", exceeded: Option.some({ window, limit, count }) } as const
          }
        }
        return { verdict: "normal", exceeded: Option.none() } as const
      }),
    alerts: Stream.empty,
    activeAlerts: Effect.succeed([]),
    recent: (options) =>
      Effect.map(
        inside(undefined),
        ({ events }) =>
          events.filter(({ error }) => options?.code === undefined || options.code === error.code).toReversed()
            .slice(0, options?.limit ?? 100).map(({ error, wall }) => ({
              at: DateTime.unsafeMake(wall),
              tag: error._tag,
              code: error.code,
              category: error.category,
              severity: error.severity,
              message: error.message,
              context: error.context
            }))
      ),
    reset: Ref.set(state, { events: [], successes: 0 })
  }
})
