/** Half-open time ranges, and the candles of a grid in them. Lists of ranges are ascending and do not overlap. */
import * as Interval from "../../Interval.js"
import { endOf, gridOf, lowerBound } from "./columns.js"

export interface Range {
  /** Milliseconds since the epoch, as all instants in this file. */
  readonly start: number
  readonly end: number
}

/** The intersection of two lists of ranges, with the fields of the first. */
export const intersect = <A extends Range>(ranges: ReadonlyArray<A>, others: ReadonlyArray<Range>): ReadonlyArray<A> =>
  ranges.flatMap((range) =>
    others.filter((other) => Math.max(range.start, other.start) < Math.min(range.end, other.end)).map((other) => ({
      ...range,
      start: Math.max(range.start, other.start),
      end: Math.min(range.end, other.end)
    }))
  )

/** The parts of ranges that none of the others covers. */
export const subtract = <A extends Range>(ranges: ReadonlyArray<A>, others: ReadonlyArray<Range>): ReadonlyArray<A> => {
  const ends = [-Infinity, ...others.map(({ end }) => end)]
  const starts = [...others.map(({ start }) => start), Infinity]
  return intersect(ranges, ends.map((end, i) => ({ start: end, end: starts[i]! })))
}

/** The ranges of both lists. Where they overlap, those on top take precedence. */
export const overlay = <A extends Range>(ranges: ReadonlyArray<A>, onTop: ReadonlyArray<A>): ReadonlyArray<A> =>
  onTop.length === 0 ? ranges : [...subtract(ranges, onTop), ...onTop].sort((a, b) => a.start - b.start)

/** The union of ascending ranges, with as few ranges as possible. */
export const joined = (ranges: ReadonlyArray<Range>): ReadonlyArray<Range> => {
  const found: Array<Range> = []
  for (const { end, start } of ranges) {
    const last = found.at(-1)
    if (last !== undefined && start <= last.end) {
      found.splice(-1, 1, { start: last.start, end: Math.max(last.end, end) })
    } else found.push({ start, end })
  }
  return found
}

/** The missing candles of ranges, from the open times of the present ones. Adjacent ranges of one kind are merged. */
export const absent = <A extends Range>(
  ranges: ReadonlyArray<A>,
  openTime: Float64Array,
  interval: Interval.Interval,
  anchor: number,
  isAlike: (a: A, b: A) => boolean
): ReadonlyArray<A> => {
  const found: Array<A> = []
  const add = (range: A, start: number, end: number) => {
    if (start >= end) return
    const last = found.at(-1)
    if (last !== undefined && last.end === start && isAlike(last, range)) found.splice(-1, 1, { ...last, end })
    else found.push({ ...range, start, end })
  }
  const endAfter = endOf(interval, anchor)
  const grid = gridOf(interval, openTime)
  for (const range of ranges) {
    let next = Interval.ceil(grid, range.start, anchor)
    const end = Interval.ceil(grid, range.end, anchor)
    const first = lowerBound(openTime, next)
    // The common case: nothing is missing, and all candles are on the grid without duplicates.
    if (lowerBound(openTime, end) - first === Interval.count(grid, next, end, anchor)) continue
    for (let i = first; i < openTime.length && openTime[i]! < end; i++) {
      add(range, next, openTime[i]!)
      next = endAfter(openTime[i]!)
    }
    add(range, next, end)
  }
  return found
}
