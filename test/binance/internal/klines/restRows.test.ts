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
    const columns = Either.getOrThrow(decodeRows(JSON.stringify([row, row])))
    expect(columns.length).toBe(2)
    expect(names.map((name) => columns[name][1])).toEqual(row.slice(0, 11).map((value) => Number(value)))
  })

  it("reads an empty list", () => expect(Either.getOrThrow(decodeRows("[]")).length).toBe(0))

  it("does not mind what the column without a meaning holds", () => {
    expect(Either.isRight(decodeWith(11, "10779.83873125"))).toBe(true)
    expect(Either.isRight(decodeWith(11, null))).toBe(true)
  })

  it.each(names.map((name, at) => [name, at] as const))("names the row and the column of a bad %s", (name, at) => {
    for (const bad of [null, "x", "", -1, 1.5, true, {}, [], "1e400"]) {
      expect(Either.flip(decodeWith(at, bad))).toEqual(Either.right({
        message: `Row 2 of the answer has no valid ${name}`,
        line: 2,
        excerpt: JSON.stringify(row.with(at, bad))
      }))
    }
  })

  it.each([0, 6])("refuses times that are no milliseconds, at %i", (at) => {
    for (const time of [1704067200, 1704067200000000, "1704067200000"]) {
      expect(Either.isLeft(decodeWith(at, time))).toBe(true)
    }
  })

  it.each([
    ["a short row", [row.slice(0, 11)]],
    ["a long row", [[...row, "0"]]],
    ["no row", [null]],
    ["an object for a row", [Object.assign({}, row)]]
  ])("refuses %s", (_, body) => {
    expect(Either.flip(decodeRows(JSON.stringify(body)))).toEqual(Either.right({
      message: "Row 1 of the answer is no list of 12 values",
      line: 1,
      excerpt: JSON.stringify(body[0])
    }))
  })

  it("quotes at most 512 characters", () => {
    for (const body of ["x".repeat(2000), `"${"x".repeat(2000)}"`, JSON.stringify([["x".repeat(2000)]])]) {
      expect(Either.getOrThrow(Either.flip(decodeRows(body))).excerpt.length).toBe(512)
    }
  })

  it("never throws", () =>
    FastCheck.assert(FastCheck.property(FastCheck.oneof(FastCheck.string(), FastCheck.json()), (body) => {
      expect(Either.isEither(decodeRows(body))).toBe(true)
    })))
})
