/** What `Fetch.tracked` costs, against the effect it is put on. */
import { Effect, Layer, Logger, LogLevel, ManagedRuntime } from "effect"
import { ErrorTracker, Fetch, FetchError } from "effect-errata"
import { race, rounds } from "./race.js"

const runtime = ManagedRuntime.make(Layer.merge(ErrorTracker.layer(), Logger.remove(Logger.defaultLogger)))

type Step = (i: number) => Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>

const loop = (step: Step, times: number) =>
  Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* step(i)
  })

const looped = (step: Step) => (times: number) => runtime.runPromise(loop(step, times))

/** The same effect every time, as of a method that was defined once. */
const once = (effect: Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>) => looped(() => effect)

const success = Effect.sync(() => 1)
const promise = Effect.promise(() => Promise.resolve(1))
const tracked = Fetch.tracked({ symbol: "BTCUSDT", source: "rest" })
const counted = Fetch.tracked({ symbol: "BTCUSDT", source: "rest" }, { attempts: true })

await race("A success, at once", [
  { name: "bare", run: once(success) },
  { name: "`Fetch.tracked`, piped once", run: once(tracked(success)) },
  { name: "`Fetch.tracked`, piped every time", run: looped(() => tracked(success)) },
  { name: "`Fetch.tracked` with `attempts`", run: once(counted(success)) }
], { rounds, times: 20_000 })

await race("A success, from a promise", [
  { name: "bare", run: once(promise) },
  { name: "`Fetch.tracked`, piped once", run: once(tracked(promise)) }
], { rounds, times: 20_000 })

const failure = Effect.fail(new FetchError.NetworkTimeout({ context: { symbol: "BTCUSDT", source: "rest" } }))
// A logger that writes nowhere: what is measured is the way to it.
const off = Logger.minimumLogLevel(LogLevel.None)
const on = Logger.add(Logger.none)
const failing = (effect: typeof failure, layer: Layer.Layer<never>) => (times: number) => {
  const step = Effect.catchAll(tracked(effect), () => Effect.void)
  return runtime.runPromise(Effect.provide(loop(() => step, times), layer))
}

await race("A failure, of an error that was made before", [
  { name: "`Effect.fail`, recovered", run: once(Effect.catchAll(failure, () => Effect.void)) },
  { name: "through `Fetch.tracked`, logging off", run: failing(failure, off) },
  { name: "through `Fetch.tracked`, logged", run: failing(failure, on) }
], { rounds, times: 20_000 })

await runtime.dispose()
