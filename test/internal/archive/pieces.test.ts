import * as FastCheck from "effect/FastCheck"
import { expect, it } from "vitest"
import { makePieces } from "../../../src/internal/archive/pieces.js"

const megabyte = 1 << 20
const numbered = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 13) & 0xff)

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
  const bytes = numbered(2.5 * megabyte)
  const places = FastCheck.oneof(
    FastCheck.nat(bytes.length),
    FastCheck.constantFrom(0, megabyte, 2 * megabyte, bytes.length)
  )
  FastCheck.assert(
    FastCheck.property(
      FastCheck.array(FastCheck.nat(megabyte + 1), { maxLength: 5 }),
      places,
      places,
      (sizes, start, end) => {
        const pieces = filled(bytes, sizes)
        const wanted = Buffer.from(bytes.subarray(start, end))
        expect(pieces.size()).toBe(bytes.length)
        expect(wanted.equals(pieces.slice(start, end))).toBe(true)
        const taken: Array<Uint8Array> = []
        for (const part of pieces.take(start, end)) taken.push(part.slice())
        expect(wanted.equals(Buffer.concat(taken))).toBe(true)
      }
    ),
    { numRuns: 30 }
  )
})

it("takes them one by one, and gives each back to the system before the next", () => {
  const bytes = numbered(2.5 * megabyte)
  const pieces = filled(bytes, [])
  const taken: Array<Uint8Array> = []
  let at = 100
  for (const part of pieces.take(at, bytes.length - 1)) {
    expect(taken.map((part) => part.byteLength)).toEqual(taken.map(() => 0))
    expect(Buffer.from(part).equals(bytes.subarray(at, at + part.length))).toBe(true)
    at += part.length
    taken.push(part)
  }
  expect(at).toBe(bytes.length - 1)
  expect(taken.length).toBe(3)
  expect([pieces.size(), pieces.slice(0, 10).length]).toEqual([0, 0])
})

it("a slice ends where the bytes end", () => {
  const pieces = filled(numbered(10), [])
  expect([pieces.slice(8, 20), pieces.slice(20, 30), pieces.slice(5, 5)].map(({ length }) => length)).toEqual([2, 0, 0])
})
