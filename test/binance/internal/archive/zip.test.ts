import * as FastCheck from "effect/FastCheck"
import { deflateRawSync } from "node:zlib"
import * as zlib from "node:zlib"
import { describe, expect, it } from "vitest"
import * as yauzl from "yauzl"
import { makePieces } from "../../../../src/binance/internal/archive/pieces.js"
import { unzip } from "../../../../src/binance/internal/archive/zip.js"
import { zipOf } from "../../../../src/testing/internal/exchange/pack.js"

const name = "BTCUSDT-1h-2024-01-01.csv"
const content = Buffer.from("1704067200000,42314.00,42603.20\n".repeat(40))

const piecesOf = (bytes: Uint8Array) => {
  const pieces = makePieces()
  pieces.push(bytes)
  return pieces
}

const read = async (zip: Uint8Array, maxSize = 1_000_000, signal = new AbortController().signal) => {
  const taken: Array<Uint8Array> = []
  await unzip(
    { yauzl, zlib },
    piecesOf(zip),
    { name, maxSize },
    (piece) => void taken.push(Uint8Array.from(piece)),
    signal
  )
  return Buffer.concat(taken)
}

const edited = (zip: Uint8Array, edit: (bytes: Buffer) => void): Uint8Array => {
  const bytes = Buffer.from(zip)
  edit(bytes)
  return bytes
}

/** Where the entry of the only file begins in the directory. */
const directoryOf = (zip: Uint8Array) => Buffer.from(zip).indexOf(Buffer.of(0x50, 0x4b, 1, 2))

const sound = zipOf([name, content])
const inEntry = (offset: number, value: number, width: 2 | 4) =>
  edited(sound, (bytes) =>
    width === 2
      ? bytes.writeUInt16LE(value, directoryOf(sound) + offset)
      : bytes.writeUInt32LE(value, directoryOf(sound) + offset))

/** The same file without compression. */
const stored = edited(Buffer.alloc(30 + name.length + content.length + 46 + name.length + 22), (bytes) => {
  const directory = 30 + name.length + content.length
  const facts = (at: number) => {
    bytes.writeUInt16LE(20, at)
    bytes.writeUInt32LE(zlib.crc32(content), at + 10)
    bytes.writeUInt32LE(content.length, at + 14)
    bytes.writeUInt32LE(content.length, at + 18)
    bytes.writeUInt16LE(name.length, at + 22)
  }
  bytes.writeUInt32LE(0x0403_4b50, 0)
  facts(4)
  bytes.write(name, 30)
  content.copy(bytes, 30 + name.length)
  bytes.writeUInt32LE(0x0201_4b50, directory)
  facts(directory + 6)
  bytes.write(name, directory + 46)
  bytes.writeUInt32LE(0x0605_4b50, directory + 46 + name.length)
  bytes.writeUInt16LE(1, directory + 46 + name.length + 8)
  bytes.writeUInt16LE(1, directory + 46 + name.length + 10)
  bytes.writeUInt32LE(46 + name.length, directory + 46 + name.length + 12)
  bytes.writeUInt32LE(directory, directory + 46 + name.length + 16)
})

describe("a sound zip", () => {
  it("is unpacked", async () => {
    expect((await read(sound)).equals(content)).toBe(true)
  })

  it("may not be compressed at all, or have a comment", async () => {
    expect((await read(stored)).equals(content)).toBe(true)
    const commented = edited(
      Buffer.concat([sound, Buffer.from("hello")]),
      (bytes) => bytes.writeUInt16LE(5, sound.length - 2)
    )
    expect((await read(commented)).equals(content)).toBe(true)
  })

  it("may be of a file without content", async () => {
    expect((await read(zipOf([name, ""]))).length).toBe(0)
  })

  it("is unpacked in pieces when it is large", async () => {
    let seed = 1
    const noise = Buffer.alloc(17_000_000)
    for (let i = 0; i < noise.length; i++) noise[i] = (seed = Math.imul(seed, 1_103_515_245) + 12_345) >>> 16
    const zip = zipOf([name, noise])
    expect(zip.length).toBeGreaterThan(16_000_000)
    expect((await read(zip, noise.length)).equals(noise)).toBe(true)
  })

  it("names its file in UTF-8, whether it says so or not", async () => {
    const chinese = "币安人生USDT-1h-2024-01-01.csv"
    const zip = zipOf([chinese, "1"])
    for (const flags of [0, 0x800]) {
      const taken: Array<string> = []
      await unzip(
        { yauzl, zlib },
        piecesOf(edited(zip, (bytes) => bytes.writeUInt16LE(flags, directoryOf(zip) + 8))),
        { name: chinese, maxSize: 10 },
        (piece) => void taken.push(new TextDecoder().decode(piece)),
        new AbortController().signal
      )
      expect(taken).toEqual(["1"])
    }
  })
})

describe("an odd one is refused", () => {
  it.each<[string, Uint8Array, Readonly<Record<string, string>> | RegExp]>([
    ["no bytes", new Uint8Array(0), /End of central directory/],
    ["a page", Buffer.from("<html></html>"), /End of central directory/],
    ["the first half", sound.subarray(0, sound.length / 2), /End of central directory/],
    ["the second half", sound.subarray(sound.length / 2), /./],
    ["no file", zipOf(), { message: "The zip archive does not contain exactly one file", found: "0 files" }],
    ["two files", zipOf([name, content], ["b.csv", ""]), {
      message: "The zip archive does not contain exactly one file",
      found: "2 files"
    }],
    ["another file", zipOf(["BTCUSDT-1h-2024-01-02.csv", content]), {
      message: "The zip archive contains another file",
      wanted: name,
      found: "BTCUSDT-1h-2024-01-02.csv"
    }],
    ["a path", zipOf([`../${name}`, content]), { found: `../${name}` }],
    ["a folder", zipOf([`${name}/`, ""]), { found: `${name}/` }],
    ["an encrypted file", inEntry(8, 1, 2), { found: "method 8, encrypted" }],
    ["a file encrypted in another way", inEntry(8, 0x41, 2), /strong encryption/],
    ["a file packed in another way", inEntry(10, 14, 2), { found: "method 14" }],
    ["a file that is too large", inEntry(24, 1_000_001, 4), {
      wanted: "at most 1000000 bytes",
      found: "1000001 bytes"
    }],
    ["a file that claims to be larger than it is", inEntry(24, content.length + 1, 4), {
      message: "The size of the file in the zip archive differs from that in its header",
      wanted: `${content.length + 1} bytes`,
      found: `${content.length} bytes`
    }],
    ["a file that claims to be smaller", inEntry(24, content.length - 1, 4), {
      found: `more than ${content.length - 1} bytes`
    }],
    ["a file whose CRC is another", inEntry(16, 7, 4), {
      message: "The CRC of the file in the zip archive does not match",
      wanted: "00000007",
      found: zlib.crc32(content).toString(16)
    }],
    ["data that end too early", inEntry(20, 20, 4), /unexpected end/],
    ["data beyond the end", inEntry(20, 1_000_000, 4), /overflows/],
    ["data from elsewhere", inEntry(42, 3, 4), /local file header/],
    ["data that are none", edited(sound, (bytes) => bytes.fill(0xff, 30 + name.length, directoryOf(sound))), /invalid/]
  ])("%s", async (_, zip, expected) => {
    const error = await read(zip).catch((error: unknown) => error)
    if (expected instanceof RegExp) expect(String(error)).toMatch(expected)
    else expect(error).toMatchObject({ _tag: "DataIntegrity", retryable: false, ...expected })
  })

  const large = Buffer.alloc(20_000_000, "1704067200000,42314.00,42603.20\n")
  const largeZip = zipOf([name, large])

  it.each<[string, (entry: Buffer) => void, Readonly<Record<string, string>> | RegExp]>([
    ["a file that claims to be larger than it is", (entry) => entry.writeUInt32LE(20_000_001, 24), {
      found: "20000000 bytes"
    }],
    ["a file that claims to be smaller", (entry) => entry.writeUInt32LE(19_999_999, 24), {
      found: "more than 19999999 bytes"
    }],
    ["a file whose CRC is another", (entry) => entry.writeUInt32LE(7, 16), { wanted: "00000007" }],
    ["data that end too early", (entry) => entry.writeUInt32LE(entry.readUInt32LE(20) - 9, 20), /unexpected end/]
  ])("%s, also when it is large", async (_, edit, expected) => {
    const zip = edited(largeZip, (bytes) => edit(bytes.subarray(directoryOf(bytes))))
    const error = await read(zip, 30_000_000).catch((error: unknown) => error)
    if (expected instanceof RegExp) expect(String(error)).toMatch(expected)
    else expect(error).toMatchObject({ _tag: "DataIntegrity", ...expected })
  })

  it("a bomb is not unpacked beyond what it claims, nor beyond the limit", async () => {
    const million = Buffer.alloc(20_000_000)
    const bomb = zipOf([name, million])
    expect(bomb.length).toBeLessThan(30_000)
    expect(await read(bomb).catch(({ found }) => found)).toBe("20000000 bytes")
    const modest = edited(bomb, (bytes) => bytes.writeUInt32LE(1000, directoryOf(bomb) + 24))
    let taken = 0
    const reading = unzip({ yauzl, zlib }, piecesOf(modest), { name, maxSize: 1000 }, (piece) => {
      taken += piece.length
    }, new AbortController().signal)
    expect(await reading.catch(({ found }) => found)).toBe("more than 1000 bytes")
    expect(taken).toBe(0)
  })

  it("one that differs in any bit is refused, or is unpacked as what it was", async () => {
    for (const zip of [sound, stored]) {
      await FastCheck.assert(
        FastCheck.asyncProperty(
          FastCheck.nat(zip.length - 1),
          FastCheck.integer({ min: 1, max: 255 }),
          async (at, bits) => {
            const unpacked = await read(edited(zip, (bytes) => void (bytes[at]! ^= bits))).catch(() => content)
            expect(unpacked.equals(content)).toBe(true)
          }
        ),
        { numRuns: 400 }
      )
    }
  })
})

describe("ends at once", () => {
  it("when the consumer of the pieces throws", async () => {
    let taken = 0
    const zip = zipOf([name, Buffer.alloc(50_000_000, "x")])
    const reading = unzip({ yauzl, zlib }, piecesOf(zip), { name, maxSize: 100_000_000 }, () => {
      taken++
      throw new Error("enough")
    }, new AbortController().signal)
    await expect(reading).rejects.toThrow("enough")
    expect(taken).toBe(1)
  })

  it("when it is interrupted", async () => {
    const abort = new AbortController()
    const taken: Array<number> = []
    const zip = zipOf([name, Buffer.alloc(50_000_000, "x")])
    const reading = unzip({ yauzl, zlib }, piecesOf(zip), { name, maxSize: 100_000_000 }, (piece) => {
      taken.push(piece.length)
      abort.abort()
    }, abort.signal)
    await expect(reading).rejects.toThrow(/close/i)
    expect(taken.length).toBeLessThan(3)
  })

  it.each([[1000], [20_000_000]])("when the data of %i bytes are broken, and go on", async (size) => {
    const junk = Buffer.concat([deflateRawSync(Buffer.alloc(100)).subarray(0, 5), Buffer.alloc(3_000_000, 0xff)])
    const empty = zipOf([name, ""])
    const head = empty.subarray(0, 30 + name.length)
    const tail = edited(empty.subarray(directoryOf(empty)), (bytes) => {
      bytes.writeUInt32LE(junk.length, 20)
      bytes.writeUInt32LE(size, 24)
      bytes.writeUInt32LE(head.length + junk.length, bytes.length - 6)
    })
    await expect(read(Buffer.concat([head, junk, tail]), size)).rejects.toThrow(/invalid/)
  })
})
