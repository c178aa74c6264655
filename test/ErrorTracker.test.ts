import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Config,
  ConfigError,
  ConfigProvider,
  Context,
  DateTime,
  Duration,
  Effect,
  Either,
  Exit,
  Fiber,
  Layer,
  ManagedRuntime,
  Option,
  Stream,
  TestClock
} from "effect"
import * as Alert from "effect-errata/Alert"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as FetchError from "effect-errata/FetchError"
import * as Threshold from "effect-errata/Threshold"
import { reportingOf } from "../src/internal/tracker/reporting.js"
import { trackerLaws } from "./laws/tracker.js"

const timeout = (context?: FetchError.CommonProps["context"]) => new FetchError.NetworkTimeout({ context })

describe("layer", () => {
  trackerLaws(ErrorTracker.layer())

  it.effect("limits, dimensions and caps are options", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      for (let i = 0; i < 5; i++) {
        yield* tracker.track(timeout({ symbol: "A", operation: "read", attributes: { endpoint: `E${i}` } }))
      }
      expect(yield* tracker.verdict("NETWORK_TIMEOUT")).toEqual({
        verdict: "extraordinary",
        exceeded: Option.some({ window: "ten seconds", limit: 4, count: 5 })
      })
      expect((yield* tracker.verdict("DATA_EMPTY")).verdict).toBe("normal")
      expect(Exit.isFailure(yield* Effect.exit(tracker.breakdown({ by: "symbol" })))).toBe(true)
      expect((yield* tracker.breakdown({ by: "operation" })).map(({ value }) => value)).toEqual(["read"])
      const rows = yield* tracker.breakdown({ by: "endpoint", limit: 2 })
      expect(rows.map(({ count, value }) => [value, count])).toEqual([["other", 2], ["E0", 1]])
      expect(rows[0]?.share).toBe(0.4)
      expect(yield* tracker.recent()).toHaveLength(3)
    }).pipe(Effect.provide(ErrorTracker.layer({
      thresholds: {
        NETWORK_TIMEOUT: { perHour: 3, custom: [{ name: "ten seconds", window: "10 seconds", limit: 4 }] }
      },
      dimensions: ["endpoint", "operation"],
      maxValues: 3,
      recent: 3
    }))))

  it.effect("the verdict of a code without limits is always normal", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* Effect.repeatN(tracker.track(timeout()), 100)
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
      expect(yield* tracker.activeAlerts).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer({ thresholds: { NETWORK_TIMEOUT: {} } }))))

  it.effect("declared codes have a row of their own however many others there are", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const own = (code: string): FetchError.Trackable => ({
        _tag: "Own",
        code,
        category: "Other",
        severity: "ERROR",
        message: "",
        context: {}
      })
      for (let i = 0; i < 100; i++) yield* tracker.track(own(`NOISE_${i}`))
      yield* tracker.track(own("MINE"))
      yield* tracker.track(own("WATCHED"))
      const { byCode } = yield* tracker.stats()
      expect(byCode["MINE"]?.count).toBe(1)
      expect(byCode["WATCHED"]?.count).toBe(1)
    }).pipe(Effect.provide(ErrorTracker.layer({ codes: ["MINE"], thresholds: { WATCHED: { perDay: 5 } } }))))

  it.effect("Law 7: an alert is resolved when it is due, or at the next clean-up", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard = yield* Effect.fork(Stream.runCollect(Stream.take(tracker.alerts, 2)))
      yield* Effect.yieldNow()
      yield* Effect.repeatN(tracker.track(timeout()), 3)
      yield* TestClock.adjust("60 seconds")
      expect(yield* tracker.activeAlerts).toHaveLength(1)
      yield* TestClock.adjust("10 seconds")
      const [fired, resolved] = Chunk.toArray(yield* Fiber.join(heard))
      expect(fired).toBeInstanceOf(Alert.Fired)
      expect(resolved).toBeInstanceOf(Alert.Resolved)
      expect(resolved?._tag === "Resolved" && DateTime.toEpochMillis(resolved.at)).toBe(60_000)
    }).pipe(Effect.provide(ErrorTracker.layer({ sweepEvery: "10 seconds" }))))

  it.scoped("Law 7: no read shows an alert that is over before a clean-up; the next subscription resolves it", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard: Array<string> = []
      const listen = Effect.forkScoped(
        Stream.runForEach(tracker.alerts, ({ message }) => Effect.sync(() => heard.push(message)))
      )
      yield* listen
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      yield* Effect.repeatN(tracker.track(timeout()), 3)
      yield* TestClock.adjust("2 minutes")
      expect(heard).toHaveLength(1)
      expect(yield* tracker.activeAlerts).toEqual([])
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
      yield* listen
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      expect(heard).toEqual([
        "THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 4 times in the last minute (threshold: 3)",
        "THRESHOLD RESOLVED: NETWORK_TIMEOUT is down to 0 in the last minute (threshold: 3, peak: 4)"
      ])
    }).pipe(Effect.provide(ErrorTracker.layer({ sweepEvery: "1 day" }))))

  it.effect("Law 9: the stream of alerts ends with the layer, and tracking after that fails nothing", () =>
    Effect.gen(function*() {
      const runtime = ManagedRuntime.make(ErrorTracker.layer())
      const tracker = yield* Effect.promise(() => runtime.runPromise(ErrorTracker.ErrorTracker))
      const heard = yield* Effect.fork(Stream.runCollect(tracker.alerts))
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      yield* Effect.repeatN(tracker.track(timeout()), 3)
      yield* Effect.promise(() => runtime.dispose())
      expect(Chunk.size(yield* Fiber.join(heard))).toBe(1)
      expect(yield* Effect.exit(Effect.repeatN(tracker.track(timeout()), 10))).toEqual(Exit.void)
      // Whoever listens now hears what is active, by the minute and by the hour, and that there is no more.
      expect(Chunk.size(yield* Stream.runCollect(tracker.alerts))).toBe(2)
    }))

  it.scoped("Law 8: reset first resolves the alerts that were over, at the instant they were, then the others", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard: Array<Alert.Alert> = []
      yield* Effect.forkScoped(Stream.runForEach(tracker.alerts, (alert) => Effect.sync(() => heard.push(alert))))
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      yield* TestClock.setTime(50_000)
      yield* Effect.repeatN(tracker.track(new FetchError.NetworkDns()), 1)
      yield* Effect.repeatN(tracker.track(timeout()), 2)
      yield* TestClock.setTime(150_000)
      expect((yield* tracker.activeAlerts).map(({ code }) => code)).toEqual(["NETWORK_DNS"])
      yield* tracker.reset
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      const resolved = heard.flatMap((alert) =>
        alert._tag === "Resolved"
          ? [[alert.code, DateTime.toEpochMillis(alert.at), Duration.toMillis(alert.duration), alert.count, alert.peak]]
          : []
      )
      expect(resolved).toEqual([
        ["NETWORK_TIMEOUT", 110_000, 60_000, 0, 3],
        ["NETWORK_DNS", 150_000, 100_000, 0, 2]
      ])
    }).pipe(Effect.provide(ErrorTracker.layer({
      thresholds: { NETWORK_DNS: { perHour: 1 }, NETWORK_TIMEOUT: { perMinute: 2 } },
      sweepEvery: "1 hour"
    }))))

  it.scoped("Law 8: verdict, active alerts and alerts agree on limits above 1,024", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard: Array<string> = []
      yield* Effect.forkScoped(Stream.runForEach(tracker.alerts, ({ _tag }) => Effect.sync(() => heard.push(_tag))))
      yield* Effect.repeatN(Effect.yieldNow(), 10)
      const answers = Effect.all([
        Effect.map(tracker.verdict("NETWORK_TIMEOUT"), ({ verdict }) => verdict),
        Effect.map(tracker.activeAlerts, (alerts) => alerts.map(({ count }) => count)),
        Effect.as(Effect.repeatN(Effect.yieldNow(), 10), heard)
      ])
      yield* Effect.repeatN(tracker.track(timeout()), 9_999)
      expect(yield* answers).toEqual(["normal", [], []])
      yield* Effect.repeatN(tracker.track(timeout()), 7)
      expect(yield* answers).toEqual(["extraordinary", [10_001], ["Fired"]])
    }).pipe(Effect.provide(ErrorTracker.layer({ thresholds: { NETWORK_TIMEOUT: { perMinute: 10_000 } } }))))

  it.effect("latencies by source, slowest first, since the start and over a window", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      expect(yield* tracker.latency()).toEqual([])
      for (let i = 1; i <= 100; i++) yield* tracker.succeeded({ source: "rest" }, Duration.millis(i))
      yield* tracker.succeeded({ source: "vision" }, "2 seconds")
      yield* tracker.succeeded({}, "1 millis")
      // Of these, nothing is known but that they succeeded.
      yield* tracker.succeeded({ source: "rest" })
      yield* tracker.succeeded({ source: "rest" }, Duration.infinity)
      const rows = yield* tracker.latency()
      expect(rows.map(({ count, value }) => [value, count])).toEqual([["vision", 1], ["rest", 100], ["unknown", 1]])
      const [vision, rest] = rows
      expect(Duration.toMillis(vision!.max)).toBe(2000)
      for (const [told, truth] of [[rest!.p50, 50], [rest!.p90, 90], [rest!.p99, 99], [rest!.max, 100]] as const) {
        expect(Math.abs(Duration.toMillis(told) - truth) / truth).toBeLessThan(0.02)
      }
      expect(yield* tracker.latency({ window: "minute" })).toEqual(rows)
      yield* TestClock.adjust("2 hours")
      yield* tracker.succeeded({ source: "rest" }, "7 seconds")
      expect((yield* tracker.latency({ window: "hour" })).map(({ count, value }) => [value, count])).toEqual([
        ["rest", 1]
      ])
      expect((yield* tracker.latency({ window: "day" })).map(({ value }) => value)).toEqual([
        "vision",
        "rest",
        "unknown"
      ])
      yield* tracker.reset
      expect(yield* tracker.latency()).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("latencies by any dimension that is kept, and by source in any case", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const succeeded = (endpoint: string, duration: Duration.DurationInput) =>
        tracker.succeeded({ source: "rest", operation: "read", attributes: { endpoint } }, duration)
      yield* succeeded("/users/:id", "20 millis")
      yield* succeeded("/users/:id", "40 millis")
      yield* succeeded("/search", "3 seconds")
      for (let i = 0; i < 3; i++) yield* succeeded(`/other/${i}`, "1 millis")
      yield* tracker.succeeded({ source: "rest" }, "9 seconds")
      const counts = (options: ErrorTracker.LatencyOptions) =>
        Effect.map(tracker.latency(options), (rows) => rows.map(({ count, value }) => [value, count]))
      expect(yield* counts({ by: "endpoint" })).toEqual([["/search", 1], ["/users/:id", 2], ["/other/0", 1], [
        "other",
        2
      ]])
      expect(yield* counts({ by: "endpoint", limit: 2, window: "hour" })).toEqual([["/search", 1], ["/users/:id", 2]])
      expect(yield* counts({ by: "operation" })).toEqual([["read", 6]])
      expect(yield* counts({ by: "source" })).toEqual([["rest", 7]])
      expect(yield* tracker.latency({ by: "source" })).toEqual(yield* tracker.latency())
      // No dimension of the errors has a duration.
      expect(yield* counts({ by: "status" })).toEqual([])
      const exit = yield* Effect.exit(tracker.latency({ by: "symbol" }))
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain(
        "ErrorTracker.latency: by: unknown dimension \"symbol\". Known: endpoint, operation, status, source"
      )
      yield* TestClock.adjust("2 hours")
      expect(yield* counts({ by: "endpoint", window: "hour" })).toEqual([])
      yield* tracker.reset
      expect(yield* counts({ by: "endpoint" })).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer({ dimensions: ["endpoint", "operation", "status"], maxValues: 3 }))))

  it.effect("two layers share nothing", () =>
    Effect.gen(function*() {
      const build = Effect.map(Layer.build(ErrorTracker.layer()), Context.get(ErrorTracker.ErrorTracker))
      const [one, two] = [yield* build, yield* build]
      const error = timeout({ symbol: "A", source: "rest" })
      yield* Effect.repeatN(one.track(error, { attempt: true }), 3)
      yield* one.succeeded({ source: "rest" }, "1 second")
      expect(yield* two.stats()).toMatchObject({ total: 0, attempts: 0 })
      expect(yield* two.breakdown({ by: "symbol" })).toEqual([])
      expect(yield* two.latency()).toEqual([])
      expect(yield* two.recent()).toEqual([])
      expect(yield* two.activeAlerts).toEqual([])
      yield* two.reset
      expect(yield* one.stats()).toMatchObject({ total: 4, attempts: 5 })
    }).pipe(Effect.scoped))

  const refused: ReadonlyArray<[ErrorTracker.Options, string]> = [
    [{ thresholds: { X: { perDay: 0 } } }, "thresholds.X.perDay is 0: it must be a whole number of at least 1"],
    [{ maxValues: 0 }, "maxValues is 0: it must be a whole number from 1 to 100000"],
    [{ maxValues: NaN }, "maxValues is NaN: it must be a whole number from 1 to 100000"],
    [{ recent: -1 }, "recent is -1: it must be a whole number from 0 to 10000"],
    [{ recent: 1.5 }, "recent is 1.5: it must be a whole number from 0 to 10000"],
    [{ sweepEvery: 0 }, "sweepEvery is 0: it must be a positive, finite duration, as in \"5 seconds\""],
    [{ sweepEvery: Infinity }, "sweepEvery is Infinity: it must be a positive, finite duration, as in \"5 seconds\""],
    [
      { dimensions: ["a", "b", "c", "d", "e", "f", "g"] },
      "dimensions is [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\"]: it must be a list of at most 6 names"
    ],
    [
      { dimensions: ["a", "a"] },
      "dimensions is [\"a\",\"a\"]: it must be a list of different names"
    ]
  ]

  it.effect.each(refused)("dies of %j", ([options, message]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(ErrorTracker.layer(options))))
      // Compared by the message: exceptions of one class are equal to `toEqual` whatever they say.
      expect(Exit.isFailure(exit) && String(Cause.squash(exit.cause))).toBe(
        `IllegalArgumentException: ErrorTracker: ${message}`
      )
      const config = yield* Effect.exit(Effect.scoped(Layer.build(ErrorTracker.layerConfig(Config.succeed(options)))))
      expect(config).toEqual(Exit.fail(ConfigError.InvalidData([], message)))
    }))

  const known = "thresholds, rules, codes, dimensions, maxValues, sweepEvery, recent"

  it.effect.each<[unknown, string]>([
    [null, `options is null: it must be an object with any of ${known}`],
    [3, `options is 3: it must be an object with any of ${known}`],
    [{ treshold: {} }, `unknown option "treshold", did you mean "thresholds"? Known: ${known}`],
    [{ thresholds: null }, "thresholds is null: it must be an object of limits by code"],
    [
      { thresholds: { A: null } },
      "thresholds.A is null: it must be an object with any of perMinute, perHour, perDay, custom, recoverAt"
    ],
    [{ codes: "MINE" }, "codes is \"MINE\": it must be a list of strings, write [\"MINE\"]"],
    [{ codes: [3] }, "codes[0] is 3: it must be a non-empty string"],
    [{ dimensions: null }, "dimensions is null: it must be a list of strings"],
    [{ dimensions: "symbol" }, "dimensions is \"symbol\": it must be a list of strings, write [\"symbol\"]"],
    [{ dimensions: [""] }, "dimensions[0] is \"\": it must be a non-empty string"],
    [{ maxValues: "5" }, "maxValues is \"5\": it must be a whole number from 1 to 100000"],
    [{ recent: null }, "recent is null: it must be a whole number from 0 to 10000"],
    [
      { sweepEvery: "1 minut" },
      "sweepEvery is \"1 minut\": unknown unit \"minut\": write \"1 minute\""
    ]
  ])(
    "options that the compiler has not checked: the layer dies of %j",
    ([options, message]) =>
      Effect.gen(function*() {
        const layer: Layer.Layer<ErrorTracker.ErrorTracker> = Reflect.apply(ErrorTracker.layer, undefined, [options])
        const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
        // Compared by the message: exceptions of one class are equal to `toEqual` whatever they say.
        expect(Exit.isFailure(exit) && String(Cause.squash(exit.cause))).toBe(
          `IllegalArgumentException: ErrorTracker: ${message}`
        )
      })
  )

  const readers: ReadonlyArray<[string, Layer.Layer<ErrorTracker.ErrorTracker>]> = [
    ["memory", ErrorTracker.layer()],
    ["noop", ErrorTracker.layerNoop],
    [
      "derived",
      Layer.effect(
        ErrorTracker.ErrorTracker,
        Effect.map(
          ErrorTracker.ErrorTracker,
          ({ rates: _r, timeline: _t, verdict: _v, ...store }) => ErrorTracker.make(store)
        )
      ).pipe(Layer.provide(ErrorTracker.layer()))
    ]
  ]

  it.effect.each(readers)(
    "Law 10: a read with wrong options dies, with a message that names the option: %s",
    ([, layer]) =>
      Effect.gen(function*() {
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* tracker.track(timeout({ symbol: "A" }))
        for (const read of ["stats", "breakdown", "timeline", "emptyData", "recent", "latency"] as const) {
          for (
            const asked of [
              null,
              3,
              "x",
              { window: null, step: null, by: null, code: null, limit: null },
              { window: "5 minuts", step: {}, by: "symbol" },
              { window: "toString", step: "1 minut", by: "symbol", limit: "x" }
            ]
          ) {
            const answer: Effect.Effect<unknown> = Reflect.apply(tracker[read], undefined, [asked])
            const exit = yield* Effect.exit(answer)
            expect(String(exit), `${read}(${JSON.stringify(asked)})`).toContain(`ErrorTracker.${read}: `)
            expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
          }
        }
        for (const asked of [undefined, null, 3, {}]) {
          const verdict: Effect.Effect<ErrorTracker.Verdict> = Reflect.apply(tracker.verdict, undefined, [asked])
          expect((yield* verdict).verdict).toBe("normal")
        }
      }).pipe(Effect.provide(layer))
  )
})

describe("config", () => {
  const load = (variables: Readonly<Record<string, string>>, codes?: ReadonlyArray<string>) =>
    Effect.withConfigProvider(
      ErrorTracker.config({ codes }),
      ConfigProvider.fromMap(new Map(Object.entries(variables)))
    )

  it.effect("no variables, no limits", () => Effect.map(load({}), (options) => expect(options.thresholds).toEqual({})))

  it.effect("variables override the defaults", () =>
    Effect.map(
      load({
        THRESHOLDS_DATA_EMPTY_PER_MINUTE: "5",
        THRESHOLDS_API_AUTH_PER_HOUR: "1",
        THRESHOLDS_API_AUTH_RECOVER_AT: "0.5",
        THRESHOLDS_MY_OWN_CODE_PER_DAY: "7"
      }, ["my-own.code"]),
      (options) => {
        expect(options).toEqual({
          codes: ["my-own.code"],
          thresholds: {
            DATA_EMPTY: { perMinute: 5, perHour: 100, perDay: 1000 },
            API_AUTH: { perHour: 1, recoverAt: 0.5 },
            "my-own.code": { perDay: 7 }
          }
        })
        expect(Either.isRight(Threshold.resolve(options.thresholds))).toBe(true)
      }
    ))

  it.effect.each<[string, string, string]>([
    ["THRESHOLDS_DATA_EMPTY_PER_MINUTE", "0", "a whole number of at least 1"],
    ["THRESHOLDS_NETWORK_TIMEOUT_PER_HOUR", "-2", "a whole number of at least 1"],
    ["THRESHOLDS_API_RATE_LIMIT_PER_DAY", "2.5", "a whole number of at least 1"],
    ["THRESHOLDS_API_RATE_LIMIT_PER_DAY", "many", "a number"],
    ["THRESHOLDS_UNEXPECTED_RECOVER_AT", "1.5", "a number above 0 and at most 1"]
  ])("%s=%s is refused by name", ([name, value, right]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(load({ [name]: value }))
      expect(String(error)).toContain(name)
      expect(String(error)).toContain(right)
      const layer = ErrorTracker.layerConfig(ErrorTracker.config()).pipe(
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map([[name, value]]))))
      )
      expect(yield* Effect.flip(Effect.scoped(Layer.build(layer)))).toEqual(error)
    }))

  it.effect("reads by name and never enumerates, also under a prefix", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const provider = ConfigProvider.fromFlat(ConfigProvider.makeFlat({
        load: (path, primitive) => {
          asked.push(path.join("."))
          return path.at(-1) === "THRESHOLDS_DATA_EMPTY_PER_MINUTE"
            ? Effect.map(primitive.parse("5"), (value) => [value])
            : Effect.fail(ConfigError.MissingData([...path], "not there"))
        },
        enumerateChildren: () => Effect.die("enumerated"),
        patch: { _tag: "Empty" }
      }))
      const options = yield* Effect.withConfigProvider(ErrorTracker.config(), ConfigProvider.nested(provider, "APP"))
      expect(options.thresholds?.["DATA_EMPTY"]?.perMinute).toBe(5)
      expect(asked).toContain("APP.THRESHOLDS_UNEXPECTED_PER_DAY")
    }))

  it.effect("layerConfig makes a tracker with these limits", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* Effect.repeatN(tracker.track(timeout()), 1)
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).verdict).toBe("extraordinary")
    }).pipe(
      Effect.provide(ErrorTracker.layerConfig(ErrorTracker.config())),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["THRESHOLDS_NETWORK_TIMEOUT_PER_MINUTE", "1"]])))
    ))
})

describe("make", () => {
  it.effect("derived rates, timelines and verdicts equal those of the layer", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const { rates: _r, timeline: _t, verdict: _v, ...store } = tracker
      const derived = ErrorTracker.make(store)
      yield* Effect.repeatN(tracker.track(timeout()), 1)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.repeatN(tracker.track(timeout()), 2)
      yield* tracker.track(new FetchError.NetworkDns())
      yield* TestClock.adjust("25 seconds")
      yield* derived.track(new FetchError.NetworkDns())
      expect(yield* derived.rates).toEqual(yield* tracker.rates)
      expect(yield* derived.verdict("NETWORK_TIMEOUT")).toMatchObject({
        verdict: "extraordinary",
        exceeded: Option.some({ window: "minute", limit: 3 })
      })
      expect(yield* derived.verdict("NETWORK_DNS")).toEqual(yield* tracker.verdict("NETWORK_DNS"))
      for (const code of [undefined, "NETWORK_TIMEOUT", "NONE"]) {
        for (
          const [window, step] of [["1 minute", "10 seconds"], ["35 seconds", "7 seconds"], ["1 hour", 0]] as const
        ) {
          const options = { window, step, code }
          expect(yield* derived.timeline(options)).toEqual(yield* tracker.timeline(options))
        }
      }
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it("members of the store override derived ones", () => {
    const rates = Effect.succeed({ minute: { X: 1 }, hour: {}, day: {} })
    const store = Effect.runSync(Effect.provide(ErrorTracker.ErrorTracker, ErrorTracker.layerNoop))
    expect(ErrorTracker.make({ ...store, rates }).rates).toBe(rates)
  })
})

describe("layerNoop", () => {
  it.effect("counts nothing", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* tracker.track(timeout({ symbol: "A" }))
      yield* tracker.succeeded({}, "1 second")
      yield* reportingOf(tracker).retried("retries")
      yield* reportingOf(tracker).called("failed")
      const { at: _, ...stats } = yield* tracker.stats({ window: "1 minute" })
      expect(stats).toEqual({
        window: Option.some(Duration.minutes(1)),
        total: 0,
        attempts: 0,
        errorRatio: Option.none(),
        dropped: 0,
        byCode: {},
        bySeverity: { INFO: 0, WARNING: 0, ERROR: 0 },
        byCategory: {},
        retry: { retries: 0, giveUps: 0, gateWaits: 0, refusals: 0, openCircuits: 0 },
        calls: { made: 0, recovered: 0, failed: 0, refused: 0 }
      })
      expect(yield* tracker.breakdown({ by: "symbol" })).toEqual([])
      expect(Chunk.size(yield* Stream.runCollect(tracker.alerts))).toBe(0)
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))
})

describe("types", () => {
  it("the layer has no requirements, and no member fails", () => {
    expectTypeOf(ErrorTracker.layer()).toEqualTypeOf<Layer.Layer<ErrorTracker.ErrorTracker>>()
    expectTypeOf(ErrorTracker.layerConfig(ErrorTracker.config())).toEqualTypeOf<
      Layer.Layer<ErrorTracker.ErrorTracker, ConfigError.ConfigError>
    >()
    expectTypeOf<ReturnType<ErrorTracker.Service["track"]>>().toEqualTypeOf<Effect.Effect<void>>()
    expectTypeOf<ErrorTracker.Service["alerts"]>().toEqualTypeOf<Stream.Stream<Alert.Alert>>()
    // @ts-expect-error a typo in an option does not compile
    ErrorTracker.layer({ treshold: {} })
  })
})
