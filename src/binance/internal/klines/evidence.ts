/**
 * The facts about one instrument and interval that answers have proven so far. All pieces of a fetch share it, so that
 * the beginning and the end of the instrument are searched for once. The fetches of a stream pass on what they have
 * learned.
 */
import * as Effect from "effect/Effect"
import type * as Interval from "../../Interval.js"
import * as Market from "../../Market.js"
import type { Columns } from "./columns.js"
import { joined, type Range, subtract } from "./ranges.js"

// Smaller pages are not learned: a wrong answer would cause many requests.
const smallestPage = 100

export class Evidence {
  /** The open times of the earliest and of the latest known candle, of any source. */
  first = Infinity
  last = -Infinity
  /** The most rows in one answer. */
  mostRows = 0
  /** The rows of a page, if the exchange returns fewer than requested. */
  pageRows: number = Market.pageLimit
  private readonly cuts = new Map<number, number>()
  /** No candle opens before this time. */
  nothingBefore = -Infinity
  /** No candle opens at or after this time. */
  nothingAfter = Infinity
  /** The number of answers that failed or were refuted. */
  doubts = 0
  /** The latest time of the exchange that an answer stated, in milliseconds. */
  now = -Infinity
  /** False if `now` is only the open of a candle, since no answer stated a time. */
  isTimed = false
  /** Held while the surroundings of a gap are searched, so that concurrent pieces do not repeat the search. */
  readonly search = Effect.unsafeMakeSemaphore(1)
  /** Held while the time of the exchange is requested. */
  readonly timing = Effect.unsafeMakeSemaphore(1)
  /** An open time, for an interval whose grid depends on a candle. */
  anchor: number | undefined = undefined
  /** Rows of answers to requests that only search for the first or the last candle. */
  readonly spare: Array<Columns> = []
  private empty: ReadonlyArray<Range> = []
  /** The ranges that another fetch has proven empty while some of its answers failed or were refuted. */
  unsure: ReadonlyArray<Range> = []

  /**
   * Adopts the facts of another fetch of the same instrument and interval. Without `isPast`, the time of the exchange
   * and the end of the instrument are left out: for the present, they may be outdated.
   */
  learn(other: Evidence, isPast: boolean): void {
    this.candles(other.first, other.last)
    this.anchor ??= other.anchor
    this.mostRows = Math.max(this.mostRows, other.mostRows)
    this.pageRows = Math.min(this.pageRows, other.pageRows)
    const doubted = other.doubts > 0 ? subtract(other.empty, this.empty) : []
    this.unsure = union([...this.unsure, ...other.unsure, ...doubted])
    this.empty = union([...this.empty, ...other.empty])
    if (other.doubts === 0) this.nothingBefore = Math.max(this.nothingBefore, other.nothingBefore)
    if (!isPast) return
    this.isTimed ||= other.isTimed
    this.now = Math.max(this.now, other.now)
    if (other.doubts === 0) this.nothingAfter = Math.min(this.nothingAfter, other.nothingAfter)
  }

  /** Records the earliest and the latest open time of candles. */
  candles(first: number, last: number): void {
    this.first = Math.min(this.first, first)
    this.last = Math.max(this.last, last)
  }

  /** Records that an answer of so many rows was cut. The second one with as many rows shows the size of a page. */
  cutAt(rows: number): void {
    const times = (this.cuts.get(rows) ?? 0) + 1
    this.cuts.set(rows, times)
    if (times > 1 && rows >= smallestPage) this.pageRows = Math.min(this.pageRows, rows)
  }

  /** Records a range without candles, confirmed by {@link required} answers. */
  proveEmpty(range: Range): void {
    if (range.start >= range.end) return
    this.empty = union([...this.empty, range])
  }

  /** The rest of the proven range that contains an instant. */
  emptyFrom(instant: number): Range | undefined {
    const found = this.empty.find(({ end, start }) => start <= instant && instant < end)
    return found === undefined ? undefined : { start: instant, end: found.end }
  }

  /** True if no candle opens before an instant. */
  isEmptyBefore(instant: number): boolean {
    return instant <= (this.emptyFrom(this.nothingBefore)?.end ?? this.nothingBefore)
  }

  /** True if no candle opens at or after an instant. */
  isEmptyAfter(instant: number): boolean {
    return (this.emptyFrom(instant)?.end ?? instant) >= this.nothingAfter
  }

  /** The start of the first proven range after an instant. */
  nextEmpty(instant: number): number | undefined {
    return this.empty.find(({ start }) => start > instant)?.start
  }

  /**
   * The number of answers required to prove that candles do not exist. One answer is not enough: it may be truncated or
   * cached. After a failed or refuted answer, more are required.
   */
  get required(): number {
    return this.doubts === 0 ? 2 : 4
  }
}

const union = (ranges: ReadonlyArray<Range>): ReadonlyArray<Range> =>
  joined([...ranges].sort((a, b) => a.start - b.start))

/** The anchor of a grid: learned from a candle if the interval requires it. */
export const anchorIn = (interval: Interval.Interval, evidence: Evidence, standard: number): number =>
  interval === "3d" ? evidence.anchor ?? standard : standard
