/**
 * Verifies the lengths and offsets of an Arrow file that has no seal, so that a parser reads it in time and memory
 * proportional to its size. Such files are of earlier versions of this library, or of other tools.
 *
 * The walk follows the Flatbuffers of the footer and of the record batches: https://arrow.apache.org/docs/format/Columnar.html
 */

/** The positions of fields in the vtables of Arrow's Flatbuffers, in bytes. */
const slots = {
  footer: { schema: 6, dictionaries: 8, batches: 10, metadata: 12 },
  schema: { fields: 6, metadata: 8 },
  field: { name: 4, typeId: 8, dictionary: 12, children: 14, metadata: 16 },
  entry: { key: 4, value: 6 },
  message: { version: 4, headerType: 6, header: 8 },
  batch: { nodes: 6, buffers: 8, variadic: 12 }
} as const

const magic = new TextEncoder().encode("ARROW1")
const endSize = magic.length + 4
const blockSize = 24
const recordBatch = 3
/** The type ids of integers and of floating-point numbers. */
const numeric: ReadonlyArray<number> = [2, 3]
/** Earlier versions have a page id in each buffer. */
const version4 = 3

/** The field of a table at a slot, as an offset. Undefined if the table does not have it. */
type Table = (slot: number) => number | undefined

/** Returns whether all columns of a file are plain numbers. Throws if a length or an offset is out of bounds. */
export const hasPlainColumns = (bytes: Uint8Array): boolean => {
  const end = bytes.length - endSize
  if (magic.some((byte, i) => bytes[i] !== byte || bytes[end + 4 + i] !== byte)) throw new Error("Not an Arrow file")
  const file = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // The parts of a file do not overlap. The factor allows for shared parts, such as strings.
  let budget = 2 * bytes.length
  const spend = (size: number) => {
    budget -= size
    if (budget < 0) throw new Error("The parts of the file are larger than the file")
  }

  const tableAt = (view: DataView, at: number): Table => {
    const position = at + view.getInt32(at, true)
    const vtable = position - view.getInt32(position, true)
    const size = view.getInt16(vtable, true)
    return (slot) => {
      const offset = slot < size ? view.getInt16(vtable + slot, true) : 0
      return offset === 0 ? undefined : position + offset
    }
  }
  /** The offsets of the items of a vector. */
  const items = (view: DataView, at: number | undefined, stride: number): ReadonlyArray<number> => {
    if (at === undefined) return []
    const first = at + view.getInt32(at, true) + 4
    const length = view.getInt32(first - 4, true)
    if (length < 0 || first + length * stride > view.byteLength) throw new Error("A vector is out of bounds")
    spend(length * stride)
    return Array.from({ length }, (_, i) => first + i * stride)
  }
  const text = (view: DataView, at: number | undefined) => {
    if (at === undefined) return
    const length = view.getInt32(at + view.getInt32(at, true), true)
    if (length < 0) throw new Error("A string is out of bounds")
    spend(length)
  }
  const metadata = (at: number | undefined) => {
    for (const entry of items(file, at, 4)) {
      const field = tableAt(file, entry)
      text(file, field(slots.entry.key))
      text(file, field(slots.entry.value))
    }
  }
  const isPlainField = (at: number): boolean => {
    const field = tableAt(file, at)
    text(file, field(slots.field.name))
    metadata(field(slots.field.metadata))
    const typeId = field(slots.field.typeId)
    return typeId !== undefined && numeric.includes(file.getUint8(typeId)) &&
      field(slots.field.dictionary) === undefined && items(file, field(slots.field.children), 4).length === 0
  }
  const isBatch = (block: number): boolean => {
    const at = Number(file.getBigInt64(block, true))
    const start = file.getInt32(at, true) === -1 ? at + 8 : at + 4
    const head = new DataView(bytes.buffer, bytes.byteOffset + start, file.getInt32(start - 4, true))
    const message = tableAt(head, 0)
    const type = message(slots.message.headerType)
    const header = message(slots.message.header)
    if (type === undefined || header === undefined || head.getUint8(type) !== recordBatch) return false
    const version = message(slots.message.version)
    const hasPages = version === undefined || head.getInt16(version, true) < version4
    const batch = tableAt(head, header)
    items(head, batch(slots.batch.nodes), 16)
    items(head, batch(slots.batch.buffers), hasPages ? 24 : 16)
    items(head, batch(slots.batch.variadic), 8)
    return true
  }

  const footer = tableAt(file, end - file.getInt32(end, true))
  metadata(footer(slots.footer.metadata))
  const schemaAt = footer(slots.footer.schema)
  if (schemaAt === undefined) return false
  const schema = tableAt(file, schemaAt)
  metadata(schema(slots.schema.metadata))
  const fields = items(file, schema(slots.schema.fields), 4)
  const batches = items(file, footer(slots.footer.batches), blockSize)
  // A parser makes an object for each field of each batch.
  spend(fields.length * batches.length)
  return items(file, footer(slots.footer.dictionaries), blockSize).length === 0 &&
    fields.every(isPlainField) && batches.every(isBatch)
}
