import { describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { expect } from "vitest"
import { names } from "../../../../src/binance/internal/klines/columns.js"
import { decimal, decodeRows } from "../../../../src/binance/internal/klines/restRows.js"

const row: ReadonlyArray<unknown> = [
  1704067200000,
  "42.1",
  "43",
  "41.00",
  "42",
  "0.5",
  1704070799999,
  "21",
  7,
  "0.1",
  "4.2",
  "0"
]

const decodeWith = (at: number, value: unknown) => decodeRows(JSON.stringify([row, row.with(at, value)]))

describe("decimal", () => {
  it("is what Number makes of the text, to the last bit", () =>
    FastCheck.assert(
      FastCheck.property(
        FastCheck.bigInt({ min: 0n, max: 10n ** 24n }),
        FastCheck.nat(30),
        FastCheck.nat(3),
        (digits, decimals, zeros) => {
          const text = String(digits).padStart(decimals + 1, "0")
          const written = decimals === 0
            ? text
            : `${text.slice(0, -decimals)}.${text.slice(-decimals)}${"0".repeat(zeros)}`
          expect(decimal(written)).toBe(Number(written))
        }
      ),
      { numRuns: 2000 }
    ))

  it.each([
    "9007199254740991",
    "9007199254740993",
    "90071992547409.93",
    "0.00000000000000000000001",
    "123456789012345678901234567890.5",
    "007.50"
  ])("reads %s", (text) => expect(decimal(text)).toBe(Number(text)))

  it.each([
    "",
    ".",
    ".5",
    "5.",
    "1..5",
    "1.5.5",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1e5",
    "0x10",
    "1_000",
    "1,5",
    "NaN",
    "Infinity",
    "١",
    "9".repeat(400),
    1,
    null,
    undefined,
    ["1"]
  ])("refuses %j", (u) => expect(decimal(u)).toBeNaN())
})

describe("decodeRows", () => {
  it("puts every value into its column", () => {
    const { columns } = Either.getOrThrow(decodeRows(JSON.stringify([row, row])))
    expect(columns.length).toBe(2)
    expect(names.map((name) => columns[name][1])).toEqual(row.slice(0, 11).map((value) => Number(value)))
  })

  it("reads an empty list", () => expect(Either.getOrThrow(decodeRows("[]")).columns.length).toBe(0))

  it("does not mind what the column without a meaning holds", () => {
    for (const value of ["10779.83873125", null]) {
      expect(Either.getOrThrow(decodeWith(11, value))).toMatchObject({ columns: { length: 2 }, fault: undefined })
    }
  })

  it.each(names.map((name, at) => [name, at] as const))("names the row and the column of a bad %s", (name, at) => {
    for (const bad of [null, "x", "", 1.5, true, {}, [], "1e400"]) {
      const { columns, fault } = Either.getOrThrow(decodeWith(at, bad))
      expect(columns.length).toBe(1)
      expect(fault).toEqual({
        message: `Row 2 of the response has no valid ${name}`,
        line: 2,
        excerpt: JSON.stringify(row.with(at, bad))
      })
    }
  })

  it.each([0, 6])("refuses times that are no milliseconds, at %i", (at) => {
    for (const time of [1704067200, 1704067200000000, "1704067200000"]) {
      expect(Either.getOrThrow(decodeWith(at, time)).fault?.line).toBe(2)
    }
  })

  it.each([
    [Date.UTC(2010, 0, 1), true],
    [Date.UTC(2010, 0, 1) - 1, false],
    [Date.UTC(2100, 0, 1) - 1, true],
    [Date.UTC(2100, 0, 1), false],
    [1_704_067_200_000.5, false]
  ])("a time of %d: %s", (time, isTime) => {
    const { columns, fault, malformed } = Either.getOrThrow(decodeWith(0, time))
    expect([columns.length, fault?.message, malformed]).toEqual(
      isTime ? [2, undefined, []] : [1, "Row 2 of the response has no valid openTime", []]
    )
  })

  it("a candle without trades is one", () => {
    expect(Either.getOrThrow(decodeWith(8, 0))).toMatchObject({ columns: { length: 2 }, fault: undefined })
  })

  it("names the open times of malformed rows, where they have one", () => {
    const body = [row.with(1, "x"), row.with(0, "x"), null, row.slice(0, 5), row]
    expect(Either.getOrThrow(decodeRows(JSON.stringify(body)))).toMatchObject({
      columns: { length: 1 },
      malformed: [row[0], row[0]],
      impossible: []
    })
  })

  it("says what a body is that has no rows", () => {
    expect(decodeRows("<html>")).toEqual(Either.left({ message: "The response is not JSON", excerpt: "<html>" }))
    expect(decodeRows(`{"code":-1121}`)).toEqual(
      Either.left({ message: "The response is not a list of candles", excerpt: `{"code":-1121}` })
    )
  })

  it.each([
    ["a short row", [row.slice(0, 11)]],
    ["a long row", [[...row, "0"]]],
    ["no row", [null]],
    ["an object for a row", [Object.assign({}, row)]]
  ])("refuses %s", (_, body) => {
    expect(Either.getOrThrow(decodeRows(JSON.stringify(body))).fault).toEqual({
      message: "Row 1 of the response is not a list of 12 values",
      line: 1,
      excerpt: JSON.stringify(body[0])
    })
  })

  it("quotes at most 512 characters", () => {
    for (const body of ["x".repeat(2000), `"${"x".repeat(2000)}"`, JSON.stringify([["x".repeat(2000)]])]) {
      const decoded = decodeRows(body)
      expect((Either.isLeft(decoded) ? decoded.left : decoded.right.fault)?.excerpt.length).toBe(512)
    }
  })

  it.each(names.slice(1).filter((name) => name !== "closeTime").map((name) => [name, names.indexOf(name)] as const))(
    "leaves out a row whose %s is a number that no candle has, and no other row",
    (name, at) => {
      const decoded = Either.getOrThrow(decodeWith(at, name === "trades" ? -1 : "-1.5"))
      expect(decoded).toMatchObject({ columns: { length: 1 }, impossible: [row[0]], malformed: [], fault: undefined })
    }
  )

  it("never throws, however deep a body is nested", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
    expect(Either.isEither(decodeRows(deep))).toBe(true)
    const decoded = decodeRows(`[${deep}]`)
    expect(Either.isRight(decoded) ? decoded.right.fault?.excerpt : "").toBe("")
  })

  it("never throws", () =>
    FastCheck.assert(FastCheck.property(FastCheck.oneof(FastCheck.string(), FastCheck.json()), (body) => {
      expect(Either.isEither(decodeRows(body))).toBe(true)
    })))
})
