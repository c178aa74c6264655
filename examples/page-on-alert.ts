/**
 * A page for every alert, none for every error: by code, and by rules on symbols and sources, of which each is one page
 * however many values it names. What is counted and what is on outlives the process: a restart pages nobody.
 */
import { KeyValueStore } from "@effect/platform"
import { Console, DateTime, Effect, Layer, Logger, LogLevel, Schedule, Stream } from "effect"
import { type Alert, ErrorTracker, Fetch, FetchError } from "effect-errata"

/** Whoever is on call. A pager is a request like any other: it can fail, and is tried again. */
const page = (alert: Alert.Fired) =>
  Console.log(`  PAGE ${alert.message}`).pipe(
    Effect.timeout("5 seconds"),
    Effect.retry({ times: 5, schedule: Schedule.exponential("1 second") }),
    Effect.catchAll(() => Effect.logError("nobody could be paged"))
  )

const pager = Effect.gen(function*() {
  const { alerts } = yield* ErrorTracker.ErrorTracker
  const started = yield* DateTime.now
  yield* alerts.pipe(
    Stream.filter((alert) => alert._tag === "Fired"),
    // The stream begins with what is on already: of that, somebody was paged about what fired in an earlier life.
    Stream.filter(({ at }) => DateTime.greaterThanOrEqualTo(at, started)),
    Stream.runForEach(page)
  )
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
  yield* Console.log(`  ${total} errors, on are:`)
  for (const { message } of yield* tracker.activeAlerts) yield* Console.log(`  ${message}`)
})

/** One life of the program. */
const program = Effect.scoped(
  Effect.zipRight(Effect.forkScoped(pager), Effect.zipRight(Effect.sleep("50 millis"), fetches))
).pipe(
  Effect.provide(ErrorTracker.layerPersisted({
    thresholds: { API_FORMAT: { perHour: 20 } },
    rules: [
      { name: "sick symbols", by: "symbol", window: "minute", limit: 5 },
      { name: "half of it fails", by: "source", window: "hour", ratio: 0.5, minAttempts: 20 }
    ]
  }))
)

const twice = Effect.gen(function*() {
  yield* Console.log("first life")
  yield* program
  yield* Console.log("second life")
  yield* program
})

// In earnest: KeyValueStore.layerFileSystem("state").
const Live = Layer.merge(KeyValueStore.layerMemory, Logger.minimumLogLevel(LogLevel.None))

await Effect.runPromise(Effect.provide(twice, Live))
