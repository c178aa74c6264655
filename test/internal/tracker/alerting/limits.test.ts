import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { knownCode, rulesOf } from "../../../../src/internal/tracker/alerting/limits.js"
import type * as Threshold from "../../../../src/Threshold.js"

const dimensions = ["symbol", "source"]

describe("rulesOf", () => {
  it("fills in the defaults", () => {
    const rules: ReadonlyArray<Threshold.Rule> = [
      { name: "any", window: "5 minutes", limit: 10 },
      { name: "empty", code: "DATA_EMPTY", window: "hour", limit: 7, recoverAt: 1 },
      { name: "sick", by: "symbol", window: "minute", limit: 100, recoverAt: 0.57 },
      { name: "half", window: "day", ratio: 0.5, minAttempts: 20 },
      { name: "source", by: "source", code: "NETWORK_DNS", window: "hour", ratio: 0.1, minAttempts: 1, recoverAt: 0.5 }
    ]
    const [minute, hour, day] = [Duration.minutes(1), Duration.hours(1), Duration.days(1)]
    expect(rulesOf(rules, dimensions)).toEqual(Either.right([
      {
        name: "any",
        code: undefined,
        limit: { name: "5m", window: Duration.minutes(5), limit: 10, recovered: 8 },
        group: undefined
      },
      {
        name: "empty",
        code: "DATA_EMPTY",
        limit: { name: "hour", window: hour, limit: 7, recovered: 7 },
        group: undefined
      },
      {
        name: "sick",
        code: undefined,
        limit: { name: "minute", window: minute, limit: 100, recovered: 57 },
        group: { by: "symbol", window: "minute", minAttempts: undefined }
      },
      {
        name: "half",
        code: undefined,
        limit: { name: "day", window: day, limit: 0.5, recovered: 0.4 },
        group: { by: undefined, window: "day", minAttempts: 20 }
      },
      {
        name: "source",
        code: "NETWORK_DNS",
        limit: { name: "hour", window: hour, limit: 0.1, recovered: 0.05 },
        group: { by: "source", window: "hour", minAttempts: 1 }
      }
    ]))
    expect(rulesOf([], [])).toEqual(Either.right([]))
  })

  const keys = "name, code, by, window, limit, ratio, minAttempts, recoverAt"
  const count = { name: "a", window: "hour", limit: 1 }
  const ratio = { name: "a", window: "hour", ratio: 0.5, minAttempts: 1 }

  it.each<[unknown, string]>([
    [null, "rules is null: it must be a list of rules"],
    [{}, "rules is {}: it must be a list of rules"],
    [[null], `rules[0] is null: it must be an object with any of ${keys}`],
    [[{ ...count, limits: 1 }], `rules[0]: unknown option "limits", did you mean "limit"? Known: ${keys}`],
    [[{ ...count, name: undefined }], "rules[0].name is undefined: it must be a non-empty string"],
    [[{ ...count, name: "" }], "rules[0].name is \"\": it must be a non-empty string"],
    [[count, { ...ratio }], "rules: two rules have the name \"a\", names must differ"],
    [[{ ...count, code: 3 }], "rules[0].code is 3: it must be a non-empty string"],
    [
      [{ ...count, code: "DataEmpty" }],
      "rules[0].code: \"DataEmpty\" is the tag of an error, write its code, \"DATA_EMPTY\""
    ],
    [
      [{ ...count, by: "exchange" }],
      "rules[0].by: unknown dimension \"exchange\". Known: symbol, source"
    ],
    [[{ ...count, by: null }], "rules[0].by is null: it must be one of symbol, source"],
    ...[0, -1, 1.5, NaN, Infinity, "5"].map((limit): [unknown, string] => [
      [{ ...count, limit }],
      `rules[0].limit is ${typeof limit === "string" ? `"${limit}"` : limit}: it must be a whole number of at least 1`
    ]),
    ...[0, -0.1, 1, 1.5, NaN, Infinity].map((share): [unknown, string] => [
      [{ ...ratio, ratio: share }],
      `rules[0].ratio is ${share}: it must be a number above 0 and below 1`
    ]),
    [[{ ...ratio, ratio: "0.5" }], "rules[0].ratio is \"0.5\": it must be a number above 0 and below 1"],
    ...[0, -1, 1.5, NaN, Infinity, undefined].map((minAttempts): [unknown, string] => [
      [{ ...ratio, minAttempts }],
      `rules[0].minAttempts is ${minAttempts}: it must be a whole number of at least 1`
    ]),
    [[{ ...ratio, limit: 3 }], "rules[0] has both limit and ratio: it must have one of them"],
    [[{ ...count, limit: undefined }], "rules[0] has none of limit, ratio, objective: it must have one of them"],
    [
      [{ ...count, minAttempts: 3 }],
      "rules[0] has minAttempts without ratio: minAttempts is for rules on a ratio"
    ],
    ...[0, -1, 1.1, NaN, Infinity].flatMap((recoverAt): Array<[unknown, string]> =>
      [count, ratio].map((rule) => [
        [{ ...rule, recoverAt }],
        `rules[0].recoverAt is ${recoverAt}: it must be a number above 0 and at most 1`
      ])
    ),
    ...[0, -5, NaN, Infinity].map((window): [unknown, string] => [
      [{ ...count, window }],
      `rules[0].window is ${window}: it must be a positive duration of at most 1d, as in "5 seconds"`
    ]),
    [
      [{ ...count, window: "2 days" }],
      "rules[0].window is \"2 days\": it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [
      [{ ...count, by: "symbol", window: "5 minutes" }],
      "rules[0].window is \"5 minutes\": it must be \"minute\", \"hour\" or \"day\""
    ],
    [[{ ...ratio, window: "1 hour" }], "rules[0].window is \"1 hour\": it must be \"minute\", \"hour\" or \"day\""],
    [[{ ...ratio, window: "toString" }], "rules[0].window is \"toString\": it must be \"minute\", \"hour\" or \"day\""]
  ])("refuses %j", (rules, message) => {
    expect(Reflect.apply(rulesOf, undefined, [rules, dimensions])).toEqual(Either.left(message))
  })

  it("without dimensions there is no rule on one", () => {
    expect(rulesOf([{ name: "a", by: "symbol", window: "hour", limit: 1 }], [])).toEqual(
      Either.left("rules[0].by: unknown dimension \"symbol\". Known: none")
    )
  })

  it("undefined means the default", () => {
    const rule = { name: "a", code: undefined, by: undefined, window: "hour", limit: 1, ratio: undefined }
    expect(Either.isRight(Reflect.apply(rulesOf, undefined, [[rule], dimensions]))).toBe(true)
  })
})

describe("rulesOf, objectives", () => {
  const limits = (rule: unknown) =>
    Either.getOrThrow(rulesOf([rule], dimensions)).map(({ limit, objective }) => [limit.name, limit.limit, objective])

  it("has a rule for each pair of windows, with the limits of 2 % and 5 % of a month", () => {
    const objective = { objective: 0.999, of: "calls", by: undefined, minEvents: 50 }
    expect(rulesOf([{ name: "prices", objective: 0.999 }], [])).toEqual(Either.right([
      {
        name: "prices",
        code: undefined,
        group: undefined,
        limit: { name: "1h", window: Duration.hours(1), limit: 0.0144, recovered: 0.01152 },
        objective: { ...objective, long: 60, short: 5 }
      },
      {
        name: "prices",
        code: undefined,
        group: undefined,
        limit: { name: "6h", window: Duration.hours(6), limit: 0.006, recovered: 0.0048 },
        objective: { ...objective, long: 360, short: 30 }
      }
    ]))
  })

  it("takes attempts by a dimension, a least number of events, and a share to recover at", () => {
    const rule = { name: "a", objective: 0.99, of: "attempts", by: "symbol", minEvents: 7, recoverAt: 0.5 }
    expect(rulesOf([rule], dimensions)).toMatchObject(Either.right([
      { limit: { recovered: 0.072 }, objective: { of: "attempts", by: "symbol", minEvents: 7 } },
      { limit: { recovered: 0.03 } }
    ]))
  })

  it("a limit that no failure rate can exceed is left out", () => {
    expect(limits({ name: "a", objective: 0.9 })).toEqual([["6h", 0.6, expect.anything()]])
    expect(limits({ name: "a", objective: 0.93 }).map(([name]) => name)).toEqual(["6h"])
    expect(limits({ name: "a", objective: 0.931 }).map(([name]) => name)).toEqual(["1h", "6h"])
  })

  it.each<[unknown, string]>([
    [{ objective: 0.899 }, "objective is 0.899: it must be a number from 0.9 to below 1, as in 0.999 for 99.9 %"],
    [{ objective: 1 }, "objective is 1: it must be a number from 0.9 to below 1, as in 0.999 for 99.9 %"],
    [{ objective: 0.99, of: "call" }, `of: unknown value "call", did you mean "calls"?`],
    [{ objective: 0.99, of: "attempts", by: "symbl" }, `by: unknown dimension "symbl", did you mean "symbol"?`],
    [{ objective: 0.99, by: "symbol" }, ` has by without of: "attempts": calls are not counted by dimension`],
    [
      { objective: 0.99, of: "calls", by: "symbol" },
      ` has by without of: "attempts": calls are not counted by dimension`
    ],
    [{ objective: 0.99, minEvents: 0 }, "minEvents is 0"]
  ])("refuses %o", (rule, message) => {
    const refused = rulesOf([Object.assign({ name: "a" }, rule)], dimensions)
    expect(Either.isLeft(refused) ? refused.left : "").toContain(message)
  })

  it("names differ, also of an objective whose limits cannot be exceeded", () => {
    const rules = [{ name: "a", objective: 0.99 }, { name: "a", window: "hour", limit: 1 }]
    expect(rulesOf(rules, [])).toEqual(Either.left(`rules: two rules have the name "a", names must differ`))
  })
})

describe("knownCode", () => {
  const own = new Set(["API_RATE_LIMITS", "QUOTA"])

  it.each([
    ["NETWORK_DNS", undefined],
    ["QUOTA", undefined],
    ["QUOTA", own],
    // Near to one of the 17, but listed, or with a digit.
    ["API_RATE_LIMITS", own],
    ["NETWORK_DNS2", undefined],
    ["X", undefined]
  ])("accepts %s", (code, own) => expect(knownCode("code", code, own)).toEqual(Either.void))

  it.each([
    ["NetworkDns", undefined, `code: "NetworkDns" is the tag of an error, write its code, "NETWORK_DNS"`],
    ["NETWORK_DN", undefined, `code: unknown code "NETWORK_DN", did you mean "NETWORK_DNS"?`],
    [
      "NETWORK_DN",
      own,
      `code: unknown code "NETWORK_DN", did you mean "NETWORK_DNS"? List a code of your own in the option codes`
    ]
  ])("refuses %s", (code, own, message) => expect(knownCode("code", code, own)).toEqual(Either.left(message)))
})

describe("the window of a rule", () => {
  it.each([
    [{ window: "houry", limit: 1 }, `rules[0].window: unknown window "houry", did you mean "hour"?`],
    [{ window: "never", limit: 1 }, `rules[0].window is "never": it must be`],
    [{ window: -1, limit: 1 }, "rules[0].window is -1: it must be"],
    [
      { window: "houry", ratio: 0.5, minAttempts: 1 },
      `rules[0].window is "houry": it must be "minute", "hour" or "day"`
    ],
    [{ window: "hour", ratio: 0.5 }, "rules[0].minAttempts is undefined"]
  ])("refuses %o", (rule, message) => {
    const refused = rulesOf([{ name: "a", ...rule }], dimensions)
    expect(Either.isLeft(refused) ? refused.left : "").toContain(message)
  })
})
