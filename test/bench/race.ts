/** Races: rounds in which every contender runs once, in rotated order, for about as long, with an empty nursery. */
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

// Compilers work beside the program: what is hot is not fast at once.
const warmUps = 5

const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** In nanoseconds. */
interface Took {
  /** Of all processors, for this process. On a busy machine, most of the time that passes is somebody else's. */
  readonly processor: number
  /** That passed: where a disk is waited for, or two threads work at once, it is what counts. */
  readonly wall: number
}

const time = async ({ prepare, run }: Contender, times: number): Promise<Took> => {
  prepare?.()
  // Not the whole heap: that throws compiled code away, too, and the compiler would be what is measured.
  globalThis.gc?.({ type: "minor" })
  const start = performance.now()
  const before = process.cpuUsage()
  await run(times)
  const { system, user } = process.cpuUsage(before)
  return { processor: (user + system) * 1000 / times, wall: (performance.now() - start) * 1e6 / times }
}

const digits = (n: number): string => n < 10 ? n.toFixed(2) : n.toFixed(0)

/**
 * A Markdown table: nanoseconds a time, and the ratio to the first contender, by the processor and by the clock on the
 * wall. All are medians over the rounds; the ratio is taken within each round, so that a machine that is slow for a while is slow for both sides of it. The first one does
 * its work so many times a round; the others do theirs for about as long, so that whoever takes longer is not interrupted
 * more often.
 */
export const race = async (
  title: string,
  contenders: ReadonlyArray<Contender>,
  options: { readonly rounds: number; readonly times: number }
): Promise<void> => {
  const few = Math.ceil(options.times / 100)
  const runs = contenders.map((contender) => ({ contender, times: few, took: Array.of<Took>() }))
  for (let warmUp = 0; warmUp < warmUps; warmUp++) {
    let first = Number.NaN
    for (const run of runs) {
      const { processor: took } = await time(run.contender, run.times)
      first = run === runs[0] ? took : first
      run.times = Math.max(1, Math.min(options.times, Math.round(options.times * first / took)))
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    for (let i = 0; i < runs.length; i++) {
      const { contender, times, took } = runs[(round + i) % runs.length]!
      took.push(await time(contender, times))
    }
  }
  const rows = runs.map(({ contender: { name }, took }) => {
    const cells = (["processor", "wall"] as const).map((clock) => {
      const ratios = took.map((one, round) => one[clock] / runs[0]!.took[round]![clock])
      return `${digits(median(took.map((one) => one[clock])))} | ${digits(median(ratios))}`
    })
    return `| ${name} | ${cells.join(" | ")} |`
  })
  console.log(
    `\n### ${title}\n\n| | processor, ns | × first | wall, ns | × first |\n|---|---|---|---|---|\n${rows.join("\n")}`
  )
}
