import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { waitOf } from "../../../src/internal/classifier/waits.js"

const now = Date.UTC(2024, 0, 1)
const seconds = now / 1000

interface Evidence {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly error?: unknown
  readonly limited?: boolean
}

const millis = ({ body, error, headers = {}, limited = true }: Evidence) =>
  Option.getOrUndefined(Option.map(waitOf({ headers, body, error, limited, now }), Duration.toMillis))

const retryAfter = (value: string, others: Readonly<Record<string, string>> = {}) => ({
  headers: { "retry-after": value, ...others }
})

const table = (
  title: string,
  rows: ReadonlyArray<readonly [name: string, evidence: Evidence, wait: number | undefined]>
) =>
  describe(title, () => {
    for (const [name, evidence, wait] of rows) it(name, () => assert.strictEqual(millis(evidence), wait))
  })

table("Retry-After", [
  ["seconds", retryAfter("7"), 7000],
  ["seconds with space around", retryAfter(" 720 "), 720_000],
  ["a fraction", retryAfter("1.5"), 1500],
  ["a fraction of a millisecond is rounded up", retryAfter("0.0005"), 1],
  ["no time at all", retryAfter("0"), 0],
  ["three days", retryAfter("259200"), 259_200_000],
  ["a list, of which the latest counts", retryAfter("40, 50"), 50_000],
  ["the instant of 20 s ahead, in seconds", retryAfter(String(seconds + 20)), 20_000],
  ["the instant of 20 s ahead, in milliseconds", retryAfter(String(now + 20_000)), 20_000],
  ["an instant that has passed", retryAfter(String(seconds - 20)), undefined],
  ["an IMF-fixdate", retryAfter("Mon, 01 Jan 2024 00:00:30 GMT"), 30_000],
  ["a date of RFC 850", retryAfter("Monday, 01-Jan-24 00:00:30 GMT"), 30_000],
  ["a date of asctime", retryAfter("Mon Jan  1 00:00:30 2024"), 30_000],
  ["a date that has passed", retryAfter("Sun, 31 Dec 2023 23:59:59 GMT"), undefined],
  ["a date that is now", retryAfter("Mon, 01 Jan 2024 00:00:00 GMT"), undefined],
  [
    "a date counts from the Date of the answer, not from a clock ten minutes ahead",
    retryAfter("Sun, 31 Dec 2023 23:50:30 GMT", { date: "Sun, 31 Dec 2023 23:50:00 GMT" }),
    30_000
  ],
  [
    "an answer of a cache is older than its Date",
    retryAfter("Mon, 01 Jan 2024 00:00:30 GMT", { date: "Mon, 01 Jan 2024 00:00:00 GMT", age: "10" }),
    20_000
  ],
  ["ten years", retryAfter("315360000"), undefined],
  ...["-5", "+5", "1e3", "0x10", "soon", "soon 5", "", "9".repeat(400), "NaN", "Infinity", "10s", "1,5x"].map((junk) =>
    [`junk: ${junk.slice(0, 12)}`, retryAfter(junk), junk === "1,5x" ? 1000 : undefined] as const
  )
])

table("other headers of waits and limits", [
  ["retry-after-ms", { headers: { "retry-after-ms": "2500" } }, 2500],
  ["x-ms-retry-after-ms", { headers: { "x-ms-retry-after-ms": "2500" } }, 2500],
  ["x-ratelimit-reset, seconds since 1970", { headers: { "x-ratelimit-reset": String(seconds + 40) } }, 40_000],
  ["x-ratelimit-reset, seconds from now", { headers: { "x-ratelimit-reset": "40" } }, 40_000],
  ["x-rate-limit-reset", { headers: { "x-rate-limit-reset": String(seconds + 40) } }, 40_000],
  ["x-ratelimit-reset-after", { headers: { "x-ratelimit-reset-after": "1.2" } }, 1200],
  ["ratelimit-reset", { headers: { "ratelimit-reset": "40" } }, 40_000],
  ["a duration", { headers: { "x-ratelimit-reset-requests": "6m0s" } }, 360_000],
  ["a duration of milliseconds", { headers: { "x-ratelimit-reset-tokens": "20ms" } }, 20],
  ["a timestamp", { headers: { "anthropic-ratelimit-requests-reset": "2024-01-01T00:00:30Z" } }, 30_000],
  ["RateLimit, a structured field", { headers: { ratelimit: "\"default\";r=0;t=40" } }, 40_000],
  ["RateLimit, two policies", { headers: { ratelimit: "\"burst\";r=5;t=90, \"day\";r=0;t=40" } }, 40_000],
  ["RateLimit, an older draft", { headers: { ratelimit: "limit=100, remaining=0, reset=40" } }, 40_000],
  [
    "a limit of which something remains is not the reason",
    { headers: { "x-ratelimit-reset": "3600", "x-ratelimit-remaining": "12" } },
    undefined
  ],
  [
    "of two limits, the exhausted one",
    {
      headers: {
        "x-ratelimit-reset-requests": "30s",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-tokens": "1h",
        "x-ratelimit-remaining-tokens": "9"
      }
    },
    30_000
  ],
  ["a failure that is no limit waits for none", { headers: { "x-ratelimit-reset": "40" }, limited: false }, undefined],
  ["the later of two headers", { headers: { "retry-after": "2", "x-ratelimit-reset": "9" } }, 9000],
  ["the name of another thing", { headers: { "x-password-reset": "40", "x-limit-reset-url": "40" } }, undefined]
])

table("bodies", [
  ["retryAfter in seconds", { body: { retryAfter: 3 } }, 3000],
  ["retry_after in seconds", { body: { retry_after: 0.25 } }, 250],
  ["a number as a text", { body: { retryAfter: "4" } }, 4000],
  ["an instant in milliseconds", { body: { retryAfter: now + 5000 } }, 5000],
  ["an instant in seconds", { body: { retryAfter: seconds + 5 } }, 5000],
  ["retry_after_ms", { body: { retry_after_ms: 1500 } }, 1500],
  ["an instant that has passed", { body: { retryAfter: now - 5000 } }, undefined],
  ["negative", { body: { retryAfter: -1 } }, undefined],
  ["NaN", { body: { retryAfter: NaN } }, undefined],
  ["inside an error", { body: { error: { data: { retryAfter: now + 6000 } } } }, 6000],
  ["the parameters of Telegram", { body: { ok: false, parameters: { retry_after: 35 } } }, 35_000],
  ["the details of Google", { body: { error: { details: [{}, { retryDelay: "34.5s" }] } } }, 34_500],
  ["a ban", { body: { code: -1003, msg: `Way too much request weight used; IP banned until ${now + 7000}.` } }, 7000],
  ["a ban in a text", { body: `IP banned until ${now + 8000}` }, 8000],
  ["a ban that is over", { body: { msg: `IP banned until ${now - 1}.` } }, undefined],
  ["try again in 20s", { body: { error: { message: "Limit 3 / min. Please try again in 20s. Contact us" } } }, 20_000],
  ["try again in 1m30s", { body: { error: { message: "Please try again in 1m30s." } } }, 90_000],
  ["retry after 35 seconds", { body: { message: "Too many requests, retry after 35 seconds" } }, 35_000],
  ["try again in 5 minutes", { body: "Slow down. Please try again in 5 minutes." }, 300_000],
  ["the price is 20", { body: { message: "sold at 20s in 5 minutes" } }, undefined],
  ["nothing", { body: null }, undefined]
])

table("errors of clients", [
  ["retryAfter in seconds", { error: { retryAfter: 30 } }, 30_000],
  ["milliseconds, where the client says so", { error: { retryAfter: 7050, timeToReset: 50 } }, 7050],
  ["msBeforeNext", { error: { msBeforeNext: 1200, remainingPoints: 0 } }, 1200],
  ["a Date", { error: { retryAfter: new Date(now + 9000) } }, 9000],
  ["a function", { error: { retryAfter: () => 5 } }, undefined]
])

describe("for any answer of a server", () => {
  const year = 366 * 86_400_000
  const part = FastCheck.oneof(
    FastCheck.double().map(String),
    FastCheck.bigInt().map(String),
    FastCheck.integer({ min: -10, max: 2_000_000_000 }).map((n) => String(seconds - 1_000_000_000 + n)),
    FastCheck.date().map((date) => Number.isNaN(date.getTime()) ? "" : date.toUTCString()),
    FastCheck.constantFrom("20s", "1m30s", "9".repeat(25), "1e400", "-0", "try again in 99999999999h", "banned until"),
    FastCheck.string()
  )
  const value = FastCheck.oneof(part, FastCheck.array(part, { maxLength: 4 }).map((parts) => parts.join(", ")))
  const name = FastCheck.constantFrom(
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset",
    "ratelimit-reset",
    "ratelimit",
    "date",
    "age",
    "x-ratelimit-remaining",
    "x-ratelimit-reset-tokens",
    "anthropic-ratelimit-tokens-reset"
  )
  const body = FastCheck.oneof(
    value,
    FastCheck.record({ retryAfter: FastCheck.anything(), retry_after_ms: FastCheck.double(), message: value }),
    FastCheck.anything()
  )

  it("no wait is negative, no number, a fraction, or longer than a year", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.dictionary(name, value),
        body,
        body,
        FastCheck.boolean(),
        (headers, body, error, limited) => {
          const wait = millis({ headers, body, error, limited })
          if (wait === undefined) return
          assert.isTrue(Number.isInteger(wait) && wait >= 0 && wait <= year, String(wait))
        }
      ),
      { numRuns: 3000, seed: 7 }
    )
  })

  it("a number of seconds is never shortened, and never taken for an instant", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.integer({ min: 0, max: 366 * 86_400 }),
        (n) => assert.strictEqual(millis(retryAfter(String(n))), n * 1000)
      ),
      { numRuns: 500, seed: 7 }
    )
  })

  it("an instant gives the time until then, in any unit, and never more", () => {
    const instants = FastCheck.tuple(
      FastCheck.integer({ min: 1, max: 366 * 86_400 }),
      FastCheck.constantFrom(1, 1e3, 1e6)
    )
    FastCheck.assert(
      FastCheck.property(
        instants,
        ([ahead, unit]) => assert.strictEqual(millis(retryAfter(String((seconds + ahead) * unit))), ahead * 1000)
      ),
      { numRuns: 500, seed: 7 }
    )
  })
})
