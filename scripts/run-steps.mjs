/**
 * Runs npm scripts one after another, goes on after a failure, and says at the end what failed and how long each took.
 *
 *     node scripts/run-steps.mjs test "check:*" "!check:worlds"
 */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { argv } from "node:process"

const { scripts } = JSON.parse(readFileSync("package.json", "utf8"))
const names = argv.slice(2)
const steps = names.filter((name) => !name.startsWith("!")).flatMap((name) =>
  name.endsWith("*") ? Object.keys(scripts).filter((script) => script.startsWith(name.slice(0, -1))) : [name]
).filter((step) => !names.includes(`!${step}`))

const results = steps.map((step) => {
  console.log(`\n== ${step}: ${scripts[step]}`)
  const start = performance.now()
  const { status } = spawnSync("npm", ["run", "--silent", step], { stdio: ["ignore", "inherit", "inherit"] })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const line = `${status === 0 ? "ok    " : "FAILED"} ${step} (${seconds} s)`
  console.log(`-- ${line}`)
  return { failed: status !== 0, line }
})

const failed = results.filter((result) => result.failed).length
console.log(`\n${results.map((result) => result.line).join("\n")}`)
console.log(`steps: ${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 && results.length > 0 ? 0 : 1
