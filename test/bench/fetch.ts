/** What `Fetch.tracked` costs, against the effect it is put on. */
import { Effect, Layer, Logger, ManagedRuntime } from "effect"
import { ErrorTracker, Fetch } from "effect-errata"
import { race, rounds } from "./race.js"

const runtime = ManagedRuntime.make(Layer.merge(ErrorTracker.layer(), Logger.remove(Logger.defaultLogger)))

type Step = (i: number) => Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>

const looped = (step: Step) => (times: number) =>
  runtime.runPromise(Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* step(i)
  }))

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

await runtime.dispose()
