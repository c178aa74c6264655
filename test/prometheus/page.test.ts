import { HttpApp, HttpLayerRouter, HttpRouter } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Layer, Option, TestClock } from "effect"
import { ErrorTracker, Fetch, FetchError, Prometheus, RetryPolicy, type Snapshot } from "effect-errata"
import { parsePage } from "./pageParser.js"
import { hasPromtool, promtool } from "./programs.js"

const tracker = ErrorTracker.ErrorTracker

/** The values of a page by name and labels, in the order of their names. */
const valuesOf = (page: string): Map<string, number> =>
  new Map(
    parsePage(page, "text").flatMap(({ samples }) => samples).map(({ labels, name, value }) => [
      name +
      JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => a < b ? -1 : 1).map(([, value]) => value))
        .replaceAll("\"", ""),
      value
    ])
  )

const page = (options?: Prometheus.Options) =>
  Effect.map(Prometheus.families(options), (families) => valuesOf(Prometheus.text(families)))

/** A generator of whole numbers below a bound. */
const draws = (seed: number) => (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below

const add = (counts: Map<string, number>, key: string, n = 1) => counts.set(key, (counts.get(key) ?? 0) + n)

const codes = ["NETWORK_DNS", "DATA_EMPTY", "API_FORMAT"]

/** One of three errors, and whether it is an expected empty. */
const errorOf = (n: number, symbol: string): readonly [FetchError.FetchError, boolean] => {
  const context = { symbol, source: "rest" }
  if (n === 0) return [new FetchError.NetworkDns({ context }), false]
  if (n === 1) return [new FetchError.ApiFormat({ context, status: 503 }), false]
  return [new FetchError.DataEmpty({ context, reason: n === 2 ? "api_response" : "delisted" }), n === 3]
}

const options: ErrorTracker.Options = {
  dimensions: ["symbol", "source"],
  thresholds: { API_FORMAT: { perMinute: 3, custom: [{ name: "burst", window: "10 seconds", limit: 2 }] } },
  rules: [
    { name: "any", window: "90 seconds", limit: 5 },
    { name: "worst", by: "symbol", window: "minute", limit: 2 },
    { name: "share", window: "minute", ratio: 0.5, minAttempts: 4 }
  ]
}

describe("a page agrees with its tracker", () => {
  it.effect("in random histories with resets, restored snapshots and time that passes", () =>
    Effect.gen(function*() {
      for (let seed = 1; seed <= 4; seed++) {
        const next = draws(seed * 7919)
        yield* Effect.gen(function*() {
          const service = yield* tracker
          // What this process has counted, whatever became of the tracker.
          const counted = new Map<string, number>()
          let saved: Snapshot.Snapshot | undefined
          for (let step = 0; step < 80; step++) {
            const action = next(12)
            const symbol = "ABCDE"[next(5)] ?? ""
            if (action < 6) {
              const [error, isExpected] = errorOf(next(4), symbol)
              yield* service.track(error, { attempt: true })
              add(counted, isExpected ? "empty" : error.code)
              if (!isExpected) add(counted, `${symbol} ${error.code}`)
            } else if (action < 8) {
              yield* service.succeeded({ symbol, source: "rest" }, next(1000))
              add(counted, "success")
              add(counted, `${symbol} success`)
            } else if (action === 8) yield* TestClock.adjust(next(40_000))
            else if (action === 9) saved = yield* service.snapshot
            else if (action === 10 && saved !== undefined) {
              yield* service.restore(saved)
              // A value that the snapshot does not have begins anew.
              const kept = saved.dimensions[0]?.values.flatMap(({ errors, value }) =>
                errors.map(({ code }) => `${value} ${code}`)
              )
              for (const key of counted.keys()) if (key.includes(" ") && !kept?.includes(key)) counted.delete(key)
            } else if (action === 11 && next(3) === 0) {
              yield* service.reset
              // The values of a dimension begin anew with the tracker.
              for (const key of counted.keys()) if (key.includes(" ")) counted.delete(key)
            }

            if (step % 4 !== 3) continue
            const values = yield* page({ dimensions: ["symbol"] })
            const { retry } = yield* service.stats()
            const get = (key: string) => values.get(key)
            for (const [window, duration] of [["minute", 60_000], ["hour", 3_600_000], ["day", 86_400_000]] as const) {
              const stats = yield* service.stats({ window: duration })
              const empties = yield* service.emptyData({ window: duration })
              for (const code of codes) {
                const all = stats.byCode[code]?.count ?? 0
                const expected = code === "DATA_EMPTY" ? all - empties.expected : all
                expect([seed, step, code, window, get(`errata_window_errors[${code},${window}]`) ?? 0])
                  .toEqual([seed, step, code, window, expected])
              }
            }
            const burst = (yield* service.stats({ window: 10_000 })).byCode["API_FORMAT"]?.count ?? 0
            expect(get("errata_window_errors[API_FORMAT,burst]")).toBe(burst)
            expect(get("errata_limit[API_FORMAT,burst]")).toBe(2)
            const last = yield* service.stats({ window: 90_000 })
            const lastEmpties = yield* service.emptyData({ window: 90_000 })
            expect(get("errata_rule_errors[any,90s]") ?? get("errata_rule_errors[any,1m 30s]"))
              .toBe(last.total - lastEmpties.expected)
            const active = yield* service.activeAlerts
            for (const rule of ["any", "worst", "share"]) {
              const [row] = Array.from(values).filter(([key]) =>
                key.startsWith("errata_alert_active") && key.includes(`,${rule},`)
              )
              expect([seed, step, rule, row?.[1]]).toEqual([
                seed,
                step,
                rule,
                active.some((alert) => alert.rule === rule)
                  ? 1
                  : 0
              ])
            }
            // Counters: only what this process counted.
            for (const code of codes) {
              const severity = code === "DATA_EMPTY" ? "INFO" : "ERROR"
              expect([seed, step, code, get(`errata_errors_total[${code},${severity}]`)])
                .toEqual([seed, step, code, counted.get(code) ?? 0])
              for (const symbol of "ABCDE") {
                const key = `errata_dimension_errors_total[symbol,${code},${symbol}]`
                expect([seed, step, key, get(key) ?? 0]).toEqual([
                  seed,
                  step,
                  key,
                  counted.get(`${symbol} ${code}`) ?? 0
                ])
              }
            }
            const sum = (name: string) =>
              Array.from(values).filter(([key]) => key.startsWith(name)).reduce((a, [, b]) => a + b, 0)
            expect(sum("errata_attempts_total[succeeded")).toBe(counted.get("success") ?? 0)
            expect(sum("errata_attempts_total[expected")).toBe(counted.get("empty") ?? 0)
            expect(get("errata_retries_total[]")).toBe(retry.retries)
          }
        }).pipe(Effect.provide(ErrorTracker.layer(options)))
      }
    }), 20_000)

  it.effect("and a page of a snapshot with the page of the tracker it is of, up to rules and quantiles", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const next = draws(5)
      for (let i = 0; i < 600; i++) {
        yield* service.track(errorOf(next(4), `S${next(9)}`)[0], { attempt: true })
        if (i % 3 === 0) yield* service.succeeded({ symbol: `S${next(9)}`, source: "rest" }, next(100))
        if (i % 20 === 0) yield* TestClock.adjust(next(60_000))
      }
      const dimensions = ["symbol", "source"]
      const ofSnapshot = valuesOf(Prometheus.text(yield* service.snapshot, { dimensions }))
      const own = yield* page({ dimensions })
      const shared = Array.from(own).filter(([key]) => !/_rule_|any|worst|share|0\.\d/.test(key))
      expect(shared.length).toBeGreaterThan(80)
      expect(shared.filter(([key, value]) => ofSnapshot.get(key) !== value)).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer(options))))

  it.effect("values that a clean-up merges into other, and that come back, never decrease a counter", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const track = (symbol: string, n = 1) =>
        Effect.repeatN(service.track(new FetchError.NetworkDns({ context: { symbol } })), n - 1)
      const total = (values: Map<string, number>) =>
        Array.from(values).filter(([key]) => key.startsWith("errata_dimension_errors_total")).reduce(
          (sum, [, n]) => sum + n,
          0
        )
      yield* track("A", 5)
      yield* track("B", 5)
      yield* service.restore(yield* service.snapshot)
      const before = yield* page({ dimensions: ["symbol"] })
      expect(total(before)).toBe(10)
      yield* service.restore(yield* service.snapshot)
      yield* TestClock.adjust("3 days")
      yield* track("C", 2)
      yield* TestClock.adjust("2 minutes")
      const after = yield* page({ dimensions: ["symbol"] })
      expect(total(after)).toBe(12)
      yield* track("A")
      const back = yield* page({ dimensions: ["symbol"] })
      expect(total(back)).toBe(13)
      for (const key of before.keys()) {
        if (key.includes("other")) expect(after.get(key)).toBeGreaterThanOrEqual(before.get(key) ?? 0)
      }
    }).pipe(Effect.provide(ErrorTracker.layer({ dimensions: ["symbol"], maxValues: 2 }))))

  it.effect("restored counts are not those of this process, whenever they are restored", () =>
    Effect.gen(function*() {
      const other = yield* Effect.gen(function*() {
        const service = yield* tracker
        yield* Effect.repeatN(service.track(new FetchError.NetworkDns({ context: { symbol: "A" } })), 9)
        return yield* service.snapshot
      }).pipe(Effect.provide(ErrorTracker.layer()))
      const service = yield* tracker
      yield* service.restore(other)
      expect((yield* service.stats()).total).toBe(10)
      expect((yield* page()).get("errata_errors_total[NETWORK_DNS,ERROR]")).toBe(0)
      expect((yield* page()).get("errata_window_errors[NETWORK_DNS,minute]")).toBe(10)
      yield* service.track(new FetchError.NetworkDns({ context: { symbol: "A" } }))
      yield* service.restore(other)
      expect((yield* page()).get("errata_errors_total[NETWORK_DNS,ERROR]")).toBe(1)
      const values = yield* page({ dimensions: ["symbol"] })
      expect(values.get("errata_dimension_errors_total[symbol,NETWORK_DNS,A]")).toBe(1)
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("dimensions are capped, and what is left out is counted", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      for (let i = 0; i < 50; i++) yield* service.track(new FetchError.NetworkDns({ context: { symbol: `S${i}` } }))
      const values = yield* page({ dimensions: ["symbol"], maxValues: 20 })
      const rows = Array.from(values.keys()).filter((key) => key.startsWith("errata_dimension_errors_total"))
      expect(rows.length).toBe(20)
      expect(values.get("errata_dimension_values_omitted[symbol]")).toBe(30)
      expect(Array.from((yield* page()).keys()).filter((key) => key.startsWith("errata_dimension"))).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("durations by a dimension are summaries, for those who ask for them", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const succeeded = (symbol: string, millis: number) => service.succeeded({ symbol, source: "rest" }, millis)
      for (let i = 1; i <= 100; i++) yield* succeeded("A", i * 10)
      for (const symbol of ["B", "C"]) yield* succeeded(symbol, 500)
      const durations = (values: Map<string, number>) =>
        Array.from(values).filter(([key]) => key.startsWith("errata_dimension_duration"))
      expect(durations(yield* page())).toEqual([])
      const values = yield* page({ latency: ["symbol", "source"], maxValues: 2 })
      expect(values.get("errata_dimension_duration_seconds_count[symbol,A]")).toBe(100)
      for (const [share, seconds] of [[0.5, 0.5], [0.9, 0.9], [0.99, 0.99]] as const) {
        const value = values.get(`errata_dimension_duration_seconds[symbol,${share},A]`) ?? 0
        expect(Math.abs(value - seconds) / seconds).toBeLessThan(0.0200001)
      }
      expect(Math.abs((values.get("errata_dimension_duration_seconds_sum[symbol,A]") ?? 0) / 50.5 - 1)).toBeLessThan(
        0.02
      )
      expect(values.get("errata_dimension_duration_seconds_count[source,rest]")).toBe(102)
      // Two of three symbols, and one source, with five samples each.
      expect(durations(values)).toHaveLength(15)
      expect(values.get("errata_dimension_values_omitted[symbol]")).toBe(1)
      expect(values.get("errata_dimension_values_omitted[source]")).toBe(0)
      const ofSnapshot = valuesOf(
        Prometheus.text(yield* service.snapshot, { latency: ["symbol", "source"], maxValues: 2 })
      )
      for (const [key, value] of durations(values)) {
        // Quantiles of a snapshot are those since the start, in whole nanoseconds.
        if (key.includes("0.")) expect(ofSnapshot.get(key)).toBeCloseTo(value, 8)
        else expect(ofSnapshot.get(key)).toBe(value)
      }
    }).pipe(Effect.provide(ErrorTracker.layer({ dimensions: ["symbol"] }))))

  it.effect("counts of durations never decrease: in resets, restored snapshots and clean-ups", () =>
    Effect.gen(function*() {
      for (let seed = 1; seed <= 3; seed++) {
        const next = draws(seed * 6151)
        yield* Effect.gen(function*() {
          const service = yield* tracker
          let saved: Snapshot.Snapshot | undefined
          let before = new Map<string, number>()
          // Of this process, since the values began anew.
          const counted = new Map<string, number>()
          for (let step = 0; step < 40; step++) {
            const action = next(12)
            const symbol = "ABCDE"[next(5)] ?? ""
            if (action < 7) {
              yield* service.succeeded({ symbol }, 1 + next(1000))
              add(counted, "all")
            } else if (action === 7) saved = yield* service.snapshot
            else if (action === 8 && saved !== undefined) yield* service.restore(saved)
            else if (action === 9 && next(4) === 0) yield* service.reset
            else yield* TestClock.adjust(next(3) === 0 ? "30 hours" : "2 minutes")
            const values = yield* page({ latency: ["symbol"] })
            for (const [key, value] of values) {
              if (!/duration_seconds_(count|sum)\[symbol/.test(key)) continue
              expect([seed, step, key, value >= 0]).toEqual([seed, step, key, true])
              // A value that was merged into other, or is gone with a reset, starts again.
              const last = before.get(key)
              if (last === undefined || action === 8 || action === 9) continue
              expect([seed, step, key, value >= last - 1e-9]).toEqual([seed, step, key, true])
            }
            const sum = Array.from(values).filter(([key]) => /duration_seconds_count\[symbol/.test(key))
              .reduce((sum, [, n]) => sum + n, 0)
            expect(sum).toBeLessThanOrEqual(counted.get("all") ?? 0)
            before = values
          }
        }).pipe(Effect.provide(ErrorTracker.layer({ dimensions: ["symbol"], maxValues: 3 })))
      }
    }))

  it.effect("a dimension that the tracker does not keep is refused", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Prometheus.families({ dimensions: ["symbols"] }))
      expect(String(exit)).toContain("Prometheus.families: dimensions[0]: unknown dimension")
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect.each<readonly [object, string]>([
    [{ dimension: ["symbol"] }, "Prometheus.layer: unknown option \"dimension\", did you mean \"dimensions\"?"],
    [{ maxValues: 0 }, "Prometheus.layer: maxValues is 0"],
    [{ dimensions: ["symbols"] }, "Prometheus.layer: dimensions[0]: unknown dimension \"symbols\""]
  ])("the layer refuses %o before the first scrape", ([options, message]) =>
    Effect.gen(function*() {
      const exit = yield* Layer.build(Prometheus.layer("/metrics", options)).pipe(Effect.scoped, Effect.exit)
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain(message)
    }).pipe(Effect.provide([ErrorTracker.layer(), HttpLayerRouter.layer])))

  it("a route refuses options that no tracker accepts", () => {
    const options: object = { dimension: ["symbol"] }
    expect(() => HttpRouter.empty.pipe(Prometheus.route("/metrics", options))).toThrow(
      "Prometheus.route: unknown option \"dimension\", did you mean \"dimensions\"?"
    )
    const misplaced: unknown = { dimensions: ["symbol"] }
    for (const path of ["metrics", misplaced]) {
      expect(() => Reflect.apply(Prometheus.route, undefined, [path])(HttpRouter.empty)).toThrow(
        /^Prometheus\.route: path is .*: it must be a path that starts with a slash, as in "\/metrics"; the options are the second/
      )
    }
    for (const self of [undefined, {}, "page"]) {
      expect(() => Reflect.apply(Prometheus.text, undefined, [self])).toThrow(
        /^Prometheus\.text: the first argument is .*: it must be a snapshot of a tracker, or a list of families/
      )
    }
  })

  it.effect("calls, retries, gates and circuits have their counters", () =>
    Effect.gen(function*() {
      let n = 0
      const policy = yield* RetryPolicy.make({ rows: { API_FORMAT: { base: "1 millis", retries: 2 } } })
      const call = Effect.suspend(() =>
        n++ % 4 === 0 ? Effect.succeed(n) : Effect.fail(new FetchError.ApiFormat({ status: 503 }))
      )
        .pipe(Fetch.tracked({ source: "rest" }, { attempts: true }), Fetch.retry(policy), Effect.exit)
      for (let i = 0; i < 4; i++) yield* Effect.zipRight(Effect.fork(call), TestClock.adjust("10 seconds"))
      const stats = yield* (yield* tracker).stats()
      const values = yield* page()
      const { failed, made, recovered, refused } = stats.calls
      expect(failed + recovered).toBeGreaterThan(0)
      expect(values.get("errata_calls_total[succeeded]")).toBe(made - failed - recovered - refused)
      expect(values.get("errata_calls_total[recovered]")).toBe(recovered)
      expect(values.get("errata_calls_total[failed]")).toBe(failed)
      expect(values.get("errata_window_calls[failed,1h]")).toBe(failed)
      expect(values.get("errata_retries_total[]")).toBe(stats.retry.retries)
      expect(values.get("errata_give_ups_total[]")).toBe(stats.retry.giveUps)
      expect(values.get("errata_attempts_total[failed]")).toBe(stats.total)
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("objectives", () => {
  const rules = [
    { name: "calls", objective: 0.99 },
    { name: "sources", objective: 0.99, of: "attempts", by: "source" }
  ] as const

  it.effect("have the failures and attempts of each value in their four windows, and their limits", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const tracked = (source: string, isOk: boolean) =>
        isOk
          ? service.succeeded({ source })
          : service.track(new FetchError.ApiFormat({ status: 503, context: { source } }), { attempt: true })
      // Values are counted in whole minutes.
      yield* TestClock.adjust("30 seconds")
      for (let minute = 0; minute < 50; minute++) {
        yield* tracked("rest", minute % 5 > 0)
        yield* tracked("vision", true)
        yield* TestClock.adjust(minute < 49 ? "1 minute" : "30 seconds")
      }
      const values = yield* page()
      const rest = (
        window: string
      ) => [
        values.get(`errata_rule_errors[source,sources,rest,${window}]`),
        values.get(`errata_rule_attempts[source,sources,rest,${window}]`)
      ]
      expect(rest("5m")).toEqual([1, 5])
      expect(rest("30m")).toEqual([6, 30])
      expect(rest("1h")).toEqual([10, 50])
      expect(rest("6h")).toEqual([10, 50])
      // A value without failures has no samples.
      expect(Array.from(values.keys()).filter((key) => key.includes("vision"))).toEqual([])
      expect(values.get("errata_rule_limit[sources,1h]")).toBe(0.144)
      expect(values.get("errata_rule_limit[calls,6h]")).toBe(0.06)
      // Every minute of the source fails from now on.
      for (let minute = 0; minute < 10; minute++) {
        yield* Effect.repeatN(tracked("rest", false), 9)
        yield* TestClock.adjust("1 minute")
      }
      const active = yield* page()
      expect((yield* service.activeAlerts).map(({ rule, window }) => `${rule} ${window}`)).toContain("sources 1h")
      expect(active.get("errata_alert_active[*,sources,1h]")).toBe(1)
      expect(active.get("errata_alert_active[*,calls,1h]")).toBe(0)
    }).pipe(Effect.provide(ErrorTracker.layer({ rules }))))

  it.effect("calls that end with an expected empty have an outcome of their own", () =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make()
      const call = (reason: FetchError.EmptyReason) =>
        Effect.fail(new FetchError.DataEmpty({ reason })).pipe(Fetch.tracked(), Fetch.retry(policy), Effect.exit)
      yield* Effect.all([call("delisted"), call("delisted"), call("api_response")])
      const values = yield* page()
      expect(values.get("errata_calls_total[expected_empty]")).toBe(2)
      expect(values.get("errata_calls_total[failed]")).toBe(1)
      expect(values.get("errata_window_calls[expected_empty,5m]")).toBe(2)
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("retry policies", () => {
  it.effect("have gauges: open circuit breakers, and the wait for a rate limit, by source", () =>
    Effect.gen(function*() {
      const breaker = { minimumAttempts: 1, minimumDuration: "1 millis", failureRate: 0.1 } as const
      const rows = { API_FORMAT: { retries: 0 }, API_RATE_LIMIT: { retries: 0 } }
      const policies = yield* Effect.forEach(
        ["rest", "rest", "a\"b", undefined],
        (source) => RetryPolicy.make({ source, breaker, rows })
      )
      const fail = (error: FetchError.FetchError) => Effect.fail(error).pipe(Fetch.tracked())
      const serverError = fail(new FetchError.ApiFormat({ status: 503 }))
      for (const policy of policies.slice(0, 3)) {
        for (let i = 0; i < 3; i++) {
          yield* Effect.exit(policy.run(serverError))
          yield* TestClock.adjust("100 millis")
        }
      }
      const limit = new FetchError.ApiRateLimit({ status: 429, retryAfter: Option.some(Duration.seconds(30)) })
      yield* Effect.forEach(policies.slice(3), (policy) => Effect.exit(policy.run(fail(limit))))
      const values = yield* page()
      expect(values.get("errata_circuit_breakers_open[rest]")).toBe(2)
      expect(values.get("errata_circuit_breakers_open[a\\b]")).toBe(1)
      expect(values.get("errata_circuit_breakers_open[]")).toBe(0)
      expect(values.get("errata_rate_limit_wait_seconds[]")).toBe(30)
      expect(values.get("errata_rate_limit_wait_seconds[rest]")).toBe(0)
      expect((yield* Effect.forEach(policies, ({ state }) => state)).length).toBe(4)
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("other trackers", () => {
  it.effect("one of your own is read through its service", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      for (let i = 0; i < 5; i++) yield* service.track(errorOf(i % 4, "A")[0], { attempt: true })
      yield* service.succeeded({ symbol: "A", source: "rest" }, 20)
      // Its own properties, without what the library attaches to its trackers.
      const { rates: _, ...members } = service
      const own = ErrorTracker.make(Object.fromEntries(Object.entries(members)) as typeof members)
      const dimensions = ["symbol", "market"]
      const expected = yield* page({ dimensions })
      const values = yield* page({ dimensions }).pipe(Effect.provideService(tracker, own))
      // Rules, and the sum of the durations, are not among the reads of a service.
      const shared = Array.from(expected).filter(([key]) => !/_rule_|any|worst|share|duration/.test(key))
      expect(shared.filter(([key, value]) => values.get(key) !== value)).toEqual([])
      expect(values.get("errata_fetch_duration_seconds_count[rest]")).toBe(1)
    }).pipe(Effect.provide(ErrorTracker.layer({ ...options, dimensions: ["symbol", "market"] }))))

  it.effect("one that counts nothing has a page of zeros", () =>
    Effect.gen(function*() {
      const values = yield* page({ dimensions: ["symbol"] })
      expect(values.size).toBeGreaterThan(20)
      expect(Math.max(...values.values())).toBe(0)
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))
})

describe("routes", () => {
  const get = (handler: (request: Request) => Promise<Response>, accept?: string) =>
    Effect.promise(async () => {
      const response = await handler(
        new Request("http://localhost/metrics", { headers: accept === undefined ? {} : { accept } })
      )
      return {
        type: response.headers.get("content-type"),
        vary: response.headers.get("vary"),
        body: await response.text()
      }
    })

  const law = (handler: (request: Request) => Promise<Response>) =>
    Effect.gen(function*() {
      const text = yield* get(handler)
      expect(text.type).toBe("text/plain; version=0.0.4; charset=utf-8")
      expect(text.vary).toBe("accept")
      expect(parsePage(text.body, "text").length).toBeGreaterThan(5)
      const openmetrics = yield* get(handler, "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")
      expect(openmetrics.type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8")
      expect(parsePage(openmetrics.body, "openmetrics").length).toBe(parsePage(text.body, "text").length)
    })

  it.effect("a HttpRouter serves the page in the format that the request accepts", () =>
    Effect.gen(function*() {
      const runtime = yield* Effect.runtime<ErrorTracker.ErrorTracker>()
      yield* law(HttpApp.toWebHandlerRuntime(runtime)(HttpRouter.empty.pipe(Prometheus.route())))
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("a HttpLayerRouter does, too", () =>
    Effect.gen(function*() {
      const { dispose, handler } = HttpLayerRouter.toWebHandler(
        Prometheus.layer().pipe(Layer.provide(ErrorTracker.layer())),
        { disableLogger: true }
      )
      yield* law((request) => handler(request))
      yield* Effect.promise(dispose)
    }))

  it.effect.skipIf(!hasPromtool)("promtool accepts the page", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      for (let i = 0; i < 8; i++) yield* service.track(errorOf(i % 4, "A\"\\\n{}")[0], { attempt: true })
      yield* service.succeeded({ symbol: "A", source: "rest" }, 20)
      const families = yield* Prometheus.families({ dimensions: ["symbol", "source"] })
      expect(Option.isSome(Option.fromNullable(families[0]))).toBe(true)
      promtool(["check", "metrics"], Prometheus.text(families))
    }).pipe(Effect.provide(ErrorTracker.layer(options))))
})
