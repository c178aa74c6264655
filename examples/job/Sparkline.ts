/** Counts over time in one line of text. */

const blocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

/**
 * The counts as blocks, of which the highest stands for the greatest count; no event is the lowest block. Neighbours are added up,
 * so that there are at most `columns`.
 */
export const sparkline = (counts: ReadonlyArray<number>, columns: number): string => {
  const size = Math.max(1, Math.ceil(counts.length / Math.max(1, columns)))
  const sums = Array.from(
    { length: Math.ceil(counts.length / size) },
    (_, i) => counts.slice(i * size, (i + 1) * size).reduce((sum, n) => sum + n, 0)
  )
  const most = Math.max(...sums, 1)
  return sums.map((sum) => blocks[sum === 0 ? 0 : Math.max(1, Math.ceil(sum / most * 8) - 1)]).join("")
}
