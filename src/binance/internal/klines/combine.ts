/** Klines from the rows of a source, from two klines, and from a part of one. */
import * as Interval from "../../Interval.js"
import * as columns from "./columns.js"
import { make, type Missing, type Model } from "./klinesModel.js"
import * as ranges from "./ranges.js"
import * as rowSources from "./rowSources.js"

/** Klines of one source, from rows in any order. Invalid rows are omitted, and are missing within `reasons`. */
export const fromRows = (options: {
  readonly interval: Interval.Interval
  readonly source: Model["source"][number]
  readonly columns: columns.Columns
  readonly start: number
  readonly end: number
  readonly reasons: ReadonlyArray<Missing>
}): Model => {
  const { end, interval, reasons, source, start } = options
  const anchor = columns.anchorOf(interval, options.columns.openTime)
  const { columns: sound, unsound } = columns.sound(options.columns, interval, anchor)
  const kept = columns.between(sound, start, end)
  const invalid = unsound.map((open): Missing => ({
    start: open,
    end: Interval.next(interval, open, anchor),
    reason: "invalid"
  }))
  return make(kept, {
    interval,
    source: rowSources.repeated(source, kept.length),
    missing: absent(ranges.overlay(reasons, ranges.intersect(invalid, reasons)), kept.openTime, interval, anchor)
  })
}

/** The rows of both, and the candles that both lack. Rows and reasons of `that` take precedence. */
export const concat = (self: Model, that: Model): Model => {
  const { interval } = self
  if (interval !== that.interval) {
    throw new Error(`Klines of ${interval} cannot be concatenated with klines of ${that.interval}`)
  }
  const rows = merged(self, that)
  const reasons = ranges.overlay(self.missing, that.missing)
  const anchor = columns.anchorOf(interval, rows.columns.openTime)
  return make(rows.columns, {
    interval,
    source: rows.source,
    missing: absent(reasons, rows.columns.openTime, interval, anchor)
  })
}

/** The rows that open in `[start, end)`, as views, and the missing candles there. */
export const slice = (self: Model, start: number, end: number): Model => {
  const { interval } = self
  const from = columns.lowerBound(self.openTime, start)
  const kept = columns.between(self, start, end)
  const anchor = columns.anchorOf(interval, self.openTime)
  const grid = columns.gridOf(interval, self.openTime)
  const bounds = { start: Interval.ceil(grid, start, anchor), end: Interval.ceil(grid, end, anchor) }
  return make(kept, {
    interval,
    source: rowSources.part(self.source, from, from + kept.length),
    missing: ranges.intersect(self.missing, [bounds])
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const absent = (
  reasons: ReadonlyArray<Missing>,
  openTime: Float64Array,
  interval: Interval.Interval,
  anchor: number
): ReadonlyArray<Missing> => ranges.absent(reasons, openTime, interval, anchor, (a, b) => a.reason === b.reason)

interface Rows {
  readonly columns: columns.Columns
  readonly source: Model["source"]
}

/** The rows of both, in order. Consecutive pieces of a range are copied without comparing rows. */
const merged = (self: Model, that: Model): Rows => {
  if (that.length === 0) return { columns: self, source: self.source }
  if (self.length === 0) return { columns: that, source: that.source }
  if (self.openTime[self.length - 1]! < that.openTime[0]!) return following(self, that)
  if (that.openTime[that.length - 1]! < self.openTime[0]!) return following(that, self)
  const order = columns.mergeOrder(self.openTime, that.openTime)
  const source = Array<Model["source"][number]>(order.length)
  order.forEach((row, i) => {
    source[i] = row < self.length ? self.source[row]! : that.source[row - self.length]!
  })
  return { columns: columns.pick(columns.join([self, that]), order), source }
}

const following = (first: Model, second: Model): Rows => ({
  columns: columns.join([first, second]),
  source: first.source.concat(second.source)
})
