/**
 * Writes each ```ts block of README.md and of docs/*.md to build/readme, named after its file and line, for
 * tsconfig.readme.json to compile and run-programs.mjs to run. A block marked ```ts no-run is compiled only.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename } from "node:path"

const folder = "build/readme"
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const pages = ["README.md", ...readdirSync("docs").filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)]
for (const page of pages) {
  const text = readFileSync(page, "utf8")
  for (const { 1: mark, 2: code, index } of text.matchAll(/^```ts\b *(.*)\n([^]*?)^```$/gm)) {
    const line = text.slice(0, index).split("\n").length
    if (mark !== "" && mark !== "no-run") throw new Error(`${page}:${line}: unknown mark "${mark}"; write no-run`)
    writeFileSync(`${folder}/${basename(page, ".md")}-${line}${mark === "" ? "" : ".no-run"}.ts`, code)
  }
}
