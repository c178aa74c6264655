/** Fault × client: tag, retry, wait, and a message that holds the reason. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Fault, FaultServers } from "./faultServers.js"
import { faultServers, reason } from "./faultServers.js"
import type { Sdk } from "./sdks.js"
import { sdks } from "./sdks.js"

interface Expected {
  readonly tag: string
  readonly retryable: boolean
  readonly status?: number | undefined
  /** Milliseconds, at least and at most. */
  readonly wait?: readonly [least: number, most: number] | undefined
  readonly says?: string
}

// Both times of the server are in whole seconds.
const forty = [20_000, 41_000] as const

const usual: { readonly [F in Fault]: Expected } = {
  "refused": { tag: "NetworkConnection", retryable: true, says: "ECONNREFUSED" },
  "no such host": { tag: "NetworkDns", retryable: true, says: "no-such-host.invalid" },
  "silence": { tag: "NetworkTimeout", retryable: true },
  "a body that is cut": { tag: "NetworkConnection", retryable: true },
  "401": { tag: "ApiAuth", retryable: false, status: 401, says: reason },
  "403": { tag: "ApiPermission", retryable: false, status: 403, says: reason },
  "403, a limit": { tag: "ApiRateLimit", retryable: true, status: 403, wait: [30_000, 30_000], says: reason },
  "403, XML": { tag: "ApiPermission", retryable: false, status: 403, says: reason },
  "404": { tag: "ApiFormat", retryable: false, status: 404, says: reason },
  "429": { tag: "ApiRateLimit", retryable: true, status: 429, wait: [7000, 7000], says: reason },
  "429, until an instant": { tag: "ApiRateLimit", retryable: true, status: 429, wait: forty, says: reason },
  "500": { tag: "ApiFormat", retryable: true, status: 500, says: reason },
  "503": { tag: "ApiFormat", retryable: true, status: 503, says: reason },
  "503, XML": { tag: "ApiFormat", retryable: true, status: 503, says: reason },
  "502, a page of HTML": { tag: "ApiFormat", retryable: true, status: 502, says: "Bad luck at the gate" }
}

/** What a client leaves of the evidence where it does not leave all. `undefined`: it cannot be made to fail like this. */
type Exceptions = { readonly [F in Fault]?: Partial<Expected> | undefined }

const statuses = [
  "401",
  "403",
  "403, a limit",
  "403, XML",
  "404",
  "429",
  "429, until an instant",
  "500",
  "503",
  "503, XML",
  "502, a page of HTML"
] as const satisfies ReadonlyArray<Fault>

const ofStatuses = (expected: Partial<Expected> & object): Exceptions =>
  Object.fromEntries(statuses.map((fault) => [fault, expected]))

const unsaid = { says: "" }
// No timeout of its own, and none that a signal could give it here.
const endless: Exceptions = { "silence": undefined }
// It hands the body on as a stream, or takes what came of it for all.
const uncut: Exceptions = { "a body that is cut": undefined }
const noStatus = { status: undefined, wait: undefined }

const exceptions: { readonly [S in Sdk]?: Exceptions } = {
  "aws-sdk, S3": { ...uncut, "502, a page of HTML": unsaid },
  // It reads JSON and nothing else.
  "aws-sdk, DynamoDB": { "403, XML": unsaid, "503, XML": unsaid, "502, a page of HTML": unsaid },
  "stripe": {
    "403, XML": { ...noStatus, ...unsaid, tag: "Unexpected" },
    "503, XML": { ...noStatus, ...unsaid, tag: "Unexpected", retryable: false },
    "502, a page of HTML": { ...noStatus, ...unsaid, tag: "Unexpected", retryable: false }
  },
  // Its node-fetch does not notice the end of a body that is cut; a body of XML is a Blob.
  "gaxios": { ...uncut, "403, XML": unsaid, "503, XML": unsaid },
  "googleapis, Drive": { "403, XML": unsaid, "503, XML": unsaid },
  "octokit": uncut,
  "octokit, throttling": uncut,
  // The error holds neither status nor headers.
  "postgrest": { ...ofStatuses({ ...noStatus, tag: "Unexpected", retryable: false }), ...endless },
  "graphql-request": endless,
  // The body is not read.
  "urql": { ...ofStatuses(unsaid), ...endless },
  "slack": {
    "429": { status: undefined, says: "in 7 seconds" },
    // Without Retry-After it fails over its own expectation.
    "429, until an instant": undefined
  },
  "discord.js": {
    // A bare AbortError.
    "silence": { tag: "Unexpected", retryable: false },
    // Bodies of failing servers are dropped, and so are the headers of all.
    "500": unsaid,
    "503": unsaid,
    "503, XML": unsaid,
    "502, a page of HTML": unsaid,
    "403, a limit": { tag: "ApiPermission", retryable: false, wait: undefined },
    "429": { status: undefined, wait: [7000, 7100], says: "RateLimitError" },
    "429, until an instant": { status: undefined, wait: [0, 60_000], says: "RateLimitError" }
  },
  // A bare AbortError.
  "azure": { "silence": { tag: "Unexpected", retryable: false } },
  // It fails with a status of its own.
  "ethers": {
    "429": { tag: "ApiFormat", retryable: false, status: 599 },
    "429, until an instant": { tag: "ApiFormat", retryable: false, status: 599, wait: undefined }
  },
  // Sentences of its own take the place of all that was known, but for the status of failing servers.
  "@binance/spot": {
    "refused": unsaid,
    "no such host": { tag: "NetworkConnection", says: "" },
    "silence": { tag: "NetworkConnection" },
    "a body that is cut": { tag: "Unexpected", retryable: false },
    ...ofStatuses({ ...noStatus, ...unsaid }),
    "500": unsaid,
    "503": unsaid,
    "503, XML": unsaid,
    "502, a page of HTML": unsaid,
    "403, a limit": { ...noStatus, ...unsaid, tag: "ApiPermission", retryable: false }
  },
  // `{ code: 200, message: "OK" }`
  "bybit-api": { "a body that is cut": { tag: "Unexpected", retryable: false } }
}

let servers: FaultServers
beforeAll(async () => {
  servers = await faultServers()
})
afterAll(() => servers.close())

const thrownBy = (sdk: Sdk, fault: Fault): Promise<{ readonly raw: unknown } | undefined> => {
  const call = async () => sdks[sdk]({ ...servers.origin(fault), patience: fault === "silence" ? 300 : 20_000 })
  return call().then(() => undefined, (raw: unknown) => ({ raw }))
}

const disagreement = async (sdk: Sdk, fault: Fault): Promise<string | undefined> => {
  const own = exceptions[sdk]
  if (own !== undefined && fault in own && own[fault] === undefined) return undefined
  const { says, ...expected } = { ...usual[fault], ...own?.[fault] }
  const thrown = await thrownBy(sdk, fault)
  if (thrown === undefined) return `${sdk}: nothing was thrown`
  const error = await Effect.runPromise(Classifier.classify(thrown.raw))
  const wait = Option.getOrUndefined(Option.map(error.retryAfter, Duration.toMillis))
  const seen = {
    tag: error._tag,
    retryable: error.retryable,
    ...("status" in error && error.status !== undefined && { status: error.status }),
    ...(wait !== undefined && { wait })
  }
  const waited = expected.wait === undefined
    ? wait === undefined
    : wait !== undefined && wait >= expected.wait[0] && wait <= expected.wait[1]
  const agrees = seen.tag === expected.tag && seen.retryable === expected.retryable &&
    seen.status === expected.status && waited && (says === undefined || error.message.includes(says))
  return agrees
    ? undefined
    : `${sdk}: expected ${JSON.stringify({ ...expected, says })}, saw ${JSON.stringify(seen)} ${error.message}`
}

describe("clients of services", () => {
  for (const fault of Object.keys(usual) as ReadonlyArray<Fault>) {
    it(fault, async () => {
      const names = Object.keys(sdks) as ReadonlyArray<Sdk>
      const wrong = await Promise.all(names.map((sdk) => disagreement(sdk, fault)))
      assert.deepStrictEqual(wrong.filter((line) => line !== undefined), [])
    })
  }
})
