/**
 * Writes each ```ts block of README.md to build/readme, named after its line, for tsconfig.readme.json to compile and
 * run-programs.mjs to run. A block marked ```ts no-run is compiled only.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"

const folder = "build/readme"
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const readme = readFileSync("README.md", "utf8")
const blocks = [...readme.matchAll(/^```ts\b *(.*)\n([^]*?)^```$/gm)]
for (const { 1: mark, 2: code, index } of blocks) {
  const line = readme.slice(0, index).split("\n").length
  if (mark !== "" && mark !== "no-run") throw new Error(`README.md:${line}: ${mark} is not a mark that is known here`)
  writeFileSync(`${folder}/line-${line}${mark === "" ? "" : ".no-run"}.ts`, code)
}
if (blocks.length === 0) throw new Error("README.md has no ```ts block")
