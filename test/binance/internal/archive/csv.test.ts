import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { makeCsvReader } from "../../../../src/binance/internal/archive/csv.js"
import { type Columns, names } from "../../../../src/binance/internal/klines/columns.js"
import type { Fault } from "../../../../src/binance/internal/klines/restRows.js"
import { bounded } from "../../../../src/internal/safe/json.js"

const hour = 3_600_000
const t0 = Date.UTC(2024, 0, 1)
const header =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"

const values = (n: number): ReadonlyArray<string> => [
  String(t0 + n * hour),
  "42314.00000000",
  "42603.20000000",
  "42289.60000000",
  "42503.50000000",
  "8459.47700000",
  String(t0 + (n + 1) * hour - 1),
  "359196345.08716000",
  "88278",
  "4687.97600000",
  "199033806.82405000",
  "0"
]
const line = (n: number, changed: Readonly<Record<number, string>> = {}) =>
  values(n).map((value, i) => changed[i] ?? value).join(",")
const micros = (n: number) => line(n, { 0: `${t0 + n * hour}000`, 6: `${t0 + (n + 1) * hour - 1}999` })

const read = (text: string | Uint8Array, pieces: ReadonlyArray<number> = [], expected = 24) =>
  Either.gen(function*() {
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text
    const reader = makeCsvReader(expected)
    const cuts = [0, ...pieces.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
    for (const [i, cut] of cuts.entries()) {
      // Each piece is overwritten when it was taken, as the next one would be.
      const piece = bytes.slice(cut, cuts[i + 1])
      const fault = reader.push(piece)
      if (fault !== undefined) return yield* Either.left(fault)
      piece.fill(63)
    }
    return yield* reader.finish()
  })

const rowsOf = (columns: Columns) =>
  Array.from({ length: columns.length }, (_, i) => names.map((name) => columns[name][i]!))

const rows = (text: string | Uint8Array, pieces?: ReadonlyArray<number>) => Either.map(read(text, pieces), rowsOf)

const faultOf = (text: string, pieces?: ReadonlyArray<number>): Fault =>
  Either.getOrThrow(Either.flip(read(text, pieces)))

const asNumbers = (n: number) => values(n).slice(0, 11).map(Number)

describe("values", () => {
  it("each value is where it belongs", () => {
    expect(Either.getOrThrow(rows(`${line(0)}\n${line(1)}\n`))).toEqual([asNumbers(0), asNumbers(1)])
  })

  const anyDigits = (most: number) => FastCheck.stringMatching(new RegExp(`^\\d{1,${most}}$`))
  const decimals = FastCheck.oneof(
    // As the exchange writes them, and where its numbers grow out of a double.
    FastCheck.tuple(anyDigits(17), FastCheck.stringMatching(/^\d{8}$/)).map((parts) => parts.join(".")),
    FastCheck.tuple(
      FastCheck.tuple(
        FastCheck.constantFrom(2 ** 18, 2 ** 26, 90_071_992, 2 ** 27, 2 ** 33, 2 ** 44, 2 ** 45, 2 ** 53),
        FastCheck.integer({ min: -3, max: 3 })
      ).map(([a, b]) => String(a + b)),
      FastCheck.stringMatching(/^\d{8}$/)
    ).map((parts) => parts.join(".")),
    FastCheck.tuple(anyDigits(12), FastCheck.stringMatching(/^\d{1,5}$/)).map((parts) => parts.join(".")),
    FastCheck.tuple(anyDigits(30), anyDigits(30)).map((parts) => parts.join(".")),
    anyDigits(30)
  )

  it("every decimal is the very double that Number gives", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(decimals, { minLength: 8, maxLength: 8 }), (texts) => {
        const places = [1, 2, 3, 4, 5, 7, 9, 10]
        const changed = Object.fromEntries(places.map((place, i) => [place, texts[i]!]))
        const [row] = Either.getOrThrow(rows(line(0, changed)))
        for (const [i, place] of places.entries()) expect(row![place]).toBe(Number(texts[i]))
      }),
      { numRuns: 2000 }
    )
  })

  it("a whole file is the very doubles that Number gives", () => {
    let seed = 7
    const next = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((seed / 2 ** 32) * below)
    }
    const digits = (n: number) => String(next(10 ** n)).padStart(n, "0")
    const decimal = () => `${next(10 ** (1 + next(9)))}.${digits(8)}`
    const lines = Array.from(
      { length: 20_000 },
      (_, n) => line(n % 700, Object.fromEntries([1, 2, 3, 4, 5, 7, 9, 10].map((place) => [place, decimal()])))
    )
    const columns = Either.getOrThrow(read(`${lines.join("\n")}\n`, [1, 50_000, 1_000_000]))
    const wanted = lines.map((line) => line.split(",").slice(0, 11).map(Number))
    const differing = wanted.filter((row, i) => names.some((name, j) => !Object.is(columns[name][i], row[j])))
    expect([columns.length, differing]).toEqual([20_000, []])
  })

  it("the twelfth column is ignored", () => {
    for (const ignored of ["", "0", "10779.83873125", "x y"]) {
      expect(Either.getOrThrow(rows(line(0, { 11: ignored })))).toEqual([asNumbers(0)])
    }
  })

  it("prices without decimals and counts in place of volumes are numbers too", () => {
    const [row] = Either.getOrThrow(rows(line(0, { 1: "10000", 5: "409953", 7: "1202.97118037" })))
    expect([row![1], row![5], row![7]]).toEqual([10_000, 409_953, 1202.97118037])
  })
})

describe("files", () => {
  it("in any pieces a file is the same", () => {
    const text = `${header}\n${[0, 1, 2, 3].map((n) => line(n)).join("\n")}\n`
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.nat(text.length), { maxLength: 9 }), (pieces) => {
        expect(Either.getOrThrow(rows(text, pieces))).toEqual([0, 1, 2, 3].map(asNumbers))
      })
    )
    expect(Either.getOrThrow(rows(text, Array.from({ length: text.length }, (_, i) => i)))).toEqual(
      [0, 1, 2, 3].map(asNumbers)
    )
  })

  it("failure 16: a header is what begins with no digit, and no row is lost to it", () => {
    const three = [0, 1, 2].map((n) => line(n)).join("\n")
    expect(Either.getOrThrow(rows(three))).toEqual([0, 1, 2].map(asNumbers))
    expect(Either.getOrThrow(rows(`${header}\n${three}`))).toEqual([0, 1, 2].map(asNumbers))
  })

  it.each([["nothing", ""], ["a header", header], ["a header and its end", `${header}\n`]])(
    "%s is a file without rows",
    (_, text) => expect(Either.getOrThrow(rows(text))).toEqual([])
  )

  it("the last line may end or not, and lines may end as on Windows", () => {
    for (const text of [`${line(0)}\n${line(1)}`, `${line(0)}\r\n${line(1)}\r\n`]) {
      expect(Either.getOrThrow(rows(text))).toEqual([asNumbers(0), asNumbers(1)])
    }
  })

  it("has room for more rows than there should be", () => {
    const text = Array.from({ length: 100 }, (_, n) => line(n)).join("\n")
    expect(Either.getOrThrow(read(text, [], 3)).length).toBe(100)
    expect(Either.getOrThrow(read(text, [], 0)).length).toBe(100)
  })

  it("rows stay in the order of the file, with what is there twice", () => {
    expect(Either.getOrThrow(rows([2, 0, 2, 1].map((n) => line(n)).join("\n")))).toEqual([2, 0, 2, 1].map(asNumbers))
  })
})

describe("times", () => {
  it("may be in microseconds, by their value", () => {
    expect(Either.getOrThrow(rows([0, 1, 2].map(micros).join("\n")))).toEqual([0, 1, 2].map(asNumbers))
  })

  it("of an open keep a fraction of a millisecond, so that it is not taken for one on the grid", () => {
    const [row] = Either.getOrThrow(rows(line(0, { 0: `${t0}001`, 6: `${t0 + hour - 1}999` })))
    expect(row![0]).toBe(t0 + 0.001)
    expect(row![6]).toBe(t0 + hour - 1)
  })

  it.each([
    ["microseconds after milliseconds", `${line(0)}\n${line(1)}\n${micros(2)}`, 3, "milliseconds"],
    ["milliseconds after microseconds", `${header}\n${micros(0)}\n${line(1)}`, 3, "microseconds"],
    ["both in one row", line(0, { 6: `${t0 + hour - 1}999` }), 1, "milliseconds"]
  ])("mixed units are refused: %s", (_, text, line, unit) => {
    const fault = faultOf(text)
    expect(fault.line).toBe(line)
    expect(fault.message).toBe(
      `Line ${line} has times in another unit than those before it, which are in ${unit}`
    )
  })
})

describe("what is no file of candles", () => {
  it("a file that a spreadsheet ruined is refused, with its line and what it says there", () => {
    const ruined = `${header}\r\n${line(0, { 0: "1.70027E+12", 6: "1.70027E+12" })}\r\n`
    expect(faultOf(ruined)).toEqual({
      message: "Line 2 has no valid openTime: 1.70027E+12; it was rounded, as by a spreadsheet, and cannot be restored",
      line: 2,
      excerpt: `${line(0, { 0: "1.70027E+12", 6: "1.70027E+12" })}\r`
    })
  })

  it.each<[string, string, string]>([
    ["a short row", values(1).slice(0, 6).join(","), "Line 2 has 6 values, not 12"],
    ["a long row", `${line(1)},0`, "Line 2 has 13 values, not 12"],
    ["a blank line", "", "Line 2 has 1 values, not 12"],
    ["a second header", header, "Line 2 has no valid openTime: open_time"],
    ["seconds", line(1, { 0: "1704067200" }), "Line 2 has no valid openTime: 1704067200"],
    ["nanoseconds", line(1, { 0: `${t0}000000` }), `Line 2 has no valid openTime: ${t0}000000`],
    [
      "a time before there was an exchange",
      line(1, { 0: "0000000000000" }),
      "Line 2 has no valid openTime: 0000000000000"
    ],
    ["a time far ahead", line(1, { 6: "9999999999999" }), "Line 2 has no valid closeTime: 9999999999999"],
    ["a time with a point", line(1, { 0: `${t0}.0` }), `Line 2 has no valid openTime: ${t0}.0`],
    ["no open", line(1, { 1: "" }), "Line 2 has no valid open: "],
    ["no number", line(1, { 4: "NaN" }), "Line 2 has no valid close: NaN"],
    ["null", line(1, { 4: "null" }), "Line 2 has no valid close: null"],
    [
      "a rounded volume",
      line(1, { 5: "1.5E+3" }),
      "Line 2 has no valid volume: 1.5E+3; it was rounded, as by a spreadsheet, and cannot be restored"
    ],
    ["a sign", line(1, { 2: "+1.00000000" }), "Line 2 has no valid high: +1.00000000"],
    ["a space", line(1, { 2: " 1.00000000" }), "Line 2 has no valid high:  1.00000000"],
    ["a point with nothing before", line(1, { 3: ".5" }), "Line 2 has no valid low: .5"],
    ["a point with nothing behind", line(1, { 3: "5." }), "Line 2 has no valid low: 5."],
    ["two points", line(1, { 3: "5.00000000.1" }), "Line 2 has no valid low: 5.00000000.1"],
    ["a comma for a point", line(1, { 3: "5;0" }), "Line 2 has no valid low: 5;0"],
    [
      "more than a double holds",
      line(1, { 10: "9".repeat(400) }),
      `Line 2 has no valid takerBuyQuote: ${"9".repeat(63)}…`
    ],
    ["a count with decimals", line(1, { 8: "12.0" }), "Line 2 has no valid trades: 12.0"],
    ["no count", line(1, { 8: "" }), "Line 2 has no valid trades: "],
    ["a count beyond counting", line(1, { 8: "99999999999999999" }), "Line 2 has no valid trades: 99999999999999999"]
  ])("is refused: %s", (_, bad, message) => {
    for (const end of ["\n", `\n${line(2)}\n`]) {
      const fault = faultOf(`${line(0)}\n${bad}${end}`, [200])
      expect(fault).toEqual({ message, line: 2, excerpt: bounded(bad, 512) })
    }
  })

  it.each([
    ["a page", "<html><body>Under maintenance</body></html>\n"],
    ["a row behind a byte order mark", `\u{feff}${line(0)}\n${line(1)}\n`],
    ["a row behind a space", ` ${line(0)}\n`],
    ["a header that lacks a name", `${header.replace(",ignore", "")}\n${line(0)}\n`],
    ["an error of S3", "<Error><Code>NoSuchKey</Code></Error>"]
  ])("is refused in its first line: %s", (_, text) => {
    expect(faultOf(text)).toMatchObject({ message: "The file starts with neither a row nor a header", line: 1 })
  })

  it("a line without an end is refused, in any pieces", () => {
    const endless = "1".repeat(100_000)
    expect(faultOf(endless).line).toBe(1)
    expect(faultOf(`${line(0)}\n${endless}`, Array.from({ length: 99 }, (_, i) => i * 1000)).line).toBe(2)
    expect(faultOf(endless).excerpt.length).toBe(512)
  })

  // Well-formed, with a number that no candle has: the row is left out, and no other.
  const isImpossible = (line: string): boolean => {
    const fields = line.split(",")
    const isTime = (field = "") => {
      const time = field.length === 16 ? Number(field) / 1000 : Number(field)
      return /^(?:\d{13}|\d{16})$/.test(field) && time >= Date.UTC(2010) && time < Date.UTC(2100)
    }
    return fields.length === 12 && fields.slice(0, 11).every((field) => /^-?\d+(\.\d+)?$/.test(field)) &&
      fields.slice(0, 11).some((field) => field.startsWith("-")) && isTime(fields[0]) && isTime(fields[6])
  }

  it("a row with a negative number is left out, and no other", () => {
    const text = `${line(0)}\n${line(1, { 5: "-1.00000000" })}\n${line(2)}\n`
    expect(Either.getOrThrow(rows(text, [])).length).toBe(2)
  })

  // Strict and slow, and written another way.
  const reference = (text: string): ReadonlyArray<ReadonlyArray<number>> | undefined => {
    const lines = text.split("\n")
    if (lines.at(-1) === "") lines.pop()
    if (lines[0] !== undefined && !/^\d/.test(lines[0])) {
      const titles = lines[0].split(",")
      if (titles.length !== 12 || titles.some((title) => /^\d+(\.\d+)?$/.test(title))) return undefined
      lines.shift()
    }
    const row =
      /^(\d{13}|\d{16})((?:,\d+(?:\.\d+)?){5}),(\d{13}|\d{16})(,\d+(?:\.\d+)?),(\d+)((?:,\d+(?:\.\d+)?){2}),[^,]*$/
    let unit = 0
    const all = lines.map((line) => {
      if (isImpossible(line)) return "impossible"
      const [, open, prices = "", close, quote = "", count, takers = ""] = row.exec(line) ?? []
      if (open === undefined || close === undefined) return undefined
      unit ||= open.length
      if (open.length !== unit || close.length !== unit) return undefined
      const time = (text: string) => unit === 16 ? Number(text) / 1000 : Number(text)
      if ([time(open), time(close)].some((time) => time < Date.UTC(2010) || time >= Date.UTC(2100))) return undefined
      const numbers = [...prices.slice(1).split(","), quote.slice(1), count, ...takers.slice(1).split(",")].map(Number)
      if (Number(count) > Number.MAX_SAFE_INTEGER || numbers.includes(Infinity)) return undefined
      return [time(open), ...numbers.slice(0, 5), Math.floor(time(close)), ...numbers.slice(5)]
    })
    return all.includes(undefined) ? undefined : all.filter((row) => row !== undefined && row !== "impossible")
  }

  it("for any bytes, it reads what a slower parser reads, and refuses the rest", () => {
    const texts = FastCheck.constantFrom(
      [line(0), line(1), line(2)].join("\n"),
      `${header}\n${line(0, { 1: "7", 2: "7.5", 3: "7.123", 7: "123456789012.12345678" })}\n${line(1)}\n`,
      `${micros(0)}\n${micros(1)}\n`
    )
    const edits = FastCheck.array(
      FastCheck.tuple(
        FastCheck.nat(400),
        FastCheck.constantFrom("", "0", "9", ".", ",", "-", "E", " ", "\n", "\r", "/", ":", "\u00e9", "123", ",,")
      ),
      { maxLength: 3 }
    )
    FastCheck.assert(
      FastCheck.property(texts, edits, FastCheck.array(FastCheck.nat(500), { maxLength: 3 }), (text, edits, pieces) => {
        const edited = edits.reduce((text, [at, by]) => text.slice(0, at) + by + text.slice(at + 1), text)
        expect(Either.getOrUndefined(rows(edited, pieces))).toEqual(reference(edited))
      }),
      { numRuns: 3000 }
    )
  })
})
