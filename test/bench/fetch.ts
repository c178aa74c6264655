/** What `Fetch.tracked` costs, against the effect it is put on. */
import { Cause, Effect, Layer, Logger, LogLevel, ManagedRuntime } from "effect"
import { ErrorTracker, Fetch, FetchError, RetryPolicy } from "effect-errata"
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

// `Fetch.tracked` is one `Effect.catchAllCause`: nothing of this package runs before something fails.
const floor = Effect.catchAllCause(success, () => Effect.void)

await race("A success, at once", [
  { name: "bare", run: once(success) },
  { name: "the minimum: `Effect.catchAllCause`", run: once(floor) },
  { name: "`Fetch.tracked`, piped once", run: once(tracked(success)) },
  { name: "`Fetch.tracked`, piped every time", run: looped(() => tracked(success)) },
  { name: "`Fetch.tracked` with `attempts`", run: once(counted(success)) }
], { rounds, times: 20_000 })

const policy = await runtime.runPromise(RetryPolicy.make({ source: "rest" }))
const retried = Fetch.retry(policy)

await race("A success under a retry policy", [
  { name: "`Fetch.tracked`", run: once(tracked(success)) },
  { name: "`Fetch.tracked` and `Fetch.retry`", run: once(retried(tracked(success))) }
], { rounds, times: 20_000 })

await race("A success, from a promise", [
  { name: "bare", run: once(promise) },
  { name: "`Fetch.tracked`, piped once", run: once(tracked(promise)) },
  { name: "and `Fetch.retry`", run: once(retried(tracked(promise))) }
], { rounds, times: 20_000 })

const error = new FetchError.NetworkTimeout({ context: { symbol: "BTCUSDT", source: "rest" } })
const failure = Effect.fail(error)
// A logger that writes nowhere: what is measured is the way to it.
const off = Logger.minimumLogLevel(LogLevel.None)
const on = Logger.add(Logger.none)
const failing = (effect: typeof failure, layer: Layer.Layer<never>) => (times: number) => {
  const step = Effect.catchAll(tracked(effect), () => Effect.void)
  return runtime.runPromise(Effect.provide(loop(() => step, times), layer))
}

// What `Fetch.tracked` cannot do without, and nothing else: no contexts, no marks, nothing that an error says but its
// message.
const tracker = await runtime.runPromise(ErrorTracker.ErrorTracker)
const least = (track: () => Effect.Effect<void>, handOn: () => Error) =>
  once(
    failure.pipe(
      Effect.catchAllCause(() => {
        const next = Effect.failCause(Cause.fail(handOn()))
        const goOn = () => next
        return Effect.matchCauseEffect(track(), { onFailure: goOn, onSuccess: goOn })
      }),
      Effect.catchAll(() => Effect.void)
    )
  )
const empty = () => Effect.suspend(() => Effect.void)
const track = () => tracker.track(error)

// An error that has the stack of another one, for whoever reads it, cannot have one of its own, as all have in V8.
const limit: { stackTraceLimit?: number | undefined } = Error
const fresh = (): Error => {
  const { stackTraceLimit } = limit
  limit.stackTraceLimit = undefined
  const copy = new Error(error.message)
  limit.stackTraceLimit = stackTraceLimit
  delete copy.stack
  return copy
}

await race("A failure, of an error that was made before", [
  { name: "`Effect.fail`, recovered", run: once(Effect.catchAll(failure, () => Effect.void)) },
  { name: "the minimum: caught, an empty effect, failed again", run: least(empty, () => error) },
  { name: "the minimum, with `tracker.track`", run: least(track, () => error) },
  { name: "the minimum, with `tracker.track` and another `Error`", run: least(track, fresh) },
  { name: "through `Fetch.tracked`, logging off", run: failing(failure, off) },
  { name: "through `Fetch.tracked`, logged", run: failing(failure, on) }
], { rounds, times: 20_000 })

await runtime.dispose()
