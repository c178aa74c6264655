/** Races: rounds in which every contender runs once, in rotated order, with an empty heap. */
import { parseArgs } from "node:util"

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } })

/** How many of them were asked for with `--rounds`. */
export const rounds = Number(values.rounds)

export interface Contender {
  readonly name: string
  /** Does its work so many times. */
  readonly run: (times: number) => void | Promise<void>
  /** Before every round, untimed. */
  readonly prepare?: () => void
}

const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

const time = async ({ prepare, run }: Contender, times: number): Promise<number> => {
  prepare?.()
  globalThis.gc?.()
  const start = process.hrtime.bigint()
  await run(times)
  return Number(process.hrtime.bigint() - start) / times
}

const digits = (n: number): string => n < 10 ? n.toFixed(2) : n.toFixed(0)

/**
 * A Markdown table: nanoseconds a time, and the ratio to the first contender. Both are medians over the rounds; the ratio
 * is taken within each round, so that a machine that is slow for a while is slow for both sides of it.
 */
export const race = async (
  title: string,
  contenders: ReadonlyArray<Contender>,
  options: { readonly rounds: number; readonly times: number }
): Promise<void> => {
  for (const contender of contenders) await time(contender, options.times)
  const rounds: Array<ReadonlyArray<number>> = []
  for (let round = 0; round < options.rounds; round++) {
    const took: Array<number> = contenders.map(() => 0)
    for (let i = 0; i < contenders.length; i++) {
      const turn = (round + i) % contenders.length
      took[turn] = await time(contenders[turn]!, options.times)
    }
    rounds.push(took)
  }
  const rows = contenders.map(({ name }, i) => {
    const ratios = rounds.map((took) => took[i]! / took[0]!)
    return `| ${name} | ${digits(median(rounds.map((took) => took[i]!)))} | ${digits(median(ratios))} |`
  })
  console.log(`\n### ${title}\n\n| | ns | × first |\n|---|---|---|\n${rows.join("\n")}`)
}
