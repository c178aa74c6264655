/**
 * Runs the compiled form of every program in a folder, each in a process of its own: it must end by itself, with exit code 0.
 *
 *     node scripts/run-programs.mjs SOURCES COMPILED
 *
 * The list is made from the sources, so that what an earlier compilation left behind is not run. `*.test.ts` belong to
 * vitest; `*.no-run.ts` are compiled only; apps are packages of their own, which check-apps.mjs runs. A program may end with
 * the exit code 3: something that it needs is not installed.
 */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { argv, execPath } from "node:process"

const [sources, compiled] = argv.slice(2)
const programs = readdirSync(sources, { recursive: true })
  .filter((file) =>
    !file.startsWith("apps") && file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.endsWith(".no-run.ts")
  )
  .sort()

/** The options of programs that run for longer without any. */
const options = { "fleet.ts": ["--seconds", "12"] }
const notInstalled = 3

for (const program of programs) {
  const start = performance.now()
  const { error, signal, status, stderr, stdout } = spawnSync(
    execPath,
    [join(compiled, program.replace(/\.ts$/, ".js")), ...(options[program] ?? [])],
    { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 120_000 }
  )
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (status === 0) {
    console.log(`ok     ${join(sources, program)} (${seconds} s)`)
  } else if (status === notInstalled) {
    console.log(`skip   ${join(sources, program)}: ${stderr.split("\n", 1)[0]}`)
  } else {
    const reason = error?.message ?? (signal === null ? `exit code ${status}` : `ended by ${signal}`)
    console.log(`FAILED ${join(sources, program)} (${seconds} s): ${reason}\n${stdout}${stderr}`)
    process.exitCode = 1
  }
}
console.log(`${programs.length} programs run`)
