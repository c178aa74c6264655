import { describe, expect, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { synonymOf } from "../../../src/internal/hints/synonyms.js"
import { receivers } from "../../../src/internal/notifier/notifierOptions.js"
import { settings as policy } from "../../../src/internal/retry/retryOptions.js"
import * as Reads from "../../../src/internal/tracker/readOptions.js"
import { settings as tracker } from "../../../src/internal/tracker/trackerOptions.js"

const send = () => undefined

/** What is to be written for the options of opossum, cockatiel, p-retry, resilience4j, Polly and others. */
const cases: ReadonlyArray<
  readonly [check: (options: never) => Either.Either<unknown, string>, options: object, message: string]
> = [
  [
    policy,
    { retries: 3 },
    "unknown option \"retries\": write rows: { NETWORK_TIMEOUT: { retries: 3 } }. Known: source"
  ],
  [policy, { maxRetries: 3 }, "unknown option \"maxRetries\": write rows: { NETWORK_TIMEOUT: { retries: 3 } }."],
  [policy, { maxAttempts: 3 }, "unknown option \"maxAttempts\": write rows: { NETWORK_TIMEOUT: { retries: 3 } }."],
  [policy, { max_attempts: 3 }, "unknown option \"max_attempts\": write rows: { NETWORK_TIMEOUT: { retries: 3 } }."],
  [policy, { delay: 3 }, "unknown option \"delay\": write rows: { NETWORK_TIMEOUT: { base: \"200 millis\" } }."],
  [policy, { delayMs: 3 }, "unknown option \"delayMs\": write rows: { NETWORK_TIMEOUT: { base: \"200 millis\" } }."],
  [policy, { backoff: 3 }, "unknown option \"backoff\": write rows: { NETWORK_TIMEOUT: { base: \"200 millis\" } }."],
  [
    policy,
    { maxTimeout: 3 },
    "unknown option \"maxTimeout\": write rows: { NETWORK_TIMEOUT: { cap: \"20 seconds\" } }."
  ],
  [policy, { timeout: 3 }, "unknown option \"timeout\": write Fetch.timeout before Fetch.tracked."],
  [policy, { circuitBreaker: {} }, "unknown option \"circuitBreaker\", did you mean \"breaker\"?"],
  [policy, { breaker: { resetTimeout: 1 } }, "breaker: unknown option \"resetTimeout\", did you mean \"openFor\"?"],
  [policy, { breaker: { halfOpenAfter: 1 } }, "breaker: unknown option \"halfOpenAfter\", did you mean \"openFor\"?"],
  [
    policy,
    { breaker: { errorThresholdPercentage: 50 } },
    "breaker: unknown option \"errorThresholdPercentage\", did you mean \"failureRate\"?"
  ],
  [
    policy,
    { breaker: { volumeThreshold: 5 } },
    "breaker: unknown option \"volumeThreshold\", did you mean \"minimumAttempts\"?"
  ],
  [policy, { rows: { X: { attempts: 3 } } }, "rows.X: unknown option \"attempts\", did you mean \"retries\"?"],
  [policy, { rows: { X: { minTimeout: 3 } } }, "rows.X: unknown option \"minTimeout\", did you mean \"base\"?"],
  [tracker, { limits: {} }, "unknown option \"limits\", did you mean \"thresholds\"?"],
  [tracker, { labels: [] }, "unknown option \"labels\", did you mean \"dimensions\"?"],
  [
    tracker,
    { rules: [{ name: "a", window: "hour", max: 3, limit: 3 }] },
    "rules[0]: unknown option \"max\", did you mean \"limit\"?"
  ],
  [
    (options) => receivers([options]),
    { send, level: "ERROR" },
    "unknown option \"level\", did you mean \"minSeverity\"?"
  ],
  [
    (options) => Reads.breakdown()("", options),
    { groupBy: "symbol" },
    "unknown option \"groupBy\", did you mean \"by\"?"
  ],
  [
    (options) => Reads.windowed("", options),
    { period: "1 hour" },
    "unknown option \"period\", did you mean \"window\"?"
  ]
]

describe("the options of other libraries", () => {
  it.each(cases)("%# %j", (check, options, message) => {
    const checked = check(options as never)
    expect(Either.isLeft(checked) ? checked.left : "accepted").toContain(message)
  })

  it("a name without a synonym here has no hint", () => {
    expect(synonymOf("retries", ["baseUrl"])).toBeUndefined()
    expect(synonymOf("toString", ["rows"])).toBeUndefined()
  })
})
