import * as FastCheck from "effect/FastCheck"
import { expect, it } from "vitest"
import { makePieces } from "../../../../src/binance/internal/archive/pieces.js"

const megabyte = 1 << 20
const numbered = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13) & 0xff)

/** In pieces of these sizes; the rest in one. */
const filled = (bytes: Uint8Array, sizes: ReadonlyArray<number>) => {
  const pieces = makePieces()
  let at = 0
  for (const size of [...sizes, bytes.length]) {
    pieces.push(bytes.subarray(at, at + size))
    at = Math.min(bytes.length, at + size)
  }
  return pieces
}

it("gives back what was put in, however it was cut, copied or taken", () => {
  // Of this many bytes the last are kept in another way.
  const bytes = numbered(18 * megabyte)
  const places = FastCheck.oneof(FastCheck.nat(bytes.length), FastCheck.nat(18).map((n) => n * megabyte))
  FastCheck.assert(
    FastCheck.property(
      FastCheck.array(FastCheck.nat(4 * megabyte), { maxLength: 8 }),
      places,
      places,
      (sizes, start, end) => {
        const pieces = filled(bytes, [16.5 * megabyte, ...sizes])
        const wanted = Buffer.from(bytes.subarray(start, end))
        expect(pieces.size()).toBe(bytes.length)
        expect(wanted.equals(pieces.slice(start, end))).toBe(true)
        const taken: Array<Uint8Array> = []
        for (const part of pieces.take(start, end)) taken.push(part.slice())
        expect(wanted.equals(Buffer.concat(taken))).toBe(true)
      }
    ),
    { numRuns: 8 }
  )
})

it("takes them one by one, and gives those of a large file back to the system before the next", () => {
  const bytes = numbered(20 * megabyte)
  const pieces = filled(bytes, Array.from({ length: 20 }, () => megabyte))
  const taken: Array<Uint8Array> = []
  let at = 100
  for (const part of pieces.take(at, bytes.length - 1)) {
    expect(taken.slice(16).map((part) => part.byteLength)).toEqual(taken.slice(16).map(() => 0))
    expect(Buffer.from(part).equals(bytes.subarray(at, at + part.length))).toBe(true)
    at += part.length
    taken.push(part)
  }
  expect(at).toBe(bytes.length - 1)
  expect(taken.length).toBe(20)
  expect([pieces.size(), pieces.slice(0, 10).length]).toEqual([0, 0])
})

it("a slice ends where the bytes end", () => {
  const pieces = filled(numbered(10), [])
  expect([pieces.slice(8, 20), pieces.slice(20, 30), pieces.slice(5, 5)].map(({ length }) => length)).toEqual([2, 0, 0])
})
