/**
 * Builds and runs the benchmarks: test/bench/main.ts, compiled to build/bench, against the package as it is published
 * (dist). Arguments are passed on. What they race is installed in test/bench; it is no dependency of the package.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, symlinkSync } from "node:fs"
import { resolve } from "node:path"
import { argv, execPath } from "node:process"

const run = (command, args, cwd = ".") => execFileSync(command, args, { cwd, stdio: "inherit" })

run("npm", ["install", "--silent", "--no-audit", "--no-fund"], "test/bench")
run(execPath, ["node_modules/typescript/bin/tsc", "-b", "test/bench/tsconfig.json"])
// The compiled benchmarks find the package by its own name, and their peers here.
if (!existsSync("build/bench/node_modules")) {
  mkdirSync("build/bench", { recursive: true })
  symlinkSync(resolve("test/bench/node_modules"), "build/bench/node_modules", "junction")
}
run(execPath, ["--expose-gc", "build/bench/main.js", ...argv.slice(2)])
