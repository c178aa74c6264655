/** Divides ranges into pieces, so that a failure affects only its own piece. */
import * as Interval from "../../Interval.js"
import { hasDays } from "../archive/archiveFiles.js"
import type { Evidence } from "./evidence.js"
import type { Range } from "./ranges.js"

/** Pieces by files of the archive: whole months, and days for the rest if the interval has daily files. */
export const byFile = (interval: Interval.Interval) => (range: Range): ReadonlyArray<Range> =>
  at("1M", range).flatMap((part) => hasDays(interval) && !isMonth(part) ? at("1d", part) : [part])

const isMonth = ({ end, start }: Range): boolean =>
  Interval.floor("1M", start) === start && Interval.next("1M", start) === end

const at = (span: "1M" | "1d", range: Range): ReadonlyArray<Range> => {
  const pieces: Array<Range> = []
  for (let start = range.start; start < range.end;) {
    const end = Math.min(range.end, Interval.next(span, start))
    pieces.push({ start, end })
    start = end
  }
  return pieces
}

/** Splits after every `candles` candles. */
const byCandles = (interval: Interval.Interval, candles: number) => (range: Range): ReadonlyArray<Range> => {
  const pieces: Array<Range> = []
  for (let start = range.start; start < range.end;) {
    const end = Math.min(range.end, Interval.at(interval, Interval.index(interval, start) + candles))
    pieces.push({ start, end })
    start = end
  }
  return pieces
}

/**
 * Pieces with a fixed number of candles. A range that is proven empty is one piece of any length. The future belongs to
 * the last piece.
 */
export const byEvidence = (
  interval: Interval.Interval,
  candles: number,
  evidence: Evidence,
  range: Range
): ReadonlyArray<Range> => {
  const pieces: Array<Range> = []
  const come = evidence.now === -Infinity ? range.end : Math.min(range.end, Interval.next(interval, evidence.now))
  let start = range.start
  const cut = (end: number) => {
    pieces.push(...byCandles(interval, candles)({ start, end }))
    start = end
  }
  while (start < come) {
    const empty = evidence.emptyFrom(start) ?? evidence.emptyFrom(Interval.ceil(interval, start))
    if (empty !== undefined) {
      const end = empty.end >= come ? range.end : empty.end
      pieces.push({ start, end })
      start = end
      continue
    }
    const next = evidence.nextEmpty(start)
    cut(next === undefined || next >= come ? come : next)
  }
  if (start < range.end) {
    const last = pieces.pop()
    pieces.push({ start: last?.start ?? start, end: range.end })
  }
  return pieces
}
