import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { describe, expect, it } from "@effect/vitest"
import { Interval, Market } from "effect-errata/binance"
import { Fault, FaultyExchange } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"

const hour = 3_600_000
const day = 24 * hour
const now = Date.UTC(2024, 5, 1, 12, 34, 56)
const t0 = Date.UTC(2024, 4, 1)

// The clock of these tests stands still, also for servers: no minute of the limits ends in the middle of a test.

type Params = Readonly<Record<string, string | number>>

const ask = (market: Market.Market, params: Params, path = Market.facts[market].klinesPath) =>
  Effect.gen(function*() {
    const { baseUrls } = yield* FaultyExchange.FaultyExchange
    const query = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, String(value)]))
    const response = yield* HttpClient.get(`${baseUrls[market]}${path}?${query}`)
    const text = yield* response.text
    const { connection: _, ...headers } = response.headers
    return { status: response.status, headers, text, json: text === "" ? undefined : JSON.parse(text) }
  })

const symbol = { SPOT: "BTCUSDT", FUTURES_USDT: "BTCUSDT", FUTURES_COIN: "BTCUSD_PERP" }

const klines = (market: Market.Market, params: Params) =>
  ask(market, { symbol: symbol[market], interval: "1h", ...params })

const rows = (market: Market.Market, params: Params): Effect.Effect<
  ReadonlyArray<FaultyExchange.Row>,
  unknown,
  FaultyExchange.FaultyExchange | HttpClient.HttpClient
> => Effect.map(klines(market, params), ({ json }) => json)

const sockets = (options?: FaultyExchange.Options) => Layer.merge(FaultyExchange.layer(options), FetchHttpClient.layer)

const both = [
  ["a server", sockets],
  ["a client without sockets", FaultyExchange.layerClient]
] as const

const hours = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i * hour)

const spot = "SPOT"
const um = "FUTURES_USDT"
const cm = "FUTURES_COIN"

// What is asked for, and the opens or the code that come back.
const table: ReadonlyArray<readonly [string, Market.Market, Params, ReadonlyArray<number> | number]> = [
  ["neither bound: the latest 500", spot, {}, hours(Date.UTC(2024, 5, 1, 12) - 499 * hour, 500)],
  ["neither bound: the latest 500", um, {}, hours(Date.UTC(2024, 5, 1, 12) - 499 * hour, 500)],
  ["neither bound: the latest 500", cm, {}, hours(Date.UTC(2024, 5, 1, 12) - 499 * hour, 500)],
  ["only start: the first", spot, { startTime: t0, limit: 3 }, hours(t0, 3)],
  ["only start: the first", um, { startTime: t0, limit: 3 }, hours(t0, 3)],
  [
    "only start: the latest of 200 days",
    cm,
    { startTime: t0 - 300 * day, limit: 3 },
    hours(t0 - 100 * day - 2 * hour, 3)
  ],
  ["only end: the latest until then", spot, { endTime: t0, limit: 3 }, hours(t0 - 2 * hour, 3)],
  ["only end: the latest until then", um, { endTime: t0, limit: 3 }, hours(t0 - 2 * hour, 3)],
  ["only end: the latest until then", cm, { endTime: t0, limit: 3 }, hours(t0 - 2 * hour, 3)],
  [
    "only end: no more than 200 days",
    cm,
    { interval: "1d", endTime: t0, limit: 1500 },
    Array.from({ length: 201 }, (_, i) => t0 + (i - 200) * day)
  ],
  ["both bounds, more than the limit: the first", spot, { startTime: t0, endTime: t0 + day, limit: 3 }, hours(t0, 3)],
  ["both bounds, more than the limit: the first", um, { startTime: t0, endTime: t0 + day, limit: 3 }, hours(t0, 3)],
  [
    "both bounds, more than the limit: the latest",
    cm,
    { startTime: t0, endTime: t0 + day, limit: 3 },
    hours(t0 + 22 * hour, 3)
  ],
  ["both bounds are inclusive", spot, { startTime: t0, endTime: t0 }, [t0]],
  ["both bounds are inclusive", um, { startTime: t0, endTime: t0 }, [t0]],
  ["both bounds are inclusive", cm, { startTime: t0, endTime: t0 + hour }, [t0, t0 + hour]],
  ["start is rounded up, end down", spot, { startTime: t0 + 1, endTime: t0 + 3 * hour - 1 }, hours(t0 + hour, 2)],
  ["a window inside of a candle", spot, { startTime: t0 + 1, endTime: t0 + 2 }, []],
  ["start after end", spot, { startTime: t0 + 1, endTime: t0 }, []],
  ["start after end", um, { startTime: t0 + 1, endTime: t0 }, -1023],
  ["start after end", cm, { startTime: t0 + 1, endTime: t0 }, -1023],
  ["200 days", cm, { startTime: t0 - 200 * day, endTime: t0, limit: 1 }, [t0]],
  ["more than 200 days", cm, { startTime: t0 - 200 * day - 1, endTime: t0 }, -4088],
  ["more than 200 days", um, { startTime: t0 - 200 * day - 1, endTime: t0, limit: 1 }, [t0 - 200 * day]],
  ["the future", spot, { startTime: now + hour }, []],
  ["seconds where milliseconds are due", um, { endTime: t0 / 1000 }, []],
  ["before the listing", spot, { endTime: Date.UTC(2017, 7, 17, 3) }, []],
  [
    "from before the listing on",
    um,
    { interval: "1d", startTime: 0, limit: 2 },
    [Date.UTC(2019, 8, 8), Date.UTC(2019, 8, 9)]
  ],
  ["Mondays", spot, { interval: "1w", startTime: t0, limit: 2 }, [Date.UTC(2024, 4, 6), Date.UTC(2024, 4, 13)]],
  ["months", um, { interval: "1M", startTime: t0 - 1, limit: 9 }, [t0, Date.UTC(2024, 5, 1)]],
  ["a limit above 1000", spot, { startTime: 1.6e12, limit: 5000 }, hours(Math.ceil(1.6e12 / hour) * hour, 1000)],
  ["a limit of 1500", um, { startTime: 1.6e12, limit: 1500 }, hours(Math.ceil(1.6e12 / hour) * hour, 1500)],
  ["a limit above 1500", um, { limit: 1501 }, -1130],
  ["a limit above 1500", cm, { limit: 1501 }, -1130],
  ["a limit of 0", um, { limit: 0 }, -1130],
  ["a limit that is no number", spot, { limit: "ten" }, -1100],
  ["a time that is no number", spot, { startTime: "2024-05-01" }, -1100],
  ["an interval that there is not", spot, { interval: "1H" }, -1120],
  ["a second", spot, { interval: "1s", startTime: t0, limit: 2 }, [t0, t0 + 1000]],
  ["a second", um, { interval: "1s" }, -1120],
  ["no interval", spot, { interval: "" }, -1102],
  ["no symbol", um, { symbol: "" }, -1102],
  ["small letters", spot, { symbol: "btcusdt" }, -1100],
  ["a symbol that is not Latin", um, { symbol: "币安人生USDT" }, -1121],
  ["a symbol that is not listed", spot, { symbol: "BTCUSDX" }, -1121],
  ["a symbol of another market", cm, { symbol: "BTCUSDT" }, -1121]
]

describe.each(both)("%s", (_name, layer) => {
  describe("a query for klines", () => {
    for (const [name, market, params, expected] of table) {
      it.scoped(`${Market.facts[market].short}: ${name} (${new URLSearchParams(Object.entries(params).map(([k, v]) => [k, String(v)]))})`, () =>
        Effect.gen(function*() {
          const { json, status } = yield* klines(market, params)
          if (typeof expected === "number") {
            expect([status, json.code]).toEqual([400, expected])
            expect(json.msg).toMatch(/\S/)
          } else {
            expect(status).toBe(200)
            expect(json.map((row: FaultyExchange.Row) => row[0])).toEqual(expected)
          }
        }).pipe(Effect.provide(layer({ now }))))
    }
  })

  it.scoped("answers as the real one does: headers, time, ping, exchangeInfo, unknown paths, HEAD", () =>
    Effect.gen(function*() {
      const { baseUrls } = yield* FaultyExchange.FaultyExchange
      const first = yield* klines("FUTURES_USDT", { limit: 1 })
      expect(first.headers).toEqual({
        "content-length": String(first.text.length),
        "content-type": "application/json;charset=UTF-8",
        date: "Sat, 01 Jun 2024 12:34:56 GMT",
        server: "nginx",
        "x-mbx-used-weight": "1",
        "x-mbx-used-weight-1m": "1"
      })
      for (
        const [market, prefix] of [["SPOT", "/api/v3"], ["FUTURES_USDT", "/fapi/v1"], [
          "FUTURES_COIN",
          "/dapi/v1"
        ]] as const
      ) {
        expect((yield* ask(market, {}, `${prefix}/time`)).json).toEqual({ serverTime: now })
        expect((yield* ask(market, {}, `${prefix}/ping`)).json).toEqual({})
        const info = (yield* ask(market, {}, `${prefix}/exchangeInfo`)).json
        expect(info.symbols.map((one: { symbol: string }) => one.symbol)).toContain(symbol[market])
        expect(info.rateLimits[0].limit).toBe(Market.facts[market].weightPerMinute)
      }
      const unknown = yield* ask("SPOT", {}, "/api/v3/nothing")
      expect([unknown.status, unknown.text]).toEqual([404, ""])
      const page = yield* HttpClient.get(`${baseUrls.SPOT}/nothing`, { headers: { accept: "text/html" } })
      expect([page.status, page.headers["content-type"]]).toEqual([404, "text/html"])
      expect(yield* page.text).toContain("404 Not Found")
      const head = yield* HttpClient.head(`${baseUrls.SPOT}/api/v3/time`)
      expect([head.status, head.headers["content-length"], yield* head.text]).toEqual([200, "28", ""])
      expect((yield* HttpClient.post(`${baseUrls.SPOT}/api/v3/time`)).status).toBe(405)
    }).pipe(Effect.provide(layer({ now }))))

  it.scoped("the weight of klines goes by the limit asked for, on futures; exchangeInfo costs 20 on spot", () =>
    Effect.gen(function*() {
      const used = (market: Market.Market, params: Params) =>
        Effect.map(klines(market, params), ({ headers }) => Number(headers["x-mbx-used-weight-1m"]))
      let before = 0
      for (
        const [limit, weight] of [[1, 1], [99, 1], [100, 2], [499, 2], [500, 5], [1000, 5], [1001, 10], [
          1500,
          10
        ]] as const
      ) {
        const after = yield* used("FUTURES_USDT", { limit })
        expect(after - before).toBe(weight)
        before = after
      }
      expect(yield* used("FUTURES_COIN", {})).toBe(5)
      expect(yield* used("SPOT", {})).toBe(2)
      expect(yield* used("SPOT", { limit: 5000 })).toBe(4)
      expect((yield* ask("SPOT", {}, "/api/v3/exchangeInfo")).headers["x-mbx-used-weight"]).toBe("24")
      expect((yield* ask("FUTURES_COIN", {}, "/dapi/v1/exchangeInfo")).headers["x-mbx-used-weight"]).toBe("6")
      // What is refused costs as well.
      expect(yield* used("SPOT", { symbol: "NOTHING" })).toBe(26)
    }).pipe(Effect.provide(layer({ now }))))
})

// ---------------------------------------------------------------------------------------------------------------------
// one core
// ---------------------------------------------------------------------------------------------------------------------

const query = FastCheck.record({
  market: FastCheck.constantFrom(...Market.Market.literals),
  symbol: FastCheck.constantFrom("BTCUSDT", "BTCUSD_PERP", "ETHUSDT", "btcusdt", "NOTHING"),
  interval: FastCheck.constantFrom(...Interval.Interval.literals, "1H", ""),
  startTime: FastCheck.option(FastCheck.integer({ min: t0 - 400 * day, max: now + day }), { nil: "" }),
  endTime: FastCheck.option(FastCheck.integer({ min: t0 - 400 * day, max: now + day }), { nil: "" }),
  limit: FastCheck.option(FastCheck.integer({ min: 0, max: 30 }), { nil: "" })
})

it.scoped("with and without sockets the answers are the same", () =>
  Effect.gen(function*() {
    const server = yield* Layer.build(sockets({ now }))
    const client = yield* Layer.build(FaultyExchange.layerClient({ now }))
    for (const { market, ...params } of FastCheck.sample(query, { numRuns: 100, seed: 1 })) {
      const given = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== ""))
      const request = ask(market, given)
      expect(yield* Effect.provide(request, server)).toEqual(yield* Effect.provide(request, client))
    }
  }))

const describeError = (error: unknown): unknown =>
  error instanceof Error
    ? {
      class: error.constructor.name,
      name: error.name,
      message: error.message.replace(/http:\/\/[^/]+/, ""),
      reason: "reason" in error ? error.reason : undefined,
      code: "code" in error ? error.code : undefined,
      errno: "errno" in error ? error.errno : undefined,
      syscall: "syscall" in error ? error.syscall : undefined,
      cause: describeError(error.cause)
    }
    : error

describe("what breaks, breaks alike with and without sockets", () => {
  const socketError = { name: "SocketError", message: "other side closed", code: "UND_ERR_SOCKET" }
  const cases = [
    [Fault.resetBeforeHeaders, "Transport", "fetch failed", { message: "read ECONNRESET", code: "ECONNRESET" }],
    [Fault.closeBeforeHeaders, "Transport", "fetch failed", socketError],
    [Fault.resetMidBody, "Decode", "terminated", socketError],
    [Fault.truncatedBody, "Decode", "terminated", socketError]
  ] as const
  for (const [fault, reason, message, cause] of cases) {
    for (const path of ["/api/v3/time", "/nothing"]) {
      it.scoped(`${fault.do._tag} of ${path}`, () =>
        Effect.gen(function*() {
          // The second request goes over a connection that was used.
          const failure = Effect.zipRight(
            Effect.ignore(ask("SPOT", {}, "/api/v3/ping")),
            Effect.flip(ask("SPOT", {}, path))
          ).pipe(Effect.map(describeError))
          const options = { now, faults: [Fault.on({ nth: 2 }, fault)] }
          const real = yield* Effect.provide(failure, sockets(options))
          const imitated = yield* Effect.provide(failure, FaultyExchange.layerClient(options))
          expect(real).toMatchObject({ reason, cause: { class: "TypeError", message, cause } })
          expect(imitated).toEqual(real)
        }))
    }
  }
})

// ---------------------------------------------------------------------------------------------------------------------
// candles
// ---------------------------------------------------------------------------------------------------------------------

describe("candles from a seed", () => {
  const decimals = {
    SPOT: [/^\d+\.\d{2}0{6}$/, /^\d+\.\d{5}000$/, /^\d+\.\d{8}$/],
    FUTURES_USDT: [/^\d+\.\d{2}$/, /^\d+\.\d{3}$/, /^\d+\.\d{5}$/],
    // Contracts, and coins in place of the quote volume.
    FUTURES_COIN: [/^\d+\.\d$/, /^\d+$/, /^\d+\.\d{8}$/]
  } as const

  for (const market of Market.Market.literals) {
    it.effect(`${market}: are well formed`, () =>
      Effect.gen(function*() {
        for (const interval of Interval.Interval.literals.filter((interval) => Interval.isOn(interval, market))) {
          const candles = yield* rows(market, { interval, limit: 60 })
          candles.forEach((row, i) => {
            const [
              openTime,
              open,
              high,
              low,
              close,
              volume,
              closeTime,
              quoteVolume,
              trades,
              takerBase,
              takerQuote,
              ignore
            ] = row
            expect(row).toHaveLength(12)
            expect(Interval.floor(interval, openTime)).toBe(openTime)
            expect(closeTime).toBe(Interval.next(interval, openTime) - 1)
            expect(Number(high)).toBeGreaterThanOrEqual(Math.max(Number(open), Number(close)))
            expect(Number(low)).toBeLessThanOrEqual(Math.min(Number(open), Number(close)))
            expect(Number(low)).toBeGreaterThan(0)
            expect(Number(takerBase)).toBeLessThanOrEqual(Number(volume))
            expect(Number(takerQuote)).toBeLessThanOrEqual(Number(quoteVolume))
            expect(Number.isInteger(trades)).toBe(true)
            expect(ignore).toBe("0")
            for (const price of [open, high, low, close]) expect(price).toMatch(decimals[market][0])
            for (const amount of [volume, takerBase]) expect(amount).toMatch(decimals[market][1])
            for (const amount of [quoteVolume, takerQuote]) expect(amount).toMatch(decimals[market][2])
            if (i > 0) expect(open).toBe(candles[i - 1]![4])
          })
        }
      }).pipe(Effect.provide(FaultyExchange.layerClient({ now }))))
  }

  const answer = (options: FaultyExchange.Options, params: Params = { startTime: t0, limit: 50 }) =>
    Effect.provide(rows("SPOT", params), FaultyExchange.layerClient({ now, ...options }))

  it.effect("the same seed gives the same candles after any requests; another seed gives others", () =>
    Effect.gen(function*() {
      const one = yield* answer({})
      expect(yield* answer({ seed: 1 })).toEqual(one)
      expect(yield* answer({ seed: 2 })).not.toEqual(one)
      const pages = Effect.all([
        rows("SPOT", { startTime: t0 + 20 * hour, limit: 30 }),
        rows("SPOT", { startTime: t0, limit: 20 })
      ])
      const [second, first] = yield* Effect.provide(pages, FaultyExchange.layerClient({ now }))
      expect([...first, ...second]).toEqual(one)
    }))

  it.effect("opens and closes agree between intervals", () =>
    Effect.gen(function*() {
      const hourly = yield* answer({}, { startTime: t0, limit: 24 })
      const daily = yield* answer({}, { startTime: t0, limit: 1, interval: "1d" })
      expect([daily[0]![1], daily[0]![4]]).toEqual([hourly[0]![1], hourly[23]![4]])
    }))

  it.effect("the last candle is forming at the server's clock, and final when that is past its end", () =>
    Effect.gen(function*() {
      const last = { startTime: Date.UTC(2024, 5, 1, 12), limit: 1 }
      const early = yield* answer({}, last)
      const later = yield* answer({ now: now + 10 * 60_000 }, last)
      const final = yield* answer({ now: now + hour }, last)
      expect([early[0]![0], early[0]![6]]).toEqual([last.startTime, last.startTime + hour - 1])
      expect(early[0]![1]).toBe(final[0]![1])
      expect(Number(early[0]![5])).toBeLessThan(Number(later[0]![5]))
      expect(Number(later[0]![5])).toBeLessThan(Number(final[0]![5]))
      expect(yield* answer({ now: now + 5 * day }, last)).toEqual(final)
    }))

  it.effect("an outage has no candles, and the page goes on behind it", () =>
    Effect.gen(function*() {
      const outages = [
        { start: t0 + 4 * hour + 1, end: t0 + 5 * hour },
        { start: t0 + 2 * hour, end: t0 + 4 * hour + 1 },
        { start: t0 + 6 * hour + 1, end: t0 + 7 * hour }
      ]
      const instruments = [{ market: "SPOT" as const, symbol: "BTCUSDT", outages }]
      const candles = yield* answer({ instruments }, { startTime: t0, limit: 5 })
      expect(candles.map(([open]) => (open - t0) / hour)).toEqual([0, 1, 5, 6, 7])
      const before = yield* answer({ instruments }, { endTime: t0 + 5 * hour, limit: 3 })
      expect(before.map(([open]) => (open - t0) / hour)).toEqual([0, 1, 5])
    }))

  it.effect("what is delisted ends: spot keeps its candles, futures answer -1122", () =>
    Effect.gen(function*() {
      const gone = { symbol: "BTCUSDT", delisted: t0 + 90 * 60_000 }
      const layer = FaultyExchange.layerClient({
        now,
        instruments: [{ market: "SPOT", ...gone }, { market: "FUTURES_USDT", ...gone }]
      })
      const candles = yield* Effect.provide(rows("SPOT", { limit: 2 }), layer)
      expect(candles.map(([open]) => open)).toEqual([t0, t0 + hour])
      const { json, status } = yield* Effect.provide(klines("FUTURES_USDT", {}), layer)
      expect([status, json.code]).toEqual([400, -1122])
    }))
})

describe("candles of a series", () => {
  const row = (open: number, price = "1.0"): FaultyExchange.Row => [
    open,
    price,
    price,
    price,
    price,
    "10779.83873125",
    open + hour - 1,
    "1",
    7,
    "0",
    "0.10",
    "17928899.62484339"
  ]
  const series = (rows: ReadonlyArray<FaultyExchange.Row>): FaultyExchange.Series => ({
    market: "FUTURES_COIN",
    symbol: "BTCUSD_PERP",
    interval: "1h",
    rows
  })

  it.effect("are served as they are, with their holes, up to the server's clock, under the rules of their market", () =>
    Effect.gen(function*() {
      const recorded = [row(t0 + 5 * hour), row(t0), row(t0 + hour, "2.50"), row(now - (now % hour)), row(now + hour)]
      const layer = FaultyExchange.layerClient({ now, series: [series(recorded)] })
      const ask = (params: Params) => Effect.provide(rows("FUTURES_COIN", params), layer)
      expect(yield* ask({ startTime: t0 })).toEqual([recorded[1], recorded[2], recorded[0], recorded[3]])
      expect(yield* ask({ startTime: t0, endTime: t0 + 5 * hour, limit: 2 })).toEqual([recorded[2], recorded[0]])
      expect(yield* ask({ interval: "1m" })).toEqual([])
      const other = yield* Effect.provide(klines("SPOT", {}), layer)
      expect(other.json.code).toBe(-1121)

      const spot = { ...series(recorded), market: "SPOT" as const, symbol: "BTCUSDT" }
      expect(
        yield* Effect.provide(
          rows("SPOT", { startTime: t0, limit: 2 }),
          FaultyExchange.layerClient({ now, series: [spot] })
        )
      ).toEqual([recorded[1], recorded[2]])
    }))

  it.effect("two series of one name are one, the later taking precedence; instruments fill what was not recorded", () =>
    Effect.gen(function*() {
      const layer = FaultyExchange.layerClient({
        now,
        series: [series([row(t0), row(t0 + hour)]), series([row(t0 + hour, "3")])],
        instruments: [{ market: "FUTURES_COIN", symbol: "BTCUSD_PERP" }]
      })
      expect(yield* Effect.provide(rows("FUTURES_COIN", {}), layer)).toEqual([row(t0), row(t0 + hour, "3")])
      expect(yield* Effect.provide(rows("FUTURES_COIN", { interval: "1d", limit: 9 }), layer)).toHaveLength(9)
    }))
})

it.effect("an instant that is none is a defect", () =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Effect.scoped(Layer.build(FaultyExchange.layerClient({ now: "soon" }))))
    expect(Exit.isFailure(exit) && exit.cause._tag).toBe("Die")
  }))
