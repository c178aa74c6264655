/**
 * One page per alert: for limits of a code, and for rules on symbols and sources, whose single alert names all values that
 * exceed the limit. Counts and active alerts survive a restart. The pager remembers the ids of the alerts it has sent, so
 * that neither a restart nor a second subscription sends one again.
 */
import { KeyValueStore } from "@effect/platform"
import { Console, Effect, Layer, Logger, LogLevel, Schedule, Stream } from "effect"
import { type Alert, ErrorTracker, Fetch, FetchError } from "effect-errata"

/** Calls a pager, with retries. */
const page = ({ message }: Alert.Fired | Alert.Escalated) =>
  Console.log(`  PAGE ${message}`).pipe(
    Effect.timeout("5 seconds"),
    Effect.retry({ times: 5, schedule: Schedule.exponential("1 second") })
  )

const pager = Effect.gen(function*() {
  const { alerts } = yield* ErrorTracker.ErrorTracker
  const sent = KeyValueStore.prefix(yield* KeyValueStore.KeyValueStore, "paged.")
  yield* Stream.runForEach(alerts, (alert) =>
    Effect.gen(function*() {
      if (alert._tag === "Missed") return
      if (alert._tag === "Resolved") return yield* sent.remove(alert.id)
      // `alert.replayed` marks an alert from before this subscription; its id says whether it was sent.
      if (yield* sent.has(alert.id)) return
      yield* page(alert)
      yield* sent.set(alert.id, alert.message)
    }).pipe(Effect.catchAll((error) => Effect.logError("The alert was not sent", error))))
})

const fetch = (symbol: string) =>
  Effect.fail(new FetchError.ApiFormat({ status: 500 })).pipe(
    Fetch.tracked({ symbol, source: "rest" }, { attempts: true }),
    Effect.ignore
  )

const fetches = Effect.gen(function*() {
  for (const symbol of ["BTCUSDT", "ETHUSDT", "SOLUSDT"]) yield* Effect.repeatN(fetch(symbol), 9)
  const tracker = yield* ErrorTracker.ErrorTracker
  const { total } = yield* tracker.stats()
  yield* Console.log(`  ${total} errors; active alerts:`)
  for (const { message } of yield* tracker.activeAlerts) yield* Console.log(`  ${message}`)
})

/** One run of the process. */
const program = Effect.scoped(
  Effect.zipRight(Effect.forkScoped(pager), Effect.zipRight(Effect.sleep("50 millis"), fetches))
).pipe(
  Effect.provide(ErrorTracker.layerPersisted({
    thresholds: { API_FORMAT: { perHour: 20 } },
    rules: [
      { name: "failing symbols", by: "symbol", window: "minute", limit: 5 },
      { name: "half of the attempts fail", by: "source", window: "hour", ratio: 0.5, minAttempts: 20 }
    ]
  }))
)

const twice = Effect.gen(function*() {
  yield* Console.log("first run")
  yield* program
  yield* Console.log("after a restart")
  yield* program
})

// In production: KeyValueStore.layerFileSystem("state").
const Live = Layer.merge(KeyValueStore.layerMemory, Logger.minimumLogLevel(LogLevel.None))

await Effect.runPromise(Effect.provide(twice, Live))
