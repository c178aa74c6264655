/**
 * A CRC-32 of all bytes of an Arrow file, at a fixed distance from its end.
 *
 * It is verified before the file is parsed: Arrow readers trust lengths and offsets, and a damaged length can make them
 * allocate until the process dies. The seal is the last part of the footer: it is included in the length of the footer,
 * and readers ignore it, since no offset of the footer refers to it.
 *
 *     … | footer | tag | CRC-32 | length of footer, tag and CRC-32 | ARROW1
 */
import type { CacheModules } from "../optionalModules.js"
import { combine } from "./crc.js"

const tag = new TextEncoder().encode("errata-crc32")
const crcSize = 4

/** The length of the footer, and `ARROW1`. */
const endSize = 10

/** A part of a file, and its checksum if it is known. */
export interface Part {
  readonly bytes: Uint8Array
  readonly crc: number | undefined
}

/**
 * An Arrow file with a seal. The last part must hold the end of the footer. It is the only one that is copied, and bytes
 * with a known checksum are not read.
 */
export const add = (zlib: CacheModules["zlib"], file: ReadonlyArray<Part>): ReadonlyArray<Uint8Array> => {
  const before = file.slice(0, -1)
  const last = file.at(-1)?.bytes ?? new Uint8Array(endSize)
  const sealed = new Uint8Array(last.length + tag.length + crcSize)
  const view = new DataView(sealed.buffer)
  const footerEnd = last.length - endSize
  const end = sealed.length - endSize
  sealed.set(last.subarray(0, footerEnd))
  sealed.set(tag, footerEnd)
  sealed.set(last.subarray(footerEnd), end)
  view.setInt32(end, view.getInt32(end, true) + tag.length + crcSize, true)
  view.setUint32(end - crcSize, crcOf(zlib, sealed, checksum(zlib, before, 0)), true)
  return [...before.map(({ bytes }) => bytes), sealed]
}

/** The checksum of parts, continued from that of the bytes before them. */
export const checksum = (zlib: CacheModules["zlib"], parts: ReadonlyArray<Part>, before: number): number =>
  parts.reduce(
    (sum, { bytes, crc }) => crc === undefined ? zlib.crc32(bytes, sum) : combine(sum, crc, bytes.length),
    before
  )

/** The checksum in the seal, and that of the bytes. Undefined if the file has no seal. */
export const read = (
  zlib: CacheModules["zlib"],
  file: Uint8Array
): { readonly wanted: number; readonly found: number } | undefined => {
  const at = file.length - endSize - crcSize - tag.length
  if (at < 0 || tag.some((byte, i) => file[at + i] !== byte)) return undefined
  const wanted = new DataView(file.buffer, file.byteOffset).getUint32(at + tag.length, true)
  return { wanted, found: crcOf(zlib, file, 0) }
}

/** The checksum of all bytes but those of the checksum itself, continued from that of the bytes before them. */
const crcOf = (zlib: CacheModules["zlib"], sealed: Uint8Array, before: number): number => {
  const end = sealed.length - endSize
  return zlib.crc32(sealed.subarray(end), zlib.crc32(sealed.subarray(0, end - crcSize), before))
}
