import { describe, expect, it } from "@effect/vitest"
import { FetchError, RetryPolicy } from "effect-errata"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { settings } from "../../../src/internal/retry/retryOptions.js"

const read = (options: unknown) => settings(options as RetryPolicy.Options)
const given = (options: RetryPolicy.Options = {}) => Either.getOrThrowWith(settings(options), (message) => message)

const usual = { retries: 3, base: 200, cap: 20_000, always: false, isInOptions: false }

describe("settings, by default", () => {
  it("are these", async () => {
    const { budget, circuit, maxWait, onRetry, source } = given()
    expect({ budget, circuit, maxWait, source }).toEqual({
      budget: { ratio: 0.2, perSecond: 1 },
      circuit: {
        failureRate: 0.8,
        minimumAttempts: 10,
        minimumDuration: 3000,
        window: 30_000,
        openFor: 2000
      },
      maxWait: 120_000,
      source: undefined
    })
    const retry = { attempt: 2, delay: Duration.zero, error: new FetchError.Internal() }
    expect(await Effect.runPromise(onRetry(retry))).toBeUndefined()
  })

  it.each(Object.values(FetchError.facts).map(({ code }) => code))("have a row for %s", (code) => {
    const row = code === "API_RATE_LIMIT"
      ? { ...usual, base: 1000, cap: 60_000 }
      : code === "DATA_INTEGRITY"
      ? { ...usual, retries: 1 }
      : usual
    expect(given().planOf(code)).toEqual(row)
  })

  it("are those that are published", () => {
    expect(RetryPolicy.defaults).toEqual({
      API_RATE_LIMIT: { base: "1 second", cap: "1 minute" },
      DATA_INTEGRITY: { retries: 1 }
    })
  })

  it("are changed for all codes by the row *, after which those of the code come first", () => {
    const { planOf } = given({ rows: { "*": { retries: 5, base: "50 millis" }, API_FORMAT: { retries: 1 }, OWN: {} } })
    expect(planOf("NETWORK_DNS")).toEqual({ ...usual, retries: 5, base: 50 })
    expect(planOf("ANY_OTHER")).toEqual({ ...usual, retries: 5, base: 50 })
    expect(planOf("OWN")).toEqual({ ...usual, retries: 5, base: 50, isInOptions: true })
    expect(planOf("API_FORMAT")).toEqual({ ...usual, retries: 1, base: 50, isInOptions: true })
    expect(planOf("API_RATE_LIMIT")).toEqual({ ...usual, retries: 5, base: 1000, cap: 60_000 })
    expect(planOf("DATA_INTEGRITY")).toEqual({ ...usual, retries: 1, base: 50 })
    expect(given({ rows: { "*": { retries: 0 } } }).planOf("DATA_INTEGRITY").retries).toBe(0)
    expect(given({ rows: { "*": { cap: "100 millis" } } }).planOf("NETWORK_DNS")).toMatchObject({ base: 100, cap: 100 })
    expect(given({ rows: { "*": undefined } }).planOf("NETWORK_DNS")).toEqual(usual)
  })

  it.each<readonly [object, string]>([
    [{ always: true }, "rows.*: unknown option \"always\""],
    [{ retries: -1 }, "rows.*.retries is -1: it must be a whole number of at least 0"],
    [{ base: "30 seconds" }, "rows.*.base is 30s: it must be at most as long as the cap, 20s"]
  ])("the row * refuses %j", (row, message) => {
    const refused = read({ rows: { "*": row } })
    expect(Either.isLeft(refused) && refused.left).toContain(message)
  })

  it("stand for undefined", () => {
    const undefineds = { source: undefined, rows: undefined, budget: undefined, breaker: undefined, maxWait: undefined }
    const { budget, circuit, maxWait } = given({ ...undefineds, onRetry: undefined })
    expect({ budget, circuit, maxWait }).toMatchObject({
      budget: { ratio: 0.2 },
      circuit: { minimumAttempts: 10 },
      maxWait: 12e4
    })
    expect(given({ budget: { ratio: undefined }, breaker: { openFor: undefined } })).toMatchObject({
      budget: { ratio: 0.2, perSecond: 1 },
      circuit: {
        failureRate: 0.8,
        minimumAttempts: 10,
        minimumDuration: 3000,
        window: 30_000,
        openFor: 2000
      }
    })
    expect(given({ rows: { OWN: undefined as never } }).planOf("OWN")).toEqual(usual)
    expect(given({ rows: { OWN: { base: undefined } } }).planOf("OWN")).toEqual({ ...usual, isInOptions: true })
  })
})

describe("settings, from options", () => {
  it("are taken", () => {
    const onRetry = () => Effect.void
    const options: RetryPolicy.Options = {
      source: "rest",
      rows: { OWN: { retries: 0, base: "1 second", cap: 2000, always: true } },
      budget: { ratio: 0, perSecond: 0 },
      breaker: { failureRate: 1, minimumAttempts: 1000, minimumDuration: 0, window: 1, openFor: 1 },
      maxWait: 0,
      onRetry
    }
    const { planOf, ...others } = given(options)
    expect(others).toEqual({
      source: "rest",
      budget: { ratio: 0, perSecond: 0 },
      circuit: { failureRate: 1, minimumAttempts: 1000, minimumDuration: 0, window: 1, openFor: 1 },
      maxWait: 0,
      onRetry
    })
    expect(planOf("OWN")).toEqual({ retries: 0, base: 1000, cap: 2000, always: true, isInOptions: true })
    expect(given({ budget: { ratio: 1 }, breaker: { minimumAttempts: 1, minimumDuration: "1 minute" } })).toMatchObject(
      {
        budget: { ratio: 1, perSecond: 1 },
        circuit: { minimumAttempts: 1, minimumDuration: 60_000, window: 120_000 }
      }
    )
  })

  it("false switches off", () => {
    expect(given({ budget: false, breaker: false })).toMatchObject({
      budget: { ratio: 1, perSecond: Infinity },
      circuit: { minimumAttempts: Infinity }
    })
  })

  it("one row leaves the others, and what it does not say, as they are", () => {
    const { planOf } = given({ rows: { API_RATE_LIMIT: { retries: 7 }, OWN: {} } })
    expect(planOf("API_RATE_LIMIT")).toEqual({ retries: 7, base: 1000, cap: 60_000, always: false, isInOptions: true })
    expect(planOf("DATA_INTEGRITY")).toEqual({ ...usual, retries: 1 })
    expect(planOf("OWN")).toEqual({ ...usual, isInOptions: true })
    expect(planOf("OTHER")).toEqual(usual)
  })

  it.each(["constructor", "__proto__", "toString"])("the code %s is a code like any other", (code) => {
    expect(given().planOf(code)).toEqual(usual)
    const rows: unknown = JSON.parse(`{ "${code}": { "retries": 9 } }`)
    expect(Either.getOrThrow(read({ rows })).planOf(code)).toEqual({ ...usual, retries: 9, isInOptions: true })
  })

  it("a cap below the usual first delay is the first delay, too", () => {
    expect(given({ rows: { OWN: { cap: 50 } } }).planOf("OWN")).toMatchObject({ base: 50, cap: 50 })
    expect(given({ rows: { OWN: { base: 50, cap: 50 } } }).planOf("OWN")).toMatchObject({ base: 50, cap: 50 })
  })

  it.each<readonly [Duration.DurationInput, number]>([
    ["2 seconds", 2000],
    [Duration.seconds(2), 2000],
    [2_000_000_000n, 2000],
    [[2, 0], 2000],
    [1, 1],
    [1.5, 1.5],
    [2 ** 31 - 1, 2 ** 31 - 1]
  ])("durations are read as everywhere: %o", (openFor, millis) => {
    expect(given({ breaker: { openFor } }).circuit.openFor).toBe(millis)
  })
})

const duration = "a duration of at least 1ms, as in \"5 seconds\""
const wait = "zero or a positive, finite duration, as in \"5 seconds\""
const names = "source, name, rows, budget, breaker, maxWait, onRetry"

describe("settings that make no sense", () => {
  const refused: ReadonlyArray<readonly [unknown, string]> = [
    [null, `options is null: it must be an object with any of ${names}`],
    [7, `options is 7: it must be an object with any of ${names}`],
    [[], `options is []: it must be an object with any of ${names}`],
    [{ maxwait: 1 }, `unknown option "maxwait", did you mean "maxWait"? Known: ${names}`],
    [{ source: 1 }, "source is 1: it must be a non-empty string"],
    [{ source: "" }, "source is \"\": it must be a non-empty string"],
    [{ source: null }, "source is null: it must be a non-empty string"],
    [{ onRetry: "log" }, "onRetry is \"log\": it must be a function"],
    [{ onRetry: null }, "onRetry is null: it must be a function"],

    [
      { rows: { ApiFormat: {} } },
      "rows.ApiFormat: \"ApiFormat\" is the tag of an error, write its code, \"API_FORMAT\""
    ],
    [{ rows: null }, "rows is null: it must be an object of rows by code"],
    [{ rows: [] }, "rows is []: it must be an object of rows by code"],
    [{ rows: new Map() }, "rows is {}: it must be an object of rows by code"],
    [{ rows: { X: 3 } }, "rows.X is 3: it must be an object with any of retries, base, cap, always"],
    [{ rows: { X: null } }, "rows.X is null: it must be an object with any of retries, base, cap, always"],
    [
      { rows: { X: { times: 3 } } },
      "rows.X: unknown option \"times\", did you mean \"retries\"? Known: retries, base, cap, always"
    ],
    ...[-1, 1.5, NaN, Infinity].map((retries) =>
      [{ rows: { X: { retries } } }, `rows.X.retries is ${retries}: it must be a whole number of at least 0`] as const
    ),
    [{ rows: { X: { retries: "3" } } }, "rows.X.retries is \"3\": it must be a whole number of at least 0"],
    [{ rows: { X: { always: 1 } } }, "rows.X.always is 1: it must be true or false"],
    [{ rows: { X: { cap: 0 } } }, `rows.X.cap is 0: it must be ${duration}`],
    [{ rows: { X: { cap: Duration.zero } } }, `rows.X.cap is 0: it must be ${duration}`],
    [{ rows: { X: { cap: NaN } } }, `rows.X.cap is NaN: it must be ${duration}`],
    [{ rows: { X: { cap: -5 } } }, `rows.X.cap is -5: it must be ${duration}`],
    [{ rows: { X: { cap: "-5 seconds" } } }, `rows.X.cap is "-5 seconds": it must be ${duration}`],
    [{ rows: { X: { cap: "soon" } } }, `rows.X.cap is "soon": it must be ${duration}`],
    [{ rows: { X: { cap: null } } }, `rows.X.cap is null: it must be ${duration}`],
    [{ rows: { X: { base: 0.5 } } }, `rows.X.base is 0.5: it must be ${duration}`],
    [{ rows: { X: { base: 0 } } }, `rows.X.base is 0: it must be ${duration}`],
    [{ rows: { X: { base: 300, cap: 299 } } }, "rows.X.base is 300ms: it must be at most as long as the cap, 299ms"],
    [{ rows: { X: { base: "1 minute" } } }, "rows.X.base is 1m: it must be at most as long as the cap, 20s"],
    [{ rows: { X: { cap: Infinity } } }, `rows.X.cap is Infinity: it must be ${duration}`],
    [
      { rows: { DATA_INTEGRITY: { retries: -1 } } },
      "rows.DATA_INTEGRITY.retries is -1: it must be a whole number of at least 0"
    ],

    [{ budget: true }, "budget is true: it must be false, or an object with any of ratio, perSecond"],
    [{ budget: null }, "budget is null: it must be false, or an object with any of ratio, perSecond"],
    [
      { budget: { percent: 20 } },
      "budget: unknown option \"percent\", did you mean \"ratio\"? Known: ratio, perSecond"
    ],
    ...[-0.1, 1.1, NaN, Infinity].map((ratio) =>
      [{ budget: { ratio } }, `budget.ratio is ${ratio}: it must be a number from 0 to 1`] as const
    ),
    [{ budget: { ratio: "0.2" } }, "budget.ratio is \"0.2\": it must be a number from 0 to 1"],
    ...[-1, NaN, Infinity].map((perSecond) =>
      [{ budget: { perSecond } }, `budget.perSecond is ${perSecond}: it must be a finite number of at least 0`] as const
    ),
    [{ budget: { perSecond: "1" } }, "budget.perSecond is \"1\": it must be a finite number of at least 0"],

    [
      { breaker: true },
      "breaker is true: it must be false, or an object with any of failureRate, minimumAttempts, minimumDuration, window, openFor"
    ],
    [
      { breaker: null },
      "breaker is null: it must be false, or an object with any of failureRate, minimumAttempts, minimumDuration, window, openFor"
    ],
    [
      { breaker: { rate: 1 } },
      "breaker: unknown option \"rate\". Known: failureRate, minimumAttempts, minimumDuration, window, openFor"
    ],
    ...[0, -1, 1.5, NaN, Infinity].map((minimumAttempts) =>
      [
        { breaker: { minimumAttempts } },
        `breaker.minimumAttempts is ${minimumAttempts}: it must be a whole number of at least 1`
      ] as const
    ),
    [
      { breaker: { minimumAttempts: "10" } },
      "breaker.minimumAttempts is \"10\": it must be a whole number of at least 1"
    ],
    [{ breaker: { minimumDuration: -1 } }, `breaker.minimumDuration is -1: it must be ${wait}`],
    [{ breaker: { minimumDuration: Infinity } }, `breaker.minimumDuration is Infinity: it must be ${wait}`],
    ...[0, -0.1, 1.1, NaN, Infinity].map((failureRate) =>
      [
        { breaker: { failureRate } },
        `breaker.failureRate is ${failureRate}: it must be a number above 0, up to 1`
      ] as const
    ),
    [{ breaker: { window: 0 } }, `breaker.window is 0: it must be ${duration}`],
    [
      { breaker: { window: "3 seconds" } },
      "breaker.minimumDuration is 3s: it must be at most nine tenths of the window, 3s"
    ],
    [{ breaker: { openFor: 0 } }, `breaker.openFor is 0: it must be ${duration}`],
    [
      { breaker: { openFor: 2 ** 31 } },
      "breaker.openFor is 2147483648: it must be at most 24 days, the longest that a timer can wait"
    ],

    [{ maxWait: -1 }, `maxWait is -1: it must be ${wait}`],
    [{ maxWait: NaN }, `maxWait is NaN: it must be ${wait}`],
    [{ maxWait: null }, `maxWait is null: it must be ${wait}`],
    [{ maxWait: "-1 seconds" }, `maxWait is "-1 seconds": it must be ${wait}`],
    [{ maxWait: -1n }, `maxWait is -1n: it must be ${wait}`],
    [{ maxWait: [-1, 0] }, `maxWait is [-1,0]: it must be ${wait}`],
    [{ maxWait: [NaN, 0] }, `maxWait is ["NaN",0]: it must be ${wait}`],
    [
      { maxWait: "5 fortnights" },
      `maxWait is "5 fortnights": unknown unit "fortnights": the units are nanos, micros, millis, seconds, minutes, hours, days, weeks`
    ],
    [{ maxWait: Duration.infinity }, `maxWait is Infinity: it must be ${wait}`]
  ]

  it.each(refused)("%o: %s", (options, message) => {
    expect(read(options)).toEqual(Either.left(message))
  })
})
