/** Damaged files of the archive as evidence: an instrument with a file of a period was traded in that period. */
import type { Missing } from "../../Klines.js"
import { intersect, overlay, type Range } from "../klines/ranges.js"

/**
 * The missing candles, without delistings and listings that a damaged file contradicts: the file is later than the last
 * known candle, or earlier than the first one. Those candles may exist, so they are `not_fetched`.
 */
export const outsideOf = (
  damaged: ReadonlyArray<Range>,
  { first, last }: { readonly first: number; readonly last: number },
  missing: ReadonlyArray<Missing>
): ReadonlyArray<Missing> => {
  const tradedUntil = Math.max(-Infinity, ...damaged.filter(({ start }) => start > last).map(({ end }) => end))
  const tradedFrom = Math.min(Infinity, ...damaged.filter(({ end }) => end <= first).map(({ start }) => start))
  const doubted = [
    ...intersect(missing.filter(({ reason }) => reason === "delisted"), [{ start: -Infinity, end: tradedUntil }]),
    ...intersect(missing.filter(({ reason }) => reason === "not_listed_yet"), [{ start: tradedFrom, end: Infinity }])
  ]
  return overlay(missing, doubted.sort((a, b) => a.start - b.start).map((hole) => ({ ...hole, reason: "not_fetched" })))
}
