import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Either, Exit, Layer, Option, Schema, TestClock } from "effect"
import { Alert, ErrorTracker, FetchError, Insight } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { Core } from "../src/internal/tracker/core.js"
import { settings } from "../src/internal/tracker/trackerOptions.js"

const tracker = ErrorTracker.ErrorTracker

const timeout = (context?: FetchError.CommonProps["context"]) => new FetchError.NetworkTimeout({ context })

/** Each read with the schema of its answer. */
const readsOf = (service: ErrorTracker.Service) =>
  [
    ["stats", ErrorTracker.Stats, service.stats()],
    ["stats of a window", ErrorTracker.Stats, service.stats({ window: "90 seconds" })],
    ["rates", ErrorTracker.Rates, service.rates],
    ["breakdown", Schema.Array(ErrorTracker.BreakdownRow), service.breakdown({ by: "symbol" })],
    ["timeline", Schema.Array(ErrorTracker.TimelineStep), service.timeline({ window: "1 minute", step: "20 seconds" })],
    ["emptyData", ErrorTracker.EmptyData, service.emptyData({ window: "1 hour" })],
    ["verdict", ErrorTracker.Verdict, service.verdict("NETWORK_TIMEOUT")],
    ["normal verdict", ErrorTracker.Verdict, service.verdict("NONE")],
    ["latency", Schema.Array(ErrorTracker.LatencyRow), service.latency()],
    ["recent", Schema.Array(ErrorTracker.RecentError), service.recent()],
    ["worst", ErrorTracker.Worst, service.worst({ by: "symbol" })],
    [
      "callTimeline",
      Schema.Array(ErrorTracker.CallStep),
      service.callTimeline({ window: "1 minute", step: "20 seconds" })
    ],
    ["activeAlerts", Schema.Array(Schema.Union(Alert.Fired, Alert.Escalated)), service.activeAlerts],
    ["alertStatus", Schema.Array(ErrorTracker.AlertStatus), service.alertStatus],
    ["resolvedAlerts", Schema.Array(Alert.Resolved), service.resolvedAlerts()],
    ["errorBudgets", Schema.Array(Insight.ErrorBudget), service.errorBudgets],
    ["limits", Schema.Array(ErrorTracker.LimitRow), service.limits]
  ] as const

/** Without traces of data types. The tags of alerts are part of their JSON. */
const isPlain = (json: unknown): boolean =>
  typeof json !== "object" || json === null ||
  (!("_id" in json) &&
    (!("_tag" in json) || ["Fired", "Escalated", "Resolved"].includes(String(json._tag))) &&
    Object.values(json).every(isPlain))

/** A tracker whose own lines are captured. */
const logged = (options: ErrorTracker.Options) => ErrorTracker.layer(options).pipe(Layer.provideMerge(LogCapture.layer))

describe("JSON", () => {
  const law = (layer: Layer.Layer<ErrorTracker.ErrorTracker>) =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.repeatN(service.track(timeout({ symbol: "A", source: "rest", start: 0 }), { attempt: true }), 4)
      yield* service.track(new FetchError.DataEmpty({ reason: "source_gap", context: { symbol: "B" } }))
      yield* service.succeeded({ symbol: "A", source: "rest" }, "20500 micros")
      yield* service.track(new FetchError.ApiAuth())
      yield* service.track(new FetchError.ApiAuth())
      yield* service.setLimits({ thresholds: { API_AUTH: { perMinute: 1 } } })
      yield* service.setLimits({
        rules: [{ name: "share", by: "symbol", window: "hour", ratio: 0.5, minAttempts: 2 }, {
          name: "goal",
          objective: 0.99,
          of: "attempts"
        }]
      })
      yield* TestClock.adjust("10 seconds")
      for (const [name, schema, read] of readsOf(service)) {
        const answer: unknown = yield* read
        const json: unknown = JSON.parse(JSON.stringify(answer))
        expect([name, isPlain(json)]).toEqual([name, true])
        const any = schema as Schema.Schema<unknown, unknown>
        expect(yield* Schema.encode(any)(answer)).toEqual(json)
        expect(yield* Schema.decodeUnknown(any)(json)).toEqual(answer)
      }
    }).pipe(Effect.provide(layer))

  it.effect("JSON.stringify writes every read of a tracker as its schema does, plainly, and it is read back", () =>
    law(ErrorTracker.layer()))

  it.effect("and every read of one that counts nothing", () => law(ErrorTracker.layerNoop))

  it.effect("instants are ISO 8601, durations milliseconds, None is absent", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* service.track(timeout())
      const stats = JSON.parse(JSON.stringify(yield* service.stats({ window: "1 minute" })))
      expect(stats).toMatchObject({ at: "1970-01-01T00:00:00.000Z", window: 60_000, total: 1 })
      expect(Object.keys(stats)).not.toContain("errorRatio")
      expect(JSON.parse(JSON.stringify(yield* service.verdict("NONE")))).toEqual({ verdict: "normal" })
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("failure rates", () => {
  it.effect("where only some fetches count attempts: by source they are right, over all sources too high", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const error = (source: string) => new FetchError.NetworkDns({ context: { source } })
      yield* Effect.repeatN(service.succeeded({ source: "counted" }), 8)
      yield* service.track(error("counted"), { attempt: true })
      yield* Effect.repeatN(service.track(error("others")), 4)
      const rows = yield* service.breakdown({ by: "source" })
      expect(rows.map(({ attempts, errorRatio, value }) => [value, attempts, Option.getOrUndefined(errorRatio)]))
        .toEqual(
          [["others", 0, undefined], ["counted", 10, 0.1]]
        )
      const { attempts, errorRatio } = yield* service.stats()
      expect([attempts, errorRatio]).toEqual([15, Option.some(0.4)])
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("dimensions", () => {
  it.effect("are read from the context, from the error, and from attributes", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const context = { operation: "read", attempt: 2, attributes: { shard: 3, status: "attribute" } }
      yield* service.track(new FetchError.ApiFormat({ status: 503, apiCode: -1001, context }))
      yield* service.track(new FetchError.DataEmpty({ reason: "date_range", context }))
      const own = {
        _tag: "Own",
        code: "OWN",
        category: "Other",
        severity: "ERROR",
        message: "",
        context: {},
        region: "eu",
        status: 404
      } as const
      yield* service.track(own)
      const values = (by: string) => Effect.map(service.breakdown({ by }), (rows) => rows.map(({ value }) => value))
      expect(yield* values("operation")).toEqual(["read"])
      expect(yield* values("attempt")).toEqual(["2"])
      expect(yield* values("status")).toEqual(["404", "503", "attribute"])
      expect(yield* values("apiCode")).toEqual(["-1001"])
      expect(yield* values("region")).toEqual(["eu"])
      expect(yield* values("shard")).toEqual(["3"])
      const [row] = yield* service.breakdown({ by: "status", code: "API_FORMAT", window: "minute" })
      expect(row).toMatchObject({ value: "503", count: 1 })
    }).pipe(
      Effect.provide(
        ErrorTracker.layer({ dimensions: ["operation", "attempt", "status", "apiCode", "region", "shard"] })
      )
    ))

  it.effect("errno, hostname, reason, phase, category and severity; a rule can be on them", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* service.track(new FetchError.NetworkDns({ hostname: "api.test", errno: "ENOTFOUND" }))
      yield* service.track(new FetchError.NetworkDns({ hostname: "api.test", errno: "ENOTFOUND" }))
      yield* service.track(new FetchError.NetworkTimeout({ phase: "connect" }))
      yield* service.track(new FetchError.DataEmpty({ reason: "source_gap" }))
      const rows = (by: string) =>
        Effect.map(service.breakdown({ by }), (rows) => rows.map((row) => [row.value, row.count]))
      expect(yield* rows("errno")).toEqual([["ENOTFOUND", 2]])
      expect(yield* rows("hostname")).toEqual([["api.test", 2]])
      expect(yield* rows("phase")).toEqual([["connect", 1]])
      expect(yield* rows("reason")).toEqual([["source_gap", 1]])
      expect(yield* rows("category")).toEqual([["Network", 3], ["Data", 1]])
      expect((yield* service.activeAlerts).map(({ values }) => values)).toEqual([["api.test"]])
    }).pipe(Effect.provide(ErrorTracker.layer({
      dimensions: ["errno", "hostname", "reason", "phase", "category"],
      rules: [{ name: "host", by: "hostname", window: "minute", limit: 1 }]
    }))))

  it.effect("an error that throws when a dimension is read is counted all the same", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* service.track(Object.defineProperty(timeout(), "region", {
        get() {
          throw new Error("no")
        }
      }))
      expect(yield* service.stats()).toMatchObject({ total: 1, dropped: 0 })
      expect(yield* service.breakdown({ by: "region" })).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer({ dimensions: ["region", "toString", "__proto__"] }))))

  it.effect.each<[string, string]>([
    ["symbl", "dimensions[0]: unknown dimension \"symbl\", did you mean \"symbol\"?"],
    ["Status", "dimensions[0]: unknown dimension \"Status\", did you mean \"status\"?"],
    ["api_code", "dimensions[0]: unknown dimension \"api_code\", did you mean \"apiCode\"?"],
    ["start", "dimensions[0]: \"start\" cannot be a dimension."],
    ["retryAfter", "dimensions[0]: \"retryAfter\" cannot be a dimension."]
  ])("%s can never be filled, and is refused", ([name, message]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(ErrorTracker.layer({ dimensions: [name] }))))
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain(message)
    }))

  it.effect("a breakdown by one that is not kept is a bug: it dies with the list of those that are", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      const exit = yield* Effect.exit(service.breakdown({ by: "hostnam" }))
      expect(exit).toEqual(Exit.die(
        new Cause.IllegalArgumentException(
          "ErrorTracker.breakdown: by: unknown dimension \"hostnam\", did you mean \"hostname\"? Known: symbol, hostname"
        )
      ))
    }).pipe(Effect.provide(ErrorTracker.layer({ dimensions: ["symbol", "hostname"] }))))
})

describe("notices", () => {
  const lines = Effect.map(
    LogCapture.entries,
    (entries) =>
      entries.filter(({ message }) => message.startsWith("The ")).map((
        { annotations, level, message }
      ) => [level, message, annotations])
  )

  it.effect("a rule on ratios that meets errors but no attempts is said once, without the context of a fetch", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.annotateLogs(Effect.repeatN(service.track(timeout({ source: "rest" })), 999), { requestId: "r1" })
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      yield* service.reset
      yield* Effect.repeatN(service.track(timeout({ source: "rest" })), 999)
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      expect(yield* lines).toEqual([[
        "Warning",
        "The rule \"rest\" never fires: it limits a ratio, and of 32 errors none is an attempt. " +
        "Count attempts with Fetch.tracked({…}, { attempts: true })",
        {}
      ]])
    }).pipe(
      Effect.provide(logged({
        thresholds: { NETWORK_TIMEOUT: {} },
        rules: [{ name: "rest", by: "source", window: "minute", ratio: 0.5, minAttempts: 20 }]
      }))
    ))

  it.effect("nothing is said where attempts are counted", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* service.succeeded({ source: "rest" })
      yield* Effect.repeatN(service.track(timeout({ source: "rest" })), 999)
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      expect(yield* lines).toEqual([])
    }).pipe(
      Effect.provide(logged({
        rules: [{ name: "rest", by: "source", window: "minute", ratio: 0.5, minAttempts: 20 }]
      }))
    ))

  it.effect("an attribute that no error has is said once", () =>
    Effect.gen(function*() {
      const service = yield* tracker
      yield* Effect.repeatN(service.track(timeout({ attributes: { shard: 1 } })), 299)
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      expect(yield* lines).toEqual([[
        "Warning",
        "The dimension \"tenant\" is empty: none of 64 errors has a field or an attribute of this name",
        {}
      ]])
    }).pipe(
      Effect.provide(logged({ dimensions: ["shard", "tenant", "status"] }))
    ))
})

describe("memory", () => {
  it("Law 6: a million failures with one error take no more than a thousand with many", () => {
    const core = new Core(Either.getOrThrow(settings({})))
    const moment = { now: 0, wall: 0 }
    const error = timeout({ symbol: "A", source: "rest" })
    let early = 0
    for (let i = 1; i <= 1_000_000; i++) {
      moment.now += 86_400
      core.track(error, moment)
      if (i === 100_000) early = core.bytes
    }
    expect(core.stats(Duration.seconds(50), moment).total).toBeGreaterThan(570_000)
    // Each doubling adds 16 kB to a window; 100,000 to a million are less than four.
    expect(core.bytes - early).toBeLessThan(4 * 17_000)
    expect(core.bytes).toBeLessThan(500_000)
    expect(core.recent(Infinity, undefined, moment)).toHaveLength(100)
  })
})
