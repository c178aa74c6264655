/**
 * Extracts the single file of a zip of the archive, in pieces. yauzl parses the container. The size and the checksum in
 * the container are verified against the extracted data.
 */
import type { Entry, ZipFile } from "yauzl"
import type { DataIntegrity } from "../../../FetchError.js"
import { corrupt } from "../klines/failure.js"
import type { ArchiveModules, InflateRaw } from "../optionalModules.js"
import type { Pieces } from "./pieces.js"
import { release } from "./release.js"

export interface Expected {
  /** The name of the file in the zip. */
  readonly name: string
  /** The maximum size in bytes. A larger file is not extracted. */
  readonly maxSize: number
}

// A file no larger than a piece is inflated synchronously, within a few milliseconds. A larger file is inflated
// concurrently: while one piece is processed, another thread inflates the next.
const pieceSize = 1 << 20

/**
 * Passes the file to `take` piece by piece, and releases the zip. A piece is valid until `take` returns. Rejects with `DataIntegrity` when the zip is corrupt,
 * which may be detected only after the last piece. Rejects with any error that `take` throws.
 */
export const unzip = async (
  { yauzl, zlib }: Pick<ArchiveModules, "yauzl" | "zlib">,
  zip: Pieces,
  expected: Expected,
  take: (piece: Uint8Array) => void,
  signal: AbortSignal
): Promise<void> => {
  const { entry, start } = await open(yauzl, zip, expected)
  const { compressedSize, compressionMethod, crc32, uncompressedSize } = entry
  const data = () => zip.take(start, start + compressedSize)
  const pieces = compressionMethod === stored
    ? data()
    : uncompressedSize <= pieceSize
    ? [inflatedAtOnce(zlib, zip.slice(start, start + compressedSize), uncompressedSize)]
    : inflated(zlib, data(), signal)
  let size = 0
  let sum = 0
  for await (const piece of pieces) {
    size += piece.length
    if (size > uncompressedSize) throw tooLong(uncompressedSize)
    sum = zlib.crc32(piece, sum)
    take(piece)
  }
  if (size !== uncompressedSize) throw wrongSize(uncompressedSize, `${size} bytes`)
  if (sum !== crc32) throw corrupt("The CRC of the file in the zip archive does not match", hex(crc32), hex(sum))
}

const stored = 0

const inflatedAtOnce = ({ inflateRawSync }: ArchiveModules["zlib"], data: Uint8Array, size: number): Uint8Array => {
  try {
    return inflateRawSync(data, { chunkSize: Math.max(64, size), maxOutputLength: Math.max(1, size) })
  } catch (error) {
    throw error instanceof RangeError ? tooLong(size) : error
  }
}

async function* inflated(
  { createInflateRaw }: ArchiveModules["zlib"],
  data: Iterable<Uint8Array>,
  signal: AbortSignal
): AsyncGenerator<Uint8Array, void> {
  const inflate = createInflateRaw({ chunkSize: pieceSize })
  const stop = () => inflate.destroy()
  signal.addEventListener("abort", stop, { once: true })
  void feed(inflate, data)
  try {
    for await (const piece of inflate) {
      yield piece
      // zlib writes a buffer until it is full, and begins another one then.
      const { buffer, byteLength, byteOffset } = piece
      if (byteOffset + byteLength === pieceSize && buffer.byteLength === pieceSize) release(buffer)
    }
  } finally {
    signal.removeEventListener("abort", stop)
  }
}

/** Writes pieces one by one, each after the one before was read. */
const feed = async (inflate: InflateRaw, data: Iterable<Uint8Array>): Promise<void> => {
  for (const piece of data) {
    await new Promise<void>((resolve) => inflate.write(piece, () => resolve()))
    // After an interruption, zlib may still read the piece, which would be released for the next one.
    if (inflate.destroyed) return
  }
  inflate.end()
}

const open = async (
  yauzl: ArchiveModules["yauzl"],
  zip: Pieces,
  { maxSize, name }: Expected
): Promise<{ readonly entry: Entry; readonly start: number }> => {
  class Reader extends yauzl.RandomAccessReader {
    override read(
      buffer: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: (error: Error | null) => void
    ) {
      const bytes = zip.slice(position, position + length)
      buffer.set(bytes, offset)
      done(bytes.length < length ? new Error("unexpected end") : null)
    }
  }
  // Names are decoded here, as UTF-8: yauzl would misread a name without a declared encoding.
  const file = await yauzl.fromRandomAccessReaderPromise(new Reader(), zip.size(), { decodeStrings: false })
  const entry = await onlyEntry(file)
  const found = new TextDecoder().decode(entry.fileNameRaw)
  if (found !== name) throw corrupt("The zip archive contains another file", name, found)
  if (!entry.canDecodeFileData()) {
    throw corrupt(
      "The file in the zip archive is encrypted, or not compressed by deflate",
      "method 0 or 8, not encrypted",
      `method ${entry.compressionMethod}${entry.isEncrypted() ? ", encrypted" : ""}`
    )
  }
  if (entry.uncompressedSize > maxSize) throw wrongSize(maxSize, `${entry.uncompressedSize} bytes`, "at most ")
  const { fileDataStart } = await file.readLocalFileHeaderPromise(entry, { minimal: true })
  return { entry, start: fileDataStart }
}

const onlyEntry = async (file: ZipFile): Promise<Entry> => {
  const { entryCount } = file
  for await (const entry of entryCount === 1 ? file.eachEntry() : []) return entry
  throw corrupt("The zip archive does not contain exactly one file", "1 file", `${entryCount} files`)
}

const wrongSize = (wanted: number, found: string, bound = ""): DataIntegrity =>
  corrupt("The size of the file in the zip archive differs from that in its header", `${bound}${wanted} bytes`, found)

const tooLong = (wanted: number): DataIntegrity => wrongSize(wanted, `more than ${wanted} bytes`)

const hex = (sum: number): string => (sum >>> 0).toString(16).padStart(8, "0")
