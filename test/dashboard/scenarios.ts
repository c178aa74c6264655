/** Trackers with a made-up past, for the page and its screenshots: nothing wrong, a usual day, an outage. */
import { ErrorTracker, type FetchContext, FetchError, RetryPolicy, type Snapshot } from "effect-errata"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Core } from "../../src/internal/tracker/core.js"
import { reportingOf } from "../../src/internal/tracker/reporting.js"
import { settings } from "../../src/internal/tracker/trackerOptions.js"
import { type MovableClock, movableClock } from "./movableClock.js"

export type ScenarioName = "empty" | "usual" | "storm"

/** The instant at which a scenario ends. */
const end = Date.UTC(2026, 10, 30, 12, 45, 7)

export const hostile = {
  html: "<img src=x onerror=alert(1)>",
  bidi: "BTC\u202eTDSU\u202c",
  long: `SHIB${"1000X".repeat(60)}USDT`,
  zero: "ДОГЕ\u0000USDT"
}

/** A generator of numbers from 0 to 1 (mulberry32). */
const seeded = (seed: number): () => number => {
  let state = seed
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

type Make = (context: FetchContext.Input) => FetchError.FetchError

const rateLimit: Make = (context) =>
  new FetchError.ApiRateLimit({ message: "Too many requests; retry after 120 s", context })
const timeout: Make = (context) => new FetchError.NetworkTimeout({ message: "No headers within 10 s", context })
const format: Make = (context) => new FetchError.ApiFormat({ message: `Invalid symbol "${context.symbol}"`, context })
const empty: Make = (context) => new FetchError.DataEmpty({ reason: "api_response", context })
const connection: Make = (context) =>
  new FetchError.NetworkConnection({ message: "connect ECONNREFUSED 10.4.0.17:443", context })
const dns: Make = (context) =>
  new FetchError.NetworkDns({ message: "getaddrinfo EAI_AGAIN data.binance.vision", context })
const integrity: Make = (context) =>
  new FetchError.DataIntegrity({ message: "The checksum of BTCUSDT-1h-2026-11-29.zip does not fit", context })
const validation: Make = (context) =>
  new FetchError.DataValidation({ message: "openTime must increase: row 318\nis \u202eevil\u202c and so on", context })
const space: Make = (context) =>
  new FetchError.StorageSpace({ message: "ENOSPC: no space left on device, write", context })
const permission: Make = (context) => new FetchError.ApiPermission({ context })
const transformation: Make = (context) => new FetchError.DataTransformation({ context })

const markets = ["SPOT", "FUTURES_USDT"] as const
const intervals = ["1m", "1h", "1d", "1s"] as const

const options: ErrorTracker.Options = {
  thresholds: {
    API_FORMAT: { perHour: 10, perDay: 40 },
    NETWORK_CONNECTION: { perHour: 15, perDay: 60 },
    DATA_INTEGRITY: { perHour: 2, perDay: 5 }
  },
  rules: [{ name: "Symbols failing", by: "symbol", ratio: 0.3, window: "hour", minAttempts: 20 }, {
    name: "Calls",
    objective: 0.99
  }],
  maxValues: 2000,
  sweepEvery: "1 hour"
}

interface World {
  readonly tracker: ErrorTracker.Service
  readonly clock: MovableClock
  readonly random: () => number
}

const step = ({ clock }: World, at: number) => Effect.sync(() => clock.set(at))

const symbolOf = (random: () => number): string =>
  ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", hostile.long][Math.floor(random() ** 2 * 6)]!

const call = (world: World, source: string, symbol: string) => {
  const { random, tracker } = world
  const base = source === "rest" ? 60 : source === "vision" ? 180 : 0.4
  const duration = base * (1 + random() ** 8 * 30 + random() * 0.6)
  return Effect.zipRight(
    tracker.succeeded({ symbol, source, interval: intervals[Math.floor(random() * 3)]!, market: "SPOT" }, duration),
    Effect.sync(reportingOf(tracker).callSucceeded)
  )
}

const failed = (
  { random, tracker }: World,
  make: Make,
  symbol: string,
  source = "rest",
  outcome?: "recovered" | "failed"
) =>
  Effect.zipRight(
    tracker.track(
      make({
        symbol,
        source,
        interval: intervals[Math.floor(random() * 4)]!,
        market: markets[Math.floor(random() * 2)]!,
        attempt: 1 + Math.floor(random() * 3),
        url: `https://api.binance.com/api/v3/klines?symbol=${
          encodeURIComponent(symbol).slice(0, 40)
        }&interval=1m&limit=1000`
      }),
      { attempt: true }
    ),
    Effect.suspend(() => outcome === undefined ? Effect.void : reportingOf(tracker).called(outcome))
  )

const expected = ({ tracker }: World, reason: FetchError.EmptyReason, source: string) =>
  tracker.track(new FetchError.DataEmpty({ reason, context: { source, symbol: "JUPUSDT", interval: "1d" } }), {
    attempt: true
  })

const minute = 60_000

const background = (world: World, from: number, to: number, perMinute: number) =>
  Effect.gen(function*() {
    for (let at = from; at < to; at += minute) {
      yield* step(world, at)
      const n = Math.round(perMinute * (0.85 + world.random() * 0.3))
      for (let i = 0; i < n; i++) {
        const source = ["rest", "rest", "rest", "vision", "cache"][Math.floor(world.random() * 5)]!
        yield* call(world, source, symbolOf(world.random))
      }
      if (world.random() < 0.3) yield* expected(world, "not_published_yet", "vision")
      if (world.random() < 0.2) yield* expected(world, "not_listed_yet", world.random() < 0.5 ? "rest" : "vision")
      if (world.random() < 0.05) yield* expected(world, "delisted", "vision")
    }
  })

const worlds: Record<ScenarioName, (world: World) => Effect.Effect<void>> = {
  empty: (world) =>
    Effect.gen(function*() {
      yield* step(world, end - 200 * minute)
      for (let i = 0; i < 4; i++) yield* failed(world, timeout, "ETHUSDT", "rest", "recovered")
      yield* background(world, end - 199 * minute, end - 61 * minute, 40)
      yield* background(world, end - 60 * minute, end, 180)
    }),

  usual: (world) =>
    Effect.gen(function*() {
      const { random } = world
      for (let at = end - 1400 * minute; at < end - 60 * minute; at += 10 * minute) {
        yield* background(world, at, at + minute, 30)
        if (random() < 0.12) yield* failed(world, rateLimit, symbolOf(random), "rest", "recovered")
        if (random() < 0.1) yield* failed(world, timeout, symbolOf(random), "rest", "recovered")
        if (random() < 0.2) yield* failed(world, empty, symbolOf(random), random() < 0.5 ? "rest" : "vision", "failed")
        if (random() < 0.05) yield* failed(world, dns, symbolOf(random), "vision", "failed")
      }
      for (let at = end - 59 * minute; at < end; at += minute) {
        yield* background(world, at, at + 1, 190)
        const often = (share: number) => random() < share
        for (let i = 0; i < 2; i++) {
          if (often(0.45)) yield* failed(world, rateLimit, symbolOf(random), "rest", "recovered")
        }
        if (at > end - 34 * minute && often(0.4)) yield* failed(world, timeout, symbolOf(random), "rest", "recovered")
        if (often(0.6)) yield* failed(world, empty, symbolOf(random), "vision", "failed")
        if (often(0.06)) yield* failed(world, connection, symbolOf(random), "rest", "failed")
        if (often(0.05)) yield* failed(world, validation, "SOLUSDT", "rest", "failed")
        if (at > end - 25 * minute) {
          for (const symbol of ["LUNABUSD", "SRMBUSD", "FTTBUSD", hostile.html]) {
            if (often(0.7)) yield* call(world, "rest", symbol)
            if (often(symbol === "LUNABUSD" ? 0.8 : 0.3)) yield* failed(world, format, symbol, "rest", "failed")
          }
        }
      }
      yield* background(world, end - 30_000, end - 29_999, 150)
      yield* step(world, end - 20_000)
      yield* failed(world, integrity, "BTCUSDT", "vision", "failed")
      yield* failed(world, format, hostile.html, "rest", "failed")
      yield* step(world, end - 3000)
      yield* failed(world, timeout, "ETHUSDT", "rest", "failed")
      yield* failed(world, rateLimit, "BTCUSDT", "rest", "recovered")
    }),

  // A million errors are counted by the core itself, in a second, and restored from its snapshot.
  storm: ({ random, tracker }) => tracker.restore(outage(random))
}

const outage = (random: () => number): Snapshot.Snapshot => {
  const core = new Core(Either.getOrThrow(settings({ ...options, rules: [] })))
  const begin = end - 60 * minute
  const at = (wall: number) => ({ now: (wall - begin) * 1e6, wall })
  const names = [
    ...Object.values(hostile),
    ...Array.from({ length: 1996 }, (_, i) => `${["BTC", "ETH", "SOL", "XRP", "ADA"][i % 5]}${i}USDT`)
  ]
  const kinds: ReadonlyArray<readonly [number, Make]> = [
    [0.54, connection],
    [0.75, timeout],
    [0.86, rateLimit],
    [0.93, format],
    [0.965, dns],
    [0.98, empty],
    [0.989, integrity],
    [0.994, transformation],
    [0.997, permission],
    [0.999, space],
    [1, validation]
  ]
  // Errors are made once for each kind and symbol: making them takes longer than counting them.
  const errors = kinds.map(([, make]) =>
    names.map((symbol, i) =>
      make({
        symbol,
        source: ["rest", "rest", "rest", "vision"][i % 4]!,
        interval: intervals[i % 4]!,
        market: markets[i % 2]!,
        attempt: 1 + i % 3
      })
    )
  )
  const contexts = names.map((symbol, i) => ({ symbol, source: i % 10 === 0 ? "rest" : "cache", interval: "1m" }))
  for (let i = 0; i < 22 * 170; i++) {
    const moment = at(begin + i * 22 * minute / (22 * 170))
    core.succeeded(contexts[i % 50]!, moment, Duration.millis(20 + random() ** 8 * 900))
    core.callsSucceeded({ count: 1, age: 0 }, moment)
  }
  for (let i = 0; i < 1_000_000; i++) {
    const moment = at(end - 38 * minute + i * 38 * minute / 1_000_000)
    const draw = random()
    const symbol = Math.floor(random() * names.length)
    core.track(errors[kinds.findIndex(([share]) => draw <= share)]![symbol]!, moment, true)
    if (i % 3 === 0) core.called(random() < 0.6 ? "refused" : "failed", moment)
    if (i % 25 === 0) core.succeeded(contexts[symbol]!, moment, Duration.millis(random() * 40))
  }
  return core.snapshot(at(end))[1]
}

interface Scenario {
  readonly tracker: ErrorTracker.Service
  readonly clock: MovableClock
  /** Policies are known to the tracker as long as they are in use. */
  readonly policies: ReadonlyArray<RetryPolicy.RetryPolicy>
}

const withoutRetries = { API_FORMAT: { retries: 0 }, API_RATE_LIMIT: { retries: 0 } }

/** Four hosts; on a usual day the circuit of one is open, and another has asked to wait. */
const hosts = ({ clock, tracker }: Pick<World, "clock" | "tracker">, name: ScenarioName) =>
  Effect.gen(function*() {
    const policies = yield* Effect.forEach(
      ["fapi.binance.com", "api.binance.com", "data.binance.vision", "dapi.binance.com"],
      (source) => RetryPolicy.make({ source, rows: withoutRetries, breaker: { openFor: "52 seconds" } })
    ).pipe(Effect.provideService(ErrorTracker.ErrorTracker, tracker))
    const [futures, spot, archive] = policies
    const failing = Effect.fail(new FetchError.ApiFormat({ message: "HTTP 503, Service Unavailable", status: 503 }))
    const limited = Effect.fail(
      new FetchError.ApiRateLimit({
        message: "HTTP 429 with Retry-After",
        retryAfter: Option.some(Duration.seconds(102))
      })
    )
    if (name === "empty") return policies
    yield* Effect.ignore(archive!.run(failing))
    yield* Effect.ignore(Effect.repeatN(archive!.run(Effect.void), 93))
    for (let i = 0; i < 12; i++) {
      clock.set(end + i * 1500)
      yield* Effect.ignore(futures!.run(failing))
      if (name === "storm") yield* Effect.ignore(archive!.run(failing))
    }
    yield* Effect.ignore(spot!.run(limited))
    return policies
  })

/** Plays a scenario. Its clock then stands still. */
export const play = (name: ScenarioName): Effect.Effect<Scenario, never, Scope.Scope> =>
  Effect.gen(function*() {
    const clock = movableClock(end - 1430 * minute)
    const context = yield* Effect.withClock(Layer.build(ErrorTracker.layer(options)), clock.clock)
    const tracker = Context.get(context, ErrorTracker.ErrorTracker)
    if (name === "storm") clock.set(end)
    yield* worlds[name]({ tracker, clock, random: seeded(7) })
    const policies = yield* Effect.withClock(hosts({ clock, tracker }, name), clock.clock)
    clock.set(end + 19_000)
    return { tracker, clock, policies }
  }).pipe(Logger.withMinimumLogLevel(LogLevel.None))
