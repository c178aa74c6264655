/** Damaged Arrow files: each is read in bounded time, and is either detected or has the same contents. */
import { describe, it } from "@effect/vitest"
import * as arrow from "@uwdata/flechette"
import * as Arrow from "apache-arrow"
import { Effect } from "effect"
import { Klines } from "effect-errata/binance"
import { serialize } from "node:v8"
import * as zlib from "node:zlib"
import { expect } from "vitest"
import * as arrowFile from "../../src/binance/internal/cache/arrowFile.js"
import { candles, day, start } from "./candles.js"

const modules = { arrow, zlib }
const klines = candles("4h", start, start + day)
const contents = { klines, about: "a test" }
const tag = "errata-crc32"
const sealSize = tag.length + 4
const endSize = 10

const sealed = arrowFile.encode(modules, contents)

/** The file as the first version of this library wrote it: without the tag and the checksum at the end of the footer. */
const unsealed = ((): Uint8Array => {
  const end = sealed.length - endSize
  const file = Buffer.concat([sealed.subarray(0, end - sealSize), sealed.subarray(end)])
  file.writeInt32LE(file.readInt32LE(end - sealSize) - sealSize, end - sealSize)
  return new Uint8Array(file)
})()

const expected = arrowFile.decode(modules, sealed, false)
const expectedBytes = serialize(expected)

/** Whether the damage is detected. If it is not, the contents must be those of the file that was written. */
const isDetected = (bytes: Uint8Array): boolean => {
  const result = arrowFile.decode(modules, bytes, false)
  if (result !== undefined && "flaw" in result) return true
  // `toEqual` alone takes longer than all that is tested here.
  if (!serialize(result).equals(expectedBytes)) expect(result).toEqual(expected)
  return false
}

const files: ReadonlyArray<readonly [string, Uint8Array]> = [["with a seal", sealed], ["without a seal", unsealed]]

for (const [name, bytes] of files) {
  describe(`a file ${name}`, () => {
    it("is read", () => {
      expect(expected).toMatchObject({ klines: { length: 6, openTime: klines.openTime }, about: "a test" })
      expect(arrowFile.decode(modules, bytes, false)).toEqual(expected)
    })

    it("is read by other Arrow readers", () => {
      const theirs = Arrow.tableFromIPC(bytes)
      const flechettes = arrow.tableFromIPC(bytes)
      for (const name of ["openTime", "takerBuyQuote"] as const) {
        expect(Array.from(theirs.getChild(name)?.toArray() ?? [], Number)).toEqual([...klines[name]])
        expect(Array.from(flechettes.getChild(name).toArray(), Number)).toEqual([...klines[name]])
      }
    })

    it("every flipped byte is detected or changes nothing", () => {
      const undetected = Array.from(bytes, (byte, at) => isDetected(bytes.with(at, byte ^ 1 << at % 8)) ? -1 : at)
        .filter((at) => at >= 0)
      const tagAt = bytes.length - endSize - sealSize
      // Without its tag, a file is a file without a seal. Without a seal, only columns and metadata have a checksum.
      if (bytes === sealed) expect(undetected).toEqual(Array.from(tag, (_, i) => tagAt + i))
      else expect(undetected.length).toBeLessThan(bytes.length / 2)
    })

    it("every cut is detected", () => {
      for (let length = 0; length < bytes.length; length++) expect(isDetected(bytes.subarray(0, length))).toBe(true)
    })

    it("fields that are not there are detected or change nothing", () => {
      for (let at = 0; at + 2 <= bytes.length; at += 2) isDetected(bytes.with(at, 0).with(at + 1, 0))
    })

    it("lengths and offsets beyond the end of the file are detected or change nothing", () => {
      for (const value of [0x7fffffff, -1]) {
        for (let at = 0; at + 4 <= bytes.length; at += 4) {
          const other = bytes.slice()
          new DataView(other.buffer).setInt32(at, value, true)
          isDetected(other)
        }
      }
    })
  })
}

it.effect("a stream is not a file", () =>
  Effect.gen(function*() {
    const stream = arrow.tableToIPC(arrow.tableFromIPC(sealed), { format: "stream" })
    const error = yield* Effect.flip(Klines.fromArrow(stream ?? new Uint8Array()))
    expect(error).toMatchObject({ _tag: "DataIntegrity", message: expect.stringContaining("not an Arrow file") })
  }))

it("a file that another tool has written again has no seal, and is read by the checksum of its metadata", () => {
  const again = Arrow.tableToIPC(Arrow.tableFromIPC(sealed), "file")
  expect(arrowFile.decode(modules, again, false)).toEqual(expected)
})

it("columns of other types are no klines", () => {
  const names = Arrow.tableToIPC(Arrow.tableFromArrays({ name: ["a", "b"] }), "file")
  expect(arrowFile.decode(modules, names, false)).toMatchObject({ flaw: "The Arrow file holds no klines" })
})
