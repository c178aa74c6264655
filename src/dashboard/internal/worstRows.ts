/** The values of the dimensions with the highest failure rates. Pure. */
import * as Option from "effect/Option"
import type { Frame } from "./frameModel.js"
import { full, plural } from "./numerals.js"
import type { DimensionReads } from "./trackerReads.js"

export const worstOf = ({ message, name, worst }: DimensionReads): Frame["worst"][number] => {
  const all = worst.rows.reduce((sum, { failures }) => sum + failures, 0)
  return {
    dimension: name,
    rows: worst.rows.filter(({ failures }) => failures > 0).map((row) => ({
      value: row.value,
      failed: row.failures,
      attempts: row.attempts,
      // Without attempts, the share of the failures shown.
      ratio: Option.getOrElse(row.errorRatio, () => row.failures / all),
      code: Option.getOrNull(row.mostly),
      times: Option.getOrNull(row.timesTheRest)
    })),
    total: worst.values + worst.leftOut,
    few: worst.leftOut,
    histogram: worst.histogram,
    message: message ?? spreadOf(name, worst) ?? null
  }
}

const fewestValues = 10

/** Values that fail alike have a cause in common, which is not one of them. */
const spreadOf = (dimension: string, { histogram, values }: DimensionReads["worst"]): string | undefined => {
  const failing = histogram.slice(histogram.length / 2).reduce((sum, n) => sum + n, 0)
  if (values < fewestValues || failing < values / 2) return undefined
  const where = dimension === "source" ? "" : `. Look at the hosts, not at the ${dimension}s`
  return `No ${dimension} stands out: ${full(failing)} of ${plural(values, dimension)} fail more often than not${where}`
}
