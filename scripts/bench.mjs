/**
 * Builds and runs the benchmarks, each in a process of its own, against the package as it is published (dist):
 *
 * `npm run bench -- tracker fetch --rounds 15`; without names, all of them; without rounds, as many as each takes.
 *
 * What they race is installed in test/bench; it is no dependency of the package.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs"
import { basename, resolve } from "node:path"
import { argv, execPath, exit } from "node:process"
import { parseArgs } from "node:util"

const supporting = ["candles.ts", "errors.ts", "fleetTracker.ts", "month.ts", "race.ts", "streamRun.ts"]
const known = readdirSync("test/bench")
  .filter((file) => file.endsWith(".ts") && !supporting.includes(file))
  .map((file) => basename(file, ".ts"))

const { positionals, values } = parseArgs({
  args: argv.slice(2),
  allowPositionals: true,
  options: { rounds: { type: "string" } }
})
const rounds = values.rounds === undefined ? [] : ["--rounds", values.rounds]
const unknown = positionals.filter((name) => !known.includes(name))
if (unknown.length > 0 || !/^[1-9]\d*$/.test(values.rounds ?? "1")) {
  console.error(
    unknown.length > 0
      ? `no benchmark is called ${unknown.join(", ")}: there are ${known.join(", ")}`
      : `--rounds is ${values.rounds}, and has to be a number from 1`
  )
  exit(2)
}

const run = (command, args, cwd = ".") => execFileSync(command, args, { cwd, stdio: "inherit" })

run("npm", ["install", "--silent", "--no-audit", "--no-fund"], "test/bench")
run(execPath, ["node_modules/typescript/bin/tsc", "-b", "test/bench/tsconfig.json"])
// The compiled benchmarks find the package by its own name, and their peers here.
if (!existsSync("build/bench/node_modules")) {
  mkdirSync("build/bench", { recursive: true })
  symlinkSync(resolve("test/bench/node_modules"), "build/bench/node_modules", "junction")
}
for (const name of positionals.length > 0 ? positionals : known) {
  run(execPath, ["--expose-gc", `build/bench/${name}.js`, ...rounds])
}
