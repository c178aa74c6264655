/**
 * One page per alert, from limits of a code and from rules on symbols and sources. Counts, alerts and what was delivered
 * survive a restart: no page is sent twice.
 */
import { KeyValueStore } from "@effect/platform"
import { Console, Effect, Layer, Logger, LogLevel } from "effect"
import { ErrorTracker, Fetch, FetchError, Notifier } from "effect-errata"

// In production: Notifier.webhook(url), Notifier.webhook(url, { format: "slack" }) or Notifier.alertmanager(url).
const Pages = Notifier.layer({ send: ({ message }) => Console.log(`  PAGE ${message}`) })

const Tracker = ErrorTracker.layerPersisted({
  thresholds: { API_FORMAT: { perHour: 20 } },
  rules: [
    { name: "failing symbols", by: "symbol", window: "minute", limit: 5 },
    { name: "half of the attempts fail", by: "source", window: "hour", ratio: 0.5, minAttempts: 20 }
  ]
})

// In production: KeyValueStore.layerFileSystem("state").
const Store = Layer.merge(KeyValueStore.layerMemory, Logger.minimumLogLevel(LogLevel.None))

const fetch = (symbol: string) =>
  Effect.fail(new FetchError.ApiFormat({ status: 500 })).pipe(
    Fetch.tracked({ symbol, source: "rest" }, { attempts: true }),
    Effect.ignore
  )

/** One run of the process. */
const program = Effect.gen(function*() {
  for (const symbol of ["BTCUSDT", "ETHUSDT", "SOLUSDT"]) yield* Effect.repeatN(fetch(symbol), 9)
  const tracker = yield* ErrorTracker.ErrorTracker
  const { total } = yield* tracker.stats()
  yield* Console.log(`  ${total} errors; active alerts:`)
  for (const { message } of yield* tracker.activeAlerts) yield* Console.log(`  ${message}`)
}).pipe(Effect.provide(Layer.provideMerge(Pages, Tracker)))

const twice = Effect.gen(function*() {
  yield* Console.log("first run")
  yield* program
  yield* Console.log("after a restart")
  yield* program
})

await Effect.runPromise(Effect.provide(twice, Store))
