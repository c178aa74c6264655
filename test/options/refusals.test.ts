import { HttpClient, HttpClientResponse, KeyValueStore } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import {
  Classifier,
  Connectivity,
  ErrorMetrics,
  ErrorTracker,
  Fetch,
  FetchError,
  Insight,
  Notifier,
  Prometheus,
  RetryPolicy,
  TrackedClient
} from "effect-errata"
import { BinanceRest, BinanceVision, DataSourceManager, KlineCache, Klines } from "effect-errata/binance"
import { FleetGate, FleetStore, FleetTracker, FleetWeight } from "effect-errata/fleet"
import { Fault, FaultyApi, FaultyExchange } from "effect-errata/testing"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"

type Refusing = (options: never) => Effect.Effect<unknown>

const client = HttpClient.make((request) => Effect.succeed(HttpClientResponse.fromWeb(request, new Response("[]"))))

const withClient = Layer.succeed(HttpClient.HttpClient, client)

const world = Layer.mergeAll(
  withClient,
  FleetStore.layerMemory,
  ErrorTracker.layer(),
  KeyValueStore.layerMemory,
  NodeContext.layer
)

// Built once: building file systems and stores for each of the calls would take most of the time.
const runtime = ManagedRuntime.make(world)

/** Anything that takes options and refuses the wrong ones when it is built or run. */
const provided = <A>(use: (options: never) => Effect.Effect<A, unknown, unknown>): Refusing => (options) =>
  // The layer has every service that any of these needs.
  Effect.flatMap(
    runtime.runtimeEffect,
    (services) => Effect.provide(Effect.suspend(() => use(options)), services) as Effect.Effect<unknown>
  )

const layered = (make: (options: never) => Layer.Layer<never, unknown, unknown>): Refusing =>
  provided((options) => Effect.scoped(Layer.build(make(options))))

const operator = (make: (options: never) => (self: Effect.Effect<never>) => Effect.Effect<unknown, unknown, unknown>) =>
  provided((options) => make(options)(Effect.never))

const needed = { isEmpty: () => true, reason: "api_response" }

interface Entry {
  readonly make: Refusing
  /** Valid options without defaults, to which a wrong one is added. */
  readonly needed?: object
  /** Options by name, with the kinds of wrong values that it must refuse. */
  readonly options: Readonly<Record<string, ReadonlyArray<unknown>>>
}

// Wrong values of each kind of option.
const anything = [null, Symbol("x"), new Map()]
const durations = [NaN, -1, 0, -1n, "", "5", "5 mins", "1 min", "2h", "soon", "-3 seconds", null, {}, [], [1], true]
const finiteDurations = [...durations, Infinity, 2 ** 31]
const counts = [NaN, -1, 0, Infinity, 1.5, "3", null, {}, [], [3], true]
const fromZero = counts.filter((count) => count !== 0)
const shares = [NaN, -0.1, 1.1, Infinity, "0.2", null, {}, [], true]
const texts = ["", " ", 3, null, {}, ["a"], true]
const booleans = ["true", 0, 1, null, {}, []]
const functions = ["log", 3, null, {}, [], true]
const lists = ["rest", 3, null, {}, true]
const objects = ["x", 3, null, [], new Map(), true]
const urls = [
  "",
  "file:///etc/passwd",
  "data:text/plain,x",
  "ftp://x.test",
  "x.test",
  "localhost:8080",
  "//x.test",
  "http://",
  "http://a b",
  " http://x.test",
  "https://user:pass@x.test",
  "https://x.test?a=1",
  "https://x.test/#a",
  "https://x.test:99999",
  3,
  null,
  {}
]

const tracker = {
  thresholds: [
    ...objects,
    { NETWORK_TIMOUT: {} },
    { network_timeout: {} },
    { NetworkTimeout: {} },
    { A: { perMinut: 3 } },
    ...counts.flatMap((n) => [{ A: { perMinute: n } }, { A: { perHour: n } }, { A: { perDay: n } }]),
    ...[...shares, 0].map((n) => ({ A: { recoverAt: n } })),
    ...finiteDurations.map((window) => ({ A: { custom: [{ name: "a", window, limit: 1 }] } }))
  ],
  rules: [
    ...lists,
    [{ name: "a", by: "symbl", window: "hour", limit: 1 }],
    [{ name: "a", code: "API_FROMAT", window: "hour", limit: 1 }],
    [{ name: "a", window: "hours", limit: 1 }],
    [{ name: "a", window: "hour" }],
    [{ name: "a", window: "hour", ratio: 0.5 }],
    [{ name: "a", window: "hour", limit: 1 }, { name: "a", window: "day", limit: 1 }],
    ...texts.map((name) => [{ name, window: "hour", limit: 1 }]),
    ...counts.map((limit) => [{ name: "a", window: "hour", limit }]),
    ...finiteDurations.map((window) => [{ name: "a", window, limit: 1 }])
  ],
  codes: [...lists, [3], [""]],
  dimensions: [...lists, [3], [""], ["a", "a"], ["symbl"], ["Symbol"], ["intervall"], [
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g"
  ]],
  maxValues: [...counts, 100_001],
  sweepEvery: finiteDurations,
  recent: [...fromZero, 10_001]
}

const receiver = {
  name: texts,
  minSeverity: ["WARN", "error", "", 3, null],
  timeout: finiteDurations,
  retry: [
    ...objects,
    { bsae: 1 },
    ...finiteDurations.flatMap((duration) => [{ base: duration }, { cap: duration }]),
    { base: "2 minutes", cap: "1 minute" }
  ],
  maxPending: [...counts, 100_001],
  drainTimeout: finiteDurations.filter((duration) => duration !== 0)
}

const headers = [...objects, { "a b": "c" }, { a: 3 }, { a: "b\r\nc" }]

const row = (option: string, values: ReadonlyArray<unknown>) => values.map((value) => ({ X: { [option]: value } }))

/** A read of a tracker, by its name. */
const read = (name: keyof ErrorTracker.Service) =>
  provided((options) =>
    Effect.flatMap(
      ErrorTracker.ErrorTracker,
      // Each of these reads is a function of its options.
      (tracker): Effect.Effect<unknown> => Reflect.apply(tracker[name] as never, undefined, [options])
    )
  )

const readWindows = [...durations.filter((duration) => duration !== 0), "1 hr", "hour", "minute", "1 day ago"]
const windowNames = ["hours", "1 hour", "60 minutes", "", 3, null, {}, 3_600_000]
const readDimensions = ["symbl", "Symbol", "", 3, null, {}, undefined]
const readCounts = [NaN, -1, "3", null, {}, true]
const steps = { window: "1 hour", step: "1 minute" }

const entries: Readonly<Record<string, Entry>> = {
  "ErrorTracker.layer": { make: layered(ErrorTracker.layer), options: tracker },
  "ErrorTracker.layerPersisted": {
    make: layered(ErrorTracker.layerPersisted),
    options: { ...tracker, key: texts, saveEvery: finiteDurations }
  },
  "RetryPolicy.make": {
    make: provided(RetryPolicy.make),
    options: {
      source: texts,
      name: texts,
      rows: [
        ...objects,
        { NETWORK_TIMOUT: {} },
        { NetworkTimeout: {} },
        { X: { retires: 3 } },
        ...row("retries", fromZero),
        ...row("base", finiteDurations),
        ...row("cap", finiteDurations),
        ...row("always", booleans)
      ],
      budget: [
        ...objects,
        { percent: 1 },
        ...shares.map((ratio) => ({ ratio })),
        ...[NaN, -1, Infinity, "1", null].map((perSecond) => ({ perSecond }))
      ],
      breaker: [...objects, { opnFor: 3 }, ...durations.map((openFor) => ({ openFor }))],
      maxWait: finiteDurations.filter((wait) => wait !== 0),
      onRetry: functions
    }
  },
  "Fetch.timeout": { make: operator((duration) => Fetch.timeout(duration)), options: { "": finiteDurations } },
  "Fetch.tracked": {
    make: operator((options) => Fetch.tracked({}, options)),
    options: { attempts: booleans, defects: ["fial", "dye", 3, null, true], ignore: functions }
  },
  "Fetch.failOnEmpty": {
    make: operator(Fetch.failOnEmpty),
    needed,
    options: { isEmpty: functions, reason: ["api_reponse", "", 3, null, {}] }
  },
  "Fetch.orEmpty": {
    make: operator((options) => Reflect.apply(Fetch.orEmpty, undefined, [() => [], options])),
    options: { when: ["allways", "", 3, null, true] }
  },
  "Fetch.toDataResult": {
    make: operator((options) => Fetch.toDataResult(options)),
    needed: { empty: () => [] },
    options: { empty: functions, size: functions }
  },
  "Fetch.failover": {
    make: provided((options) => Fetch.failover([{ source: "a", fetch: Effect.never }], options)),
    options: { while: functions }
  },
  "Connectivity.check": {
    make: provided((options) => Connectivity.check("http://x.test", options)),
    options: { timeout: finiteDurations }
  },
  "TrackedClient.make": {
    make: provided((options) => TrackedClient.make(options)(client).get("http://x.test")),
    options: {
      source: texts,
      retry: [...objects, {}],
      timeout: finiteDurations,
      endpoints: [...lists, [3], [""], ["users/:id"], ["/users/*/x"], ["/users?id=1"]],
      accept: functions,
      isIdempotent: functions
    }
  },
  "ErrorTracker.stats": { make: read("stats"), options: { window: readWindows } },
  "ErrorTracker.breakdown": {
    make: read("breakdown"),
    needed: { by: "symbol" },
    options: { by: readDimensions, window: windowNames, code: [3, null, {}], limit: readCounts }
  },
  "ErrorTracker.worst": {
    make: read("worst"),
    needed: { by: "symbol" },
    options: { by: readDimensions, window: windowNames, limit: readCounts, minAttempts: readCounts }
  },
  "ErrorTracker.timeline": {
    make: read("timeline"),
    needed: steps,
    options: { window: [...readWindows, undefined], step: [...readWindows, undefined], code: [3, null, {}] }
  },
  "ErrorTracker.callTimeline": {
    make: read("callTimeline"),
    needed: steps,
    options: { window: [...readWindows, undefined], step: [...readWindows, undefined] }
  },
  "ErrorTracker.emptyData": { make: read("emptyData"), options: { window: readWindows } },
  "ErrorTracker.latency": {
    make: read("latency"),
    options: { by: readDimensions.filter((by) => by !== undefined), window: windowNames, limit: readCounts }
  },
  "ErrorTracker.resolvedAlerts": { make: read("resolvedAlerts"), options: { window: readWindows } },
  "ErrorTracker.recent": { make: read("recent"), options: { limit: readCounts, code: [3, null, {}] } },
  "Insight.offenders": {
    make: provided((options) =>
      Effect.flatMap(
        ErrorTracker.ErrorTracker,
        ({ snapshot }) => Effect.map(snapshot, (snapshot) => Insight.offenders(snapshot, options))
      )
    ),
    options: { by: ["symbl", "", 3, null, {}], code: texts, window: ["hours", "", 3, null, {}] }
  },
  "Prometheus.families": {
    make: provided((options) => Prometheus.families(options)),
    options: { dimensions: [...lists, [3]], latency: [...lists, [3], ["symbl"]], maxValues: counts }
  },
  "Prometheus.text": {
    make: provided((options) => Effect.sync(() => Prometheus.text([], options))),
    options: { dimensions: [...lists, [3]], latency: [...lists, [3]], maxValues: counts, format: ["txt", "", 3, null] }
  },
  "Prometheus.rules": {
    make: provided((options) => Effect.sync(() => Prometheus.rules(options))),
    options: { ...tracker, objective: [...shares, 0, 1, 99.9] }
  },
  "Prometheus.rules, second argument": {
    make: provided((options) => Effect.sync(() => Prometheus.rules({}, options))),
    options: {
      groupBy: [...lists, [3], [""], ["job-name"], ["__name__"]],
      keepFiringFor: finiteDurations.filter((duration) => duration !== 0),
      labels: [...objects, { "a b": "c" }, { a: 3 }, { a: "" }, { __a: "b" }]
    }
  },
  "ErrorMetrics.layer": {
    make: layered(ErrorMetrics.layer),
    options: {
      every: finiteDurations,
      dimensions: [...lists, [3]],
      latency: [...lists, [3], ["symbl"]],
      maxValues: counts,
      attributes: [...objects, { a: 3 }, { a: "" }]
    }
  },
  "Notifier.layer": {
    make: layered((options) => Notifier.layer(options)),
    needed: { send: () => Effect.void },
    options: {
      ...receiver,
      send: functions,
      keepAlive: [...objects, { every: "1 minute" }, { evrey: "1 minute", send: () => Effect.void }]
    }
  },
  "Notifier.webhook": {
    make: provided((options) => Effect.sync(() => Notifier.webhook("http://x.test", options))),
    options: { ...receiver, headers, format: ["slcak", "", 3, null, {}], labels: [...objects, { "": "a" }, { a: 3 }] }
  },
  "Notifier.alertmanager": {
    make: provided((options) => Effect.sync(() => Notifier.alertmanager("http://x.test", options))),
    options: { ...receiver, headers, labels: [...objects, { "a b": "c" }, { a: 3 }], resend: finiteDurations }
  },
  "BinanceRest.layer": {
    make: layered(BinanceRest.layer),
    options: {
      baseUrls: [...objects, { SPOTS: "http://x.test" }, ...urls.map((SPOT) => ({ SPOT }))],
      timeout: finiteDurations
    }
  },
  "BinanceVision.layer": {
    make: layered(BinanceVision.layer),
    options: {
      baseUrl: urls,
      listingUrl: urls,
      timeout: finiteDurations,
      idleTimeout: finiteDurations,
      concurrency: counts
    }
  },
  "Klines.toCsv": {
    make: provided((options) => Effect.sync(() => Klines.toCsv(Klines.empty("1h"), options))),
    options: { header: booleans }
  },
  "Klines.toJson": {
    make: provided((options) => Effect.sync(() => Klines.toJson(Klines.empty("1h"), options))),
    options: { as: ["row", "Columns", "", 3, null] }
  },
  "KlineCache.layer": { make: layered(KlineCache.layer), options: { directory: texts } },
  "DataSourceManager.layer": {
    make: layered(DataSourceManager.layer),
    options: {
      sources: [...lists, [], ["rst"], ["REST"], [3]],
      concurrency: counts,
      retry: [...objects, { maxWiat: 3 }, { maxWait: "5 mins" }, { rows: { X: { retries: -1 } } }]
    }
  },
  "FleetGate.layer": {
    make: layered(FleetGate.layer),
    needed: { address: "x" },
    options: { address: texts, spread: finiteDurations.filter((spread) => spread !== 0) }
  },
  "FleetWeight.layer": {
    make: layered(FleetWeight.layer),
    needed: { address: "x" },
    options: { address: texts, block: counts, processes: counts }
  },
  "FleetTracker.layer": {
    make: layered((options: never) => Layer.provide(FleetTracker.layer(options), FleetStore.layerMemory)),
    options: { ...tracker, name: texts, flushEvery: finiteDurations }
  },
  "FleetTracker.deliveries": {
    make: provided((options: never) =>
      Effect.provide(Stream.runDrain(FleetTracker.deliveries(options)), FleetStore.layerMemory)
    ),
    options: { name: texts, group: texts, idle: finiteDurations }
  },
  "FleetStore.layerIoredis": {
    make: layered(FleetStore.layerIoredis),
    needed: { name: "x" },
    options: {
      name: [...texts, "a b", "{a}", "x".repeat(101)],
      client: [...objects, {}, { call: 3, duplicate: 3 }],
      url: [...urls, "redis:", "redis://", "REDIS://x"],
      options: ["x", 3, null, [], new Map(), true],
      timeout: finiteDurations
    }
  },
  "FaultyApi.layer": {
    make: layered(FaultyApi.layerClient),
    needed: { routes: {} },
    options: {
      routes: [...objects, { "/users": {} }, { "get /users": {} }, { "GET users": {} }],
      faults: lists,
      seed: [NaN, Infinity, "1", null, {}, [], true]
    }
  },
  "FaultyExchange.layer": {
    make: layered(FaultyExchange.layerClient),
    options: {
      seed: [NaN, Infinity, "1", null, {}],
      instruments: [...lists, [{ market: "SPOTS", symbol: "A" }], [{ market: "SPOT" }], [{
        market: "SPOT",
        symbol: "A",
        listed: "soon"
      }]],
      series: lists,
      now: ["soon", NaN, null, true],
      weightPerMinute: [...objects, { SPOT: NaN }, { SPOTS: 1 }],
      archive: lists,
      publication: durations.filter((duration) => duration !== 0),
      patience: fromZero,
      faults: lists
    }
  },
  "Classifier.table": {
    make: provided((options) => Effect.sync(() => Classifier.table(options))),
    options: {
      name: texts,
      select: ["code", 3, null, {}],
      rows: [undefined, "code", 3, null, [], { a: 3 }, { a: {} }, { a: { tag: "Auth" } }, {
        a: { tag: "DataEmpty" }
      }]
    }
  },
  "Fault.latency": {
    make: provided((duration) => Effect.sync(() => Fault.latency(duration))),
    options: { "": durations.filter((duration) => duration !== 0) }
  },
  "Fault.on": {
    make: layered((when) => FaultyExchange.layerClient({ faults: [Fault.on(when, Fault.silence)] })),
    options: {
      source: ["rst", "", 3, null],
      market: ["SPOTS", "spot", 3, null],
      path: texts,
      symbol: texts,
      interval: ["1x", "1H", 3, null],
      nth: [0, -1, 1.5, NaN, "1", null, [], [0], { from: 0 }, { form: 1 }, { from: 3, to: 2 }],
      probability: shares,
      times: [-1, NaN, 1.5, "1", null]
    }
  }
}

/** The message of a refusal, and that it is one: no other defect, no failure. */
const refused = Effect.fnUntraced(function*(refusing: Effect.Effect<unknown>) {
  const exit = yield* Effect.exit(Effect.timeoutTo(refusing, {
    duration: "2 seconds",
    onSuccess: () => "accepted",
    onTimeout: () => "accepted, and run"
  }))
  if (Exit.isSuccess(exit)) return exit.value
  const [defect] = Cause.defects(exit.cause)
  return String(Cause.isDieType(exit.cause) || defect !== undefined ? defect : exit.cause)
})

const shown = (value: unknown): string => inspect(value, { depth: 5, breakLength: Infinity })

describe.each(Object.entries(entries))("%s refuses", (name, { make, needed, options }) => {
  const call = (options: unknown): Effect.Effect<string> => refused(Reflect.apply(make, undefined, [options]))
  const owner = name === "Fault.on" ? "Fault Silence" : name.replace(/\.(layer.*|make)$|, second argument$/, "")

  it.live.each(Object.entries(options).filter(([option]) => option !== ""))(
    "each wrong value of %s, with a message that names the option",
    ([option, values]) =>
      Effect.gen(function*() {
        for (const value of values) {
          const message = yield* call({ ...needed, [option]: value })
          const path = name === "Fault.on" ? `when.${option}` : option
          expect(message, `${option}: ${shown(value)}`).toMatch(
            new RegExp(`^IllegalArgumentException: ${owner.replace(".", "\\.")}: ${path}\\b`)
          )
          expect(message, `${option}: ${shown(value)}`).toMatch(
            /it must |unknown |: write |it has no scheme|no unit|no number|has both|needs|tag of an error|without ratio|two rules/
          )
          expect(message).not.toMatch(/TypeError|undefined is not|pass@|\bword\b/)
        }
      })
  )

  it.live("an unknown option, and names the nearest", () =>
    Effect.gen(function*() {
      for (const option of Object.keys(options).filter((option) => option.length > 2)) {
        const misspelt = `${option.slice(0, -1)}${option.endsWith("x") ? "y" : "x"}`
        if (options[misspelt] !== undefined) continue
        const at = name === "Fault.on" ? ": when" : ""
        expect(yield* call({ ...needed, [misspelt]: 1 })).toContain(
          `IllegalArgumentException: ${owner}${at}: unknown option "${misspelt}", did you mean "${option}"?`
        )
      }
    }))

  it.live("options that are no object", () =>
    Effect.gen(function*() {
      if (options[""] !== undefined) {
        for (const value of options[""]) {
          const message = yield* call(value)
          expect(message, `of ${shown(value)}`).toMatch(new RegExp(`^IllegalArgumentException: ${owner}: duration `))
        }
        return
      }
      if (name === "Fault.on") return
      for (const value of [3, "x", [], null, ...anything]) {
        const message = yield* call(value)
        expect(message, `of ${shown(value)}`).toMatch(
          new RegExp(`^IllegalArgumentException: ${owner.replace(".", "\\.")}: options is .*: it must be an object`)
        )
      }
    }))
})

describe("arguments that are no options", () => {
  const json = { version: 1, at: 0, since: 0, age: 0, watched: "", codes: [] }
  const retrying = (policy: unknown) => Reflect.apply(Fetch.retry, undefined, [policy])(Effect.never)
  const failingOver = (...sources: ReadonlyArray<unknown>) => Reflect.apply(Fetch.failover, undefined, [sources])
  const tracked = (use: (tracker: ErrorTracker.Service) => unknown): Effect.Effect<string> =>
    refused(Reflect.apply(provided(() => Effect.flatMap(ErrorTracker.ErrorTracker, use as never)), undefined, []))
  const source = (source: string) => ({ source, fetch: Effect.never })

  it.live.each<[name: string, call: () => Effect.Effect<string>, message: RegExp]>([
    ...[undefined, null, {}, 3, { run: true }].map((policy) =>
      [
        `Fetch.retry(${shown(policy)})`,
        () => refused(retrying(policy)),
        /^IllegalArgumentException: Fetch\.retry: policy is .*: it must be a RetryPolicy/
      ] as [string, () => Effect.Effect<string>, RegExp]
    ),
    [
      "Fetch.retry of the Effect that makes a policy",
      () => refused(retrying(RetryPolicy.make())),
      /^IllegalArgumentException: Fetch\.retry: policy is an Effect.*write `yield\* RetryPolicy\.make\(\)`/
    ],
    [
      "Fetch.failover of two sources of one name",
      () => refused(failingOver(source("a"), source("b"), source("a"))),
      /^IllegalArgumentException: Fetch\.failover: sources\[2\]\.source is "a": it must be a name that no other/
    ],
    [
      "Fetch.failover of a source that is not an Effect",
      () => refused(failingOver(source("a"), { source: "b", fetch: () => Effect.never })),
      /^IllegalArgumentException: Fetch\.failover: sources\[1\]\.fetch is a function: it must be an Effect/
    ],
    ...[undefined, null, {}, [], "{}", 3, json, { ...json, watched: [], codes: [{ code: 3 }] }].map((snapshot) =>
      [
        `restore(${shown(snapshot)})`,
        () => tracked(({ restore }) => Reflect.apply(restore, undefined, [snapshot])),
        /^IllegalArgumentException: ErrorTracker\.restore: snapshot[^ ]*: .*It must be a Snapshot.*Snapshot\.Snapshot/
      ] as [string, () => Effect.Effect<string>, RegExp]
    ),
    ...[undefined, null, 3, "x", []].map((limits) =>
      [
        `setLimits(${shown(limits)})`,
        () => tracked(({ setLimits }) => Effect.orDie(Reflect.apply(setLimits, undefined, [limits]))),
        /^IllegalArgumentException: ErrorTracker\.setLimits: options is .*: it must be an object with any of/
      ] as [string, () => Effect.Effect<string>, RegExp]
    )
  ])("%s", ([, call, message]) =>
    Effect.gen(function*() {
      expect(yield* call()).toMatch(message)
    }))

  it.live("a refused snapshot leaves the tracker as it is, its own is accepted", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* tracker.track(new FetchError.NetworkDns({ context: { symbol: "A" } }))
      const snapshot = yield* tracker.snapshot
      yield* Effect.exit(tracker.restore(Object.assign({}, snapshot, { codes: [{}] })))
      expect((yield* tracker.stats()).total).toBe(1)
      yield* tracker.reset
      yield* tracker.restore(snapshot)
      expect((yield* tracker.stats()).total).toBe(1)
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

it("every exported type of options has an entry above", () => {
  const root = join(import.meta.dirname, "../../src")
  const files = ["", "binance", "fleet", "testing"].flatMap((folder) =>
    readdirSync(join(root, folder)).filter((file) => /^[A-Z]\w*\.ts$/.test(file)).map((file) => join(folder, file))
  )
  const found = files.flatMap((file) =>
    Array.from(
      readFileSync(join(root, file), "utf8").matchAll(/^export (?:interface|type) (\w*Options)\b/gm),
      ([, name]) => `${file.replace(/^.*\//, "").replace(".ts", "")}.${name}`
    )
  )
  const covered: Readonly<Record<string, string>> = {
    "ErrorTracker.Options": "ErrorTracker.layer",
    "ErrorTracker.PersistedOptions": "ErrorTracker.layerPersisted",
    "ErrorTracker.BreakdownOptions": "ErrorTracker.breakdown",
    "ErrorTracker.TimelineOptions": "ErrorTracker.timeline",
    "ErrorTracker.CallTimelineOptions": "ErrorTracker.callTimeline",
    "ErrorTracker.WorstOptions": "ErrorTracker.worst",
    "ErrorTracker.LatencyOptions": "ErrorTracker.latency",
    "RetryPolicy.Options": "RetryPolicy.make",
    "Fetch.TrackedOptions": "Fetch.tracked",
    "Connectivity.Options": "Connectivity.check",
    "TrackedClient.Options": "TrackedClient.make",
    "Klines.CsvOptions": "Klines.toCsv",
    "Klines.JsonOptions": "Klines.toJson",
    "Classifier.TableOptions": "Classifier.table",
    "Insight.OffendersOptions": "Insight.offenders",
    "Prometheus.Options": "Prometheus.families",
    "Prometheus.TextOptions": "Prometheus.text",
    "Prometheus.RulesOptions": "Prometheus.rules, second argument",
    "ErrorMetrics.Options": "ErrorMetrics.layer",
    "Notifier.ReceiverOptions": "Notifier.layer",
    "Notifier.WebhookOptions": "Notifier.webhook",
    "Notifier.AlertmanagerOptions": "Notifier.alertmanager",
    "BinanceRest.Options": "BinanceRest.layer",
    "BinanceVision.Options": "BinanceVision.layer",
    "KlineCache.Options": "KlineCache.layer",
    "DataSourceManager.Options": "DataSourceManager.layer",
    "FleetGate.Options": "FleetGate.layer",
    "FleetWeight.Options": "FleetWeight.layer",
    "FleetStore.IoredisOptions": "FleetStore.layerIoredis",
    "FaultyApi.Options": "FaultyApi.layer",
    "FleetTracker.Options": "FleetTracker.layer",
    "FleetTracker.DeliveryOptions": "FleetTracker.deliveries",
    "FaultyExchange.Options": "FaultyExchange.layer"
  }
  // Tracking and logging never fail; rules are called by the classifier; a DataResult is plain data; a stream validates its
  // options with the request, and fails with DataValidation.
  const unchecked = [
    "DataSourceManager.StreamOptions",
    "ErrorTracker.TrackOptions",
    "ErrorLog.LogOptions",
    "Classifier.RuleOptions",
    "DataResult.Options",
    "Threshold.RuleOptions"
  ]
  expect(found.filter((name) => covered[name] === undefined && !unchecked.includes(name))).toEqual([])
  expect(Object.values(covered).filter((name) => entries[name] === undefined)).toEqual([])
})
