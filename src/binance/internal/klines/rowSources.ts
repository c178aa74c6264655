/**
 * The sources of rows. Nearly always all rows of klines have the same source: such a list is shared, and is counted
 * without a loop.
 */
import type { Source as SourceSchema } from "./origins.js"

type Source = typeof SourceSchema.Type

const uniform = new WeakMap<ReadonlyArray<Source>, Source>()
const latest = new Map<Source, Pick<WeakRef<ReadonlyArray<Source>>, "deref">>()

// Lists of up to this length, more than a day of seconds, are kept: to make them again takes as long as to read their rows.
const longest = 1 << 17

const none: ReadonlyArray<Source> = Object.freeze([])

/** A frozen list with the same source for `length` rows. Most pieces of a range have the same length. */
export const repeated = (source: Source, length: number): ReadonlyArray<Source> => {
  const shared = latest.get(source)?.deref()
  if (shared?.length === length) return shared
  if (length === 0) return none
  const made = Object.freeze(Array<Source>(length).fill(source))
  uniform.set(made, source)
  latest.set(source, length > longest ? new WeakRef(made) : { deref: () => made })
  return made
}

/** The sources of a range of rows. */
export const part = (sources: ReadonlyArray<Source>, start: number, end: number): ReadonlyArray<Source> => {
  if (start === 0 && end === sources.length) return sources
  const source = uniform.get(sources)
  return source === undefined ? sources.slice(start, end) : repeated(source, end - start)
}

/** The number of rows of each source. */
export const count = (sources: ReadonlyArray<Source>): Record<Source, number> => {
  const rows = { cache: 0, vision: 0, rest: 0 }
  const source = uniform.get(sources)
  if (source !== undefined) rows[source] = sources.length
  else for (const each of sources) rows[each]++
  return rows
}
