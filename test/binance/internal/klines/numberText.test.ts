import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { maxLength, putNumber } from "../../../../src/binance/internal/klines/numberText.js"

const bytes = new Uint8Array(maxLength + 2)

const textOf = (value: number) => new TextDecoder().decode(bytes.subarray(1, putNumber(bytes, 1, value)))

/** The digits that `String` writes, without zeros on either side and without a point. */
const digitsOf = (text: string) => text.replace(/e.*$/, "").replace("-", "").replace(".", "").replace(/^0+|0+$/g, "")

const isShortest = (value: number) => {
  const text = textOf(value)
  expect(Object.is(Number(text), value), `${value} is written as ${text}`).toBe(true)
  expect(text).toMatch(/^-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?$/)
  expect(digitsOf(text)).toBe(digitsOf(String(value)))
  expect(text.length).toBeLessThanOrEqual(maxLength)
}

describe("putNumber", () => {
  it.each([
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [9999, "9999"],
    [10_000, "10000"],
    [1e8, "100000000"],
    [1_704_067_200_000, "1704067200000"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [1e21, "1000000000000000000000"],
    [1.5e21, "1500000000000000000000"],
    [1e-7, "0.0000001"],
    [1e-8, "0.00000001"],
    [1.23e-8, "0.0000000123"],
    [5e-9, "0.000000005"],
    [0.1, "0.1"],
    [0.1 + 0.2, "0.30000000000000004"],
    [93_576.01, "93576.01"],
    [10_779.83873125, "10779.83873125"],
    [123_456_789.123_456_78, "123456789.12345678"],
    [67_108_863.99999999, "67108863.99999999"],
    [67_108_864.000_000_01, "67108864.00000001"],
    [-1.5, "-1.5"],
    [-1e-7, "-0.0000001"]
  ])("%d is %s", (value, text) => {
    expect(textOf(value)).toBe(text)
  })

  it.each([5e-324, Number.MAX_VALUE, Number.MIN_VALUE * 3, Number.EPSILON, -Number.MAX_VALUE, 2.2250738585072014e-308])(
    "the extreme %d is written out",
    (value) => isShortest(value)
  )

  it("writes the shortest decimal that is read as the same double, for every double", () =>
    FastCheck.assert(
      FastCheck.property(FastCheck.double({ noNaN: true, noDefaultInfinity: true }), isShortest),
      { numRuns: 2000 }
    ))

  it("does so for multiples of 1e-8, around powers of two and of ten, and for their neighbours", () => {
    const neighbours = new Float64Array(1)
    const bits = new BigInt64Array(neighbours.buffer)
    const decimals = FastCheck.oneof(
      FastCheck.tuple(FastCheck.nat(90_000_000), FastCheck.nat(99_999_999)),
      FastCheck.tuple(FastCheck.nat(40).map((k) => 2 ** (k - 6)), FastCheck.nat(3)),
      FastCheck.tuple(FastCheck.nat(14).map((k) => 10 ** k), FastCheck.nat(3))
    ).map(([whole, units]) => whole + units / 1e8)
    FastCheck.assert(
      FastCheck.property(decimals, FastCheck.integer({ min: -2, max: 2 }), (value, away) => {
        neighbours[0] = value
        bits[0] = bits[0]! + BigInt(value > 0 ? away : 0)
        isShortest(neighbours[0])
      }),
      { numRuns: 3000 }
    )
  })
})
