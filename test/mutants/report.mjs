/**
 * The scores of the mutation tests that have run, and their survivors with the reasons for them.
 *
 *     node test/mutants/report.mjs [--write]
 *
 * The results are read from build/mutants, the reasons from reasons.json: per file, groups of mutants with one reason. A
 * mutant is named by its code before and after, so that it is found again when lines move. Fails for a survivor without a
 * reason, for a reason without a survivor, and for a score that is too low. `--write` writes the scores of these rooms, and
 * the survivors of all, into README.md.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { argv } from "node:process"
import { rooms } from "./rooms.mjs"

const least = { room: 85, all: 93 }
const readme = new URL("README.md", import.meta.url)

const oneLine = (text) => text.replace(/\s+/g, " ").trim()
const bounded = (text) => text.length > 160 ? `${text.slice(0, 159)}…` : text

/** The lines of a mutant before and after. */
const nameOf = (source, { location: { end, start }, replacement }) => {
  const lines = source.split("\n").slice(start.line - 1, end.line)
  const before = lines[0].slice(0, start.column - 1)
  const after = lines.at(-1).slice(end.column - 1)
  return {
    from: bounded(oneLine(lines.join("\n"))),
    to: bounded(oneLine(before + replacement + after))
  }
}

const keyOf = ({ from, to }) => `${from}\n${to}`

/** The mutants of a room by their status. Those of constants are not run. */
const resultsOf = (room) => {
  const file = `build/mutants/${room}.json`
  if (!existsSync(file)) return undefined
  const counts = { files: 0, killed: 0, alive: 0, notRun: 0 }
  const survivors = []
  for (const [path, { mutants, source }] of Object.entries(JSON.parse(readFileSync(file, "utf8")).files)) {
    if (mutants.length === 0) continue
    counts.files++
    for (const mutant of mutants) {
      if (mutant.status === "Killed" || mutant.status === "Timeout") counts.killed++
      else if (mutant.status === "Survived" || mutant.status === "NoCoverage") {
        counts.alive++
        survivors.push({ path, line: mutant.location.start.line, status: mutant.status, ...nameOf(source, mutant) })
      } else counts.notRun++
    }
  }
  return { room, ...counts, survivors }
}

const scoreOf = ({ alive, killed }) => 100 * killed / (killed + alive)
const rowOf = (name, counts) =>
  `| ${name} | ${counts.files} | ${counts.killed + counts.alive} | ${counts.alive} | ${scoreOf(counts).toFixed(1)} % |`

const results = Object.keys(rooms).map(resultsOf).filter((result) => result !== undefined)
const total = results.reduce((sum, { alive, files, killed }) => ({
  alive: sum.alive + alive,
  files: sum.files + files,
  killed: sum.killed + killed
}), { alive: 0, files: 0, killed: 0 })
const table = [
  "| room | files | mutants | survivors | score |",
  "|---|---|---|---|---|",
  ...results.map((result) => rowOf(result.room, result)),
  rowOf("all", total)
].join("\n")
console.log(table)

const reasons = JSON.parse(readFileSync(new URL("reasons.json", import.meta.url), "utf8"))
const reasonOf = new Map(
  Object.entries(reasons).flatMap(([path, groups]) =>
    groups.flatMap(({ mutants, reason }) => mutants.map((mutant) => [`${path}\n${keyOf(mutant)}`, reason]))
  )
)

const problems = []
const survivors = results.flatMap((result) => result.survivors)
const found = new Set()
for (const survivor of survivors) {
  const key = `${survivor.path}\n${keyOf(survivor)}`
  found.add(key)
  if (!reasonOf.has(key)) {
    const { from, line, path, status, to } = survivor
    problems.push(`${path}:${line}: ${status}, without a reason\n  - ${from}\n  + ${to}`)
  }
}
for (const key of reasonOf.keys()) {
  const [path, from, to] = key.split("\n")
  if (results.length === Object.keys(rooms).length && !found.has(key)) {
    problems.push(`${path}: a reason without a survivor\n  - ${from}\n  + ${to}`)
  }
}
for (const result of results) {
  if (scoreOf(result) < least.room) problems.push(`${result.room}: the score is below ${least.room} %`)
}
if (scoreOf(total) < least.all) problems.push(`all: the score is below ${least.all} %`)
for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exitCode = 1

if (argv.includes("--write")) {
  const sections = Object.entries(reasons).map(([path, groups]) =>
    [
      `### ${path}`,
      ...groups.map(({ mutants, reason }) =>
        [reason, "", "```diff", ...mutants.flatMap(({ from, to }) => [`- ${from}`, `+ ${to}`]), "```"].join("\n")
      )
    ].join("\n\n")
  )
  const written = `<!-- report -->\n${table}\n\n## Survivors\n\n${sections.join("\n\n")}\n<!-- end -->`
  writeFileSync(readme, readFileSync(readme, "utf8").replace(/<!-- report -->[^]*<!-- end -->/, () => written))
}
