/** The cost of metrics, traces and Prometheus pages. */
import { Context, Effect, Exit, Layer, Logger, ManagedRuntime, Scope, type Tracer } from "effect"
import { ErrorTracker, FetchError, Prometheus, Tracing } from "effect-errata"
import { Gauge, Registry } from "prom-client"
// The recorder is not public; it shows a round without the fiber.
import { MetricsRecorder } from "../../dist/internal/metrics/metricsRecorder.js"
import { measured } from "../../dist/internal/tracker/measures/serviceReadings.js"
import { at } from "./errors.js"
import { race, rounds } from "./race.js"

const runtime = ManagedRuntime.make(Logger.remove(Logger.defaultLogger))
const scope = Effect.runSync(Scope.make())
const context = await runtime.runPromise(Layer.buildWithScope(ErrorTracker.layer(), scope))
const tracker = Context.get(context, ErrorTracker.ErrorTracker)

/** 17 codes, 2,000 symbols with two codes each: 4,000 samples by symbol. */
const types = FetchError.FetchError.members
for (let i = 0; i < 2000; i++) {
  const context = { symbol: `SYMBOL${i}USDT`, source: at(["rest", "vision", "cache"], i) }
  await runtime.runPromise(tracker.track(new (at(types, i))({ context, reason: "api_response" }, true)))
  await runtime.runPromise(tracker.track(new (at(types, i + 1))({ context, reason: "api_response" }, true)))
  await runtime.runPromise(tracker.succeeded(context, i % 100))
}

const repeated = (run: () => unknown) => (times: number) => {
  for (let i = 0; i < times; i++) run()
}

// ---------------------------------------------------------------------------------------------------------------------
// Prometheus
// ---------------------------------------------------------------------------------------------------------------------

/** Reads the families as a route does, which checks its options once. */
const reader = (options?: Prometheus.Options) => {
  const read = Effect.provideService(Prometheus.families(options), ErrorTracker.ErrorTracker, tracker)
  return () => runtime.runSync(read)
}
const families = reader()
const plain = families()
const lines = (page: string) => page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length

await race(`A page without dimensions, ${lines(Prometheus.text(plain))} samples`, [
  { name: "read the tracker and write the page", run: repeated(() => Prometheus.text(families())) },
  { name: "read the tracker", run: repeated(() => families()) },
  { name: "write the page", run: repeated(() => Prometheus.text(plain)) }
], { rounds, times: 500 })

const allFamilies = reader({ dimensions: ["symbol"], maxValues: 2000 })
const bySymbol = allFamilies().filter(({ name }) => name === "errata_dimension_errors")
const promClient = (() => {
  const register = new Registry()
  const errors = new Gauge({
    name: "errata_dimension_errors",
    help: "errors",
    labelNames: ["dimension", "value", "error_type"],
    registers: [register]
  })
  for (const family of bySymbol) {
    if (family.type === "summary") continue
    for (const { labels: [dimension = "", value = "", error_type = ""], value: count } of family.samples) {
      errors.set({ dimension, value, error_type }, count)
    }
  }
  return register
})()

await race(`A page of ${lines(Prometheus.text(bySymbol))} samples`, [
  { name: "`Prometheus.text`", run: repeated(() => Prometheus.text(bySymbol)) },
  { name: "OpenMetrics", run: repeated(() => Prometheus.text(bySymbol, { format: "openmetrics" })) },
  {
    name: "read the tracker and write the page",
    run: repeated(() => Prometheus.text(allFamilies()))
  },
  {
    name: "prom-client",
    run: async (times) => {
      for (let i = 0; i < times; i++) await promClient.metrics()
    }
  }
], { rounds, times: 100 })

// ---------------------------------------------------------------------------------------------------------------------
// metrics
// ---------------------------------------------------------------------------------------------------------------------

const recorder = new MetricsRecorder({}, 100)
const read = measured(tracker, { owner: "the benchmark", names: [], maxValues: Infinity, windows: false })
recorder.start(runtime.runSync(read))
const before = runtime.runSync(read)
// Every counter has changed since the round before.
let added = 0
const changed = () => {
  added++
  return {
    ...before,
    families: before.families.map((family) =>
      family.type === "counter"
        ? { ...family, samples: family.samples.map(({ labels, value }) => ({ labels, value: value + added })) }
        : family
    )
  }
}

await race("A round of metrics, 17 codes", [
  { name: "nothing has changed", run: repeated(() => recorder.record(runtime.runSync(read))) },
  { name: "every counter has changed", run: repeated(() => recorder.record(changed())) }
], { rounds, times: 500 })

// ---------------------------------------------------------------------------------------------------------------------
// traces
// ---------------------------------------------------------------------------------------------------------------------

const native = Effect.runSync(Effect.tracer)
const decorated = Tracing.decorate(native)
const options: Tracer.SpanOptions = { captureStackTrace: false }
const request = {
  "http.request.method": "GET",
  "server.address": "https://api.example.com",
  "url.full": "https://api.example.com/api/v3/klines?symbol=BTCUSDT&interval=1h",
  "url.path": "/api/v3/klines",
  "http.response.status_code": 200
}
const error = new FetchError.ApiFormat({ status: 503 })

const spans = (tracer: Tracer.Tracer, span: Effect.Effect<unknown>) => {
  const effect = Effect.withTracer(span, tracer)
  return (times: number) =>
    runtime.runPromise(Effect.gen(function*() {
      for (let i = 0; i < times; i++) yield* effect
    }))
}
const succeeding = Effect.withSpan(Effect.void, "fetch")
const traced = Effect.withSpan(Effect.void, "fetch", { ...options, kind: "client", attributes: request })
const failing = Effect.ignore(Effect.withSpan(Effect.fail(error), "fetch"))

await race("One span", [
  { name: "the default tracer", run: spans(native, succeeding) },
  { name: "decorated", run: spans(decorated, succeeding) }
], { rounds, times: 20_000 })
await race("One span of a request, five attributes, no stack", [
  { name: "the default tracer", run: spans(native, traced) },
  { name: "decorated", run: spans(decorated, traced) }
], { rounds, times: 20_000 })
await race("One span that fails", [
  { name: "the default tracer", run: spans(native, failing) },
  { name: "decorated", run: spans(decorated, failing) }
], { rounds, times: 20_000 })

await runtime.runPromise(Scope.close(scope, Exit.void))
await runtime.dispose()
