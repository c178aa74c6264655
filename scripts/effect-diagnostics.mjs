/**
 * effect-tsgo's diagnostics over the project. Without its plugin entry in tsconfig.json, effect-tsgo checks no file and is
 * content; here that is a failure.
 */
import { spawnSync } from "node:child_process"
import { execPath } from "node:process"

const { status, stdout } = spawnSync(
  execPath,
  ["node_modules/.bin/effect-tsgo", "diagnostics", "--project", "tsconfig.json", "--strict", "--format", "text"],
  { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }
)
process.stdout.write(stdout)
if (/Checked [1-9]\d* files?/.test(stdout)) {
  process.exitCode = status ?? 1
} else {
  console.error("effect-tsgo checked no file: does tsconfig.json still name its plugin?")
  process.exitCode = 1
}
