/**
 * What counting an error costs, against what others take for it. `npm run bench -- --rounds 15`
 */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Context, Effect, Either, Layer, Logger, ManagedRuntime } from "effect"
import { ErrorTracker, Fetch, FetchError } from "effect-errata"
import { parseArgs } from "node:util"
import { Counter, Registry } from "prom-client"
// The core is not public. What it costs without Effect around it is worth knowing all the same.
import { Core } from "../../dist/internal/tracker/core.js"
import { settings } from "../../dist/internal/tracker/settings.js"
import { race } from "./race.js"

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } })
const rounds = Number(values.rounds)

// ---------------------------------------------------------------------------------------------------------------------
// what happens: 6 types of error, 20 symbols, 3 sources
// ---------------------------------------------------------------------------------------------------------------------

const types = [
  FetchError.NetworkTimeout,
  FetchError.NetworkConnection,
  FetchError.ApiRateLimit,
  FetchError.ApiFormat,
  FetchError.DataIntegrity,
  FetchError.StorageRead
]
const errors: Array<FetchError.FetchError> = []
for (let i = 0; i < 360; i++) {
  const Type = types[i % 6]!
  const context = { symbol: `S${i % 20}`, source: `source${i % 3}`, market: "SPOT", interval: "1m" }
  errors.push(new Type({ context }))
}
const at = <A>(items: ReadonlyArray<A>, i: number): A => items[i % items.length]!
const labels = errors.map(({ code, context: { interval = "", market = "", source = "", symbol = "" } }) => ({
  code,
  symbol,
  source,
  market,
  interval
}))
const keys = labels.map((labels) => Object.values(labels).join("|"))

// ---------------------------------------------------------------------------------------------------------------------
// who counts it
// ---------------------------------------------------------------------------------------------------------------------

const coreOf = (options: ErrorTracker.Options) => new Core(Either.getOrThrow(settings(options)))

// One error every 20 microseconds.
const tracking = (core: Core, start = 0) => {
  let now = start
  return (times: number) => {
    for (let i = 0; i < times; i++) core.track(at(errors, i), { now: now += 20_000, wall: now / 1e6 })
  }
}

const counts = new Map<string, number>()
const prom = new Counter({
  name: "errors",
  help: "errors",
  labelNames: ["code", "symbol", "source", "market", "interval"],
  registers: [new Registry()]
})
// Without a reader it would count nothing.
class Reader extends MetricReader {
  protected override async onForceFlush() {}
  protected override async onShutdown() {}
}
const otel = new MeterProvider({ readers: [new Reader()] }).getMeter("bench").createCounter("errors")

await race("One error, without Effect", [
  {
    name: "`Map` increment, key prebuilt",
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const key = at(keys, i)
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
    }
  },
  { name: "track: windows, limits, last errors", run: tracking(coreOf({ dimensions: [] })) },
  { name: "track: the same and four dimensions", run: tracking(coreOf({})) },
  {
    name: "prom-client `inc`, five labels",
    run: (times) => {
      for (let i = 0; i < times; i++) prom.inc(at(labels, i))
    }
  },
  {
    name: "OpenTelemetry `add`, five attributes",
    run: (times) => {
      for (let i = 0; i < times; i++) otel.add(1, at(labels, i))
    }
  }
], { rounds, times: 200_000 })

// ---------------------------------------------------------------------------------------------------------------------
// flatness
// ---------------------------------------------------------------------------------------------------------------------

const filled = (events: number) => {
  const core = coreOf({})
  const end = 80_000e9
  for (let i = 0; i < events; i++) core.track(at(errors, i), { now: i * (end / events), wall: 0 })
  return tracking(core, end)
}

await race(
  "One error, with so many on the same day before it",
  [1e3, 1e5, 1e6, 1e7].map((events) => {
    let run: ((times: number) => void) | undefined
    return {
      name: events.toLocaleString("en"),
      // A batch is too much for a thousand events, and next to nothing for a million.
      prepare: () => {
        if (run === undefined || events < 1e6) run = filled(events)
      },
      run: (times: number) => run?.(times)
    }
  }),
  { rounds, times: 2000 }
)

// ---------------------------------------------------------------------------------------------------------------------
// with Effect
// ---------------------------------------------------------------------------------------------------------------------

// Alerts are edges: with the first round they are over, and what is measured is counting.
const runtime = ManagedRuntime.make(Layer.merge(ErrorTracker.layer(), Logger.remove(Logger.defaultLogger)))
const tracker = Context.get((await runtime.runtime()).context, ErrorTracker.ErrorTracker)

type Step = (i: number) => Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>

const looped = (step: Step) => (times: number) =>
  runtime.runPromise(Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* step(i)
  }))

/** The same effect every time, as of a method that was defined once. */
const once = (effect: Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>) => looped(() => effect)

const noop = Effect.sync(() => {})

await race("One error, as an Effect", [
  { name: "`Effect.sync(noop)`", run: once(noop) },
  { name: "`tracker.track`", run: looped((i) => tracker.track(at(errors, i))) }
], { rounds, times: 20_000 })

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
