/** The cost of counting an error, compared with other libraries, and the cost of reads. */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics"
import { Context, Duration, Effect, Either, Exit, Layer, Logger, ManagedRuntime, Metric, Scope } from "effect"
import { ErrorTracker, FetchError, Threshold } from "effect-errata"
import { Counter, Histogram, Registry } from "prom-client"
// The core is not public; it shows the cost without Effect.
import { Core } from "../../dist/internal/tracker/core.js"
import { latencyIn } from "../../dist/internal/tracker/counting/views.js"
import { settings } from "../../dist/internal/tracker/trackerOptions.js"
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
// contenders
// ---------------------------------------------------------------------------------------------------------------------

const limits = { perMinute: 3, perHour: 10, perDay: 30 }
// Three limits for every error, not only for those that have them by default.
const thresholds = Object.fromEntries(errors.map(({ code }) => [code, limits]))

const coreOf = (options: ErrorTracker.Options) => new Core(Either.getOrThrow(settings({ thresholds, ...options })))

// By default one error every 20 microseconds.
const tracking = (core: Core, start = 0, step = 20_000) => {
  // One moment is reused for every step, as in the tracker.
  const moment = { now: start, wall: 0 }
  return (times: number) => {
    for (let i = 0; i < times; i++) {
      moment.now += step
      core.track(at(errors, i), moment)
    }
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

/** The tracker of the original design: a list of the errors of a day, scanned for each new one. */
class Original {
  private errorCounts: Record<string, Array<{ timestamp: number; metadata: object }>> = {}
  private readonly windows = Object.entries({ perMinute: 60e9, perHour: 3600e9, perDay: 86_400e9 })
  readonly warnings: Array<string> = []

  trackError(code: string, metadata: object, now: number) {
    const occurrences = this.errorCounts[code] ??= []
    occurrences.push({ timestamp: now, metadata })
    for (const [name, span] of this.windows) {
      const count = occurrences.reduce((sum, { timestamp }) => now - timestamp <= span ? sum + 1 : sum, 0)
      // A warning for every error too many; here only the last one is kept.
      if (count > limits[name as keyof typeof limits]) this.warnings[0] = `THRESHOLD EXCEEDED: ${code} ${count} ${name}`
    }
    for (const [code, occurrences] of Object.entries(this.errorCounts)) {
      this.errorCounts[code] = occurrences.filter(({ timestamp }) => now - timestamp <= 86_400e9)
    }
  }
}

const originally = (events: number) => {
  let original = new Original()
  let now = 0
  const run = (times: number) => {
    for (let i = 0; i < times; i++) original.trackError(at(errors, i).code, at(labels, i), now += 20_000)
  }
  const prepare = () => {
    original = new Original()
    run(events)
  }
  return { run, prepare }
}

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
  { name: "track: window, three limits, last errors", run: tracking(coreOf({ dimensions: [] })) },
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
  },
  { name: "the original's algorithm, 1,000 errors before", ...originally(1000) }
], { rounds, times: 200_000 })

const histogram = new Histogram({
  name: "durations",
  help: "durations",
  labelNames: ["symbol", "source", "market", "interval"],
  registers: [new Registry()]
})

/** Successes, one every 20 microseconds. */
const succeeding = (core: Core, durationOf: (i: number) => Duration.Duration | undefined) => {
  const moment = { now: 0, wall: 0 }
  return (times: number) => {
    for (let i = 0; i < times; i++) {
      moment.now += 20_000
      core.succeeded(at(errors, i).context, moment, durationOf(i))
    }
  }
}
const durations = Array.from({ length: 1000 }, (_, i) => Duration.millis(5 + (i * 7919) % 1000))
const duration = (i: number) => at(durations, i)
const none = () => undefined

await race("One success, without Effect", [
  { name: "counted by source", run: succeeding(coreOf({ dimensions: ["source"] }), none) },
  { name: "counted and timed by source", run: succeeding(coreOf({ dimensions: ["source"] }), duration) },
  { name: "counted by four dimensions", run: succeeding(coreOf({}), none) },
  { name: "counted and timed by four dimensions", run: succeeding(coreOf({}), duration) },
  {
    name: "prom-client `observe`, four labels, eleven buckets",
    run: (times) => {
      for (let i = 0; i < times; i++) {
        const { interval, market, source, symbol } = at(labels, i)
        histogram.observe({ symbol, source, market, interval }, Duration.toSeconds(duration(i)))
      }
    }
  }
], { rounds, times: 200_000 })

// ---------------------------------------------------------------------------------------------------------------------
// flatness
// ---------------------------------------------------------------------------------------------------------------------

const filled = (events: number) => {
  const core = coreOf({})
  const end = 80_000e9
  tracking(core, 0, end / events)(events)
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
// answers
// ---------------------------------------------------------------------------------------------------------------------

const busy = coreOf({ thresholds: Threshold.defaults })
const end = 80_000e9
for (const [i, Type] of FetchError.FetchError.members.entries()) {
  for (let n = 0; n < 4000; n++) {
    const context = { symbol: `S${n % 2000}`, source: at(["rest", "vision", "cache"], n), market: "SPOT" }
    const moment = { now: n * end / 4000, wall: 0 }
    busy.track(new Type({ context, reason: "api_response" }, true), moment)
    busy.succeeded(context, moment, Duration.millis(i + n))
  }
}
const now = { now: end, wall: 0 }
const minute = Duration.minutes(1)
const day = Duration.days(1)
const asked = (ask: () => unknown) => (times: number) => {
  for (let i = 0; i < times; i++) ask()
}

await race("One answer, of 17 codes and 2,000 symbols", [
  { name: "`stats()`", run: asked(() => busy.stats(undefined, now)) },
  { name: "`stats` of the last day", run: asked(() => busy.stats(day, now)) },
  { name: "`rates`", run: asked(() => busy.rates(now)) },
  { name: "`verdict`", run: asked(() => busy.verdict("DATA_EMPTY", now)) },
  {
    name: "`latency` of the last hour",
    run: asked(() => busy.read((view) => latencyIn(view, { window: "hour" }), now))
  },
  {
    name: "`timeline` of a day by the minute",
    run: asked(() => busy.timeline({ window: day, step: minute, code: undefined }, now))
  },
  { name: "`breakdown` by symbol, ten worst", run: asked(() => busy.breakdown({ by: "symbol", limit: 10 }, now)) },
  {
    name: "the same of the last hour",
    run: asked(() => busy.breakdown({ by: "symbol", limit: 10, window: "hour" }, now))
  }
], { rounds, times: 200 })

// ---------------------------------------------------------------------------------------------------------------------
// memory
// ---------------------------------------------------------------------------------------------------------------------

const megabytes = () => {
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

/** Ten million errors in 48 hours, 57 a second in the mean and every 50,000th followed by ten minutes of silence. */
const longRun = () => {
  const events = 10_000_000
  const core = coreOf({})
  const moment = { now: 0, wall: 0 }
  const day = 86_400e9
  const step = (2 * day - events / 50_000 * 600e9) / events
  let since = 0
  const rows: Array<string> = []
  for (let i = 1; i <= events; i++) {
    moment.now += i % 50_000 === 0 ? 600e9 : step
    core.track(at(errors, i), moment)
    if (i % 1000 === 0) core.cleanUp(moment)
    if (i % 1_250_000 > 0) continue
    // What the day must hold is known from when each came.
    for (
      let from = (j: number) => j * step + Math.floor(j / 50_000) * (600e9 - step);
      moment.now - from(since + 1) > day;
    ) since++
    const { total } = core.stats(undefined, moment)
    const inDay = core.stats(Duration.days(1), moment).total
    const error = Math.abs(inDay - (i - since)) / (i - since)
    if (total !== i || error > 1 / 2048) throw new Error(`${total} of ${i}, ${inDay} of ${i - since} in a day`)
    const cells = [moment.now / 3600e9, i / 1e6, core.bytes / 1e6, megabytes(), error * 100]
    rows.push(`| ${cells.map((cell) => cell.toFixed(3)).join(" | ")} |`)
  }
  console.log(
    `\n### Ten million errors in 48 hours\n\n| hours | million errors | MB of counts | MB of the process | % off, of the last day |\n|---|---|---|---|---|\n${
      rows.join("\n")
    }`
  )
}

longRun()

// ---------------------------------------------------------------------------------------------------------------------
// with Effect
// ---------------------------------------------------------------------------------------------------------------------

// Alerts are edges: with the first round they are over, and what is measured is counting.
const runtime = ManagedRuntime.make(Logger.remove(Logger.defaultLogger))
const scope = Effect.runSync(Scope.make())
const trackerOf = async (options: ErrorTracker.Options) => {
  const context = await runtime.runPromise(Layer.buildWithScope(ErrorTracker.layer(options), scope))
  return Context.get(context, ErrorTracker.ErrorTracker)
}
const plain = await trackerOf({ dimensions: [] })
const usual = await trackerOf({})

const looped = (step: (i: number) => Effect.Effect<void>) => (times: number) =>
  runtime.runPromise(Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* step(i)
  }))

const noop = Effect.sync(() => {})
const clock = await runtime.runPromise(Effect.clock)
const counter = Metric.counter("errors")
const tagged = ({ code, source, symbol }: (typeof labels)[number]) => {
  const metric = counter.pipe(
    Metric.tagged("code", code),
    Metric.tagged("symbol", symbol),
    Metric.tagged("source", source)
  )
  return Metric.increment(metric)
}

await race("One error, as an Effect", [
  { name: "`Effect.sync(noop)`", run: looped(() => noop) },
  { name: "an empty `Effect.suspend`", run: looped(() => Effect.suspend(() => Effect.void)) },
  {
    name: "one that reads the clock",
    run: looped(() => Effect.suspend(() => clock.unsafeCurrentTimeNanos() < 0n ? noop : Effect.void))
  },
  { name: "`tracker.track`: windows, limits, last errors", run: looped((i) => plain.track(at(errors, i))) },
  { name: "`tracker.track`: the same and four dimensions", run: looped((i) => usual.track(at(errors, i))) },
  { name: "Effect's counter, three tags", run: looped((i) => tagged(at(labels, i))) }
], { rounds, times: 200_000 })

await runtime.runPromise(Scope.close(scope, Exit.void))
await runtime.dispose()
