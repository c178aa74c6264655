import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import * as Threshold from "effect-errata/Threshold"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"

const limit: Threshold.Limit = { name: "minute", window: Duration.minutes(1), limit: 10, recovered: 8 }

const quiet: Threshold.State = Option.none()
const firing = (peak: number, escalations = 0): Threshold.State => Option.some({ since: 1, escalations, peak })
const reading = (count: number): Threshold.Reading => ({ now: 7, count, recovered: Option.none() })
const recovered = (count: number): Threshold.Reading => ({
  now: 7,
  count,
  recovered: Option.some({ at: 5, count: 8 })
})
const fired = (count: number) => ({ _tag: "Fired", at: 7, count })
const escalated = (count: number) => ({ _tag: "Escalated", at: 7, count })

describe("next", () => {
  it.each([
    ["nothing", quiet, reading(0), quiet, []],
    ["at the limit", quiet, reading(10), quiet, []],
    ["above the limit", quiet, reading(11), Option.some({ since: 7, escalations: 0, peak: 11 }), [fired(11)]],
    ["a jump over twice the limit", quiet, reading(21), Option.some({ since: 7, escalations: 1, peak: 21 }), [
      fired(21),
      escalated(21)
    ]],
    ["quiet and recovered", quiet, recovered(3), quiet, []],
    ["still firing", firing(11), reading(12), firing(12), []],
    ["in the dead band", firing(12), reading(9), firing(12), []],
    ["at twice the limit", firing(19), reading(20), firing(20), []],
    ["above twice the limit", firing(20), reading(21), firing(21, 1), [escalated(21)]],
    ["twice the limit again", firing(21, 1), reading(21), firing(21, 1), []],
    ["at four times the limit", firing(39, 1), reading(40), firing(40, 1), []],
    ["above four times the limit", firing(40, 1), reading(41), firing(41, 2), [escalated(41)]],
    ["a jump over four times the limit", firing(11), reading(45), firing(45, 2), [escalated(45), escalated(45)]],
    ["recovered", firing(17), recovered(6), quiet, [{ _tag: "Resolved", at: 5, count: 8, since: 1, peak: 17 }]],
    ["recovered from a higher peak", firing(17), recovered(19), quiet, [
      { _tag: "Resolved", at: 5, count: 8, since: 1, peak: 19 }
    ]]
  ])("Law 8: %s", (_, state, reading, then, edges) => {
    expect(Threshold.next(limit, state, reading)).toEqual([then, edges])
  })

  it("Law 8: for any counts, Fired and Resolved alternate, and escalations double", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.nat(200)),
        FastCheck.integer({ min: 1, max: 20 }),
        FastCheck.double({ min: 0.01, max: 1, noNaN: true }),
        (counts, n, share) => {
          const limit = Threshold.resolve({ X: { perMinute: n, recoverAt: share } }).pipe(
            Either.map((limits) => limits.get("X")![0]!),
            Either.getOrThrow
          )
          expect(limit.recovered).toBeLessThanOrEqual(n)
          let state: Threshold.State = Option.none()
          let open = false
          let escalations = 0
          for (const [now, count] of counts.entries()) {
            const [then, edges]: readonly [Threshold.State, ReadonlyArray<Threshold.Edge>] = Threshold.next(
              limit,
              state,
              {
                now,
                count,
                recovered: count <= limit.recovered ? Option.some({ at: now, count }) : Option.none()
              }
            )
            state = then
            for (const edge of edges) {
              if (edge._tag === "Fired") {
                expect(open).toBe(false)
                expect(edge.count).toBeGreaterThan(n)
                open = true
                escalations = 0
              } else if (edge._tag === "Escalated") {
                expect(open).toBe(true)
                expect(edge.count).toBeGreaterThan(n * 2 ** ++escalations)
              } else {
                expect(open).toBe(true)
                expect(edge.count).toBeLessThanOrEqual(limit.recovered)
                open = false
              }
            }
            expect(Option.isSome(state)).toBe(open)
          }
        }
      )
    )
  })
})

describe("next, of values", () => {
  const spread = (peak: number, named: number, escalations = 0): Threshold.State =>
    Option.some({ since: 1, escalations, peak, named })
  const of = (count: number, values: number): Threshold.Reading => ({ ...reading(count), values })

  it.each([
    ["the first", quiet, of(11, 1), Option.some({ since: 7, escalations: 0, peak: 11, named: 1 }), [fired(11)]],
    ["several at once", quiet, of(11, 5), Option.some({ since: 7, escalations: 0, peak: 11, named: 5 }), [fired(11)]],
    ["no more than before", spread(11, 1), of(12, 1), spread(12, 1), []],
    ["twice as many", spread(11, 1), of(11, 2), spread(11, 2), [escalated(11)]],
    ["less than twice as many", spread(11, 5), of(11, 9), spread(11, 5), []],
    ["twice as many again", spread(11, 5), of(11, 10), spread(11, 10), [escalated(11)]],
    ["a count that doubles names all there are", spread(11, 5), of(21, 9), spread(21, 9, 1), [escalated(21)]],
    ["a count that doubles with the values is told once", spread(11, 5), of(21, 10), spread(21, 10, 1), [
      escalated(21)
    ]],
    ["fewer than before", spread(11, 8), of(12, 3), spread(12, 8), []]
  ])("Law 8: %s", (_, state, reading, then, edges) => {
    expect(Threshold.next(limit, state, reading)).toEqual([then, edges])
  })
})

describe("next, of shares", () => {
  const half: Threshold.Limit = { name: "hour", window: Duration.hours(1), limit: 0.2, recovered: 0.16 }

  it("Law 8: a share escalates by doubling like a count", () => {
    let state = quiet
    const edges = [0.2, 0.21, 0.4, 0.41, 0.8, 0.81, 1].map((count) => {
      const [then, edges] = Threshold.next(half, state, { now: 7, count, recovered: Option.none() })
      state = then
      return edges.map(({ _tag }) => _tag)
    })
    expect(edges).toEqual([[], ["Fired"], [], ["Escalated"], [], ["Escalated"], []])
  })
})

describe("rejudge", () => {
  const before = { since: 1, escalations: 1, peak: 25 }
  const over = (count: number) => ({ _tag: "Resolved", at: 7, count, since: 1, peak: 25, reason: "withdrawn" })

  it.each([
    ["above the new limit", before, reading(11), Option.some({ since: 1, escalations: 0, peak: 25 }), []],
    ["far above the new limit", before, reading(45), Option.some({ since: 1, escalations: 2, peak: 45 }), []],
    ["at the new limit", before, reading(10), quiet, [over(10)]],
    [
      "of values",
      before,
      { ...reading(11), values: 3 },
      Option.some({ since: 1, escalations: 0, peak: 25, named: 3 }),
      []
    ]
  ])("Law 8: %s", (_, firing, reading, then, edges) => {
    expect(Threshold.rejudge(limit, firing, reading)).toEqual([then, edges])
  })
})

describe("nextEdge", () => {
  it.each([[quiet, 10], [firing(11), 20], [firing(25, 1), 40], [firing(99, 3), 160]])("%j: %d", (state, count) => {
    expect(Threshold.nextEdge(limit, state)).toBe(count)
    expect(Threshold.next(limit, state, reading(count))[1]).toEqual([])
    expect(Threshold.next(limit, state, reading(count + 1))[1]).toHaveLength(1)
  })
})

describe("resolve", () => {
  it("the default limits are those of the original design", () => {
    const limits = Either.getOrThrow(Threshold.resolve())
    const table = Array.from(limits, ([code, rows]) => [code, ...rows.map(({ limit, name }) => [name, limit])])
    expect(table).toEqual([
      ["DATA_EMPTY", ["minute", 10], ["hour", 100], ["day", 1000]],
      ["API_RATE_LIMIT", ["minute", 5], ["hour", 20], ["day", 50]],
      ["NETWORK_TIMEOUT", ["minute", 3], ["hour", 10], ["day", 30]]
    ])
    expect(limits.get("DATA_EMPTY")?.map(({ recovered }) => recovered)).toEqual([8, 80, 800])
  })

  it("the limits of a code replace its default limits; an empty object removes them", () => {
    const limits = Either.getOrThrow(Threshold.resolve({ DATA_EMPTY: { perHour: 7 }, API_RATE_LIMIT: {} }))
    expect(limits.get("DATA_EMPTY")).toEqual([{ name: "hour", window: Duration.hours(1), limit: 7, recovered: 5 }])
    expect(limits.has("API_RATE_LIMIT")).toBe(false)
    expect(limits.has("NETWORK_TIMEOUT")).toBe(true)
  })

  it("the shortest window comes first", () => {
    const custom = [{ name: "five minutes", window: "5 minutes", limit: 3 }, {
      name: "second",
      window: 1000,
      limit: 1
    }] as const
    const limits = Either.getOrThrow(Threshold.resolve({ X: { perDay: 5, perMinute: 1, custom } }))
    expect(limits.get("X")?.map(({ name }) => name)).toEqual(["second", "minute", "five minutes", "day"])
  })

  it.each([
    [100, 0.57, 57],
    [10, 0.7, 7],
    [3, 0.8, 2],
    [1, 0.8, 0],
    [5, 1, 5]
  ])("a limit of %d with recoverAt %d is recovered from at %d", (perMinute, recoverAt, recovered) => {
    const limits = Either.getOrThrow(Threshold.resolve({ X: { perMinute, recoverAt } }))
    expect(limits.get("X")?.[0]?.recovered).toBe(recovered)
  })

  it("hostile names are names", () => {
    const thresholds = JSON.parse(`{ "__proto__": { "perMinute": 1 }, "constructor": { "perMinute": 2 } }`)
    const limits = Either.getOrThrow(Threshold.resolve(thresholds))
    expect(limits.get("__proto__")?.[0]?.limit).toBe(1)
    expect(limits.get("constructor")?.[0]?.limit).toBe(2)
    expect(limits.get("toString")).toBeUndefined()
  })

  const custom = (name: string, window: Duration.DurationInput, limit: number) => ({ name, window, limit })

  it.each<[Threshold.Limits, string]>([
    [{ perMinute: 0 }, "perMinute is 0: it must be a whole number of at least 1"],
    [{ perMinute: -3 }, "perMinute is -3: it must be a whole number of at least 1"],
    [{ perHour: NaN }, "perHour is NaN: it must be a whole number of at least 1"],
    [{ perDay: Infinity }, "perDay is Infinity: it must be a whole number of at least 1"],
    [{ perDay: 2.5 }, "perDay is 2.5: it must be a whole number of at least 1"],
    [{ perDay: 5, recoverAt: 0 }, "recoverAt is 0: it must be a number above 0 and at most 1"],
    [{ perDay: 5, recoverAt: 1.1 }, "recoverAt is 1.1: it must be a number above 0 and at most 1"],
    [{ perDay: 5, recoverAt: NaN }, "recoverAt is NaN: it must be a number above 0 and at most 1"],
    [
      { custom: [custom("a", 0, 1)] },
      "custom[0].window is 0: it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [
      { custom: [custom("a", -5, 1)] },
      "custom[0].window is -5: it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [
      { custom: [custom("a", NaN, 1)] },
      "custom[0].window is NaN: it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [
      { custom: [custom("a", "2 days", 1)] },
      "custom[0].window is \"2 days\": it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [
      { custom: [custom("a", Infinity, 1)] },
      "custom[0].window is Infinity: it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [{ custom: [custom("a", 5, 0)] }, "custom[0].limit is 0: it must be a whole number of at least 1"],
    [
      { custom: [custom("a", 5, 1), custom("a", 6, 1)] },
      "custom: two limits have the name \"a\", names must differ"
    ],
    [
      { custom: [custom("hour", 5, 1)] },
      "custom[0].name is \"hour\": it must be a non-empty string other than minute, hour, day"
    ],
    [
      { custom: [custom("", 5, 1)] },
      "custom[0].name is \"\": it must be a non-empty string other than minute, hour, day"
    ]
  ])("refuses %j", (limits, message) => {
    expect(Threshold.resolve({ X: limits })).toEqual(Either.left(`thresholds.X.${message}`))
  })

  const limits = "perMinute, perHour, perDay, custom, recoverAt"
  it.each([
    [null, "thresholds is null: it must be an object of limits by code"],
    [3, "thresholds is 3: it must be an object of limits by code"],
    [[], "thresholds is []: it must be an object of limits by code"],
    [new Map([["A", {}]]), "thresholds is {\"A\":{}}: it must be an object of limits by code"],
    [{ A: null }, `thresholds.A is null: it must be an object with any of ${limits}`],
    [{ A: 3 }, `thresholds.A is 3: it must be an object with any of ${limits}`],
    [{ A: [3] }, `thresholds.A is [3]: it must be an object with any of ${limits}`],
    [{ A: { perMin: 3 } }, `thresholds.A: unknown option "perMin", did you mean "perMinute"? Known: ${limits}`],
    [{ A: { perMinute: null } }, "thresholds.A.perMinute is null: it must be a whole number of at least 1"],
    [{ A: { perMinute: "5" } }, "thresholds.A.perMinute is \"5\": it must be a whole number of at least 1"],
    [{ A: { recoverAt: "0.5" } }, "thresholds.A.recoverAt is \"0.5\": it must be a number above 0 and at most 1"],
    [
      { A: { recoverAt: Symbol("x") } },
      "thresholds.A.recoverAt is \"Symbol(x)\": it must be a number above 0 and at most 1"
    ],
    [{ A: { custom: 3 } }, "thresholds.A.custom is 3: it must be a list of { name, window, limit }"],
    [{ A: { custom: null } }, "thresholds.A.custom is null: it must be a list of { name, window, limit }"],
    [{ A: { custom: [null] } }, "thresholds.A.custom[0] is null: it must be an object with any of name, window, limit"],
    [
      { A: { custom: [{ name: "a", window: 5, limits: 1 }] } },
      "thresholds.A.custom[0]: unknown option \"limits\", did you mean \"limit\"? Known: name, window, limit"
    ],
    [
      { A: { custom: [{ window: 5, limit: 1 }] } },
      "thresholds.A.custom[0].name is undefined: it must be a non-empty string other than minute, hour, day"
    ],
    [
      { A: { custom: [{ name: "a", window: Duration.days(2), limit: 1 }] } },
      "thresholds.A.custom[0].window is 2d: it must be a positive duration of at most 1d, as in \"5 seconds\""
    ],
    [
      { NetworkDns: { perMinute: 1 } },
      "thresholds.NetworkDns: \"NetworkDns\" is the tag of an error, write its code, \"NETWORK_DNS\""
    ]
  ])("what no compiler has looked at is refused, not thrown at: %o", (thresholds, message) => {
    expect(Reflect.apply(Threshold.resolve, undefined, [thresholds])).toEqual(Either.left(message))
  })

  it("undefined means the default", () => {
    expect(Threshold.resolve({ DATA_EMPTY: undefined, X: undefined })).toEqual(Threshold.resolve())
  })
})

describe("types", () => {
  it("thresholds are by the 17 codes, which editors know, or by any other text", () => {
    expectTypeOf<"NETWORK_DNS">().toExtend<keyof Threshold.Thresholds>()
    expectTypeOf<Threshold.Thresholds["NETWORK_DNS"]>().toEqualTypeOf<Threshold.Limits | undefined>()
    expectTypeOf({ MINE: { perDay: 1 }, NETWORK_DNS: {} }).toExtend<Threshold.Thresholds>()
    expectTypeOf<Record<string, Threshold.Limits>>().toExtend<Threshold.Thresholds>()
    // @ts-expect-error a window of values is a minute, an hour or a day
    expectTypeOf({ name: "a", by: "symbol", window: "5 minutes", limit: 3 } as const).toExtend<Threshold.Rule>()
    expectTypeOf({ name: "a", window: "5 minutes", limit: 3 } as const).toExtend<Threshold.Rule>()
    // @ts-expect-error a ratio needs a number of attempts
    expectTypeOf({ name: "a", window: "hour", ratio: 0.3 } as const).toExtend<Threshold.Rule>()
    // @ts-expect-error a typo in a limit does not compile
    Threshold.resolve({ NETWORK_DNS: { perMin: 3 } })
  })
})
