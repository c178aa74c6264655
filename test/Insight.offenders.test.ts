import { describe, expect, it } from "@effect/vitest"
import { DateTime } from "effect"
import { Insight } from "effect-errata"
import type * as Snapshot from "effect-errata/Snapshot"
import { poisson, seeded } from "./internal/insight/lives.js"
import { snapshotOf } from "./internal/insight/snapshots.js"

const series = (day: number, total = day): Snapshot.Series => ({ total, minute: [], hour: [], day: [day] })
const none = series(0)

interface Row {
  readonly value: string
  readonly errors: number
  readonly successes?: number
  readonly code?: string
  readonly expected?: number
}

const valueOf = ({ code = "NETWORK_TIMEOUT", errors, expected = 0, successes, value }: Row): Snapshot.Value => ({
  value,
  errors: [{ code, series: series(errors) }],
  rest: none,
  expected: series(expected),
  successes: series(successes ?? 0),
  attempted: successes !== undefined
})

const ask = (
  rows: ReadonlyArray<Row>,
  options: Insight.OffendersOptions = {},
  recent: ReadonlyArray<Snapshot.Recent> = []
) =>
  Insight.offenders(
    snapshotOf({ age: 60, dimensions: [{ name: "symbol", values: rows.map(valueOf), rest: [] }], recent }),
    options
  )

const names = (rows: ReadonlyArray<Row>, options?: Insight.OffendersOptions) =>
  ask(rows, options)[0]?.offenders.map(({ value }) => value) ?? []

/** So many values that fail as often as each other. */
const crowd = (size: number, errors: number, successes?: number): ReadonlyArray<Row> =>
  Array.from(
    { length: size },
    (_, i) => ({ value: `S${i}USDT`, errors, ...(successes === undefined ? {} : { successes }) })
  )

const errorOf = (context: Snapshot.Recent["context"]): Snapshot.Recent => ({
  at: DateTime.unsafeMake(0),
  tag: "NetworkTimeout",
  code: "NETWORK_TIMEOUT",
  category: "Network",
  severity: "WARNING",
  message: "",
  context
})

describe("Insight.offenders", () => {
  it.each<{ what: string; rows: ReadonlyArray<Row>; found: ReadonlyArray<string> }>([
    { what: "all are alike", rows: crowd(20, 10), found: [] },
    { what: "all are alike, with attempts", rows: crowd(20, 10, 100), found: [] },
    { what: "one has ten times as many", rows: [...crowd(20, 10), { value: "BAD", errors: 100 }], found: ["BAD"] },
    {
      what: "one has one error, the others none",
      rows: [...crowd(20, 0, 100), { value: "ONE", errors: 1, successes: 0 }],
      found: []
    },
    { what: "small numbers", rows: [...crowd(20, 1), { value: "FOUR", errors: 4 }], found: [] },
    { what: "half more", rows: [...crowd(20, 1000), { value: "MORE", errors: 1500 }], found: [] },
    {
      what: "many errors of very many attempts",
      rows: [...crowd(5, 10, 1000), { value: "BUSY", errors: 1000, successes: 99_000 }],
      found: []
    },
    {
      what: "few attempts, most of them failed",
      rows: [...crowd(5, 10, 1000), { value: "SICK", errors: 40, successes: 10 }],
      found: ["SICK"]
    },
    {
      what: "few errors, but nearly all attempts",
      rows: [...crowd(6, 3, 14), { value: "SICK", errors: 14, successes: 3 }],
      found: ["SICK"]
    },
    {
      what: "few values of unknown use",
      rows: [{ value: "rest", errors: 90 }, { value: "vision", errors: 5 }],
      found: []
    },
    {
      what: "two values, of which is known how much they are used",
      rows: [{ value: "rest", errors: 90, successes: 100 }, { value: "vision", errors: 5, successes: 100 }],
      found: ["rest"]
    },
    {
      what: "expected empties are no errors",
      rows: [...crowd(20, 10), { value: "NEW", errors: 500, expected: 492, code: "DATA_EMPTY" }],
      found: []
    },
    {
      what: "what had no place of its own is nobody",
      rows: [...crowd(20, 10), { value: "other", errors: 5000 }],
      found: []
    },
    { what: "one alone", rows: [{ value: "A", errors: 100, successes: 5 }], found: [] },
    {
      what: "names that objects have",
      rows: [...crowd(9, 2), { value: "__proto__", errors: 90 }, { value: "constructor", errors: 80 }],
      found: ["__proto__", "constructor"]
    }
  ])("$what: $found", ({ found, rows }) => {
    expect(names(rows)).toEqual(found)
  })

  it("several do not hide each other, worst first", () => {
    const bad = Array.from({ length: 8 }, (_, i) => ({ value: `BAD${i}`, errors: 100 + i * 50 }))
    expect(names([...crowd(40, 5), ...bad])).toEqual(bad.map(({ value }) => value).toReversed())
  })

  it("nearly half of them do not hide each other either", () => {
    const bad = Array.from({ length: 4 }, (_, i) => ({ value: `BAD${i}`, errors: 17 + i, successes: 2 }))
    expect(names([...crowd(6, 2, 17), ...bad]).sort((a, b) => a.localeCompare(b))).toEqual(
      bad.map(({ value }) => value)
    )
  })

  it("one that is far worse does not hide the others", () => {
    const bad = Array.from({ length: 15 }, (_, i) => ({ value: `BAD${i}`, errors: 200 - i }))
    expect(names([...crowd(24, 60), { value: "WORST", errors: 1e6 }, ...bad])).toEqual([
      "WORST",
      ...bad.map(({ value }) => value)
    ])
  })

  it.each([1, 3])("chance alone makes hardly one, also where each failure is counted %i times", (times) => {
    const random = seeded(11)
    let found = 0
    for (let round = 0; round < 100; round++) {
      const rows = Array.from(
        { length: 50 },
        (_, i) => ({ value: `S${i}`, errors: poisson(random, 6 / times) * times })
      )
      found += names(rows).length
    }
    expect(found).toBeLessThanOrEqual(1)
  })

  it("states the share and the multiple of the failure rate", () => {
    const [answer] = ask([...crowd(10, 10, 990), { value: "BAD", errors: 100, successes: 900 }])
    expect(answer?.offenders).toEqual([
      { value: "BAD", errors: 100, attempts: 1000, share: 0.5, ratio: expect.closeTo(10, 0) }
    ])
    expect(answer?.message).toBe("symbol BAD: 50 % of 200 errors, at least 10 times the failure rate of the others")
  })

  it("of one code, and of one dimension", () => {
    const rows = [...crowd(20, 10), { value: "BAD", errors: 300, code: "API_AUTH" }]
    expect(names(rows, { code: "API_AUTH" })).toEqual([])
    expect(
      names([...crowd(20, 1).map((row) => ({ ...row, code: "API_AUTH" })), ...rows.slice(20)], { code: "API_AUTH" })
    ).toEqual(["BAD"])
    expect(names(rows, { by: "symbol" })).toEqual(["BAD"])
    expect(() => names(rows, { by: "symbl" })).toThrow(
      "Insight.offenders: by: unknown dimension \"symbl\", did you mean \"symbol\"? Known: symbol"
    )
    expect(names(rows, { window: "hour" })).toEqual([])
  })

  it("says what they have in common: the code, the name", () => {
    const bad = ["ABUSD", "XYZBUSD", "QBUSD"].map((value) => ({ value, errors: 80, code: "DATA_EMPTY" }))
    const [answer] = ask([...crowd(30, 3), ...bad])
    expect(answer?.common).toEqual([{ what: "code", value: "DATA_EMPTY" }, { what: "ends with", value: "BUSD" }])
    expect(answer?.message).toMatch(
      /^symbol ABUSD, XYZBUSD and QBUSD: 73 % of \d+ errors, at least \d+ times as many as the others on average; in common: code DATA_EMPTY and a name that ends with BUSD$/
    )
  })

  it("says what they have in common: what else was being fetched", () => {
    const recent = [
      ...Array.from({ length: 9 }, () => errorOf({ symbol: "BAD1", market: "FUTURES_COIN", source: "rest" })),
      ...Array.from({ length: 9 }, () => errorOf({ symbol: "BAD2", market: "FUTURES_COIN", source: "rest" })),
      ...Array.from({ length: 9 }, (_, i) => errorOf({ symbol: `S${i}USDT`, market: "SPOT", source: "rest" }))
    ]
    const [answer] = ask([...crowd(30, 3), { value: "BAD1", errors: 80 }, { value: "BAD2", errors: 90 }], {}, recent)
    expect(answer?.common).toEqual([{ what: "begins with", value: "BAD" }, { what: "market", value: "FUTURES_COIN" }])
  })

  it("has nothing in common with itself alone", () => {
    const [answer] = ask([...crowd(30, 3), { value: "BAD", errors: 80 }])
    expect(answer?.common).toEqual([])
  })

  it("is fast with 2,000 symbols, of which 50 fail", () => {
    const rows = [...crowd(2000, 3), ...Array.from({ length: 50 }, (_, i) => ({ value: `BAD${i}`, errors: 200 + i }))]
    const [answer] = ask(rows)
    expect(answer?.offenders.length).toBe(20)
    expect(answer?.offenders[0]?.value).toBe("BAD49")
  })
})
