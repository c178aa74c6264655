/** A program with many alerts that is killed. With `end`, it waits until all are delivered and prints the active ones. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as ErrorTracker from "../../src/ErrorTracker.js"
import * as FetchError from "../../src/FetchError.js"
import * as Notifier from "../../src/Notifier.js"

const [url = "", directory = "", mode = "run"] = process.argv.slice(2)

const errors = [
  new FetchError.NetworkDns(),
  new FetchError.ApiAuth(),
  new FetchError.NetworkTimeout(),
  new FetchError.StorageRead(),
  new FetchError.DataIntegrity(),
  new FetchError.ApiFormat({ status: 500 })
]

const custom = [{ name: "burst", window: Duration.millis(50), limit: 1 }]

const thresholds = Object.fromEntries(errors.map(({ code }) => [code, { perMinute: 3, custom }]))

const run = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  process.stdout.write("ready\n")
  for (;;) {
    const error = errors[yield* Random.nextIntBetween(0, errors.length)] ?? new FetchError.NetworkDns()
    for (let n = yield* Random.nextIntBetween(0, 6); n > 0; n--) yield* tracker.track(error)
    if ((yield* Random.next) < 0.01) yield* tracker.reset
    yield* Effect.sleep(yield* Random.nextIntBetween(20, 120))
  }
})

const end = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  const { status } = yield* Notifier.Notifier
  // The bursts end in the meantime.
  yield* Effect.sleep("500 millis")
  while (((yield* status)[0]?.pending ?? 0) > 0) yield* Effect.sleep("20 millis")
  const active = yield* tracker.activeAlerts
  process.stdout.write(`${JSON.stringify(active.map(({ id }) => id).sort())}\n`)
  process.exit(0)
})

const Live = Notifier.layer({ ...Notifier.webhook(url), retry: { base: "5 millis", cap: "50 millis" } }).pipe(
  Layer.provideMerge(ErrorTracker.layerPersisted({ thresholds, saveEvery: "500 millis", sweepEvery: "20 millis" })),
  Layer.provide([
    KeyValueStore.layerFileSystem(directory).pipe(Layer.provide([NodeFileSystem.layer, NodePath.layer])),
    FetchHttpClient.layer,
    Logger.minimumLogLevel(LogLevel.None)
  ])
)

await Effect.runPromise(Effect.provide(mode === "end" ? end : run, Live))
