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

const tag = new TextEncoder().encode("errata-crc32")
const crcSize = 4

/** The length of the footer, and `ARROW1`. */
const endSize = 10

/** An Arrow file with a seal. */
export const add = (zlib: CacheModules["zlib"], file: Uint8Array): Uint8Array => {
  const sealed = new Uint8Array(file.length + tag.length + crcSize)
  const view = new DataView(sealed.buffer)
  const footerEnd = file.length - endSize
  const end = sealed.length - endSize
  sealed.set(file.subarray(0, footerEnd))
  sealed.set(tag, footerEnd)
  sealed.set(file.subarray(footerEnd), end)
  view.setInt32(end, view.getInt32(end, true) + tag.length + crcSize, true)
  view.setUint32(end - crcSize, crcOf(zlib, sealed), true)
  return sealed
}

/** The checksum in the seal, and that of the bytes. Undefined if the file has no seal. */
export const read = (
  zlib: CacheModules["zlib"],
  file: Uint8Array
): { readonly wanted: number; readonly found: number } | undefined => {
  const at = file.length - endSize - crcSize - tag.length
  if (at < 0 || tag.some((byte, i) => file[at + i] !== byte)) return undefined
  const wanted = new DataView(file.buffer, file.byteOffset).getUint32(at + tag.length, true)
  return { wanted, found: crcOf(zlib, file) }
}

/** The checksum of all bytes but those of the checksum itself. */
const crcOf = (zlib: CacheModules["zlib"], sealed: Uint8Array): number => {
  const end = sealed.length - endSize
  return zlib.crc32(sealed.subarray(end), zlib.crc32(sealed.subarray(0, end - crcSize)))
}
