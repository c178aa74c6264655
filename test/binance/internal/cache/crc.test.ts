import * as FastCheck from "effect/FastCheck"
import { crc32 } from "node:zlib"
import { expect, it } from "vitest"
import { combine } from "../../../../src/binance/internal/cache/crc.js"

it("combines the checksums of two parts into that of both", () => {
  FastCheck.assert(
    FastCheck.property(
      FastCheck.uint8Array({ maxLength: 300 }),
      FastCheck.uint8Array({ maxLength: 300 }),
      (first, second) => combine(crc32(first), crc32(second), second.length) === crc32(Buffer.concat([first, second]))
    ),
    { seed: 12, numRuns: 500 }
  )
})

it("combines long parts", () => {
  const first = Buffer.from("first")
  for (const length of [2 ** 16 - 1, 691_200, 2 ** 24 + 3]) {
    const second = Buffer.alloc(length, length)
    expect(combine(crc32(first), crc32(second), length)).toBe(crc32(second, crc32(first)))
  }
})
