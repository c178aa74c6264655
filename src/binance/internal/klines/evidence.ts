/**
 * What the answers about one instrument and interval have proven so far. All pieces of a fetch share it, so that the
 * beginning and the end of the instrument are found once.
 */
import type * as Interval from "../../Interval.js"
import { joined, type Range } from "./ranges.js"

export class Evidence {
  /** The open times of the earliest and of the latest candle known, of any source. */
  first = Infinity
  last = -Infinity
  /** Nothing opens before this time. */
  nothingBefore = -Infinity
  /** Nothing opens at or after this time. */
  nothingAfter = Infinity
  /** The number of answers that failed or proved false. */
  doubts = 0
  /** The latest time of the exchange that an answer stated, in milliseconds. */
  now = -Infinity
  /** An open time, where the grid of the interval has to be learned from a candle. */
  anchor: number | undefined = undefined
  private empty: ReadonlyArray<Range> = []

  /** Records candles by the earliest and the latest of their open times. */
  candles(first: number, last: number): void {
    this.first = Math.min(this.first, first)
    this.last = Math.max(this.last, last)
  }

  /** Records a range in which nothing opens, according to as many answers as are {@link required}. */
  proveEmpty(range: Range): void {
    if (range.start >= range.end) return
    this.empty = joined([...this.empty, range].sort((a, b) => a.start - b.start))
  }

  /** The proven range that an instant lies in, from the instant on. */
  emptyFrom(instant: number): Range | undefined {
    const found = this.empty.find(({ end, start }) => start <= instant && instant < end)
    return found === undefined ? undefined : { start: instant, end: found.end }
  }

  /** The beginning of the first proven range after an instant. */
  nextEmpty(instant: number): number | undefined {
    return this.empty.find(({ start }) => start > instant)?.start
  }

  /**
   * The number of answers that have to agree that candles do not exist. One answer proves nothing: it may be cut short,
   * or come from a cache. Once an answer has failed or proved false, more are needed.
   */
  get required(): number {
    return this.doubts === 0 ? 2 : 4
  }
}

/** The anchor of a grid: as learned, where it has to be. */
export const anchorIn = (interval: Interval.Interval, evidence: Evidence, standard: number): number =>
  interval === "3d" ? evidence.anchor ?? standard : standard
