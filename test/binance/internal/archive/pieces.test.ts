import * as FastCheck from "effect/FastCheck"
import { expect, it } from "vitest"
import { makePieces } from "../../../../src/binance/internal/archive/pieces.js"

const megabyte = 1 << 20
const numbered = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13) & 0xff)

/** Pushes pieces of these sizes; the rest in one. Each is overwritten, as a buffer that its owner reuses. */
const filled = (bytes: Uint8Array, sizes: ReadonlyArray<number>) => {
  const pieces = makePieces()
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.slice(at, at + size)
    pieces.push(piece)
    piece.fill(255)
    at = Math.min(bytes.length, at + size)
  }
  return pieces
}

// More than the 16 megabytes from which blocks are resizable.
const large = numbered(18 * megabyte)

it("slices and takes the bytes that were pushed, in pieces of any size", () => {
  const places = FastCheck.oneof(FastCheck.nat(large.length), FastCheck.nat(18).map((n) => n * megabyte))
  const sizes = FastCheck.array(FastCheck.oneof(FastCheck.nat(4 * megabyte), FastCheck.nat(1000)), { maxLength: 8 })
  FastCheck.assert(
    FastCheck.property(sizes, FastCheck.boolean(), places, places, (sizes, isLarge, start, end) => {
      const bytes = isLarge ? large : large.subarray(0, 3 * megabyte)
      const pieces = filled(bytes, isLarge ? [16.5 * megabyte, ...sizes] : sizes)
      const wanted = Buffer.from(bytes.subarray(start, end))
      expect(pieces.size()).toBe(bytes.length)
      expect(wanted.equals(pieces.slice(start, end))).toBe(true)
      const taken: Array<Uint8Array> = []
      for (const part of pieces.take(start, end)) taken.push(part.slice())
      expect(wanted.equals(Buffer.concat(taken))).toBe(true)
    }),
    { numRuns: 12 }
  )
})

it("releases each block before the next one is taken, and the rest at the end", () => {
  const pieces = filled(large, Array.from({ length: 36 }, () => megabyte / 2))
  const taken: Array<Uint8Array> = []
  let at = 100
  for (const part of pieces.take(at, large.length - 1)) {
    expect(taken.map(({ byteLength }) => byteLength)).toEqual(taken.map(() => 0))
    expect(Buffer.from(part).equals(large.subarray(at, at + part.length))).toBe(true)
    at += part.length
    taken.push(part)
  }
  expect(at).toBe(large.length - 1)
  expect(taken.length).toBeGreaterThan(16)
  expect(taken.map(({ byteLength }) => byteLength)).toEqual(taken.map(() => 0))
  expect([pieces.size(), pieces.slice(0, 10).length]).toEqual([0, 0])
})

it("does not release the block that was taken last when the consumer stops: it may still be read", () => {
  const pieces = filled(large, [megabyte, megabyte])
  const taken: Array<Uint8Array> = []
  for (const part of pieces.take(0, large.length)) {
    taken.push(part)
    if (taken.length === 2) break
  }
  expect(taken.map(({ byteLength }) => byteLength > 0)).toEqual([false, true])
  expect(pieces.size()).toBe(0)
})

it("a slice ends where the bytes end", () => {
  const pieces = filled(numbered(10), [])
  expect([pieces.slice(8, 20), pieces.slice(20, 30), pieces.slice(5, 5)].map(({ length }) => length)).toEqual([2, 0, 0])
})
