/** What counting an error costs, against what others take for it. */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Context, Effect, Either, Layer, Logger, ManagedRuntime } from "effect"
import { ErrorTracker } from "effect-errata"
import { Counter, Registry } from "prom-client"
// The core is not public. What it costs without Effect around it is worth knowing all the same.
import { Core } from "../../dist/internal/tracker/core.js"
import { settings } from "../../dist/internal/tracker/settings.js"
import { at, errors } from "./errors.js"
import { race, rounds } from "./race.js"

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

const looped = (step: (i: number) => Effect.Effect<void>) => (times: number) =>
  runtime.runPromise(Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* step(i)
  }))

const noop = Effect.sync(() => {})

await race("One error, as an Effect", [
  { name: "`Effect.sync(noop)`", run: looped(() => noop) },
  { name: "`tracker.track`", run: looped((i) => tracker.track(at(errors, i))) }
], { rounds, times: 20_000 })

await runtime.dispose()
