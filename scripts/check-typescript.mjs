/**
 * Installs the packed package with its peers, at their lowest and at their highest version, into an empty project, and
 * type-checks an import of every entry by each TypeScript from 5.4 to 7, as NodeNext and as Bundler. Errors in the
 * declarations of Effect do not count: its own need TypeScript 5.9, or `skipLibCheck`.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execPath } from "node:process"

const versions = ["5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "6", "7"]
const resolutions = { NodeNext: "NodeNext", Bundler: "ESNext" }

const manifest = JSON.parse(readFileSync("package.json", "utf8"))
const root = mkdtempSync(join(tmpdir(), "typescript-"))
const install = (cwd, ...packages) =>
  execFileSync("npm", ["install", "--silent", "--no-audit", "--no-fund", ...packages], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"]
  })
const project = (name) => {
  const folder = join(root, name)
  mkdirSync(folder)
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  return folder
}

const required = Object.entries(manifest.peerDependencies).filter(([name]) =>
  !manifest.peerDependenciesMeta?.[name]?.optional
)
const ranges = {
  highest: required.map(([name, range]) => `${name}@${range}`),
  lowest: required.map(([name, range]) => `${name}@${range.replace(/^\^/, "")}`)
}
const foreign = /^(\.\.\/)*node_modules\/@?effect\//

try {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", root], { encoding: "utf8" }).trim()
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json")
  const compilers = versions.map((version) => {
    const folder = project(`tsc-${version}`)
    install(folder, `typescript@${version}`)
    return { version, tsc: join(folder, "node_modules/typescript/bin/tsc") }
  })
  const seen = new Set()
  for (const [range, peers] of Object.entries(ranges)) {
    const folder = project(range)
    install(folder, join(root, packed), ...peers)
    const installed = required.map(([name]) =>
      `${name} ${JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")).version}`
    ).join(", ")
    console.log(`${range} peers: ${installed}${seen.has(installed) ? ", as above" : ""}`)
    if (seen.has(installed)) continue
    seen.add(installed)
    copyFileSync("scripts/consumer/main.ts", join(folder, "main.ts"))
    writeFileSync(
      join(folder, "entries.ts"),
      entries.map((entry, i) => `export * as e${i} from ${JSON.stringify(manifest.name + entry.slice(1))}\n`).join("")
    )
    for (const [moduleResolution, module] of Object.entries(resolutions)) {
      const compilerOptions = {
        target: "ES2022",
        lib: ["ES2023", "DOM"],
        module,
        moduleResolution,
        strict: true,
        noEmit: true,
        types: []
      }
      writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({ compilerOptions, files: ["main.ts", "entries.ts"] })
      )
      for (const { tsc, version } of compilers) {
        const { stdout } = spawnSync(execPath, [tsc, "-p", ".", "--pretty", "false"], { cwd: folder, encoding: "utf8" })
        const errors = stdout.split("\n").filter((line) => line.includes(": error TS") && !foreign.test(line))
        console.log(`${errors.length === 0 ? "ok    " : "FAILED"} TypeScript ${version}, ${moduleResolution}`)
        if (errors.length > 0) {
          console.error(errors.slice(0, 10).join("\n"))
          process.exitCode = 1
        }
      }
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
