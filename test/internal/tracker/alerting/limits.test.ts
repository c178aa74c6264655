import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { rulesOf } from "../../../../src/internal/tracker/alerting/limits.js"
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
