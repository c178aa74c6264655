import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Exit, Layer, Metric, MetricState, Option, Scope, TestClock } from "effect"
import { ErrorMetrics, ErrorTracker, Fetch, FetchError, RetryPolicy, type Snapshot } from "effect-errata"
import { LogCapture } from "effect-errata/testing"

const tracker = ErrorTracker.ErrorTracker

// The registry is global to the process: each test has an attribute of its own.
let tests = 0
const unique = () => ({ test: `${tests++}` })

interface Value {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly value: number
}

/** The metrics of one test. */
const metrics = ({ test }: { readonly test: string }): Effect.Effect<ReadonlyArray<Value>> =>
  Effect.map(Metric.snapshot, (pairs) =>
    pairs.flatMap(({ metricKey: { name, tags }, metricState }) => {
      const { test: own, ...attributes } = Object.fromEntries(tags.map(({ key, value }) => [key, value]))
      if (own !== test) return []
      const value = MetricState.isCounterState(metricState)
        ? Number(metricState.count)
        : MetricState.isGaugeState(metricState)
        ? Number(metricState.value)
        : NaN
      return [{ name, attributes, value }]
    }))

const valueOf = (
  values: ReadonlyArray<Value>,
  name: string,
  attributes: Readonly<Record<string, string>> = {}
): number =>
  values.filter((value) =>
    value.name === name && Object.entries(attributes).every(([key, text]) => value.attributes[key] === text)
  ).reduce((sum, { value }) => sum + value, 0)

/** A generator of whole numbers below a bound. */
const draws = (seed: number) => (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below

const withMetrics = (options: ErrorMetrics.Options, trackerOptions: ErrorTracker.Options = {}) =>
  ErrorMetrics.layer(options).pipe(Layer.provideMerge(ErrorTracker.layer(trackerOptions)))

const dns = (symbol: string) => new FetchError.NetworkDns({ context: { symbol, source: "rest" } })

describe("metrics", () => {
  it.effect(
    "count what this process counts, in random histories with resets, restored snapshots and clean-ups",
    () =>
      Effect.gen(function*() {
        for (let seed = 1; seed <= 3; seed++) {
          const attributes = unique()
          const next = draws(seed * 104_729)
          yield* Effect.gen(function*() {
            const service = yield* tracker
            let saved: Snapshot.Snapshot | undefined
            let [errors, empties, successes] = [0, 0, 0]
            let before: ReadonlyArray<Value> = []
            for (let step = 0; step < 56; step++) {
              const action = next(13)
              const symbol = `S${next(9)}`
              if (action < 5) {
                yield* service.track(dns(symbol), { attempt: true })
                errors++
              } else if (action < 6) {
                yield* service.track(new FetchError.DataEmpty({ reason: "delisted", context: { symbol } }), {
                  attempt: true
                })
                empties++
              } else if (action < 8) {
                yield* service.succeeded({ symbol, source: "rest" }, 5)
                successes++
              } else if (action === 8) saved = yield* service.snapshot
              else if (action === 9 && saved !== undefined) yield* service.restore(saved)
              else if (action === 10 && next(3) === 0) yield* service.reset
              // Long enough for values to be merged into `other`.
              else if (action === 11 && next(3) === 0) yield* TestClock.adjust("26 hours")
              else yield* TestClock.adjust("1 hour")
              if (step % 8 !== 7) continue
              yield* TestClock.adjust("1 hour")
              const now = yield* metrics(attributes)
              const at = (name: string, attributes = {}) => [seed, step, name, valueOf(now, name, attributes)]
              expect(at("errata.errors")).toEqual([seed, step, "errata.errors", errors])
              expect(at("errata.attempts", { "errata.outcome": "succeeded" })).toEqual([
                seed,
                step,
                "errata.attempts",
                successes
              ])
              expect(at("errata.attempts", { "errata.outcome": "expected_empty" })).toEqual([
                seed,
                step,
                "errata.attempts",
                empties
              ])
              expect(at("errata.empty_data")).toEqual([seed, step, "errata.empty_data", empties])
              for (const { attributes, name, value } of before) {
                if (name.startsWith("errata.alert") || name.startsWith("errata.fetch")) continue
                const same = now.find((other) =>
                  other.name === name && JSON.stringify(other.attributes) === JSON.stringify(attributes)
                )
                expect([name, attributes, (same?.value ?? 0) >= value]).toEqual([name, attributes, true])
              }
              before = now
            }
            // At most one value beyond the cap: `other`.
            const values = new Set(
              before.filter(({ name }) => name.startsWith("errata.dimension")).map(({ attributes }) =>
                attributes["errata.value"]
              )
            )
            expect(values.size).toBeLessThanOrEqual(5)
          }).pipe(Effect.provide(withMetrics(
            { attributes, dimensions: ["symbol"], maxValues: 4, every: "1 hour" },
            { dimensions: ["symbol"], maxValues: 3, sweepEvery: "1 hour" }
          )))
        }
      }),
    20_000
  )

  it.effect("durations by a dimension are gauges of the last hour, of the first values only", () =>
    Effect.gen(function*() {
      const attributes = unique()
      yield* Effect.gen(function*() {
        const service = yield* tracker
        for (const [i, symbol] of ["A", "B", "C"].entries()) yield* service.succeeded({ symbol }, (i + 1) * 1000)
        yield* TestClock.adjust("1 minute")
        const p50 = (values: ReadonlyArray<Value>) =>
          values
            .filter(({ attributes, name }) =>
              name === "errata.dimension.duration" && attributes["errata.quantile"] === "0.5"
            )
            .map(({ attributes, value }) => `${attributes["errata.value"]} ${value.toFixed(1)}`)
            .toSorted((a, b) => a < b ? -1 : 1)
        expect(p50(yield* metrics(attributes))).toEqual(["A 1.0", "B 2.0"])
        yield* TestClock.adjust("2 hours")
        expect(p50(yield* metrics(attributes))).toEqual(["A 0.0", "B 0.0"])
      }).pipe(Effect.provide(withMetrics({ attributes, latency: ["symbol"], maxValues: 2, every: "1 minute" })))
    }))

  it.effect("by dimension add up to the whole, without resets", () =>
    Effect.gen(function*() {
      const attributes = unique()
      const next = draws(17)
      yield* Effect.gen(function*() {
        const service = yield* tracker
        for (let i = 1; i <= 36; i++) {
          yield* service.track(dns(`S${next(9)}`))
          if (next(4) === 0) yield* TestClock.adjust(next(2) === 0 ? "27 hours" : "1 hour")
          if (i % 6 !== 0) continue
          yield* TestClock.adjust("1 hour")
          expect([i, valueOf(yield* metrics(attributes), "errata.dimension.errors")]).toEqual([i, i])
        }
      }).pipe(Effect.provide(withMetrics(
        { attributes, dimensions: ["symbol"], every: "1 hour" },
        { dimensions: ["symbol"], maxValues: 3, sweepEvery: "1 hour" }
      )))
    }))

  it.effect("have the names, units and attributes of the documentation", () =>
    Effect.gen(function*() {
      const attributes = unique()
      yield* Effect.gen(function*() {
        const service = yield* tracker
        yield* Effect.repeatN(service.track(dns("A"), { attempt: true }), 3)
        yield* service.track(new FetchError.DataEmpty({ reason: "api_response", context: { source: "rest" } }))
        yield* service.succeeded({ symbol: "A", source: "rest" }, "20 millis")
        const policy = yield* RetryPolicy.make({ rows: { NETWORK_DNS: { base: "1 millis", retries: 1 } } })
        const call = Effect.fail(dns("B")).pipe(Fetch.tracked(), Fetch.retry(policy), Effect.exit)
        yield* Effect.zipRight(Effect.fork(call), TestClock.adjust("6 seconds"))
        const found = (yield* metrics(attributes)).map(({ attributes, name, value }) =>
          [name, JSON.stringify(attributes), value] as const
        )
        const names = new Map(found.map(([name, attributes, value]) => [`${name} ${attributes}`, value]))
        const expected: ReadonlyArray<readonly [string, object, number]> = [
          ["errata.errors", { "error.type": "NETWORK_DNS", "errata.severity": "ERROR", unit: "{error}" }, 6],
          ["errata.errors", { "error.type": "DATA_EMPTY", "errata.severity": "INFO", unit: "{error}" }, 1],
          ["errata.attempts", { "errata.outcome": "succeeded", unit: "{attempt}" }, 1],
          ["errata.attempts", { "errata.outcome": "failed", unit: "{attempt}" }, 7],
          ["errata.calls", { "errata.outcome": "failed", unit: "{call}" }, 1],
          ["errata.retries", { unit: "{attempt}" }, 1],
          ["errata.give_ups", { unit: "{call}" }, 1],
          ["errata.empty_data", {
            "errata.reason": "api_response",
            "errata.source": "rest",
            "errata.expected": "false",
            unit: "{fetch}"
          }, 1],
          ["errata.dimension.errors", {
            "errata.dimension": "symbol",
            "errata.value": "A",
            "error.type": "NETWORK_DNS",
            unit: "{error}"
          }, 4],
          ["errata.alert.active", { "error.type": "NETWORK_DNS", "errata.window": "minute", unit: "{alert}" }, 1],
          ["errata.alert.active", { "error.type": "DATA_EMPTY", "errata.window": "day", unit: "{alert}" }, 0]
        ]
        for (const [name, attributes, value] of expected) {
          expect([name, attributes, names.get(`${name} ${JSON.stringify(attributes)}`)]).toEqual([
            name,
            attributes,
            value
          ])
        }
        const duration = found.filter(([name]) => name === "errata.fetch.duration")
        expect(duration.length).toBe(3)
        for (const [, attributes, value] of duration) {
          expect(JSON.parse(attributes)).toMatchObject({ "errata.source": "rest", unit: "s" })
          expect(value).toBeCloseTo(0.02, 3)
        }
      }).pipe(Effect.provide(withMetrics(
        { attributes, dimensions: ["symbol"] },
        { thresholds: { NETWORK_DNS: { perMinute: 2 } } }
      )))
    }))

  it.effect("are updated a last time when the layer is released", () =>
    Effect.gen(function*() {
      const attributes = unique()
      yield* Effect.flatMap(tracker, (service) => service.track(dns("A"))).pipe(
        Effect.provide(withMetrics({ attributes }))
      )
      expect(valueOf(yield* metrics(attributes), "errata.errors")).toBe(1)
    }))

  it.effect("start at 0 when the layer is built, also for a second time", () =>
    Effect.gen(function*() {
      const attributes = unique()
      yield* Effect.gen(function*() {
        const service = yield* tracker
        yield* service.track(dns("A"))
        for (let i = 0; i < 3; i++) {
          yield* service.track(dns("A")).pipe(Effect.provide(ErrorMetrics.layer({ attributes })))
        }
      }).pipe(Effect.provide(ErrorTracker.layer()))
      expect(valueOf(yield* metrics(attributes), "errata.errors")).toBe(3)
    }))

  it.effect("an alert that ends, or whose limit is removed, is 0", () =>
    Effect.gen(function*() {
      const attributes = unique()
      yield* Effect.gen(function*() {
        const service = yield* tracker
        yield* Effect.repeatN(service.track(dns("A")), 3)
        yield* TestClock.adjust("5 seconds")
        const active = { "error.type": "NETWORK_DNS" }
        expect(valueOf(yield* metrics(attributes), "errata.alert.active", active)).toBe(1)
        yield* service.setLimits({})
        yield* TestClock.adjust("5 seconds")
        expect(valueOf(yield* metrics(attributes), "errata.alert.active", active)).toBe(0)
      }).pipe(Effect.provide(withMetrics({ attributes }, { thresholds: { NETWORK_DNS: { perMinute: 2 } } })))
    }))

  it.effect("of a tracker of your own continue when it is reset, and warn once while it cannot be read", () =>
    Effect.gen(function*() {
      const attributes = unique()
      const inner = yield* Effect.map(
        Layer.build(ErrorTracker.layer()),
        (context) => context.unsafeMap.get(tracker.key)
      )
      const service = inner as ErrorTracker.Service
      let isBroken = false
      const members = Object.fromEntries(Object.entries(service)) as unknown as ErrorTracker.Store
      const own = ErrorTracker.make({
        ...members,
        stats: (options) => isBroken ? Effect.die(new Error("unreachable")) : service.stats(options)
      })
      yield* Effect.gen(function*() {
        yield* Effect.repeatN(service.track(dns("A")), 4)
        yield* TestClock.adjust("5 seconds")
        expect(valueOf(yield* metrics(attributes), "errata.errors")).toBe(5)
        yield* service.reset
        yield* Effect.repeatN(service.track(dns("A")), 1)
        yield* TestClock.adjust("5 seconds")
        expect(valueOf(yield* metrics(attributes), "errata.errors")).toBe(7)
        isBroken = true
        yield* TestClock.adjust("1 minute")
        isBroken = false
        yield* service.track(dns("A"))
        yield* TestClock.adjust("5 seconds")
        expect(valueOf(yield* metrics(attributes), "errata.errors")).toBe(8)
        const lines = (yield* LogCapture.entries).filter(({ message }) => message.startsWith("Metrics"))
        expect(lines.length).toBe(1)
      }).pipe(
        Effect.provide(
          ErrorMetrics.layer({ attributes }).pipe(
            Layer.provide(Layer.succeed(tracker, own)),
            Layer.provideMerge(LogCapture.layer)
          )
        )
      )
    }).pipe(Effect.scoped))

  it.effect.each<readonly [object, string]>([
    [{ every: 0 }, "ErrorMetrics: every is 0"],
    [{ dimensions: ["symbols"] }, "ErrorMetrics: dimensions[0]: unknown dimension \"symbols\""],
    [{ maxValues: 0 }, "ErrorMetrics: maxValues is 0"],
    [{ attributes: { a: 1 } }, "ErrorMetrics: attributes.a is 1"],
    [{ interval: 1 }, "ErrorMetrics: unknown option \"interval\""]
  ])("refuse %o", ([options, message]) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const exit = yield* Effect.exit(Layer.buildWithScope(withMetrics(options as ErrorMetrics.Options), scope))
      expect(Exit.isFailure(exit) && Option.getOrThrow(Cause.dieOption(exit.cause))).toMatchObject({
        message: expect.stringContaining(message)
      })
      yield* Scope.close(scope, Exit.void)
    }))
})
