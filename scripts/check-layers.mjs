/** Prints the rooms of `src`, bottom up, with what each imports, and fails where a rule of `layers.mjs` is broken. */
import { readdirSync, readFileSync } from "node:fs"
import { join, sep } from "node:path"
import { knownDebts, problemsOf, tableOf } from "./layers.mjs"

const root = "src"
const sources = Object.fromEntries(
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file.split(sep).join("/"), readFileSync(join(root, file), "utf8")])
)

const rows = tableOf(sources)
const width = Math.max(...rows.map(({ name }) => name.length))
console.log(`${"room".padEnd(width)}  files  imports`)
for (const { files, imports, name } of rows) {
  console.log(`${name.padEnd(width)}  ${String(files).padStart(5)}  ${imports.join(", ") || "-"}`)
}

const isDebt = (problem) => knownDebts.some((debt) => problem.startsWith(debt))

const found = problemsOf(sources)
const problems = found.filter((problem) => !isDebt(problem))
const debts = found.length - problems.length
const paid = knownDebts.filter((debt) => !found.some((problem) => problem.startsWith(debt)))
if (debts > 0) console.log(`known debts:\n${found.filter(isDebt).map((problem) => `  ${problem}`).join("\n")}`)
if (paid.length > 0) {
  console.log(`paid, to be removed from the list of debts:\n${paid.map((debt) => `  ${debt}`).join("\n")}`)
}
for (const problem of problems) console.error(problem)
console.log(`layers: ${problems.length} problems, ${debts} known debts`)
process.exitCode = problems.length === 0 ? 0 : 1
