/** Errors that come from elsewhere: another realm, a worker, a structured clone, JSON. What they lost is not invented. */
import { describe } from "@effect/vitest"
import * as FetchError from "effect-errata/FetchError"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as fs from "node:fs"
import * as vm from "node:vm"
import { Worker } from "node:worker_threads"
import * as zlib from "node:zlib"
import type { Case } from "./cases.js"
import { caught, table, throwing } from "./cases.js"

const sources: ReadonlyArray<readonly [string, string, Case[2], Case[3], Case[4]?]> = [
  ["a bug", "null.x", "Internal", "no"],
  ["a length", "new Array(-1)", "Internal", "no"],
  ["no JSON", "JSON.parse('<')", "DataTransformation", "no"],
  ["nothing in particular", "throw new Error('?')", "Unexpected", "no"],
  ["a code", "throw Object.assign(new Error('?'), { code: 'ECONNREFUSED' })", "NetworkConnection", "retry", {
    errno: "ECONNREFUSED"
  }],
  [
    "a cause",
    "throw new Error('?', { cause: Object.assign(new Error('?'), { code: 'ENOTFOUND' }) })",
    "NetworkDns",
    "retry"
  ],
  ["an answer", "throw { status: 429 }", "ApiRateLimit", "retry", { status: 429 }],
  ["a text", "throw 'socket hang up'", "NetworkConnection", "retry"],
  [
    "an aggregate",
    "throw new AggregateError([new Error('?'), new Error('getaddrinfo ENOTFOUND api.test')])",
    "NetworkDns",
    "retry",
    {
      hostname: "api.test"
    }
  ],
  ["a script that is none", "(", "Internal", "no"]
]

const inWorker = (source: string, options: object = {}): Promise<unknown> =>
  new Promise((resolve) => {
    const worker = new Worker(source, { eval: true, ...options })
    worker.on("error", resolve)
    worker.on("message", resolve)
  })

const rethrown = (source: string, options?: object) => async () => {
  throw await inWorker(source, options)
}

table("a vm context", [
  ...sources.map(([name, source, ...expected]): Case => [name, () => vm.runInNewContext(source), ...expected]),
  [
    "an answer of another realm's fetch",
    () => vm.runInNewContext("throw response", { response: new Response("", { status: 418 }) }),
    "ApiRateLimit",
    "retry",
    {
      status: 418,
      banned: true
    }
  ]
])

const twoAddresses = `[{ address: "127.0.0.1", family: 4 }, { address: "127.0.0.2", family: 4 }]`
const refusedTwice = `
  const net = require("node:net")
  const server = net.createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address()
    const lookup = (host, options, answer) => answer(null, ${twoAddresses})
    server.close(() => net.connect({ port, host: "two.test", lookup, autoSelectFamily: true }))
  })`

table("a worker", [
  ...sources.map(([name, source, ...expected]): Case => [name, rethrown(source), ...expected]),
  ["a file", rethrown("require('node:fs').readFileSync('/no/such')"), "StorageRead", "no", {
    errno: "ENOENT",
    path: "/no/such"
  }],
  ["addresses that are all refused", rethrown(refusedTwice), "NetworkConnection", "retry", { errno: "ECONNREFUSED" }],
  [
    "promises that all failed",
    rethrown(
      "const { readFile } = require('node:fs/promises'); Promise.any([readFile('/no/such'), readFile('/nor/such')])"
    ),
    "StorageRead",
    "no",
    { errno: "ENOENT", path: "/no/such" }
  ],
  // The code of a member is not handed on, and its message says nothing.
  [
    "an aggregate whose members had codes only",
    rethrown(
      "throw new AggregateError([Object.assign(new Error('?'), { code: 'ENOTFOUND' })])"
    ),
    "Unexpected",
    "no"
  ]
])

const refusedAggregate = rethrown(`
  const { parentPort } = require("node:worker_threads")
  process.on("uncaughtException", (error) => parentPort.postMessage(error))
  ${refusedTwice}`)

const missing = () => caught(() => fs.readFileSync("/no/such"))
const limited = new FetchError.ApiRateLimit({
  status: 418,
  retryAfter: Option.some(Duration.seconds(3)),
  context: { symbol: "X" }
})

// A clone of an error keeps its message, its stack, its cause, and one of seven names.
describe("a structured clone", () => {
  const clone = (make: () => unknown) => async () => {
    throw structuredClone(await make())
  }
  table("what is left is enough", [
    ["a file", clone(missing), "StorageRead", "no", { errno: "ENOENT", path: "/no/such" }],
    [
      "a socket",
      clone(() => Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" })),
      "NetworkConnection",
      "retry",
      {
        errno: "ECONNREFUSED"
      }
    ],
    ["a host name", clone(() => new Error("getaddrinfo ENOTFOUND api.test")), "NetworkDns", "retry", {
      hostname: "api.test"
    }],
    ["a bug", clone(() => new TypeError("x is not a function")), "Internal", "no"],
    ["bytes", clone(() => caught(() => zlib.gunzipSync(Buffer.from("no gzip at all")))), "DataIntegrity", "retry"],
    ["text", clone(() => caught(() => JSON.parse("<"))), "DataTransformation", "no"],
    [
      "a cause",
      clone(() => new TypeError("fetch failed", { cause: new Error("read ECONNRESET") })),
      "NetworkConnection",
      "retry",
      {
        errno: "ECONNRESET"
      }
    ],
    ["addresses that are all refused: the code is in the trace", refusedAggregate, "NetworkConnection", "retry", {
      errno: "ECONNREFUSED"
    }]
  ])
  table("what is left is not enough", [
    ["a code", clone(() => Object.assign(new Error("?"), { code: "ECONNREFUSED" })), "Unexpected", "no"],
    [
      "the members of an aggregate",
      clone(() => new AggregateError([new Error("read ECONNRESET")])),
      "Unexpected",
      "no"
    ],
    // Its message is left. The error's own JSON crosses over whole: see below.
    ["one of the 17", clone(() => limited), "ApiRateLimit", "retry", { status: undefined }]
  ])
})

describe("JSON", () => {
  const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
  table("one of the 17", [
    ["parsed", throwing(json(limited)), "ApiRateLimit", "retry", {
      cause: undefined,
      status: 418,
      banned: true,
      retryAfter: Option.some(Duration.seconds(3)),
      context: { symbol: "X" }
    }],
    [
      "through a worker",
      rethrown(
        "const { parentPort, workerData } = require('node:worker_threads'); parentPort.postMessage(workerData)",
        { workerData: json(limited) }
      ),
      "ApiRateLimit",
      "retry",
      { cause: undefined, retryAfter: Option.some(Duration.seconds(3)) }
    ],
    [
      "thrown in a worker",
      rethrown(
        "throw Object.assign(new Error('?'), require('node:worker_threads').workerData)",
        { workerData: json(limited) }
      ),
      "ApiRateLimit",
      "retry",
      { cause: undefined, status: 418 }
    ],
    [
      "with a tag that is none of them",
      throwing({ ...Object(json(limited)), _tag: "ApiRate" }),
      "ApiRateLimit",
      "retry"
    ],
    ["with fields that are none of it", throwing({ ...Object(json(limited)), message: 5 }), "ApiRateLimit", "retry"]
  ])
  table("what a log keeps of others", [
    [
      "a file",
      throwing({
        name: "Error",
        message: "ENOENT: no such file or directory, open '/x'",
        code: "ENOENT",
        syscall: "open"
      }),
      "StorageRead",
      "no",
      {
        path: "/x"
      }
    ],
    ["a socket", throwing({ message: "read ECONNRESET", code: "ECONNRESET" }), "NetworkConnection", "retry"],
    ["a bug", throwing({ name: "TypeError", message: "x is not a function" }), "Internal", "no"]
  ])
})
