/** The messages of the compiler for the mistakes of a newcomer: each says what to write. */
import { it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect } from "vitest"

interface Mistake {
  readonly code: string
  readonly says: ReadonlyArray<string>
}

const untracked = `Effect.fail(new Error("no network"))`

const mistakes: Record<string, Mistake> = {
  "retry without tracked": {
    code: `export const call = (policy: RetryPolicy.RetryPolicy) => ${untracked}.pipe(Fetch.retry(policy))`,
    says: ["Fetch.retry needs tracked errors: put Fetch.tracked() before it"]
  },
  "toDataResult without tracked": {
    code: `export const call = ${untracked}.pipe(Fetch.toDataResult({ empty: () => undefined as never }))`,
    says: ["Fetch.toDataResult needs tracked errors: put Fetch.tracked() before it"]
  },
  "no tracker provided": {
    code: `export const run = Effect.runPromise(${untracked}.pipe(Fetch.tracked()))`,
    says: ["Type 'ErrorTracker' is not assignable to type 'never'"]
  },
  "a misspelt option of the tracker": {
    code: `export const layer = ErrorTracker.layer({ tresholds: {} })`,
    says: ["Did you mean to write 'thresholds'?"]
  },
  "a misspelt limit": {
    code: `export const layer = ErrorTracker.layer({ thresholds: { API_AUTH: { perMinutes: 3 } } })`,
    says: ["Did you mean to write 'perMinute'?"]
  },
  "a misspelt field of the context": {
    code: `export const tracked = Fetch.tracked({ symbl: "BTCUSDT" })`,
    says: ["Did you mean to write 'symbol'?"]
  },
  "a misspelt option of a policy": {
    code: `export const policy = RetryPolicy.make({ sorce: "rest" })`,
    says: ["Did you mean to write 'source'?"]
  },
  "an error of one's own without a category": {
    code: `export class Stale extends Data.TaggedError("Stale")<{ readonly context: FetchContext.FetchContext }>
      implements FetchError.Trackable {
      readonly code = "STALE"
      readonly severity = "WARNING"
      readonly retryable = true
    }`,
    says: ["Property 'category' is missing in type 'Stale' but required in type 'Trackable'"]
  },
  "a wait that is no duration": {
    code: `export const error = new FetchError.ApiRateLimit({ retryAfter: "soon" })`,
    says: [`Type '"soon"' is not assignable to type`]
  }
}

const correct = {
  "a wait as text": `export const error = new FetchError.ApiRateLimit({ retryAfter: "30 seconds" })`,
  "an operator of one's own for any trackable error": `
    export const twice = <A, E extends FetchError.Trackable, R>(self: Effect.Effect<A, E, R>, policy: RetryPolicy.RetryPolicy) =>
      self.pipe(Fetch.retry(policy), Fetch.toDataResult({ empty: (): A => { throw new Error("not reached") } }))`,
  "the error of a result": `
    export const result: Effect.Effect<DataResult.DataResult<number, FetchError.ApiAuth>> =
      (Effect.fail(new FetchError.ApiAuth()) as Effect.Effect<number, FetchError.ApiAuth>).pipe(Fetch.toDataResult({ empty: () => 0 }))`
}

const imports = `import { Data, Effect } from "effect"
import { DataResult, ErrorTracker, Fetch, FetchContext, FetchError, RetryPolicy } from "effect-errata"
void [Data, Effect, DataResult, ErrorTracker, Fetch, FetchContext, FetchError, RetryPolicy]
`

describe("the compiler's message says what to write", () => {
  mkdirSync("build", { recursive: true })
  const folder = mkdtempSync(resolve("build", "messages-"))
  const fileOf = (kind: string, name: string) => `${kind}-${name.replace(/\W+/g, "-")}.ts`
  let lines: ReadonlyArray<string> = []

  // One run of the compiler for all programs.
  beforeAll(async () => {
    for (const [name, { code }] of Object.entries(mistakes)) {
      writeFileSync(join(folder, fileOf("mistake", name)), imports + code)
    }
    for (const [name, code] of Object.entries(correct)) {
      writeFileSync(join(folder, fileOf("correct", name)), imports + code)
    }
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: "../../tsconfig.json",
        compilerOptions: { rootDir: "../..", plugins: [] },
        include: ["*.ts"]
      })
    )
    const output = await new Promise<string>((done) =>
      execFile(
        process.execPath,
        [resolve("node_modules/typescript/bin/tsc"), "-p", folder, "--pretty", "false"],
        (_, stdout) => done(stdout)
      )
    )
    lines = output.split("\n")
  }, 60_000)
  afterAll(() => rmSync(folder, { recursive: true }))

  /** The message of a file: its first line and the indented ones after it. */
  const messageOf = (file: string) => {
    const start = lines.findIndex((line) => line.includes(file))
    if (start < 0) return ""
    const length = lines.slice(start + 1).findIndex((line) => !line.startsWith(" "))
    return lines.slice(start, start + 1 + length).join("\n")
  }

  it.each(Object.entries(mistakes))("%s", (name, { says }) => {
    for (const text of says) expect(messageOf(fileOf("mistake", name))).toContain(text)
  })
  it.each(Object.keys(correct))("no message: %s", (name) => expect(messageOf(fileOf("correct", name))).toBe(""))
})
