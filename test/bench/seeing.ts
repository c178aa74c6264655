/** The cost of metrics, traces and Prometheus pages. */
import { Context, Effect, Either, Exit, Layer, Logger, ManagedRuntime, Scope, type Tracer } from "effect"
import { ErrorTracker, FetchError, Prometheus, type Snapshot, Tracing } from "effect-errata"
import { Gauge, Registry } from "prom-client"
// These are not public: they show a round without its fiber, and work without its pauses.
import { report } from "../../dist/internal/insight/insightReport.js"
import { MetricsRecorder } from "../../dist/internal/metrics/metricsRecorder.js"
import { Core } from "../../dist/internal/tracker/core.js"
import { budgetsIn } from "../../dist/internal/tracker/counting/objectiveGauges.js"
import { measured } from "../../dist/internal/tracker/measures/serviceReadings.js"
import { evaluated } from "../../dist/internal/tracker/snapshotModel.js"
import { settings } from "../../dist/internal/tracker/trackerOptions.js"
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
const read = measured(tracker, { owner: "the benchmark", names: [], latency: [], maxValues: Infinity, windows: false })
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

/** A tracer that only sets the attributes of a failure: what no decorator can avoid. */
const least: Tracer.Tracer = {
  ...native,
  span(...parameters) {
    const span = native.span(...parameters)
    // oxlint-disable-next-line typescript/unbound-method -- it is called on the span
    const { end } = span
    span.end = function(endTime, exit) {
      if (exit._tag === "Failure") {
        span.attribute("error.type", "API_FORMAT")
        span.attribute("http.response.status_code", 503)
      }
      end.call(span, endTime, exit)
    }
    return span
  }
}

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
  { name: "decorated", run: spans(decorated, failing) },
  { name: "the floor: only `error.type` and the status are set", run: spans(least, failing) }
], { rounds, times: 20_000 })

// ---------------------------------------------------------------------------------------------------------------------
// steps on the event loop
// ---------------------------------------------------------------------------------------------------------------------

/** Milliseconds of processor time of each piece of work. */
const piecesOf = (work: () => boolean): Array<number> => {
  const times: Array<number> = []
  for (let isMore = true; isMore;) {
    const { system, user } = process.cpuUsage()
    isMore = work()
    const after = process.cpuUsage()
    times.push((after.user - user + after.system - system) / 1000)
  }
  return times
}

const millis = (n = NaN): string => n.toFixed(2)

const median = (times: ReadonlyArray<number>) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!

const row = (name: string, runs: ReadonlyArray<ReadonlyArray<number>>): void => {
  // The median of each piece over the runs: without collections of garbage, which meet another piece in each run.
  const pieces = runs[0]!.map((_, piece) => median(runs.map((times) => times[piece] ?? 0)))
  const sum = median(runs.map((times) => times.reduce((sum, time) => sum + time, 0)))
  console.log(`| ${name} | ${pieces.length} | ${millis(Math.max(...pieces))} | ${millis(sum)} |`)
}

const core = new Core(Either.getOrThrow(settings({
  rules: [{ name: "symbols", objective: 0.999, of: "attempts", by: "symbol" }]
})))
const minute = 60e9
const moment = (now: number) => ({ now, wall: now / 1e6 })
const failures = Array.from({ length: 2000 }, (_, i) => {
  const context = { symbol: `SYMBOL${i}USDT`, source: "rest", interval: "1m" }
  return [0, 7, 13].map((n) => new (at(types, i + n))({ context, reason: "api_response" }, true))
})
const objectives: Array<Array<number>> = []
for (let k = 0; k < 70; k++) {
  for (const [i, errors] of failures.entries()) core.track(at(errors, k + i), moment(k * minute + 1 + i), true)
  const after = (k + 1) * minute + 1
  objectives.push(piecesOf(() => {
    core.settle(moment(after))
    return core.evaluator.isEvaluating
  }))
}
const end = 70 * minute + 2
const snapshots: Array<Array<number>> = []
const reports: Array<Array<number>> = []
for (let i = 0; i < 15; i++) {
  let isFirst = true
  let snapshot: Snapshot.Snapshot | undefined
  let pieces: Generator<void, Snapshot.Snapshot> | undefined
  snapshots.push(piecesOf(() => {
    if (isFirst) {
      isFirst = false
      pieces = evaluated(core.lazySnapshot(moment(end))[1])
      return true
    }
    const { done, value } = pieces!.next()
    if (done === true) snapshot = value
    return done !== true
  }))
  const answers = report(snapshot!)
  reports.push(piecesOf(() => answers.next().done !== true))
}
console.log("\n### Steps on the event loop, 2,000 symbols that fail\n")
console.log("| work | steps | longest, ms of processor time | all, ms |\n|---|---|---|---|")
row("an objective by symbol, each full minute", objectives.slice(10))
row("a snapshot for the page and the API", snapshots)
row("the answers of Insight", reports)
row(
  "error budgets by symbol",
  Array.from({ length: 15 }, () =>
    piecesOf(() => {
      core.read(budgetsIn, moment(end))
      return false
    }))
)

await runtime.runPromise(Scope.close(scope, Exit.void))
await runtime.dispose()
