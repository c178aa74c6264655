/** The layers of `ErrorLog` in processes of their own, as programs run them. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bundleProgram } from "../bundleProgram.js"

let folder = ""

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-errata-log-"))
  bundleProgram(new URL("programs.ts", import.meta.url), join(folder, "programs.mjs"))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const kindOf = (line: string): string =>
  line.startsWith("{\"timestamp\":") ? "json" : /^[\dT:.-]+Z \[ERROR\] Error fetching /.test(line) ? "text" : line

/** The lines that each program prints, by its name. */
const printed = (runner: string): Readonly<Record<string, ReadonlyArray<string>>> => {
  const output = execFileSync(process.execPath, [join(folder, "programs.mjs"), runner], { encoding: "utf8" })
  return Object.fromEntries(
    output.split("# ").slice(1).map((part) => {
      const [name = "", ...lines] = part.trimEnd().split("\n")
      return [name, lines.map(kindOf).sort()]
    })
  )
}

describe("one error is one line, whichever logger stood there before", () => {
  it.each(["runMain", "runMain without the pretty logger", "runFork"])("%s", (runner) => {
    expect(printed(runner)).toEqual({
      "layerText": ["text"],
      "layerJson": ["json"],
      "layerText, nested in itself": ["text"],
      "layerText, merged with itself": ["text"],
      "layerText inside of layerJson": ["text"],
      "layerJson inside of layerText": ["json"],
      "layerText inside of Logger.pretty": ["text"],
      "layerText beside other layers": ["text"],
      "layerText in a ManagedRuntime": ["text"],
      "layerText and a logger of the program's own": ["own", "text"]
    })
  })
})
