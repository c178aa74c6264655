/** One process of a fleet, for tests: counts as it is asked, and reports what it counted and which alerts it heard. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { type Alert, ErrorTracker, type FetchError, Notifier } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { CodedFailure } from "./codedFailure.js"

export interface Settings {
  readonly url: string
  readonly name: string
  readonly codes: ReadonlyArray<string>
  /** The limit of each code in the window. */
  readonly limit: number
  readonly windowMillis: number
  /** The time between two flushes. */
  readonly flushMillis: number
  /** The address that gets alerts; the label `process` is the id of the process. */
  readonly webhook?: string
}

/** What the parent asks for. */
export type Order =
  /** Counts an error of each code every so many milliseconds, until told to stop. */
  | { readonly order: "run"; readonly every: number }
  | { readonly order: "stop" }
  | { readonly order: "track"; readonly code: string; readonly times: number }
  | { readonly order: "read"; readonly id: number }

export type Report =
  | { readonly report: "ready" }
  /** The number of errors of each code since the start. Sent after each round. */
  | { readonly report: "counted"; readonly each: number }
  | {
    readonly report: "alert"
    readonly at: number
    readonly alert: { readonly _tag: string; readonly code: string; readonly id: string; readonly count: number }
    /** The key of its delivery. */
    readonly key: string
  }
  | { readonly report: "log"; readonly line: string }
  | {
    readonly report: "read"
    readonly id: number
    readonly counts: Readonly<Record<string, number>>
    readonly window: Readonly<Record<string, number>>
    readonly active: ReadonlyArray<string>
  }

const settings: Settings = JSON.parse(process.argv[2] ?? "{}")
const report = (message: Report) => Effect.sync(() => process.send?.(message))

const failures: ReadonlyArray<FetchError.Trackable> = settings.codes.map((code) => new CodedFailure(code))

const custom = [{ name: "short", window: settings.windowMillis, limit: settings.limit }]
const tracker = FleetTracker.layer({
  flushEvery: settings.flushMillis,
  codes: settings.codes,
  thresholds: Object.fromEntries(settings.codes.map((code) => [code, { custom }]))
})

const notifier = settings.webhook === undefined ? Layer.empty : Notifier.layer(
  Notifier.webhook(settings.webhook, {
    labels: { process: String(process.pid) },
    retry: { base: "100 millis", cap: "1 second" }
  })
).pipe(Layer.provide(FetchHttpClient.layer))

const counts = (stats: ErrorTracker.Stats) =>
  Object.fromEntries(Object.entries(stats.byCode).map(([code, { count }]) => [code, count]))

const program = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  let every = 0
  let each = 0
  yield* Effect.fork(
    Stream.runForEach(tracker.alerts, (alert: Alert.Alert) =>
      alert._tag === "Missed"
        ? Effect.void
        : report({
          report: "alert",
          at: Date.now(),
          alert: { _tag: alert._tag, code: alert.code, id: alert.id, count: alert.count },
          key: `${alert.id}-${alert._tag}-${alert.at.epochMillis}-${alert.count}`
        }))
  )
  const round = Effect.gen(function*() {
    for (const failure of failures) yield* tracker.track(failure)
    yield* report({ report: "counted", each: ++each })
  })
  const run = <A>(effect: Effect.Effect<A>) => void Effect.runPromise(effect)
  let timer: NodeJS.Timeout | undefined
  process.on("message", (order: Order) => {
    switch (order.order) {
      case "run":
        every = order.every
        timer = setInterval(() => run(round), every)
        break
      case "stop":
        clearInterval(timer)
        break
      case "track":
        run(Effect.repeatN(tracker.track(new CodedFailure(order.code)), order.times - 1))
        break
      case "read":
        run(Effect.gen(function*() {
          const all = yield* tracker.stats()
          const window = yield* tracker.stats({ window: "1 hour" })
          const active = yield* tracker.activeAlerts
          yield* report({
            report: "read",
            id: order.id,
            counts: counts(all),
            window: counts(window),
            active: active.map(({ code }) => code)
          })
        }))
        break
    }
  })
  process.on("disconnect", () => process.exit(0))
  yield* report({ report: "ready" })
  return yield* Effect.never
})

const logger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message, cause }) =>
    process.send?.(
      { report: "log", line: `${String(message)} ${cause._tag === "Empty" ? "" : String(cause)}` } satisfies Report
    )
  )
)

void Effect.runPromise(
  program.pipe(
    Effect.provide(notifier.pipe(
      Layer.provideMerge(tracker),
      Layer.provide(FleetStore.layerIoredis({ name: settings.name, url: settings.url, timeout: "3 seconds" })),
      Layer.provideMerge(logger)
    )),
    Effect.scoped
  )
)
