/**
 * Retries in seven simulated outages, with the same calls and the same server for each contender.
 *
 * `npm run bench -- retry` prints what became of the calls, and draws test/bench/retry.svg. Time is simulated, chance is
 * seeded: the figures are the same on every machine.
 */
// oxlint-disable-next-line import/no-unassigned-import -- first: whatever is imported before it keeps the real clock.
import "./outage/time.js"
import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { contenders } from "./outage/contenders.js"
import type { Figures, Summary } from "./outage/figures.js"
import { figures, summary } from "./outage/figures.js"
import type { Panel } from "./outage/plot.js"
import { plot } from "./outage/plot.js"
import type { Run } from "./outage/run.js"
import { after, run } from "./outage/run.js"
import { outages } from "./outage/server.js"

const { values } = parseArgs({ options: { rounds: { type: "string", default: "20" } } })
const seeds = Array.from({ length: Number(values.rounds) }, (_, i) => i + 1)

type Contender = keyof typeof contenders
type Outage = keyof typeof outages

const names = Object.keys(contenders) as ReadonlyArray<Contender>

const runs = async (outage: Outage, contender: Contender): Promise<ReadonlyArray<Run>> => {
  const all: Array<Run> = []
  for (const seed of seeds) all.push(await run(contenders[contender], outages[outage], seed))
  return all
}

// ---------------------------------------------------------------------------------------------------------------------
// tables
// ---------------------------------------------------------------------------------------------------------------------

const percent = (share: number): string => (100 * share).toFixed(1)
const times = (n: number): string => n.toFixed(2)
const seconds = (n: number): string => Number.isFinite(n) ? n.toFixed(n < 10 ? 1 : 0) : "never"
const whole = (n: number): string => n.toFixed(0)

const columns: ReadonlyArray<readonly [string, keyof Figures, (figure: number) => string]> = [
  ["% succeeded", "succeeded", percent],
  ["after it", "succeededAfter", percent],
  ["requests a call", "requests", times],
  ["after it", "requestsAfter", times],
  ["recovered after s", "recovered", whole],
  ["calls into the closed gate", "intoGate", whole],
  ["s a call, median", "median", seconds],
  ["99 %", "slowest", seconds]
]

/** The median over the seeds, and from where to where they go if that is not the same. */
const cell = (
  { greatest, least, middle }: Summary,
  figure: keyof Figures,
  show: (figure: number) => string
): string => {
  const [from, median, to] = [least, middle, greatest].map((figures) =>
    figure === "recovered" && figures.recovered === Number.POSITIVE_INFINITY ? "never" : show(figures[figure])
  )
  return from === to ? `${median}` : `${median} (${from}–${to})`
}

const table = (title: string, summaries: ReadonlyMap<Contender, Summary>): string => {
  const rows = Array.from(
    summaries,
    ([contender, summary]) =>
      `| ${contenders[contender].name} | ${
        columns.map(([, figure, show]) => cell(summary, figure, show)).join(" | ")
      } |`
  )
  const head = columns.map(([title]) => title).join(" | ")
  return `\n### ${title}\n\n| | ${head} |\n|---|${columns.map(() => "---|").join("")}\n${rows.join("\n")}`
}

// ---------------------------------------------------------------------------------------------------------------------
// lines
// ---------------------------------------------------------------------------------------------------------------------

/** From so many seconds before the outage. */
const shown = 5

/** How many instants fall into each second, on average over the runs. */
const perSecond = (
  runs: ReadonlyArray<Run>,
  outage: Outage,
  instants: (run: Run) => ReadonlyArray<number>
): ReadonlyArray<number> => {
  const counts = Array.from({ length: shown + outages[outage].seconds + after }, () => 0)
  for (const run of runs) {
    for (const at of instants(run)) {
      const second = Math.floor(at) + shown
      if (second >= 0 && second < counts.length) counts[second]! += 1 / runs.length
    }
  }
  return counts
}

/** When calls were answered that succeeded. */
const answers = ({ calls }: Run): ReadonlyArray<number> =>
  calls.filter(({ succeeded }) => succeeded).map(({ at, took }) => at + took)

const panel = (
  title: string,
  outage: Outage,
  runs: ReadonlyMap<Contender, ReadonlyArray<Run>>,
  instants: (run: Run) => ReadonlyArray<number>
): Panel => ({
  title,
  from: -shown,
  outage: [0, outages[outage].seconds],
  lines: Array.from(runs, ([contender, runs]) => ({
    name: contenders[contender].name.replaceAll("`", ""),
    stroke: contenders[contender].stroke,
    values: perSecond(runs, outage, instants)
  }))
})

// ---------------------------------------------------------------------------------------------------------------------
// the outages
// ---------------------------------------------------------------------------------------------------------------------

const panels: Array<Panel> = []
const found = new Map<Outage, ReadonlyMap<Contender, Summary>>()

for (const outage of Object.keys(outages) as ReadonlyArray<Outage>) {
  const all = new Map<Contender, ReadonlyArray<Run>>()
  for (const contender of names) all.set(contender, await runs(outage, contender))
  const summaries = new Map(
    Array.from(all, ([contender, runs]) => [contender, summary(runs.map((run) => figures(run, outages[outage])))])
  )
  found.set(outage, summaries)
  console.log(table(outages[outage].title, summaries))
  if (outage === "dead") panels.push(panel("Requests a second: dead for 60 s", outage, all, ({ requests }) => requests))
  if (outage === "overload") {
    panels.push(panel("Answers a second: overload for 60 s, then full load", outage, all, answers))
  }
}
writeFileSync("test/bench/retry.svg", plot(panels))

const median = (outage: Outage, contender: Contender): Figures => found.get(outage)!.get(contender)!.middle

const brief = (share: number, requests: number): string => `${percent(share)} · ${times(requests)}`

console.log(
  `\n### In short: % of the calls of the outage that succeeded, and requests a call\n\n| | ${
    Array.from(found.keys(), (outage) => outages[outage].brief).join(" | ")
  } | the minute after it |\n|---|${"---|".repeat(found.size + 1)}`
)
for (const contender of names) {
  const cells = Array.from(found.keys(), (outage) => {
    const { requests, succeeded } = median(outage, contender)
    return brief(succeeded, requests)
  })
  const { requestsAfter, succeededAfter } = median("overload", contender)
  console.log(`| ${[contenders[contender].name, ...cells, brief(succeededAfter, requestsAfter)].join(" | ")} |`)
}

const goal = (what: string, figure: number, show: (figure: number) => string, holds: boolean): void =>
  console.log(`- ${what}: ${show(figure)}, ${holds ? "reached" : "MISSED"}`)

console.log("\n### Goals of `Fetch.retry`\n")
const { requests, succeeded } = median("errors", "ours")
goal("at 10 % errors, at least 99 % of the calls succeed", succeeded, percent, succeeded >= 0.99)
const more = requests / median("errors", "none").requests
goal("with at most 1.2 times the requests of no retry", more, times, more <= 1.2)
const fewer = median("dead", "ours").requests / median("dead", "naive").requests
goal("while the server is dead, at most 0.3 times the requests of naive retries", fewer, times, fewer <= 0.3)
const disobeyed = median("limited", "ours").intoGate
const cut = median("mostly", "ours").requests / median("mostly", "naive").requests
goal("at 90 % errors, at most 0.4 times the requests of naive retries", cut, times, cut <= 0.4)
const { recovered } = median("mostly", "ours")
goal("and after them, the seconds until all calls succeed again: at most 3", recovered, whole, recovered <= 3)
const others = median("endpoint", "ours").succeeded / median("endpoint", "none").succeeded
goal(
  "with one endpoint of four dead, % of the calls to the others that succeed: at least 99",
  others,
  percent,
  others >= 0.99
)
goal("no call into a closed gate", disobeyed, whole, disobeyed === 0)
