/** Mistakes in the program itself: trying again brings them back. */
import { strict } from "node:assert"
import { spawnSync } from "node:child_process"
import * as vm from "node:vm"
import type { Case } from "./cases.js"
import { table } from "./cases.js"

// As text: the compiler would let none of them through.
const scripts: ReadonlyArray<readonly [string, string]> = [
  ["a property of nothing", "undefined.x"],
  ["a call of what is no function", "({}).x()"],
  ["a name that is not defined", "effectErrataNone"],
  ["an assignment to a constant", "(() => { const a = 1; a = 2 })()"],
  ["a change of what is frozen", "'use strict'; Object.freeze([1]).push(2)"],
  ["a list of what is none", "const [effectErrataFirst] = 5"],
  ["an instance of what is no class", "({}) instanceof 5"],
  ["a symbol as text", "`${Symbol('x')}`"],
  ["a bigint and a number", "1n + 1"],
  ["a length below zero", "new Array(-1)"],
  ["too many digits", "(1).toFixed(200)"],
  ["a date that is none", "new Date(NaN).toISOString()"],
  ["a stack that overflows", "(function forever() { forever() })()"],
  ["a script that is none", "{"],
  ["an expression that is none", "new RegExp('(')"],
  ["an escape that is none", "decodeURIComponent('%')"],
  ["a proxy that was revoked", "const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); proxy.x"],
  ["a text that says timeout", "throw new TypeError('timeout 429 is not a function')"]
]

table(
  "bugs of a script",
  scripts.map(([name, source]): Case => [
    name,
    () => vm.runInThisContext(`(() => { ${source} })()`),
    "Internal",
    "no"
  ])
)

// Neither a module nor a program.
const missing: string = "effect-errata-no-such-name"

table("what the platform refuses", [
  ["an address that is none", () => new URL("nope"), "Internal", "no"],
  ["an assertion", () => strict.equal(1, 2), "Internal", "no"],
  ["a clone of what has none", () => structuredClone(() => 1), "Internal", "no"],
  ["a read beyond a buffer", () => Buffer.alloc(2).readUInt32LE(0), "Internal", "no"],
  ["a header that is none", () => new Headers({ "a b": "c" }), "Internal", "no"],
  ["an encoding that is none", () => new TextDecoder("nope"), "Internal", "no"],
  ["a module that is missing", () => import(missing), "Internal", "no"],
  [
    "a body read twice",
    async () => {
      const response = new Response("{}")
      await response.text()
      await response.text()
    },
    "Internal",
    "no"
  ]
])

table("no bug, and no fault of the world either", [
  [
    "a program that does not exist",
    () => {
      throw spawnSync(missing).error ?? new Error("it exists")
    },
    "Unexpected",
    "no"
  ],
  [
    "a program that fails",
    () => {
      throw new Error(`exit code ${spawnSync(process.execPath, ["-e", "process.exit(3)"]).status}`)
    },
    "Unexpected",
    "no"
  ],
  [
    "a program that is too slow",
    () => {
      throw spawnSync(process.execPath, ["-e", "setInterval(() => {}, 9)"], { timeout: 20 }).error ??
        new Error("it ended")
    },
    "NetworkTimeout",
    "retry"
  ],
  ["a script that is too slow", () => vm.runInNewContext("for (;;);", {}, { timeout: 5 }), "Unexpected", "no"],
  ["a process that is none", () => process.kill(99_999_999, 0), "Unexpected", "no"],
  ["an abort", () => AbortSignal.abort().throwIfAborted(), "Unexpected", "no"],
  [
    "an abort for a reason",
    () => AbortSignal.abort(new Error("the page was left")).throwIfAborted(),
    "Unexpected",
    "no"
  ],
  [
    "an abort because it took too long",
    () => AbortSignal.abort(new DOMException("late", "TimeoutError")).throwIfAborted(),
    "NetworkTimeout",
    "retry",
    {
      phase: "total"
    }
  ]
])
