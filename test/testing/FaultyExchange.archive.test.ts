import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpClient from "@effect/platform/HttpClient"
import * as Path from "@effect/platform/Path"
import { describe, it } from "@effect/vitest"
import { Fault, FaultyExchange } from "effect-errata/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createHash } from "node:crypto"
import { expect } from "vitest"
import * as yauzl from "yauzl"
import { zipOf } from "../../src/testing/internal/exchange/pack.js"

const now = "2024-06-15T12:00:00Z"
const hour = 3_600_000

const get = (path: string) =>
  Effect.gen(function*() {
    const { archive } = yield* FaultyExchange.FaultyExchange
    const response = yield* HttpClient.get(archive.baseUrl + encodeURI(path))
    const bytes = Buffer.from(yield* response.arrayBuffer)
    return { status: response.status, headers: response.headers, bytes, text: bytes.toString() }
  })

const fileOf = (market: string, period: string, symbol: string, interval: string, time: string) =>
  `/data/${market}/${period}/klines/${symbol}/${interval}/${symbol}-${interval}-${time}.zip`

const aDay = fileOf("spot", "daily", "BTCUSDT", "1h", "2024-01-05")

const unpacked = (zip: Buffer) =>
  Effect.promise(async () => {
    const file = await yauzl.fromBufferPromise(zip)
    const all: Array<{ readonly name: string; readonly lines: ReadonlyArray<string> }> = []
    for await (const entry of file.eachEntry()) {
      const stream = await file.openReadStreamPromise(entry)
      all.push({ name: entry.fileName, lines: Buffer.concat(await stream.toArray()).toString().trimEnd().split("\n") })
    }
    return all
  })

const rows = (path: string) =>
  Effect.gen(function*() {
    const { bytes, status } = yield* get(path)
    expect(status).toBe(200)
    const [file] = yield* unpacked(bytes)
    return file!.lines
  })

const exchange = (options: FaultyExchange.Options = {}) =>
  Effect.provide(FaultyExchange.layerClient({ now, ...options }))
const inject = (fault: Fault.Fault) => Effect.flatMap(FaultyExchange.FaultyExchange, ({ inject }) => inject(fault))
const requests = Effect.flatMap(FaultyExchange.FaultyExchange, ({ requests }) => requests)

describe("files", () => {
  it.effect("a day is a zip of a CSV, with its checksum", () =>
    Effect.gen(function*() {
      const { bytes, headers } = yield* get(aDay)
      expect(headers).toMatchObject({ "content-type": "application/zip", "server": "AmazonS3" })
      expect((yield* unpacked(bytes)).map(({ lines, name }) => [name, lines.length])).toEqual([
        ["BTCUSDT-1h-2024-01-05.csv", 24]
      ])
      expect((yield* get(`${aDay}.CHECKSUM`)).text).toBe(
        `${createHash("sha256").update(bytes).digest("hex")}  BTCUSDT-1h-2024-01-05.zip`
      )
    }).pipe(exchange()))

  it.effect("has the rows of the API, as the archive writes them", () =>
    Effect.gen(function*() {
      const { baseUrls } = yield* FaultyExchange.FaultyExchange
      const start = Date.UTC(2024, 0, 5)
      const api = yield* HttpClient.get(
        `${baseUrls.SPOT}/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=${start}&endTime=${start + 24 * hour - 1}`
      )
      expect(yield* rows(aDay)).toEqual(((yield* api.json) as ReadonlyArray<ReadonlyArray<unknown>>).map(String))
    }).pipe(exchange()))

  it.effect.each(
    [
      ["spot", "BTCUSDT", "2024-12-31", /^1735603200000,/, 2],
      ["spot", "BTCUSDT", "2025-01-01", /^1735689600000000,.*,1735732799999999,/, 2],
      ["futures/um", "BTCUSDT", "2022-04-30", /^1651276800000,/, 2],
      ["futures/um", "BTCUSDT", "2025-01-01", /^open_time,open,high,low,close,volume,close_time,/, 3],
      ["futures/cm", "BTCUSD_PERP", "2020-12-31", /^1609372800000,/, 2],
      ["futures/cm", "BTCUSD_PERP", "2021-01-01", /^open_time,/, 3]
    ] as const
  )("of %s, %s, %s begin as the real ones do", ([market, symbol, time, first, count]) =>
    Effect.gen(function*() {
      const lines = yield* rows(fileOf(market, "daily", symbol, "12h", time))
      expect(lines[0]).toMatch(first)
      expect(lines.length).toBe(count)
    }).pipe(exchange({ now: "2025-04-01" })))

  it.effect.each<[string, string]>([
    ["a day of which nothing was traded", fileOf("spot", "daily", "BTCUSDT", "1h", "2017-08-16")],
    ["a day that is not there yet", fileOf("spot", "daily", "BTCUSDT", "1h", "2024-06-15")],
    ["a month that is not over", fileOf("spot", "monthly", "BTCUSDT", "1h", "2024-06")],
    ["a day of what has only months", fileOf("spot", "daily", "BTCUSDT", "1w", "2024-01-01")],
    ["a month that ends like a day", fileOf("spot", "monthly", "BTCUSDT", "1h", "2024-01-05")],
    ["another market", fileOf("futures/cm", "daily", "BTCUSDT", "1h", "2024-01-05")],
    ["another symbol", fileOf("spot", "daily", "NOSUCHUSDT", "1h", "2024-01-05")],
    ["seconds of futures", fileOf("futures/um", "daily", "BTCUSDT", "1s", "2024-01-05")],
    ["an interval in small letters", fileOf("spot", "monthly", "BTCUSDT", "1M", "2024-01")],
    ["a name that does not fit its folder", aDay.replace("BTCUSDT-1h", "BTCUSDT-2h")],
    ["a day that is none", fileOf("spot", "daily", "BTCUSDT", "1h", "2024-02-31")]
  ])("there is no file of %s", ([, path]) =>
    Effect.gen(function*() {
      expect([(yield* get(path)).status, (yield* get(`${path}.CHECKSUM`)).status]).toEqual([404, 404])
    }).pipe(exchange()))

  it.effect("a missing object gets the answer of S3", () =>
    Effect.gen(function*() {
      const { headers, text } = yield* get(fileOf("spot", "daily", "BTCUSDT", "1h", "2024-06-15"))
      expect(text).toContain("<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>")
      expect(headers).toMatchObject({ "content-type": "application/xml", "server": "AmazonS3" })
    }).pipe(exchange()))

  it.effect("a day comes some hours after it is over, a month on the Monday after", () =>
    Effect.gen(function*() {
      const status = (now: string, path: string) =>
        Effect.map(get(path), ({ status }) => status).pipe(exchange({ now, publication: "5 hours" }))
      expect(yield* status("2024-01-06T04:59Z", aDay)).toBe(404)
      expect(yield* status("2024-01-06T05:00Z", aDay)).toBe(200)
      const month = fileOf("spot", "monthly", "BTCUSDT", "1d", "2024-01")
      expect(yield* status("2024-02-05T04:59Z", month)).toBe(404)
      expect(yield* status("2024-02-05T05:00Z", month)).toBe(200)
    }))

  it.effect("requests of the archive are listed, and cost no weight", () =>
    Effect.gen(function*() {
      yield* get(aDay)
      yield* get(`${aDay}.CHECKSUM`)
      expect(yield* requests).toMatchObject([1, 2].map((nth) => ({
        nth,
        source: "vision",
        market: "SPOT",
        symbol: "BTCUSDT",
        interval: "1h",
        status: 200,
        usedWeight: undefined
      })))
    }).pipe(exchange({ weightPerMinute: { SPOT: 1 } })))

  it.live("with sockets and without the answers are the same", () => {
    const paths = [aDay, `${aDay}.CHECKSUM`, aDay.replace("05", "99"), "/data/%zz.zip"]
    const answers = Effect.forEach(paths, get)
    return Effect.gen(function*() {
      const without = yield* exchange()(answers)
      const served = yield* Effect.provide(answers, Layer.merge(FetchHttpClient.layer, FaultyExchange.layer({ now })))
      expect(served.map(({ bytes, status }) => [status, bytes])).toEqual(
        without.map(({ bytes, status }) => [status, bytes])
      )
    })
  })
})

describe("the listing", () => {
  const list = (query: Readonly<Record<string, string>>) =>
    Effect.gen(function*() {
      const { archive } = yield* FaultyExchange.FaultyExchange
      const text = yield* Effect.flatMap(HttpClient.get(archive.listingUrl, { urlParams: query }), ({ text }) => text)
      return {
        keys: Array.from(text.matchAll(/<Key>[^<]*\/([^<]*)<\/Key>/g), ([, key]) => key),
        isTruncated: text.includes("<IsTruncated>true</IsTruncated>")
      }
    })
  const prefix = "data/spot/daily/klines/BTCUSDT/1d/"

  it.effect("has the names in their order, from behind the marker on", () =>
    Effect.gen(function*() {
      expect(yield* list({ prefix, "max-keys": "3" })).toEqual({
        keys: ["BTCUSDT-1d-2024-05-01.zip", "BTCUSDT-1d-2024-05-01.zip.CHECKSUM", "BTCUSDT-1d-2024-05-02.zip"],
        isTruncated: true
      })
      expect(yield* list({ prefix, marker: `${prefix}BTCUSDT-1d-2024-06-13.zip` })).toEqual({
        keys: ["BTCUSDT-1d-2024-06-13.zip.CHECKSUM", "BTCUSDT-1d-2024-06-14.zip", "BTCUSDT-1d-2024-06-14.zip.CHECKSUM"],
        isTruncated: false
      })
      expect((yield* list({ prefix: prefix.replace("daily", "monthly").replace("1d", "1mo") })).keys).toEqual([
        "BTCUSDT-1mo-2024-05.zip",
        "BTCUSDT-1mo-2024-05.zip.CHECKSUM"
      ])
      expect((yield* list({ prefix: prefix.replace("BTC", "XYZ") })).keys).toEqual([])
    }).pipe(exchange({ instruments: [{ market: "SPOT", symbol: "BTCUSDT", listed: "2024-05-01" }] })))

  it.effect("omits the days of an outage, and has the files of the options", () =>
    Effect.gen(function*() {
      expect((yield* list({ prefix })).keys.filter((key) => key?.endsWith(".zip"))).toEqual(
        ["2024-06-10", "2024-06-12", "2024-06-13", "2024-06-14", "2024-06-20"].map((time) => `BTCUSDT-1d-${time}.zip`)
      )
    }).pipe(exchange({
      instruments: [{
        market: "SPOT",
        symbol: "BTCUSDT",
        listed: "2024-06-10",
        outages: [{ start: "2024-06-11", end: "2024-06-12" }]
      }],
      archive: ["2024-06-12", "2024-06-20"].map((time) => ({
        market: "SPOT",
        symbol: "BTCUSDT",
        interval: "1d",
        time,
        content: ""
      }))
    })))
})

describe("faults", () => {
  const sum = /^[0-9a-f]{64}  BTCUSDT-1h-2024-01-05\.zip$/

  it.effect.each<[Fault.Corruption, (zip: Buffer, good: Buffer) => void]>([
    ["flipped", (zip, good) => expect(zip.filter((byte, i) => byte !== good[i]).length).toBe(1)],
    [
      "truncated",
      (zip, good) => expect(zip.equals(good.subarray(0, zip.length)) && zip.length < good.length).toBe(true)
    ],
    ["empty", (zip) => expect(zip.length).toBe(0)],
    ["html", (zip) => expect(zip.toString()).toContain("<html>")]
  ])("corruptFile: %s, and the text beside it is of the right one", ([corruption, check]) =>
    Effect.gen(function*() {
      const good = (yield* get(aDay)).bytes
      yield* inject(Fault.corruptFile(corruption))
      const { bytes, status } = yield* get(aDay)
      expect(status).toBe(200)
      check(bytes, good)
      expect((yield* get(`${aDay}.CHECKSUM`)).text).toBe(
        `${createHash("sha256").update(good).digest("hex")}  BTCUSDT-1h-2024-01-05.zip`
      )
      expect((yield* requests).map(({ fault }) => fault)).toEqual([undefined, "CorruptFile", undefined])
    }).pipe(exchange()))

  it.effect.each<
    [Fault.Corruption, (answer: { readonly status: number; readonly text: string }, right: string) => void]
  >([
    ["staleChecksum", ({ text }, right) => {
      expect(text).toMatch(sum)
      expect(text).not.toBe(right)
    }],
    ["otherChecksum", ({ text }, right) => expect(text).toBe(right.replace("BTCUSDT", "OTHER-BTCUSDT"))],
    ["noChecksum", ({ status, text }) => expect([status, text]).toEqual([404, expect.stringContaining("NoSuchKey")])]
  ])("corruptFile: %s, and the zip is the right one", ([corruption, check]) =>
    Effect.gen(function*() {
      const zip = (yield* get(aDay)).bytes
      const right = (yield* get(`${aDay}.CHECKSUM`)).text
      yield* inject(Fault.on({ times: 1 }, Fault.corruptFile(corruption)))
      expect((yield* get(aDay)).bytes.equals(zip)).toBe(true)
      check(yield* get(`${aDay}.CHECKSUM`), right)
      expect((yield* get(`${aDay}.CHECKSUM`)).text).toBe(right)
    }).pipe(exchange()))

  it.effect("late: a file that is usually there is there only then", () =>
    Effect.gen(function*() {
      const at = (now: string) =>
        Effect.map(get(aDay), ({ status }) => status).pipe(exchange({ now, faults: [Fault.late("3 days")] }))
      // Usually at four in the morning of the 6th.
      expect(yield* at("2024-01-09T03:59Z")).toBe(404)
      expect(yield* at("2024-01-09T04:00Z")).toBe(200)
    }))

  it.effect("gaps, malformedRows and emptyList: the rows in the zip, which has a right checksum", () =>
    Effect.gen(function*() {
      const { clear } = yield* FaultyExchange.FaultyExchange
      const good = yield* rows(aDay)
      const faults: ReadonlyArray<readonly [Fault.Fault, ReadonlyArray<string>]> = [
        [Fault.gaps({ start: "2024-01-05T02:00Z", end: "2024-01-06" }), good.slice(0, 2)],
        [Fault.malformedRows("duplicate"), good.toSpliced(12, 0, good[12]!)],
        [Fault.malformedRows("unordered"), good.toSpliced(11, 2, good[12]!, good[11]!)],
        [Fault.malformedRows("short"), good.toSpliced(12, 1, good[12]!.split(",").slice(0, 6).join(","))],
        [Fault.emptyList, [""]]
      ]
      for (const [fault, expected] of faults) {
        yield* clear
        yield* inject(fault)
        expect(yield* rows(aDay)).toEqual(expected)
        const { bytes } = yield* get(aDay)
        expect((yield* get(`${aDay}.CHECKSUM`)).text).toContain(createHash("sha256").update(bytes).digest("hex"))
      }
    }).pipe(exchange()))

  it.effect.each<[number, string, string]>([
    [403, "AccessDenied", "Access Denied"],
    [404, "NoSuchKey", "The specified key does not exist."],
    [503, "SlowDown", "Please reduce your request rate."],
    [418, "InvalidRequest", "Invalid Request"]
  ])("status %i: as S3 words it", ([status, code, message]) =>
    Effect.gen(function*() {
      yield* inject(Fault.status(status))
      const answer = yield* get(aDay)
      expect(answer.status).toBe(status)
      expect(answer.text).toContain(`<Error><Code>${code}</Code><Message>${message}</Message>`)
      expect(answer.headers).toMatchObject({ server: "AmazonS3" })
    }).pipe(exchange()))

  it.effect("source: the API, the archive, or both", () =>
    Effect.gen(function*() {
      const { baseUrls } = yield* FaultyExchange.FaultyExchange
      const api = Effect.map(
        HttpClient.get(`${baseUrls.SPOT}/api/v3/klines?symbol=BTCUSDT&interval=1h&limit=1`),
        ({ status }) => status
      )
      const archive = Effect.map(get(aDay), ({ status }) => status)
      const { clear } = yield* FaultyExchange.FaultyExchange
      yield* inject(Fault.on({ source: "vision" }, Fault.status(500)))
      expect(yield* Effect.all([api, archive])).toEqual([200, 500])
      yield* clear
      yield* inject(Fault.on({ source: "rest" }, Fault.status(500)))
      expect(yield* Effect.all([api, archive])).toEqual([500, 200])
      yield* clear
      yield* inject(Fault.on({ symbol: "BTCUSDT", nth: 2 }, Fault.status(500)))
      expect(yield* Effect.all([api, archive])).toEqual([200, 500])
    }).pipe(exchange()))

  it.effect("limits and bans are those of the API, and corrupt files those of the archive: neither befalls the other", () =>
    Effect.gen(function*() {
      const { baseUrls } = yield* FaultyExchange.FaultyExchange
      const api = Effect.map(HttpClient.get(`${baseUrls.SPOT}/api/v3/ping`), ({ status }) => status)
      for (
        const fault of [
          Fault.rateLimited("1 minute"),
          Fault.banned("1 minute"),
          Fault.corruptFile("empty"),
          Fault.late("1 day")
        ]
      ) {
        yield* inject(fault)
      }
      expect((yield* get(aDay)).bytes.length).toBe(0)
      expect([yield* api, yield* api]).toEqual([429, 418])
      expect((yield* requests).map(({ fault }) => fault)).toEqual(["CorruptFile", "RateLimited", "Banned"])
    }).pipe(exchange()))
})

describe("readArchive", () => {
  const read = (files: Readonly<Record<string, string | Uint8Array>>) =>
    Effect.gen(function*() {
      const fileSystem = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = yield* fileSystem.makeTempDirectoryScoped()
      for (const [name, content] of Object.entries(files)) {
        const file = path.join(directory, name)
        yield* fileSystem.makeDirectory(path.dirname(file), { recursive: true })
        yield* typeof content === "string"
          ? fileSystem.writeFileString(file, content)
          : fileSystem.writeFile(file, content)
      }
      return yield* FaultyExchange.readArchive(directory)
    }).pipe(Effect.provide(NodeContext.layer))

  const zip = zipOf(["BTCUSDT-1h-2024-01-05.csv", "1"])

  it.scopedLive("a zip is what it is, with the text beside it or none", () =>
    Effect.gen(function*() {
      const found = yield* read({
        "BTCUSDT-1h-2024-01-05.zip": zip,
        "BTCUSDT-1h-2024-01-05.zip.CHECKSUM": "sum",
        "BTCUSDT-1mo-2024-02.zip": zip
      })
      expect(found.ignored).toEqual([])
      expect(found.serverTime).toBe(Date.UTC(2024, 2))
      expect(found.files.map((file) => ({ ...file, content: Buffer.from(file.content).equals(zip) }))).toEqual([
        {
          market: "SPOT",
          symbol: "BTCUSDT",
          interval: "1h",
          time: "2024-01-05",
          content: true,
          checksum: "sum",
          file: "BTCUSDT-1h-2024-01-05.zip"
        },
        {
          market: "SPOT",
          symbol: "BTCUSDT",
          interval: "1M",
          time: "2024-02",
          content: true,
          checksum: null,
          file: "BTCUSDT-1mo-2024-02.zip"
        }
      ])
    }))

  it.scopedLive("names and folders say which market a file is about", () =>
    Effect.gen(function*() {
      const found = yield* read({
        "spot-BTCUSDT-1h-2021-02.csv": "",
        "verbatim-um-BTCUSDT-1h-2024-01-header-ms.csv": "",
        "verbatim-cm-BTCUSD_PERP-1h-2023-10-27-header-ms.csv": "",
        "BTCUSD_240628-1h-2024-01.csv": "",
        "data/futures/um/daily/klines/ETHUSDT/1m/ETHUSDT-1m-2024-01-01.csv": "",
        "negative-excel-mangled-BTCUSDT-1h-2023-11-18.csv": ""
      })
      expect(found.ignored).toEqual([])
      expect(found.files.map(({ interval, market, symbol, time }) => [market, symbol, interval, time].join(" ")).sort())
        .toEqual([
          "FUTURES_COIN BTCUSD_240628 1h 2024-01",
          "FUTURES_COIN BTCUSD_PERP 1h 2023-10-27",
          "FUTURES_USDT BTCUSDT 1h 2024-01",
          "FUTURES_USDT ETHUSDT 1m 2024-01-01",
          "SPOT BTCUSDT 1h 2021-02",
          "SPOT BTCUSDT 1h 2023-11-18"
        ])
    }))

  it.scopedLive("what cannot be used is named, with the reason", () =>
    Effect.gen(function*() {
      const found = yield* read({
        "README.md": "",
        "BTCUSDT-1h-2024-13-01.csv": "",
        "BTCUSDT-7h-2024-01-01.csv": "",
        "um-BTCUSDT-1s-2024-01-01.csv": "",
        "BTCUSDT-1h-2024-01-05.zip": zip,
        "again/BTCUSDT-1h-2024-01-05.csv": "",
        "BTCUSDT-1h-2024-01-06.zip.CHECKSUM": ""
      })
      const unnamed = "not named like a file of the archive: BTCUSDT-1h-2024-01-31.zip, or .csv"
      expect(found.files.length).toBe(1)
      expect(Object.fromEntries(found.ignored.map(({ file, reason }) => [file, reason]))).toEqual({
        "BTCUSDT-1h-2024-01-06.zip.CHECKSUM": unnamed,
        "BTCUSDT-1h-2024-13-01.csv": unnamed,
        "BTCUSDT-7h-2024-01-01.csv": unnamed,
        "README.md": unnamed,
        "again/BTCUSDT-1h-2024-01-05.csv": "about the same candles as BTCUSDT-1h-2024-01-05.zip",
        "um-BTCUSDT-1s-2024-01-01.csv": "the interval 1s does not exist on FUTURES_USDT"
      })
      expect((yield* read({})).serverTime).toBeUndefined()
    }))

  it.scopedLive("what was read is served, a CSV packed and with a right checksum", () =>
    Effect.gen(function*() {
      const { files } = yield* read({
        "BTCUSDT-1h-2024-01-05.csv": "a,b\n1,2\n",
        "BTCUSDT-1h-2024-01-06.zip": zip,
        "BTCUSDT-1h-2024-01-07.zip": zip,
        "BTCUSDT-1h-2024-01-07.zip.CHECKSUM": "sum"
      })
      yield* Effect.gen(function*() {
        expect(yield* rows(aDay)).toEqual(["a,b", "1,2"])
        const { bytes } = yield* get(aDay)
        expect((yield* get(`${aDay}.CHECKSUM`)).text).toContain(createHash("sha256").update(bytes).digest("hex"))
        const next = aDay.replace("-05", "-06")
        expect((yield* get(next)).bytes.equals(zip)).toBe(true)
        expect((yield* get(`${next}.CHECKSUM`)).status).toBe(404)
        expect((yield* get(`${aDay.replace("-05", "-07")}.CHECKSUM`)).text).toBe("sum")
      }).pipe(exchange({ archive: files }))
    }))

  it.scopedLive("fails when there is no such folder", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(FaultyExchange.readArchive("/no/such/folder"))
      expect(error._tag).toBe("SystemError")
    }).pipe(Effect.provide(NodeContext.layer)))
})
