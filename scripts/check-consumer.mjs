/**
 * Installs the packed package with its peers into an empty project, as an application would, and there type-checks and runs
 * consumer/main.ts and an import of every entry: what works only beside its sources would fail here.
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { execPath } from "node:process"

const manifest = JSON.parse(readFileSync("package.json", "utf8"))
const tsc = resolve("node_modules/typescript/bin/tsc")
const project = mkdtempSync(join(tmpdir(), "consumer-"))
const run = (command, args, options) =>
  execFileSync(command, args, { cwd: project, stdio: ["ignore", "inherit", "inherit"], ...options })

try {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { encoding: "utf8" }).trim()
  const entries = Object.keys(manifest.exports)
    .filter((entry) => entry !== "./package.json")
    .map((entry) => `import ${JSON.stringify(manifest.name + entry.slice(1))}\n`)

  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }))
  writeFileSync(join(project, "entries.ts"), entries.join(""))
  copyFileSync("scripts/consumer/main.ts", join(project, "main.ts"))
  const compilerOptions = { target: "ES2022", module: "NodeNext", strict: true, types: [], rootDir: ".", outDir: "out" }
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions }))

  const peers = Object.entries(manifest.peerDependencies)
    .filter(([name]) => !manifest.peerDependenciesMeta?.[name]?.optional)
    .map(([name, range]) => `${name}@${range}`)
  run("npm", ["install", "--silent", "--no-audit", "--no-fund", `./${packed}`, ...peers])
  run(execPath, [tsc, "-p", "."])
  run(execPath, ["out/entries.js"])
  run(execPath, ["out/main.js"])
  console.log(`${packed}: ${entries.length} entries imported, a tracked fetch ran`)
} finally {
  rmSync(project, { recursive: true, force: true })
}
