/**
 * The known candles of a range, and the answers that deny the others. Pure bookkeeping of a fetch: it determines the
 * next request and the proven gaps.
 */
import * as Interval from "../../Interval.js"
import { type Columns, endOf, gridOf, lowerBound } from "./columns.js"
import { intersect, joined, type Range, subtract } from "./ranges.js"

/** A range without candles, and the number of answers that agree on it. */
export interface Gap extends Range {
  readonly votes: number
}

export class CandleMap {
  readonly parts: Array<Columns> = []
  /** The open times of invalid rows. */
  readonly invalid = new Set<number>()
  /** The grid times at which a candle opens, ascending. Includes the unfinished candle. */
  private opens = new Float64Array(0)
  private votes: Array<Range> = []
  private handled: ReadonlyArray<Range> = []

  private readonly interval: Interval.Interval
  private readonly anchor: () => number

  constructor(interval: Interval.Interval, anchor: () => number) {
    this.interval = interval
    this.anchor = anchor
  }

  /** The grid of gaps. */
  private grid(): Interval.Interval {
    return gridOf(this.interval, this.opens)
  }

  private floor(instant: number): number {
    return Interval.floor(this.interval, instant, this.anchor())
  }

  /** The first open time at or after an instant. */
  openFrom(instant: number): number | undefined {
    return this.opens[lowerBound(this.opens, instant)]
  }

  /** The last open time before an instant. */
  openBefore(instant: number): number | undefined {
    return this.opens[lowerBound(this.opens, instant) - 1]
  }

  /**
   * Adds an answer. `coverage` is the range that the answer describes completely; undefined if it proves nothing about
   * absent candles. Returns false when the answer contradicts an earlier one.
   */
  add(
    answer: { readonly rows: Columns; readonly opens: ReadonlyArray<number>; readonly invalid: ReadonlyArray<number> },
    coverage: Range | undefined
  ): boolean {
    const found = [...new Set([...answer.opens, ...answer.invalid].map((open) => this.floor(open)))].sort((a, b) =>
      a - b
    )
    for (const open of answer.invalid) this.invalid.add(this.floor(open))
    if (answer.rows.length > 0) this.parts.push(answer.rows)
    const before = this.opens
    const fresh = found.filter((open) => before[lowerBound(before, open)] !== open)
    // A new candle refutes the answers that denied it.
    const denied = this.votes.filter((vote) => fresh.some((open) => vote.start <= open && open < vote.end))
    if (denied.length > 0) this.votes = this.votes.filter((vote) => !denied.includes(vote))
    let consistent = denied.length === 0
    if (coverage !== undefined) {
      const present = new Set(found)
      const known = before.subarray(lowerBound(before, coverage.start), lowerBound(before, coverage.end))
      if (known.every((open) => present.has(open))) this.votes.push(coverage)
      else consistent = false
      this.handle(coverage)
    }
    if (fresh.length > 0) {
      const all = new Float64Array(before.length + fresh.length)
      all.set(before)
      all.set(fresh, before.length)
      this.opens = before.length === 0 || before.at(-1)! < fresh[0]! ? all : all.sort()
    }
    return consistent
  }

  /** Marks a range as requested, or as excluded from requests. */
  handle(range: Range): void {
    if (range.start < range.end) this.handled = joined([...this.handled, range].sort((a, b) => a.start - b.start))
  }

  /** The first part of a range that was not requested and may contain a candle. */
  unhandled(range: Range): Range | undefined {
    // The grid of `3d` is unknown before the first candle.
    const isUnknown = this.interval === "3d" && this.opens.length === 0
    return subtract([range], this.handled).find(({ end, start }) =>
      isUnknown || Interval.count(this.interval, start, end, this.anchor()) > 0
    )
  }

  /** The maximal ranges of a zone in which no candle opens. All bounds are times of the grid. */
  gaps(zone: Range): ReadonlyArray<Range> {
    const { anchor, interval } = this
    const endAfter = endOf(interval, anchor())
    const found: Array<Range> = []
    let next = Interval.ceil(this.grid(), zone.start, anchor())
    const end = Interval.ceil(this.grid(), zone.end, anchor())
    for (let i = lowerBound(this.opens, next); i < this.opens.length && this.opens[i]! < end; i++) {
      if (next < this.opens[i]!) found.push({ start: next, end: this.opens[i]! })
      next = endAfter(this.opens[i]!)
    }
    if (next < end) found.push({ start: next, end })
    return found
  }

  /** The parts of a gap, by the number of answers that agree on them. */
  votesOn(gap: Range): ReadonlyArray<Gap> {
    const inside = intersect(this.votes, [gap])
    const cuts = [...new Set([gap.start, gap.end, ...inside.flatMap(({ end, start }) => [start, end])])]
      .sort((a, b) => a - b)
    return cuts.slice(1).map((end, i) => {
      const start = cuts[i]!
      return { start, end, votes: inside.filter((vote) => vote.start <= start && end <= vote.end).length }
    }).filter(({ end, start }) => Interval.count(this.grid(), start, end, this.anchor()) > 0)
  }
}
