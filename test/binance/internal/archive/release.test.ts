import { expect, it } from "vitest"
import { release } from "../../../../src/binance/internal/archive/release.js"

it("frees the memory of a buffer without a garbage collection", () => {
  const buffers = Array.from({ length: 4 }, () => Buffer.allocUnsafeSlow(1 << 20))
  const before = process.memoryUsage().arrayBuffers
  for (const { buffer } of buffers) release(buffer)
  expect(buffers.map(({ length }) => length)).toEqual([0, 0, 0, 0])
  expect(before - process.memoryUsage().arrayBuffers).toBeGreaterThanOrEqual(4 << 20)
})
