/**
 * Runs npm scripts one after another and goes on after a failure. The last lines of its output are the lines of each
 * failed step that name what failed, the time of each step, and the numbers of steps that passed and failed.
 *
 *     node scripts/run-steps.mjs test "check:*" "!check:worlds"
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { argv } from "node:process"
import { createInterface } from "node:readline"

const { scripts } = JSON.parse(readFileSync("package.json", "utf8"))
const names = argv.slice(2)
const steps = names.filter((name) => !name.startsWith("!")).flatMap((name) =>
  name.endsWith("*") ? Object.keys(scripts).filter((script) => script.startsWith(name.slice(0, -1))) : [name]
).filter((step) => !names.includes(`!${step}`))

/** Lines of Vitest, the compiler, the linters and Node.js that name a failure. */
const namesFailure = /FAIL|AssertionError|Error:|error TS|^\s*(×|✗|→)|❯ test\//
const maxLines = 20

/** Prints the output of a stream and keeps its lines. */
const copy = async (input, output, lines) => {
  for await (const line of createInterface({ input })) {
    output.write(`${line}\n`)
    lines.push(line)
  }
}

const results = []
for (const step of steps) {
  console.log(`\n== ${step}: ${scripts[step]}`)
  const start = performance.now()
  const lines = []
  const child = spawn("npm", ["run", "--silent", step], { stdio: ["ignore", "pipe", "pipe"] })
  const [[status]] = await Promise.all([
    once(child, "close"),
    copy(child.stdout, process.stdout, lines),
    copy(child.stderr, process.stderr, lines)
  ])
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const line = `${status === 0 ? "ok    " : "FAILED"} ${step} (${seconds} s)`
  console.log(`-- ${line}`)
  results.push({ step, failed: status !== 0, line, lines: status === 0 ? [] : lines })
}

const failures = results.filter(({ failed }) => failed)
for (const { lines, step } of failures) {
  const causes = lines.filter((line) => namesFailure.test(line))
  console.log(`\n== What failed in ${step}`)
  console.log((causes.length === 0 ? lines.slice(-maxLines) : causes.slice(-maxLines)).join("\n"))
}
console.log(`\n${results.map(({ line }) => line).join("\n")}`)
console.log(`steps: ${results.length - failures.length} passed, ${failures.length} failed`)
process.exitCode = failures.length === 0 && results.length > 0 ? 0 : 1
