import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"

interface Row {
  readonly name: string
  readonly files: number
  readonly imports: ReadonlyArray<string>
}

const script: {
  readonly problemsOf: (sources: Readonly<Record<string, string>>, racing?: string) => ReadonlyArray<string>
  readonly tableOf: (sources: Readonly<Record<string, string>>) => ReadonlyArray<Row>
} = await import(pathToFileURL(join(import.meta.dirname, "../../scripts/layers.mjs")).href)

const { problemsOf, tableOf } = script

describe("problemsOf", () => {
  it("accepts imports of lower rooms, of the own room, and of packages", () => {
    expect(problemsOf({
      "internal/safe/json.ts": `import * as Effect from "effect/Effect"\n`,
      "internal/safe/text.ts": `import { json } from "./json.js"\n`,
      "FetchContext.ts": `import { json } from "./internal/safe/json.js"\n`,
      "internal/fetch/run.ts":
        `import { empty } from "../../FetchContext.js"\nimport { text } from "../safe/text.js"\n`,
      "index.ts": `export * as Fetch from "./Fetch.js"\n`,
      "Fetch.ts": `import { run } from "./internal/fetch/run.js"\nconst lazily = () => import("./FetchContext.js")\n`
    })).toEqual([])
  })

  it.each<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      "a value of a higher room",
      { "internal/safe/json.ts": `import { classify } from "../../Classifier.js"\n` },
      "internal/safe/json.ts imports a value of Classifier.ts: internal/safe is below Classifier"
    ],
    [
      "a value that is imported lazily",
      { "internal/safe/json.ts": `const later = () => import("../../Classifier.js")\n` },
      "internal/safe/json.ts imports a value of Classifier.ts: internal/safe is below Classifier"
    ],
    [
      "a value that is exported again",
      { "FetchContext.ts": `export { classify } from "./Classifier.js"\n` },
      "FetchContext.ts imports a value of Classifier.ts: FetchContext is below Classifier"
    ],
    [
      "a value among types",
      { "internal/error/copy.ts": `import {\n  type A,\n  b\n} from "../../FetchError.js"\n` },
      "internal/error/copy.ts imports a value of FetchError.ts: internal/error is below FetchError"
    ],
    [
      "a type of a higher room",
      { "internal/error/copy.ts": `import { type A, type B } from "../../FetchError.js"\n` },
      "internal/error/copy.ts imports a type of FetchError.ts: internal/error is below FetchError"
    ],
    [
      "binance in the core",
      { "internal/tracker/core.ts": `import type { Market } from "../../binance/Market.js"\n` },
      "internal/tracker/core.ts imports binance/Market.ts: the core knows no other part"
    ],
    [
      "testing in the core",
      { "Fetch.ts": `import { text } from "./testing/LogCapture.js"\n` },
      "Fetch.ts imports testing/LogCapture.ts: the core knows no other part"
    ],
    [
      "the dashboard in the core",
      { "ErrorTracker.ts": `import { page } from "./dashboard/page.js"\n` },
      "ErrorTracker.ts imports dashboard/page.ts: the core knows no other part"
    ],
    [
      "a cycle within a room",
      {
        "internal/safe/a.ts": `import { b } from "./b.js"\n`,
        "internal/safe/b.ts": `import { c } from "./c.js"\n`,
        "internal/safe/c.ts": `import { a } from "./a.js"\n`
      },
      "import cycle: internal/safe/a.ts → internal/safe/b.ts → internal/safe/c.ts → internal/safe/a.ts"
    ],
    [
      "two files of one name",
      { "internal/safe/model.ts": "", "internal/retry/Model.ts": "" },
      "files of one name: internal/safe/model.ts, internal/retry/Model.ts"
    ],
    ["a long file", { "Fetch.ts": "\n".repeat(401) }, "Fetch.ts has 401 lines, more than 400"],
    [
      "a word of Binance in a comment of the core",
      { "Fetch.ts": `/** As Vision does. */\n` },
      `Fetch.ts says "Vision": the core knows nothing of Binance`
    ],
    [
      "a race against time",
      { "Fetch.ts": `const a = Effect.timeoutFail(b)\n` },
      "Fetch.ts calls Effect.timeoutFail: only internal/race.ts races an effect against time"
    ]
  ])("refuses %s", (_, sources, problem) => {
    // The path of an import may be a problem of its own.
    expect(problemsOf(sources, "internal/race.ts")[0]).toBe(problem)
  })

  it("accepts a cycle of types, 400 lines, words of Binance outside of the core, and races in the helper", () => {
    expect(problemsOf({
      "internal/safe/a.ts": `import type { B } from "./b.js"\n`,
      "internal/safe/b.ts": `import type { A } from "./a.js"\n`,
      "Fetch.ts": "\n".repeat(400),
      "binance/Klines.ts": "/** Binance. */\n",
      "internal/race.ts": "const a = Effect.race(b)\n",
      "ErrorTracker.ts": "// Effect.race and import { a } from \"./testing/A.js\"\n"
    }, "internal/race.ts")).toEqual([])
  })
})

it("the table has a row for each room with files, bottom up", () => {
  expect(tableOf({
    "Fetch.ts": `import { a } from "./internal/safe/a.js"\nimport type { B } from "./FetchError.js"\n`,
    "FetchError.ts": "",
    "internal/safe/a.ts": "",
    "index.ts": `export * as Fetch from "./Fetch.js"\n`
  })).toEqual([
    { name: "internal/safe", files: 1, imports: [] },
    { name: "FetchError", files: 1, imports: [] },
    { name: "Fetch", files: 1, imports: ["internal/safe"] }
  ])
})
