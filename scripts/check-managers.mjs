/**
 * Installs the packed package by other package managers than npm, each in an empty folder: pnpm with its strict layout and
 * strict peers, Yarn classic, Yarn with node_modules and with Plug'n'Play, and Bun. There it type-checks and runs a program of
 * the README, and the tests of examples/apps/swapped-layers. The managers come from the registry of npm; one that it does not
 * offer is named and skipped.
 *
 * `node scripts/check-managers.mjs pnpm yarn-pnp` checks these; without names, all of them.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { argv, env, execPath, exit } from "node:process"

const tools = { pnpm: "pnpm@10", yarn: "yarn@1", berry: "@yarnpkg/cli-dist@4", bun: "@oven/bun-linux-x64@1" }

const berry = (nodeLinker) =>
  `nodeLinker: ${nodeLinker}\nenableTelemetry: false\nenableImmutableInstalls: false\nenableScripts: false\npnpMode: strict\n`

const managers = {
  pnpm: {
    tool: "pnpm",
    install: (at) => [execPath, at("pnpm/bin/pnpm.cjs"), "install", "--strict-peer-dependencies", "--ignore-scripts"],
    run: (at) => [execPath, at("pnpm/bin/pnpm.cjs"), "exec"],
    node: () => [execPath]
  },
  yarn: {
    tool: "yarn",
    install: (at) => [execPath, at("yarn/bin/yarn.js"), "install", "--silent", "--ignore-scripts", "--no-lockfile"],
    run: (at) => [execPath, at("yarn/bin/yarn.js"), "--silent", "run"],
    node: (at) => [execPath, at("yarn/bin/yarn.js"), "--silent", "node"]
  },
  "yarn-node-modules": {
    tool: "berry",
    files: { ".yarnrc.yml": berry("node-modules"), "yarn.lock": "" },
    install: (at) => [execPath, at("@yarnpkg/cli-dist/bin/yarn.js"), "install"],
    run: (at) => [execPath, at("@yarnpkg/cli-dist/bin/yarn.js"), "run"],
    node: (at) => [execPath, at("@yarnpkg/cli-dist/bin/yarn.js"), "node"]
  },
  "yarn-pnp": {
    tool: "berry",
    files: { ".yarnrc.yml": berry("pnp"), "yarn.lock": "" },
    install: (at) => [execPath, at("@yarnpkg/cli-dist/bin/yarn.js"), "install"],
    run: (at) => [execPath, at("@yarnpkg/cli-dist/bin/yarn.js"), "run"],
    node: (at) => [execPath, at("@yarnpkg/cli-dist/bin/yarn.js"), "node"]
  },
  bun: {
    tool: "bun",
    install: (at) => [at("@oven/bun-linux-x64/bin/bun"), "install", "--silent", "--ignore-scripts"],
    run: (at) => [at("@oven/bun-linux-x64/bin/bun"), "run"],
    node: (at) => [at("@oven/bun-linux-x64/bin/bun"), "run"]
  }
}

const chosen = argv.length > 2 ? argv.slice(2) : Object.keys(managers)
const unknown = chosen.filter((name) => !Object.hasOwn(managers, name))
if (unknown.length > 0) {
  console.error(`no manager is called ${unknown.join(", ")}: there are ${Object.keys(managers).join(", ")}`)
  exit(2)
}

/** The program of the README that needs no network. */
const readmeProgram = () => {
  const blocks = [...readFileSync("README.md", "utf8").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code)
  const [program] = blocks.filter((code) => code.includes("LogCapture"))
  if (program === undefined) throw new Error("README.md has no program with LogCapture")
  return program
}

const root = mkdtempSync(join(tmpdir(), "managers-"))

/** Runs a command, whose output is shown if it fails. */
const run = ([command, ...args], cwd) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    timeout: 600_000,
    env: { ...env, YARN_ENABLE_TELEMETRY: "0", CI: "true" }
  })
  if (status === 0) return stdout
  throw new Error(`${[command, ...args].join(" ")} in ${cwd}\n${stdout}${stderr}${error ?? ""}`)
}

try {
  const packed = run(["npm", "pack", "--silent", "--pack-destination", root], ".").trim()
  const app = JSON.parse(readFileSync("examples/apps/swapped-layers/package.json", "utf8"))
  writeFileSync(join(root, "package.json"), "{}")
  const missing = new Set()
  for (const tool of new Set(chosen.map((name) => managers[name].tool))) {
    try {
      run(["npm", "install", "--silent", "--no-audit", "--no-fund", tools[tool]], root)
    } catch (error) {
      missing.add(tool)
      console.error(error.message)
    }
  }
  for (const name of chosen) {
    const { files = {}, install, node, run: via, tool } = managers[name]
    if (missing.has(tool)) {
      console.log(`${name}: skipped, because npm cannot install ${tools[tool]}`)
      continue
    }
    const folder = join(root, name)
    const at = (path) => join(root, "node_modules", path)
    mkdirSync(folder)
    cpSync("examples/apps/swapped-layers", folder, { recursive: true })
    writeFileSync(
      join(folder, "package.json"),
      JSON.stringify({
        ...app,
        dependencies: { ...app.dependencies, "effect-errata": `file:${join(root, packed)}` },
        // What the compiler loads by name has to be among the packages of the project.
        scripts: { build: "tsc -p tsconfig.json", tests: "vitest run" }
      })
    )
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text)
    writeFileSync(join(folder, "src/readme.ts"), readmeProgram())
    const start = performance.now()
    run(install(at), folder)
    run([...via(at), "tsc", "-p", "."], folder)
    run([...via(at), "tsc", "-p", ".", "--noEmit", "false", "--outDir", "out"], folder)
    const output = run([...node(at), "out/readme.js"], folder)
    if (output.trim() === "") throw new Error(`${name}: the program of the README prints nothing`)
    run([...via(at), "vitest", "run", "--root", "src", "--testTimeout", "60000"], folder)
    console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
} finally {
  rmSync(root, { recursive: true, force: true })
}
