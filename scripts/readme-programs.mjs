/**
 * Writes each ```ts block of README.md to build/readme, named after its line, for tsconfig.readme.json to compile and
 * run-programs.mjs to run. A block marked ```ts no-run is compiled only.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

const folder = "build/readme"
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const readme = readFileSync("README.md", "utf8")
const blocks = [...readme.matchAll(/^```ts( no-run)?\n(.*?)^```$/gms)]
for (const { 1: noRun, 2: code, index } of blocks) {
  const line = readme.slice(0, index).split("\n").length
  writeFileSync(`${folder}/line-${line}${noRun === undefined ? "" : ".no-run"}.ts`, code)
}
if (blocks.length === 0) throw new Error("README.md has no ```ts block")
