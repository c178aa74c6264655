/** Races: in each round, every contender runs once, in rotated order, for about the same time, after a minor collection. */
import { parseArgs } from "node:util"

const { values } = parseArgs({ options: { rounds: { type: "string", default: "15" } } })

/** The number of rounds, from `--rounds`. */
export const rounds = Number(values.rounds)

export interface Contender {
  readonly name: string
  /** Does its work `times` times. */
  readonly run: (times: number) => void | Promise<void>
  /** Runs before each round, untimed. */
  readonly prepare?: () => void
  /** The name of its row in docs/performance.md, in milliseconds of elapsed time. */
  readonly row?: string
}

// V8 compiles hot code in the background: it is not fast at once.
const warmUps = 5

const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** In nanoseconds. */
interface Took {
  /** Processor time of this process, on all processors. On a busy machine, most of the elapsed time belongs to other processes. */
  readonly processor: number
  /** Elapsed time. It is the relevant one for work that waits for a disk or runs on several threads. */
  readonly wall: number
}

const time = async ({ prepare, run }: Contender, times: number): Promise<Took> => {
  prepare?.()
  // Not a full collection: it discards compiled code, so that the compiler would be measured.
  globalThis.gc?.({ type: "minor" })
  const start = performance.now()
  const before = process.cpuUsage()
  await run(times)
  const { system, user } = process.cpuUsage(before)
  return { processor: (user + system) * 1000 / times, wall: (performance.now() - start) * 1e6 / times }
}

const digits = (n: number): string => n < 10 ? n.toFixed(2) : n.toFixed(0)
const twoDigits = (n: number): string => n < 10 ? n.toPrecision(2) : n.toFixed(0)

/**
 * Prints a Markdown table: the nanoseconds of one piece of work and the ratio to the first contender, in processor time and
 * in elapsed time. All are medians over the rounds. Ratios are taken within each round, so that a slow phase of the machine
 * affects both sides. The first contender does its work `times` times a round, the others as often as takes about the same
 * time, so that all are interrupted equally often.
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
  const medianOf = ({ took }: (typeof runs)[number], clock: keyof Took) => ({
    each: median(took.map((one) => one[clock])),
    ratio: median(took.map((one, round) => one[clock] / runs[0]!.took[round]![clock]))
  })
  const rows = runs.map((run) => {
    const cells = (["processor", "wall"] as const).map((clock) => {
      const { each, ratio } = medianOf(run, clock)
      return `${digits(each)} | ${digits(ratio)}`
    })
    return `| ${run.contender.name} | ${cells.join(" | ")} |`
  })
  console.log(
    `\n### ${title}\n\n| | processor, ns | × first | wall, ns | × first |\n|---|---|---|---|---|\n${rows.join("\n")}`
  )
  const documented = runs.flatMap((run) => {
    const { each, ratio } = medianOf(run, "wall")
    const { row } = run.contender
    return row === undefined ? [] : [`| ${row} | ${twoDigits(each / 1e6)} | ${twoDigits(ratio)} |`]
  })
  if (documented.length > 0) console.log(`\nIn docs/performance.md:\n\n${documented.join("\n")}`)
}
