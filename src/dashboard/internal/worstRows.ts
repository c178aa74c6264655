/** The values of the dimensions with the highest failure rates. Pure. */
import type { Frame } from "./frameModel.js"
import type { DimensionReads } from "./trackerReads.js"

type Worst = Frame["worst"][number]
type Row = DimensionReads["rows"][number]

/** A failure rate of fewer attempts says little. */
const fewest = 20

const shown = 8
const bins = 20

const ratioOf = ({ attempts, failed }: Row): number => attempts === 0 ? 0 : Math.min(1, failed / attempts)

export const worstOf = ({ message, name, rows }: DimensionReads): Worst => {
  const isCounted = rows.some(({ attempts }) => attempts > 0)
  return isCounted ? byRate(name, rows, message) : byCount(name, rows, message)
}

const byRate = (dimension: string, rows: ReadonlyArray<Row>, message: string | undefined): Worst => {
  const enough = rows.filter(({ attempts }) => attempts >= fewest)
  const ratios = enough.map(ratioOf).sort((a, b) => a - b)
  const all = enough.reduce((sum, { attempts, failed }) => ({
    attempts: sum.attempts + attempts,
    failed: sum.failed + failed
  }), { attempts: 0, failed: 0 })
  const histogram = Array.from({ length: bins }, () => 0)
  for (const ratio of ratios) {
    const bin = Math.min(bins - 1, Math.floor(ratio * bins))
    histogram[bin] = (histogram[bin] ?? 0) + 1
  }
  return {
    dimension,
    rows: enough
      .filter(({ failed }) => failed > 0)
      .sort((a, b) => ratioOf(b) - ratioOf(a) || b.failed - a.failed)
      .slice(0, shown)
      .map((row) => ({
        value: row.value,
        failed: row.failed,
        attempts: row.attempts,
        ratio: ratioOf(row),
        code: row.code ?? null,
        times: timesTheRest(row, all)
      })),
    total: rows.length,
    few: rows.length - enough.length,
    histogram,
    median: ratios.length === 0 ? null : ratios[Math.floor(ratios.length / 2)]!,
    best: ratios[0] ?? null,
    message: message ?? null
  }
}

const timesTheRest = (row: Row, all: { readonly attempts: number; readonly failed: number }): number | null => {
  const [attempts, failed] = [all.attempts - row.attempts, all.failed - row.failed]
  return attempts === 0 || failed <= 0 ? null : ratioOf(row) / (failed / attempts)
}

/** Without attempts, the share of all errors. */
const byCount = (dimension: string, rows: ReadonlyArray<Row>, message: string | undefined): Worst => {
  const total = rows.reduce((sum, { failed }) => sum + failed, 0)
  return {
    dimension,
    rows: rows
      .filter(({ failed }) => failed > 0)
      .sort((a, b) => b.failed - a.failed)
      .slice(0, shown)
      .map(({ code, failed, value }) => ({
        value,
        failed,
        attempts: 0,
        ratio: failed / total,
        code: code ?? null,
        times: null
      })),
    total: rows.length,
    few: 0,
    histogram: [],
    median: null,
    best: null,
    message: message ?? null
  }
}
