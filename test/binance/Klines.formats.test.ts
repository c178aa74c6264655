import { describe, expect, it } from "@effect/vitest"
import * as Arrow from "apache-arrow"
import { Klines } from "effect-errata/binance"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { pipe } from "effect/Function"
import * as Stream from "effect/Stream"
import { inspect } from "node:util"
import { vi } from "vitest"
import { makeCsvReader } from "../../src/binance/internal/archive/csv.js"
import { names } from "../../src/binance/internal/klines/columns.js"
import { candles, day, start } from "./candles.js"

const header = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume," +
  "taker_buy_quote_volume,ignore"

const hours = candles("1h", start, start + day, "rest", (open) => open === start + 3_600_000)

/** Values at the limits: small, large, and with 17 digits. */
const amount = FastCheck.oneof(
  FastCheck.constantFrom(0, 1e-8, 1e-7, 5e-324, 0.1 + 0.2, 1e21, 2 ** 53, 67_108_864.125, 123_456_789.123_456_78),
  FastCheck.nat(1_000_000_000).map((n) => n / 1e8),
  FastCheck.double({ min: 0, noNaN: true, noDefaultInfinity: true })
)

const rows = FastCheck.array(
  FastCheck.record({ price: amount, volume: amount, trades: FastCheck.nat(), isThere: FastCheck.boolean() }),
  { maxLength: 30 }
).map((rows) => {
  const minute = 60_000
  const end = start + rows.length * minute
  const there = rows.flatMap((row, i) => row.isThere ? [{ ...row, open: start + i * minute }] : [])
  const column = (value: (row: (typeof there)[number]) => number) => Float64Array.from(there, value)
  return Klines.make({
    interval: "1m",
    source: "rest",
    start,
    end,
    reasons: [{ start, end, reason: "source_gap" }],
    columns: {
      length: there.length,
      openTime: column(({ open }) => open),
      open: column(({ price }) => price),
      high: column(({ price }) => price),
      low: column(({ price }) => price),
      close: column(({ price }) => price),
      volume: column(({ volume }) => volume),
      closeTime: column(({ open }) => open + minute - 1),
      quoteVolume: column(({ volume }) => volume),
      trades: column(({ trades }) => trades),
      takerBuyBase: column(({ volume }) => volume),
      takerBuyQuote: column(({ volume }) => volume)
    }
  })
})

const columnsOf = (klines: Klines.Columns) => Object.fromEntries(names.map((name) => [name, Array.from(klines[name])]))

const bytesOf = (stream: Stream.Stream<Uint8Array>): Promise<Uint8Array> =>
  Effect.runPromise(Effect.map(Stream.runCollect(stream), (pieces) => Buffer.concat(Chunk.toReadonlyArray(pieces))))

describe("Klines.toCsv", () => {
  it("has the columns of the archive, milliseconds, decimals without exponents, and no byte order mark", () => {
    const [klines] = [candles("1h", start, start + 3_600_000)]
    expect(Klines.toCsv(klines)).toBe(
      `${header}\n1704067200000,100.1,101.3,99.7,100.9,0,1704070799999,0.1,0,0,0.${"0".repeat(323)}5,0\n`
    )
    expect(Klines.toCsv(klines, { header: false })).toBe(Klines.toCsv(klines).slice(header.length + 1))
    expect(pipe(klines, Klines.toCsv({ header: false }))).toBe(Klines.toCsv(klines, { header: false }))
    expect(pipe(klines, Klines.toCsv())).toBe(Klines.toCsv(klines))
    expect(Klines.toCsv(Klines.empty("1d"))).toBe(`${header}\n`)
    expect(Klines.toCsv(Klines.empty("1d"), { header: false })).toBe("")
  })

  it("has a line for each of hundreds of rows", () => {
    const klines = candles("1h", start, start + 300 * 3_600_000)
    const lines = Klines.toCsv(klines).split("\n")
    expect(lines).toHaveLength(302)
    expect(lines.slice(1, -1).map((line) => Number(line.split(",")[0]))).toEqual([...klines.openTime])
  })

  it("the CSV reader of the archive and `Number` read the same values back", () =>
    FastCheck.assert(FastCheck.property(rows, FastCheck.boolean(), (klines, hasHeader) => {
      const csv = Klines.toCsv(klines, { header: hasHeader })
      const reader = makeCsvReader(1)
      expect(reader.push(new TextEncoder().encode(csv))).toBeUndefined()
      expect(columnsOf(Either.getOrThrow(reader.finish()))).toEqual(columnsOf(klines))
      const lines = csv.split("\n").slice(hasHeader ? 1 : 0, -1).map((line) => line.split(",").map(Number))
      expect(lines).toEqual(
        Array.from({ length: klines.length }, (_, i) => [...names.map((name) => klines[name][i]), 0])
      )
    })))

  it("names the alternatives where the text is longer than a string can be", () => {
    const decode = vi.spyOn(TextDecoder.prototype, "decode").mockImplementation(() => {
      throw new RangeError("Invalid string length")
    })
    try {
      expect(() => Klines.toCsv(hours)).toThrow(
        "is longer than a string can be; take fewer rows, or a stream of pieces"
      )
    } finally {
      decode.mockRestore()
    }
  })
})

describe("Klines.encodeCsv", () => {
  it("encodes pieces as one file with one header", async () => {
    const pieces = Stream.make(
      Klines.slice(hours, start, start + day / 2),
      Klines.empty("1h"),
      Klines.slice(hours, start + day / 2, start + day)
    )
    const text = (stream: Stream.Stream<Uint8Array>) => Effect.runPromise(Stream.mkString(Stream.decodeText(stream)))
    expect(await text(Klines.encodeCsv(pieces))).toBe(Klines.toCsv(hours))
    expect(await text(pieces.pipe(Klines.encodeCsv()))).toBe(Klines.toCsv(hours))
    expect(await text(pieces.pipe(Klines.encodeCsv({ header: false })))).toBe(Klines.toCsv(hours, { header: false }))
    expect(await text(Klines.encodeCsv(Stream.empty))).toBe(`${header}\n`)
  })
})

describe("Klines.toJson", () => {
  const { interval, length, missing, source } = hours

  it("contains the columns, the interval, and what is missing", () => {
    const columns = { interval, length, missing, ...columnsOf(hours), source }
    expect(missing).toEqual([{ start: start + 3_600_000, end: start + 7_200_000, reason: "source_gap" }])
    expect(JSON.parse(Klines.toJson(hours))).toEqual(columns)
    expect(JSON.parse(JSON.stringify(hours))).toEqual(columns)
    expect(JSON.parse(JSON.stringify({ data: [hours] }))).toEqual({ data: [columns] })
    expect(JSON.parse(Klines.toJson(Klines.empty("1d")))).toMatchObject({ interval: "1d", length: 0, open: [] })
  })

  it("contains the rows, the interval, and what is missing", () => {
    const rows = { interval, length, missing, rows: [...Klines.rows(hours)] }
    expect(JSON.parse(Klines.toJson(hours, { as: "rows" }))).toEqual(rows)
    expect(JSON.parse(pipe(hours, Klines.toJson({ as: "rows" })))).toEqual(rows)
  })

  it("writes all values exactly, and without exponents", () =>
    FastCheck.assert(FastCheck.property(rows, (klines) => {
      expect(JSON.parse(Klines.toJson(klines))).toEqual(JSON.parse(JSON.stringify(klines)))
      expect(JSON.parse(Klines.toJson(klines, { as: "rows" })).rows).toEqual([...Klines.rows(klines)])
      expect(Klines.toJson(klines)).not.toMatch(/\de[+-]?\d/)
    })))

  it("writes values that are not finite as null, as JSON.stringify does", () => {
    const odd = { ...hours, volume: Float64Array.from(hours.volume, (_, i) => [NaN, Infinity, -Infinity][i % 3]!) }
    expect(JSON.parse(Klines.toJson(odd)).volume).toEqual(Array(hours.length).fill(null))
  })
})

describe("klines as objects", () => {
  it("have the same JSON from every constructor and combinator", async () => {
    const arrow = await Effect.runPromise(Effect.flatMap(Klines.toArrow(hours), Klines.fromArrow))
    const halves = Klines.concat(
      Klines.slice(hours, start, start + day / 2),
      Klines.slice(hours, start + day / 2, start + day)
    )
    for (const klines of [arrow, halves, Klines.concat(hours, hours), Klines.concat(hours, Klines.empty("1h"))]) {
      expect(JSON.stringify(klines)).toBe(JSON.stringify(hours))
    }
  })

  it("are cloned as plain data and printed with their name", () => {
    const sent = structuredClone(hours)
    expect(sent).toEqual(hours)
    expect(Klines.toCsv(sent)).toBe(Klines.toCsv(hours))
    expect(inspect(hours)).toMatch(/^Klines \{/)
  })
})

describe("Klines.encodeArrow", () => {
  const read = (bytes: Uint8Array) => {
    const table = Arrow.tableFromIPC(bytes)
    return {
      interval: table.schema.metadata.get("effect-errata/interval"),
      rows: table.numRows,
      batches: table.batches.filter(({ numRows }) => numRows > 0).length,
      columns: Object.fromEntries(
        names.map((name) => [name, Array.from(table.getChild(name)?.toArray() ?? [], Number)])
      )
    }
  }

  it("is read by apache-arrow, with a batch for each piece that has rows", async () => {
    const pieces = [start, start + day / 4, start + day / 2].map((from) => Klines.slice(hours, from, from + day / 4))
    const bytes = await bytesOf(Klines.encodeArrow(Stream.make(Klines.empty("1h"), ...pieces, Klines.empty("1h"))))
    const expected = columnsOf(Klines.slice(hours, start, start + day * 3 / 4))
    expect(read(bytes)).toEqual({ interval: "1h", rows: 17, batches: 3, columns: expected })
    // In chunks that do not end where messages end.
    const batches = await Arrow.RecordBatchReader.from((async function*() {
      for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
    })())
    let rowsRead = 0
    for await (const batch of batches) rowsRead += batch.numRows
    expect(rowsRead).toBe(17)
  })

  it("is read by apache-arrow if there are no rows", async () => {
    const bytes = await bytesOf(Klines.encodeArrow(Stream.make(Klines.empty("1d"))))
    expect(read(bytes)).toMatchObject({ interval: "1d", rows: 0, batches: 0 })
    expect(Arrow.tableFromIPC(bytes).schema.names).toEqual(names)
    expect(Arrow.tableFromIPC(await bytesOf(Klines.encodeArrow(Stream.empty))).numRows).toBe(0)
  })

  it("is refused by `fromArrow`", async () => {
    const bytes = await bytesOf(Klines.encodeArrow(Stream.make(hours)))
    expect((await Effect.runPromise(Effect.flip(Klines.fromArrow(bytes)))).message).toContain("is not an Arrow file")
  })

  it("fails when its input fails, after the pieces before", async () => {
    const failing = Stream.concat(Stream.make(hours), Stream.fail("broken"))
    const seen: Array<number> = []
    const exit = await Effect.runPromise(
      failing.pipe(
        Klines.encodeArrow,
        Stream.runForEach((bytes) => Effect.sync(() => seen.push(bytes.length))),
        Effect.either
      )
    )
    expect(Either.flip(exit)).toEqual(Either.right("broken"))
    expect(seen).toHaveLength(1)
  })
})
