/** What it means that REST has no candle somewhere. */
import * as Interval from "../../Interval.js"
import type { Missing } from "../../Klines.js"
import { intersect, overlay } from "./ranges.js"

// A candle that is absent although it closed less than this before may still come.
const settling = 3_600_000

/** `[start, end)` was asked for, and all of it that is over was answered. */
export const restReasons = (options: {
  readonly interval: Interval.Interval
  readonly anchor: number
  readonly start: number
  readonly end: number
  /** The time of the server at the last answer, in milliseconds. */
  readonly now: number
  /** The first and the last open of the answers. */
  readonly rows: { readonly first: number; readonly last: number } | undefined
  /** Why there is nothing before the first row, or nothing at all. */
  readonly leading: Missing["reason"]
  /** Why there is nothing after the last row. */
  readonly trailing: Missing["reason"]
}): ReadonlyArray<Missing> => {
  const { anchor, end, interval, leading, now, rows, start, trailing } = options
  const forming = Interval.floor(interval, now, anchor)
  const upcoming = Interval.next(interval, now, anchor)
  const first = rows === undefined ? forming : rows.first
  const fresh = Math.max(rows === undefined ? start : rows.last, Interval.floor(interval, now - settling, anchor))
  const past: ReadonlyArray<Missing> = [
    { start, end: first, reason: leading },
    { start: first, end: rows?.last ?? first, reason: "source_gap" },
    { start: rows?.last ?? first, end: forming, reason: trailing }
  ]
  const recent: ReadonlyArray<Missing> = rows === undefined && leading === "not_listed_yet"
    ? []
    : [{ start: fresh, end: forming, reason: "not_published_yet" }]
  return intersect([
    ...overlay(past, intersect(recent, [{ start, end: forming }])),
    { start: forming, end: upcoming, reason: "unfinished" },
    { start: upcoming, end: Infinity, reason: "not_published_yet" }
  ], [{ start, end }])
}
