/** Reads the answers of Redis, which are text, numbers and lists of these in any version of the protocol. */
import * as Predicate from "effect/Predicate"

export const number = (reply: unknown): number => {
  const n = Number(reply)
  if (!Number.isFinite(n)) throw new TypeError("Redis answered with something other than a number")
  return n
}

export const text = (reply: unknown): string => Predicate.isString(reply) ? reply : String(reply)

export const list = (reply: unknown): ReadonlyArray<unknown> => {
  if (!Array.isArray(reply)) throw new TypeError("Redis answered with something other than a list")
  return reply
}

/** Groups of `size`. */
export const groups = (reply: ReadonlyArray<unknown>, size: number): ReadonlyArray<ReadonlyArray<unknown>> =>
  Array.from({ length: Math.floor(reply.length / size) }, (_, i) => reply.slice(i * size, (i + 1) * size))

export interface StreamEntry {
  readonly id: string
  readonly fields: ReadonlyArray<unknown>
}

/** The entries of a stream. One that was deleted has no fields, and is left out. */
export const entries = (reply: unknown): ReadonlyArray<StreamEntry> =>
  list(reply).flatMap((entry) => {
    const [id, fields] = list(entry)
    return Array.isArray(fields) ? [{ id: text(id), fields }] : []
  })

/**
 * The entries that `XREAD` returns of one stream. Null: none came in time. Otherwise the reply is a list of streams, with the
 * third version of the protocol a list of names and entries, or an object of them.
 */
export const readEntries = (reply: unknown): ReadonlyArray<StreamEntry> => {
  if (reply === null || reply === undefined) return []
  if (!Array.isArray(reply)) return entries(Object.values(reply)[0])
  const [first, second] = list(reply)
  return entries(Array.isArray(first) ? first[1] : second)
}

/** Whether the position of a stream is before another one. */
export const isBefore = (a: string, b: string): boolean => {
  const [aMillis = 0, aSeq = 0] = a.split("-").map(Number)
  const [bMillis = 0, bSeq = 0] = b.split("-").map(Number)
  return aMillis < bMillis || (aMillis === bMillis && aSeq < bSeq)
}

/** The time at which an entry was added, in milliseconds since 1970. */
export const timeOf = (id: string): number => Number(id.split("-")[0])
