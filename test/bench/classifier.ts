/** What it costs to tell what an error is: against bare look-ups, regular expressions, and making the error anyway. */
import { Effect } from "effect"
import { Classifier, FetchError } from "effect-errata"
import * as fs from "node:fs"
// The decision is not public. What it costs without an error made of it is worth knowing all the same.
import { decide } from "../../dist/internal/classifier/decide.js"
import { at } from "./errors.js"
import { race, rounds } from "./race.js"

type Tag = FetchError.FetchError["_tag"]

/** Looks at one after the other, and uses what comes of each. */
const looking = <A>(items: ReadonlyArray<A>, look: (item: A) => string) => (times: number) => {
  let letters = 0
  for (let i = 0; i < times; i++) letters += look(at(items, i)).length
  if (letters < times) throw new Error("There is an error without a name")
}

// ---------------------------------------------------------------------------------------------------------------------
// our own
// ---------------------------------------------------------------------------------------------------------------------

const own = Object.keys(FetchError.facts).map((tag) => new FetchError[tag as Tag]({ reason: "api_response" }))

const switched = (error: FetchError.FetchError): string => {
  switch (error._tag) {
    case "NetworkTimeout":
      return "NETWORK_TIMEOUT"
    case "NetworkConnection":
      return "NETWORK_CONNECTION"
    case "NetworkDns":
      return "NETWORK_DNS"
    case "ApiRateLimit":
      return "API_RATE_LIMIT"
    case "ApiAuth":
      return "API_AUTH"
    case "ApiPermission":
      return "API_PERMISSION"
    case "ApiFormat":
      return "API_FORMAT"
    case "DataEmpty":
      return "DATA_EMPTY"
    case "DataValidation":
      return "DATA_VALIDATION"
    case "DataIntegrity":
      return "DATA_INTEGRITY"
    case "DataTransformation":
      return "DATA_TRANSFORMATION"
    case "StorageRead":
      return "STORAGE_READ"
    case "StorageWrite":
      return "STORAGE_WRITE"
    case "StorageSpace":
      return "STORAGE_SPACE"
    case "StoragePermission":
      return "STORAGE_PERMISSION"
    case "Unexpected":
      return "UNEXPECTED"
    case "Internal":
      return "INTERNAL"
  }
}

const decided = (cause: unknown): string => decide(cause).tag

await race("One of the 17, decided", [
  { name: "`switch (_tag)`", run: looking(own, switched) },
  { name: "the decision", run: looking(own, decided) }
], { rounds, times: 2_000_000 })

// ---------------------------------------------------------------------------------------------------------------------
// foreign errors
// ---------------------------------------------------------------------------------------------------------------------

const error = (name: string, message: string, more: object = {}, cause?: unknown) => {
  const made = name === "TypeError"
    ? new TypeError(message, cause === undefined ? undefined : { cause })
    : new Error(message, cause === undefined ? undefined : { cause })
  if (name !== made.name) made.name = name
  return Object.assign(made, more)
}
const system = (code: string, syscall: string) =>
  error("Error", `${syscall} ${code} 127.0.0.1:443`, {
    errno: -111,
    code,
    syscall,
    address: "127.0.0.1",
    port: 443
  })
const thrown = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}
const axios = (status: number, data: object) =>
  error("AxiosError", `Request failed with status code ${status}`, {
    isAxiosError: true,
    code: "ERR_BAD_REQUEST",
    config: { method: "get", url: "https://api.binance.com/api/v3/klines", headers: {} },
    request: {},
    response: { status, statusText: "no", headers: { "content-type": "application/json" }, config: {}, data },
    status
  })
const request = { method: "GET", url: "https://api.binance.com/api/v3/klines" }

/** As clients throw them, each with what it is. */
const shapes: ReadonlyArray<readonly [Tag, () => unknown]> = [
  ["NetworkConnection", () => system("ECONNREFUSED", "connect")],
  ["NetworkConnection", () => system("ECONNRESET", "read")],
  [
    "NetworkDns",
    () =>
      error("Error", "getaddrinfo ENOTFOUND api.invalid", {
        errno: -3008,
        code: "ENOTFOUND",
        syscall: "getaddrinfo",
        hostname: "api.invalid"
      })
  ],
  ["StorageRead", () => thrown(() => fs.openSync("/no/such/file", "r"))],
  [
    "StorageSpace",
    () => error("Error", "ENOSPC: no space left on device, write", { errno: -28, code: "ENOSPC", syscall: "write" })
  ],
  ["ApiRateLimit", () => axios(429, { code: -1003, msg: "Too many requests" })],
  ["ApiFormat", () => axios(400, { code: -1121, msg: "Invalid symbol." })],
  [
    "ApiFormat",
    () =>
      error("HTTPError", "Response code 503 (Service Unavailable)", {
        code: "ERR_NON_2XX_3XX_RESPONSE",
        response: { statusCode: 503, headers: {}, body: "down" }
      })
  ],
  [
    "ApiAuth",
    () => error("HTTPError", "Request failed with status code 401", { response: { status: 401, headers: {} }, request })
  ],
  ["NetworkConnection", () => error("TypeError", "fetch failed", {}, system("ECONNREFUSED", "connect"))],
  [
    "NetworkTimeout",
    () =>
      error(
        "TypeError",
        "fetch failed",
        {},
        error("ConnectTimeoutError", "Connect Timeout Error", { code: "UND_ERR_CONNECT_TIMEOUT" })
      )
  ],
  [
    "NetworkConnection",
    () =>
      error(
        "TypeError",
        "terminated",
        {},
        error("SocketError", "other side closed", { code: "UND_ERR_SOCKET", socket: { bytesRead: 0 } })
      )
  ],
  [
    "DataIntegrity",
    () =>
      error(
        "TypeError",
        "terminated",
        {},
        error("Error", "incorrect header check", { errno: -3, code: "Z_DATA_ERROR" })
      )
  ],
  [
    "NetworkConnection",
    () =>
      error(
        "RequestError",
        "Transport error (GET https://api.binance.com/api/v3/klines)",
        { _tag: "RequestError", reason: "Transport", request },
        error("TypeError", "fetch failed", {}, error("Error", "socket", {}, system("ECONNRESET", "read")))
      )
  ],
  ["NetworkTimeout", () => new DOMException("The operation was aborted due to timeout", "TimeoutError")],
  [
    "NetworkTimeout",
    () => error("TimeoutError", "Timeout awaiting 'request' for 50ms", { code: "ETIMEDOUT", event: "request" })
  ]
]
const foreign = Array.from({ length: 64 }, () => shapes.map(([, make]) => make())).flat()
const expected = shapes.map(([tag]) => tag)

// What has to be looked up, and no care taken: of proxies, getters, cycles, or evidence that contradicts itself.
const tags = new Map([["TimeoutException", "NetworkTimeout"], ["ParseError", "DataValidation"]])
const apiCodes = new Map([[-1003, "ApiRateLimit"], [-1121, "ApiFormat"], [-1022, "ApiAuth"]])
const statuses = new Map([[401, "ApiAuth"], [403, "ApiPermission"], [418, "ApiRateLimit"], [429, "ApiRateLimit"]])
for (let status = 400; status < 600; status++) if (!statuses.has(status)) statuses.set(status, "ApiFormat")
const codes = new Map([
  ["ECONNREFUSED", "NetworkConnection"],
  ["ECONNRESET", "NetworkConnection"],
  ["UND_ERR_SOCKET", "NetworkConnection"],
  ["UND_ERR_CONNECT_TIMEOUT", "NetworkTimeout"],
  ["ETIMEDOUT", "NetworkTimeout"],
  ["ENOTFOUND", "NetworkDns"],
  ["ENOENT", "StorageRead"],
  ["ENOSPC", "StorageSpace"],
  ["Z_DATA_ERROR", "DataIntegrity"]
])
const names = new Map([["TimeoutError", "NetworkTimeout"], ["AbortError", "Unexpected"]])

/** As the look-ups believe errors to be. */
interface Loose {
  readonly _tag?: string
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly status?: number
  readonly statusCode?: number
  readonly response?: {
    readonly status?: number
    readonly statusCode?: number
    readonly data?: { readonly code?: number }
  }
  readonly cause?: Loose
}

const lookedUp = (cause: unknown): string => {
  let link = cause as Loose | undefined
  while (link !== undefined) {
    const tag = link._tag
    const tagged = tag === undefined ? undefined : tags.get(tag)
    if (tagged !== undefined) return tagged
    const response = link.response
    const apiCode = response?.data?.code
    const told = apiCode === undefined ? undefined : apiCodes.get(apiCode)
    if (told !== undefined) return told
    const status = link.status ?? link.statusCode ?? response?.status ?? response?.statusCode
    const answered = status === undefined ? undefined : statuses.get(status)
    if (answered !== undefined) return answered
    const code = link.code
    const failed = code === undefined ? undefined : codes.get(code)
    if (failed !== undefined) return failed
    const named = names.get(link.name)
    if (named !== undefined) return named
    link = link.cause
  }
  return "Unexpected"
}

/** What the Python design's `classify_exception` looks for, and what it leaves to whoever reads "Unexpected". */
const patterns: ReadonlyArray<readonly [RegExp, Tag]> = [
  [
    /ConnectionError|ECONN(?:REFUSED|RESET|ABORTED)|EPIPE|socket hang up|other side closed|fetch failed/i,
    "NetworkConnection"
  ],
  [/timeout|timed out|ETIMEDOUT/i, "NetworkTimeout"],
  [/ENOTFOUND|EAI_AGAIN|getaddrinfo/i, "NetworkDns"],
  [/\b(?:429|418)\b|rate limit|too many requests/i, "ApiRateLimit"],
  [/\b40[17]\b|unauthorized|invalid (?:api.?key|signature)/i, "ApiAuth"],
  [/\b(?:403|451)\b|forbidden/i, "ApiPermission"],
  [/HTTPError|\b[45]\d\d\b|bad request|not found/i, "ApiFormat"],
  [/JSONDecodeError|ParserError|unexpected (?:token|end)|valid JSON/i, "DataTransformation"],
  [/incorrect header check|checksum|corrupt/i, "DataIntegrity"],
  [/permission denied|EACCES|EPERM/i, "StoragePermission"],
  [/no space left|ENOSPC/i, "StorageSpace"],
  [/no such file|FileNotFoundError|ENOENT/i, "StorageRead"]
]

const matching = (text: string): Tag | undefined => {
  for (const [pattern, tag] of patterns) if (pattern.test(text)) return tag
  return undefined
}

const matched = (cause: unknown): string => matching((cause as Loose).message) ?? "Unexpected"

/** The same of each cause, since most errors hide there what they are, and the innermost knows best. */
const matchedAll = (cause: unknown): string => {
  let found: Tag | undefined
  for (let link = cause as Loose | undefined; link !== undefined; link = link.cause) {
    found = matching(`${link.name}: ${link.message}`) ?? found
  }
  return found ?? "Unexpected"
}

const right = (look: (cause: unknown) => string): number =>
  foreign.filter((cause, i) => look(cause) === at(expected, i)).length

for (const look of [lookedUp, decided]) {
  if (right(look) < foreign.length) throw new Error("The tables are wrong about an error")
}
const share = (look: (cause: unknown) => string): string => `${Math.round(100 * right(look) / foreign.length)} % right`

await race("A foreign error, decided: 16 shapes, with up to three causes", [
  { name: "bare look-ups", run: looking(foreign, lookedUp) },
  { name: "the decision", run: looking(foreign, decided) },
  { name: `12 regular expressions on the message (${share(matched)})`, run: looking(foreign, matched) },
  {
    name: `12 regular expressions on name and message, also of the causes (${share(matchedAll)})`,
    run: looking(foreign, matchedAll)
  }
], { rounds, times: 500_000 })

// ---------------------------------------------------------------------------------------------------------------------
// the whole
// ---------------------------------------------------------------------------------------------------------------------

/** An error keeps the ten frames above it, and no program makes one in fewer. */
const deep = <A>(make: (cause: A) => string, frames = 10) => {
  const call = (cause: A, left: number): string => left === 0 ? make(cause) : call(cause, left - 1)
  return (cause: A) => call(cause, frames)
}

const classified = foreign.map((cause) => Classifier.classifySync(cause))
const remade = (options: { readonly disableValidation: boolean }) => (error: FetchError.FetchError): string =>
  new FetchError[error._tag]({ ...error, message: error.message, cause: error.cause } as never, options).message

await race("A foreign error, classified", [
  {
    name: "making the same error, without validation",
    run: looking(classified, deep(remade({ disableValidation: true })))
  },
  { name: "making the same error", run: looking(classified, deep(remade({ disableValidation: false }))) },
  { name: "`classifySync`", run: looking(foreign, deep((cause) => Classifier.classifySync(cause).message)) }
], { rounds, times: 10_000 })

const looped = (step: (cause: unknown) => Effect.Effect<FetchError.FetchError>) => (times: number) =>
  Effect.runPromise(Effect.gen(function*() {
    for (let i = 0; i < times; i++) yield* step(at(foreign, i))
  }))

await race("A foreign error, classified in an Effect", [
  {
    name: "`Effect.sync`, and `classifySync` in it",
    run: looped((cause) => Effect.sync(() => Classifier.classifySync(cause)))
  },
  { name: "`classify`", run: looped(Classifier.classify) }
], { rounds, times: 10_000 })

// ---------------------------------------------------------------------------------------------------------------------
// a hostile error
// ---------------------------------------------------------------------------------------------------------------------

const hostile = (): Error =>
  Object.assign(
    new Error("hostile"),
    Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`property${i}`, i]))
  )

/** Works on errors that were not classified before: the keys of a huge object are listed once for each object. */
const fresh = (name: string, work: (error: Error) => unknown) => {
  let errors: ReadonlyArray<Error> = []
  return {
    name,
    prepare: () => {
      errors = Array.from({ length: 3 }, hostile)
    },
    run: (times: number) => {
      for (let i = 0; i < times; i++) work(at(errors, i))
    }
  }
}

/** V8 lists all keys before the first one is seen, so that leaving the loop early saves nothing. */
const firstKey = (error: object): string | undefined => {
  for (const key in error) return key
  return undefined
}

await race("An error with 100,000 properties", [
  fresh("`Object.keys`, once", Object.keys),
  fresh("`for (… in …)`, left at the first key", firstKey),
  fresh("`classifySync`", (error) => Classifier.classifySync(error))
], { rounds, times: 3 })
