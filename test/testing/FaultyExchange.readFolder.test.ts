import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Path from "@effect/platform/Path"
import { describe, expect, it } from "@effect/vitest"
import { FaultyExchange } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"

const hour = 3_600_000
const t0 = Date.UTC(2024, 4, 1)

const row = (hours: number, close = "1.5"): FaultyExchange.Row => {
  const open = t0 + hours * hour
  return [open, "1.0", "2.0", "0.5", close, "3", open + hour - 1, "4.25", 5, "1", "1.25", "0"]
}

const url = "https://api.binance.com/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=3"
const body = [row(0), row(1), row(2)]

const recorded = (fields: Readonly<Record<string, unknown>>) =>
  JSON.stringify({
    origin: "a test",
    kind: "recorded",
    market: "spot",
    request: { method: "GET", url },
    status: 200,
    body,
    ...fields
  })

/** Reads a folder with these files. */
const read = (files: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fileSystem.makeTempDirectoryScoped()
    for (const [name, content] of Object.entries(files)) {
      yield* name.endsWith("/")
        ? fileSystem.makeDirectory(path.join(directory, name))
        : fileSystem.writeFileString(path.join(directory, name), content)
    }
    return yield* FaultyExchange.readFolder(directory)
  })

const test = (name: string, body: Effect.Effect<void, unknown, NodeContext.NodeContext | Scope>) =>
  it.scopedLive(name, () => Effect.provide(body, NodeContext.layer))

test(
  "a recording becomes a series, with its range and the server's clock behind its last close",
  Effect.gen(function*() {
    expect(yield* read({ "one.json": recorded({}) })).toEqual({
      series: [{
        market: "SPOT",
        symbol: "BTCUSDT",
        interval: "1h",
        rows: body,
        range: { start: t0, end: t0 + 3 * hour },
        pieces: [{ start: t0, end: t0 + 3 * hour }],
        files: ["one.json"]
      }],
      ignored: [],
      serverTime: t0 + 3 * hour
    })
  })
)

describe("a request may be", () => {
  const um = { market: "FUTURES_USDT", symbol: "ETHUSDT", interval: "1h" }
  const cases: ReadonlyArray<readonly [string, Readonly<Record<string, unknown>>, object]> = [
    ["its parameters", { market: "um", request: { symbol: "ETHUSDT", interval: "1h" } }, um],
    ["its parameters as a query", { market: "um", request: { query: { symbol: "ETHUSDT", interval: "1h" } } }, um],
    ["its parameters as params", { market: "um", request: { params: { symbol: "ETHUSDT", interval: "1h" } } }, um],
    ["a URL", { market: undefined, request: "https://fapi.binance.com/fapi/v1/klines?interval=1h&symbol=ETHUSDT" }, um],
    ["a line of HTTP", { market: undefined, request: "GET /fapi/v1/klines?symbol=ETHUSDT&interval=1h" }, um],
    ["a path", { market: "um", request: { path: "/fapi/v1/klines?symbol=ETHUSDT&interval=1h" } }, um],
    ["a URL that names no interval, which is beside it", {
      market: "um",
      request: { url: "https://fapi.binance.com/fapi/v1/klines?symbol=ETHUSDT", interval: "1h" }
    }, um],
    ["of an older version", { request: { url: "https://api.binance.com/api/v1/klines?symbol=BTCUSDT&interval=1h" } }, {
      market: "SPOT"
    }],
    ["of a market under its full name", { market: "SPOT" }, { market: "SPOT" }],
    ["without a status", { status: undefined }, { market: "SPOT" }],
    ["of a symbol that is not Latin", {
      market: "um",
      request: { url: "/fapi/v1/klines?symbol=%E5%B8%81%E5%AE%89&interval=1h" }
    }, {
      symbol: "币安"
    }]
  ]
  for (const [name, fields, expected] of cases) {
    test(
      name,
      Effect.gen(function*() {
        const { ignored, series } = yield* read({ "one.json": recorded(fields) })
        expect(ignored).toEqual([])
        expect(series).toMatchObject([{ ...expected, rows: body }])
      })
    )
  }

  test(
    "of months, which differ in length",
    Effect.gen(function*() {
      const month = (
        from: number,
        to: number
      ) => [from, "1", "1", "1", "1", "12155433", to - 1, "1.0", 1, "1", "1.0", "0"]
      const [may, june, july] = [Date.UTC(2024, 4), Date.UTC(2024, 5), Date.UTC(2024, 6)] as const
      const { series } = yield* read({
        "one.json": recorded({
          market: "cm",
          request: { symbol: "BTCUSD_PERP", interval: "1M" },
          body: [month(may, june), month(june, july)]
        })
      })
      expect(series).toMatchObject([{ range: { start: may, end: july } }])
    })
  )

  test(
    "of a candle cut short by an outage",
    Effect.gen(function*() {
      const cut = row(1).with(6, t0 + hour + 854_773)
      const { series } = yield* read({ "one.json": recorded({ body: [row(0), cut] }) })
      expect(series).toMatchObject([{ rows: [row(0), cut], range: { end: t0 + 2 * hour } }])
    })
  )
})

describe("a file that cannot be used is named with the reason", () => {
  const bad = (index: number, value: unknown) => recorded({ body: [row(0), row(1).with(index, value as never)] })
  const cases: ReadonlyArray<readonly [string, string, string | RegExp]> = [
    ["notes.txt", "", "not a .json file"],
    ["folder.json/", "", /^not a file but a Directory$/],
    ["cut.json", recorded({}).slice(0, -9), /^not JSON: SyntaxError/],
    ["empty.json", "", /^not JSON: /],
    ["null.json", "null", "not a recorded answer: it has no body"],
    ["shape.json", `{"requests":[]}`, "not a recorded answer: it has no body"],
    ["rows.json", JSON.stringify(body), "not a recorded answer: it has no body"],
    [
      "error.json",
      recorded({ status: 400, body: { code: -4088, msg: "Maximum time interval is 200 days." } }),
      "an error answer: status 400, code -4088: Maximum time interval is 200 days."
    ],
    ["html.json", recorded({ status: 502, body: "<html>" }), "an error answer: status 502"],
    ["text.json", recorded({ body: "<html>" }), "its body is no list of rows"],
    ["list.json", recorded({ body: [] }), "an empty list"],
    ["market.json", recorded({ market: "options" }), `unknown market "options"`],
    [
      "nowhere.json",
      recorded({ market: undefined, request: { symbol: "A", interval: "1h" } }),
      "neither a market nor a URL that has one"
    ],
    ["other.json", recorded({ market: "um" }), "its market is um, but its URL that of spot"],
    [
      "index.json",
      recorded({
        market: "cm",
        request: { url: "https://dapi.binance.com/dapi/v1/indexPriceKlines?pair=BTCUSD&interval=1h" }
      }),
      "not an answer for klines: /dapi/v1/indexPriceKlines"
    ],
    ["symbol.json", recorded({ request: { interval: "1h" } }), "its request names no symbol"],
    ["interval.json", recorded({ request: { symbol: "BTCUSDT" } }), "its request names no interval"],
    [
      "unknown.json",
      recorded({ request: { symbol: "BTCUSDT", interval: "1H" } }),
      `its request names an unknown interval: "1H"`
    ],
    [
      "second.json",
      recorded({ market: "um", request: { symbol: "A", interval: "1s" } }),
      "the interval 1s does not exist on FUTURES_USDT"
    ],
    ["wrong.json", recorded({ request: { symbol: "A", interval: "1d" } }), "its rows are not candles of 1d"],
    [
      "short.json",
      recorded({ request: { symbol: "A", interval: "1m" } }),
      /^row 0: closeTime \d+ is not in the candle of 1m that opens at /
    ],
    ["object.json", recorded({ body: [{}] }), "row 0 is no list"],
    ["eleven.json", recorded({ body: [row(0), row(1).slice(1)] }), "row 1 has 11 values, not 12"],
    ["float.json", bad(0, t0 + 0.5), /^row 1: openTime is not a time in milliseconds: /],
    ["seconds.json", bad(0, t0 / 1000), /^row 1: openTime is not a time in milliseconds: /],
    ["micros.json", bad(6, t0 * 1000), /^row 1: closeTime is not a time in milliseconds: /],
    ["number.json", bad(1, 1), "row 1: open is not a decimal number as text: 1"],
    ["excel.json", bad(5, "1.70027E+12"), `row 1: volume is not a decimal number as text: "1.70027E+12"`],
    ["nan.json", bad(4, "NaN"), `row 1: close is not a decimal number as text: "NaN"`],
    ["null-price.json", bad(2, null), "row 1: high is not a decimal number as text: null"],
    ["count.json", bad(8, "5"), `row 1: trades is not a count: "5"`],
    ["order.json", recorded({ body: [row(1), row(0)] }), "row 1 does not open after the row before it"],
    ["twice.json", recorded({ body: [row(0), row(0)] }), "row 1 does not open after the row before it"],
    ["late.json", bad(6, t0 + 2 * hour), /^row 1: closeTime \d+ is not in the candle of 1h/],
    ["backwards.json", bad(6, t0), /^row 1: closeTime \d+ is not in the candle of 1h/]
  ]
  for (const [file, content, reason] of cases) {
    test(
      file,
      Effect.gen(function*() {
        const { ignored, series, serverTime } = yield* read({ [file]: content })
        expect({ series, serverTime }).toEqual({ series: [], serverTime: undefined })
        expect(ignored).toHaveLength(1)
        expect(ignored[0]?.file).toBe(file.replace("/", ""))
        if (typeof reason === "string") expect(ignored[0]?.reason).toBe(reason)
        else expect(ignored[0]?.reason).toMatch(reason)
      })
    )
  }

  test(
    "and hinders no other file",
    Effect.gen(function*() {
      const { ignored, series } = yield* read({ "a.json": "?", "b.json": recorded({}), "c.txt": "" })
      expect(ignored.map(({ file }) => file)).toEqual(["a.json", "c.txt"])
      expect(series).toHaveLength(1)
    })
  )
})

test(
  "a folder that is not there is a failure",
  Effect.gen(function*() {
    const error = yield* Effect.flip(FaultyExchange.readFolder("/nowhere/at/all"))
    expect(error).toMatchObject({ _tag: "SystemError", reason: "NotFound" })
  })
)

describe("files of one series are merged", () => {
  const dated = (date: string, rows: ReadonlyArray<FaultyExchange.Row>) =>
    recorded({ headers: { Date: date }, body: rows })

  test(
    "rows by open time, spans where they touch, in any order of files",
    Effect.gen(function*() {
      const { series, serverTime } = yield* read({
        "c.json": recorded({ body: [row(0), row(1)] }),
        "a.json": recorded({ body: [row(2), row(3)] }),
        "b.json": recorded({ body: [row(2), row(3), row(5)] }),
        "d.json": recorded({ body: [row(8)] }),
        "e.json": recorded({ body: [row(3)] }),
        "other.json": recorded({ market: "um", request: { symbol: "BTCUSDT", interval: "1h" }, body: [row(1)] })
      })
      expect(series.map(({ market, rows }) => [market, rows])).toEqual([
        ["FUTURES_USDT", [row(1)]],
        ["SPOT", [row(0), row(1), row(2), row(3), row(5), row(8)]]
      ])
      expect(series[1]?.range).toEqual({ start: t0, end: t0 + 9 * hour })
      expect(series[1]?.pieces).toEqual([{ start: t0, end: t0 + 6 * hour }, {
        start: t0 + 8 * hour,
        end: t0 + 9 * hour
      }])
      expect(serverTime).toBe(t0 + 9 * hour)
    })
  )

  const closes = (files: Readonly<Record<string, string>>) =>
    Effect.map(read(files), ({ series }) => series[0]?.rows.map((row) => row[4]))

  test(
    "of two rows that of the later fetch is taken: by its Date header",
    Effect.gen(function*() {
      const early = dated("Fri, 03 May 2024 00:00:00 GMT", [row(0, "1"), row(1, "1"), row(2, "1")])
      const late = dated("Sat, 04 May 2024 00:00:00 GMT", [row(1, "2")])
      expect(yield* closes({ "a.json": early, "b.json": late })).toEqual(["1", "2", "1"])
      expect(yield* closes({ "a.json": late, "b.json": early })).toEqual(["1", "2", "1"])
    })
  )

  test(
    "else by its last open, else by its size",
    Effect.gen(function*() {
      const forming = recorded({ body: [row(0, "1"), row(1, "1")] })
      const later = recorded({ body: [row(1, "2"), row(2, "2")] })
      expect(yield* closes({ "a.json": later, "b.json": forming })).toEqual(["1", "2", "2"])
      const larger = recorded({ body: [row(0, "3"), row(1, "3"), row(2, "3")] })
      expect(yield* closes({ "a.json": larger, "b.json": later })).toEqual(["3", "3", "3"])
    })
  )
})

test(
  "what was read is served as it was recorded",
  Effect.gen(function*() {
    const { series, serverTime } = yield* read({ "one.json": recorded({}) })
    const program = Effect.gen(function*() {
      const { baseUrls } = yield* FaultyExchange.FaultyExchange
      const response = yield* HttpClient.get(`${baseUrls.SPOT}/api/v3/klines?symbol=BTCUSDT&interval=1h`)
      expect(yield* response.text).toBe(JSON.stringify(body))
    })
    yield* Effect.provide(program, FaultyExchange.layerClient({ series, now: serverTime }))
  })
)
