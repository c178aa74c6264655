/** A program that ends with the process that started it, also if that is killed: its end closes the input of a shell. */
import { type ChildProcess, spawn } from "node:child_process"

const script = "\"$@\" & read -r line; kill -9 $!; wait 2> /dev/null"

export interface BoundProcess {
  readonly process: ChildProcess
  /** Kills the program, and resolves when it has ended. */
  readonly stop: () => Promise<void>
}

export const startBound = (program: string, args: ReadonlyArray<string>): BoundProcess => {
  const shell = spawn("sh", ["-c", script, "sh", program, ...args], { stdio: ["pipe", "ignore", "ignore"] })
  const ended = new Promise<void>((resolve) => shell.once("exit", () => resolve()))
  return {
    process: shell,
    stop: () => {
      shell.stdin.end()
      return ended
    }
  }
}
