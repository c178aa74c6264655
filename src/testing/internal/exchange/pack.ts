/** Files as the archive packs them. Imported only when an exchange starts, since it takes Node. */
import { createHash } from "node:crypto"
import { constants, crc32, deflateRawSync } from "node:zlib"
import type { Pack } from "./archiveServer.js"

const local = 0x0403_4b50
const central = 0x0201_4b50
const end = 0x0605_4b50
const deflated = 8
const utf8 = 0x0800

/** What both headers of a file say of it, in the same order: version, flags, method, time, date, sums and lengths. */
const facts = (name: Buffer, content: Uint8Array, packed: Uint8Array): Buffer => {
  const header = Buffer.alloc(26)
  header.writeUInt16LE(20, 0)
  header.writeUInt16LE(utf8, 2)
  header.writeUInt16LE(deflated, 4)
  // 1 January 1980, the first day a zip knows: the same content makes the same zip.
  header.writeUInt16LE(0x21, 8)
  header.writeUInt32LE(crc32(content), 10)
  header.writeUInt32LE(packed.length, 14)
  header.writeUInt32LE(content.length, 18)
  header.writeUInt16LE(name.length, 22)
  return header
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

type File = readonly [name: string, content: string | Uint8Array]

/** A zip of files. Those of the archive hold one. */
export const zipOf = (...files: ReadonlyArray<File>): Uint8Array => zipAt(constants.Z_DEFAULT_COMPRESSION, files)

const zipAt = (level: number, files: ReadonlyArray<File>): Uint8Array => {
  const bodies: Array<Uint8Array> = []
  const directory: Array<Uint8Array> = []
  let offset = 0
  for (const [file, data] of files) {
    const name = Buffer.from(file)
    const content = Buffer.from(data)
    const packed = deflateRawSync(content, { level })
    const header = facts(name, content, packed)
    const body = Buffer.concat([uint32(local), header, name, packed])
    directory.push(uint32(central), Buffer.of(20, 0), header, Buffer.alloc(10), uint32(offset), name)
    bodies.push(body)
    offset += body.length
  }
  const entries = Buffer.concat(directory)
  const tail = Buffer.alloc(18)
  tail.writeUInt16LE(files.length, 4)
  tail.writeUInt16LE(files.length, 6)
  tail.writeUInt32LE(entries.length, 8)
  tail.writeUInt32LE(offset, 12)
  return Buffer.concat([...bodies, entries, uint32(end), tail])
}

export const pack: Pack = {
  // Simulated files are packed for each client, and never stored.
  zip: (name, content) => zipAt(constants.Z_BEST_SPEED, [[name, content]]),
  sha256: (bytes) => createHash("sha256").update(bytes).digest("hex")
}
