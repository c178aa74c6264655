/** The programs of Prometheus, where they are installed. */
import { spawnSync } from "node:child_process"

const isInstalled = (program: string): boolean => {
  const isThere = spawnSync(program, ["--version"]).error === undefined
  if (!isThere) {
    console.warn(`Skipped: tests with ${program}, which is not installed. To run them: apt-get install -y prometheus`)
  }
  return isThere
}

export const hasPromtool = isInstalled("promtool")

export const hasPrometheus = isInstalled("prometheus")

/** Runs promtool, and returns what it says. Throws with its output if it finds a problem. */
export const promtool = (args: ReadonlyArray<string>, input?: string): string => {
  const { status, stderr, stdout } = spawnSync("promtool", args, { input: input ?? "", encoding: "utf8" })
  if (status !== 0) throw new Error(`promtool ${args.join(" ")} failed:\n${stdout}${stderr}`)
  return stdout + stderr
}
