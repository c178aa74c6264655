/**
 * The scores of the mutation tests that have run, and their survivors with the reasons for them.
 *
 *     node test/mutants/report.mjs [--write]
 *
 * The results are read from build/mutants, the reasons from reasons.json: per file, groups of mutants with one reason. A
 * mutant is named by its code before and after, so that it is found again when lines move. Fails for a survivor without a
 * reason, for a reason without a survivor, for a file that has not run or has changed since, and for a score that is too low.
 * `--write` writes the scores and survivors into README.md.
 */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { argv } from "node:process"
import { filesOf, rooms } from "./rooms.mjs"

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

const reasons = JSON.parse(readFileSync(new URL("reasons.json", import.meta.url), "utf8"))
const reasonOf = new Map(
  Object.entries(reasons).flatMap(([path, groups]) =>
    groups.flatMap(({ mutants, reason }) => mutants.map((mutant) => [`${path}\n${keyOf(mutant)}`, reason]))
  )
)

const problems = []
const found = new Set()

/** The mutants of a room by their status. Those of constants are not run. */
const resultsOf = (room) => {
  const file = `build/mutants/${room}.json`
  if (!existsSync(file)) return []
  const expected = filesOf(rooms[room].mutate)
  const { files } = JSON.parse(readFileSync(file, "utf8"))
  const counts = { room, measured: [], expected: expected.length, changed: 0, killed: 0, alive: 0, withoutReason: 0 }
  const date = statSync(file).mtime.toISOString().slice(0, 10)
  for (const path of expected) {
    const { mutants = [], source } = files[path] ?? {}
    const ran = mutants.filter(({ status }) => status !== "Ignored")
    if (ran.length === 0) {
      // It has constants only, or has not run.
      if (path in files) counts.measured.push(path)
      else problems.push(`${path}: has not run`)
      continue
    }
    counts.measured.push(path)
    if (source !== readFileSync(path, "utf8")) {
      counts.changed++
      problems.push(`${path}: has changed since its mutants ran`)
    }
    for (const mutant of ran) {
      if (mutant.status === "Killed" || mutant.status === "Timeout") {
        counts.killed++
        continue
      }
      counts.alive++
      const { from, to } = nameOf(source, mutant)
      const key = `${path}\n${keyOf({ from, to })}`
      found.add(key)
      if (reasonOf.has(key)) continue
      counts.withoutReason++
      problems.push(`${path}:${mutant.location.start.line}: ${mutant.status}, without a reason\n  - ${from}\n  + ${to}`)
    }
    for (const [key] of reasonOf) {
      const [of, from, to] = key.split("\n")
      if (of === path && !found.has(key)) problems.push(`${path}: a reason without a survivor\n  - ${from}\n  + ${to}`)
    }
  }
  return [{ ...counts, date }]
}

const scoreOf = ({ alive, killed }) => 100 * killed / (killed + alive)
const rowOf = (name, { alive, changed, date, expected, killed, measured, withoutReason }) =>
  `| ${name} | ${measured.length} of ${expected} | ${changed} | ${killed + alive} | ${alive} | ${withoutReason} | ${
    scoreOf({ alive, killed }).toFixed(1)
  } % | ${date} |`

const results = Object.keys(rooms).flatMap(resultsOf)
const sum = (of) => results.reduce((total, counts) => total + of(counts), 0)
const total = {
  measured: results.flatMap(({ measured }) => measured),
  changed: sum(({ changed }) => changed),
  expected: sum(({ expected }) => expected),
  killed: sum(({ killed }) => killed),
  alive: sum(({ alive }) => alive),
  withoutReason: sum(({ withoutReason }) => withoutReason),
  date: ""
}
const table = [
  "| room | files | changed since | mutants | survivors | without a reason | score | run |",
  "|---|---|---|---|---|---|---|---|",
  ...results.map((result) => rowOf(result.room, result)),
  rowOf("all", total)
].join("\n")
console.log(table)
const parts = results.filter(({ expected, measured }) => measured.length < expected).map(({ measured, room }) =>
  `Of ${room}, only these have run: ${measured.map((path) => "`" + String(path) + "`").join(", ")}.`
)

for (const room of Object.keys(rooms)) {
  if (!results.some((result) => result.room === room)) problems.push(`${room}: has not run`)
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
  const written = `<!-- report -->\n${[table, ...parts].join("\n\n")}\n\n## Survivors\n\n${
    sections.join("\n\n")
  }\n<!-- end -->`
  writeFileSync(readme, readFileSync(readme, "utf8").replace(/<!-- report -->[^]*<!-- end -->/, () => written))
}
