import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import type * as ErrorTracker from "../../../../src/ErrorTracker.js"
import * as FetchError from "../../../../src/FetchError.js"
import { Core } from "../../../../src/internal/tracker/core.js"
import { newLimits, settings } from "../../../../src/internal/tracker/trackerOptions.js"

/** An event at an instant, and the edges that it must cause. */
type Row = readonly [seconds: number, event: Event, edges?: ReadonlyArray<string>]

type Event =
  | "sweep"
  | `${"fail" | "ok" | "dns" | "expected"} ${string}`
  | { readonly limits: ErrorTracker.Limits }

const errors = {
  fail: (symbol: string) => new FetchError.NetworkTimeout({ context: { symbol } }),
  dns: (symbol: string) => new FetchError.NetworkDns({ context: { symbol } }),
  expected: (symbol: string) => new FetchError.DataEmpty({ reason: "not_listed_yet", context: { symbol } })
}

const isError = (word: string | undefined): word is keyof typeof errors => word !== undefined && word in errors

const off = { NETWORK_TIMEOUT: {} }

/** Plays events: `fail A×3` is three failures of the symbol A. */
const play = (options: ErrorTracker.Options, rows: ReadonlyArray<Row>) => {
  const watched = Either.getOrThrow(settings({ dimensions: ["symbol"], ...options }))
  const core = new Core(watched)
  for (const [index, [seconds, event, edges = []]] of rows.entries()) {
    const moment = { now: seconds * 1e9, wall: seconds * 1e3 }
    const happen = () => {
      if (event === "sweep") return core.cleanUp(moment)
      if (typeof event === "object") return core.change(Either.getOrThrow(newLimits(event.limits, watched)), moment)
      const [, what, symbol = "", times = "1"] = /^(\w+) (\w+)(?:×(\d+))?$/.exec(event) ?? []
      return Array.from({ length: Number(times) }, () =>
        isError(what)
          ? core.track(errors[what](symbol), moment, true)
          : core.succeeded({ symbol }, moment)).flat()
    }
    const published = happen().map((alert) => {
      const values = alert.values === undefined
        ? ""
        : ` of ${alert.values.join(" ")}${alert.more ? ` + ${alert.more}` : ""}`
      const share = alert.attempts === undefined ? `${alert.count}` : `${alert.count}/${alert.attempts}`
      const ending = alert._tag === "Resolved"
        ? ` at ${alert.at.epochMillis / 1000} since ${alert.since.epochMillis / 1000} peak ${alert.peak}${
          alert.reason === "recovered" ? "" : ` by ${alert.reason}`
        }`
        : ""
      return `${alert._tag} ${alert.rule ?? alert.window} ${share}${values}${ending}`
    })
    expect(published, `row ${index}: ${seconds} s, ${JSON.stringify(event)}`).toEqual(edges)
  }
  return core
}

const symbols = Array.from({ length: 25 }, (_, i) => `S${String(i).padStart(2, "0")}`)

const tables: ReadonlyArray<readonly [string, ErrorTracker.Options, ReadonlyArray<Row>]> = [
  ["a count of one code over a window of its own", {
    thresholds: off,
    rules: [{ name: "dns", code: "NETWORK_DNS", window: "10 seconds", limit: 3, recoverAt: 0.5 }]
  }, [
    [0, "fail A×9"],
    [1, "dns A×3"],
    [2, "dns B", ["Fired dns 4"]],
    [3, "dns B×3", ["Escalated dns 7"]],
    [11, "sweep"],
    // Those of 1 and 2 seconds are out, three of 3 seconds are left until 13.
    [12, "sweep"],
    [13, "sweep"],
    [13.5, "sweep", ["Resolved dns 0 at 13 since 2 peak 7"]],
    [14, "dns A×3"],
    [14, "dns A", ["Fired dns 4"]]
  ]],
  ["a count of all codes together, whichever comes", {
    thresholds: off,
    rules: [{ name: "all", window: "minute", limit: 4 }]
  }, [
    [0, "fail A×2"],
    [1, "expected A×9"],
    [10, "dns A×2"],
    [20, "fail B", ["Fired all 5"]],
    [30, "dns B×3"],
    [40, "dns C", ["Escalated all 9"]],
    // 9 − 2 − 2 − 1 = 4 > 3 until 30 + 60.
    [90, "sweep"],
    [91, "sweep", ["Resolved all 1 at 90 since 20 peak 9"]]
  ]],
  ["each value of a dimension, one alert that names them", {
    thresholds: off,
    rules: [{ name: "sick", by: "symbol", window: "minute", limit: 2 }]
  }, [
    [0, "fail A×2"],
    [0, "ok A×5"],
    [1, "fail B×2"],
    [1, "expected A×9"],
    [2, "dns A", ["Fired sick 3 of A"]],
    [3, "fail A"],
    // One more is twice as many.
    [4, "fail B", ["Escalated sick 4 of A B"]],
    [5, "fail C×3"],
    [6, "fail D×3", ["Escalated sick 4 of A B C D"]],
    // A count that doubles names all of them, too.
    [7, "fail D×2", ["Escalated sick 5 of D A B C"]],
    // What was counted in a second ending at t is out when 61 more have begun: D's last at 67.
    [67, "sweep"],
    [68, "sweep", ["Resolved sick 0 of D A B C at 67 since 2 peak 5"]]
  ]],
  ["twenty are named, the others are a number", {
    thresholds: off,
    rules: [{ name: "sick", by: "symbol", window: "hour", limit: 1 }]
  }, [
    ...symbols.map((symbol, i): Row => [i, `fail ${symbol}`]),
    ...symbols.map((symbol, i): Row => [
      30 + i,
      `fail ${symbol}`,
      [1, 2, 4, 8, 16].includes(i + 1)
        ? [`${i === 0 ? "Fired" : "Escalated"} sick 2 of ${symbols.slice(0, i + 1).join(" ")}`]
        : []
    ]),
    [60, "fail S24", [`Escalated sick 3 of S24 ${symbols.slice(0, 19).join(" ")} + 5`]],
    [60, "fail S24×2", [`Escalated sick 5 of S24 ${symbols.slice(0, 19).join(" ")} + 5`]]
  ]],
  ["values inside the dead band stay, and only the last one that recovers ends it", {
    thresholds: off,
    rules: [{ name: "sick", by: "symbol", window: "minute", limit: 4, recoverAt: 0.5 }]
  }, [
    [1, "fail A×3"],
    [10, "fail A×2", ["Fired sick 5 of A"]],
    [20, "fail B×5", ["Escalated sick 5 of A B"]],
    [61, "fail A"],
    [62, "sweep"],
    // A: 2 + 1 of 5 are left, above the 2 that would be recovery, until 10 is out.
    [70, "sweep"],
    [71, "fail B"],
    [81, "sweep", ["Resolved sick 1 of A B at 80 since 10 peak 6"]]
  ]],
  ["a count of one code by value is not moved by others", {
    thresholds: off,
    rules: [{ name: "sick", code: "NETWORK_DNS", by: "symbol", window: "minute", limit: 1 }]
  }, [
    [0, "fail A×9"],
    [0, "dns A"],
    [1, "dns B"],
    [2, "dns A", ["Fired sick 2 of A"]]
  ]],
  ["a share of all attempts, once there are enough of them", {
    thresholds: off,
    rules: [{ name: "share", window: "hour", ratio: 0.5, minAttempts: 10 }]
  }, [
    [0, "fail A×9"],
    [1, "fail A", ["Fired share 10/10"]],
    // 10/20 is not more than a half, and not yet 0.8 of it, either.
    [2, "ok A×14"],
    [3, "ok A", ["Resolved share 10/25 at 3 since 1 peak 1"]],
    [4, "fail A×4"],
    [5, "expected A×9"]
  ]],
  ["a success can be what makes the attempts enough", {
    thresholds: off,
    rules: [{ name: "share", by: "symbol", window: "minute", ratio: 0.5, minAttempts: 10 }]
  }, [
    [0, "fail A×6"],
    [1, "ok A×3"],
    [2, "ok B×9"],
    [3, "ok A", ["Fired share 6/10 of A"]]
  ]],
  ["a share of one code fails, the other failures are attempts", {
    thresholds: off,
    rules: [{ name: "dns", code: "NETWORK_DNS", by: "symbol", window: "minute", ratio: 0.2, minAttempts: 10 }]
  }, [
    [0, "fail A×8"],
    [1, "dns A×2"],
    [2, "dns A", ["Fired dns 3/11 of A"]]
  ]],
  ["silence is no recovery: the next longer window tells, and at last nobody knows any better", {
    thresholds: off,
    rules: [{ name: "share", by: "symbol", window: "minute", ratio: 0.5, minAttempts: 4 }]
  }, [
    [0, "fail A×4", ["Fired share 4/4 of A"]],
    [62, "sweep"],
    [3600, "sweep"],
    [3720, "sweep"],
    [80_000, "sweep"],
    // The day goes in steps of 24 minutes: what was counted in one is out when 61 more have begun.
    [60 * 1440, "sweep"],
    [60 * 1440 + 1, "sweep", ["Resolved share 0/0 of A at 86400 since 0 peak 1 by silence"]]
  ]],
  ["few attempts recover by the longer window", {
    thresholds: off,
    rules: [{ name: "share", by: "symbol", window: "minute", ratio: 0.5, minAttempts: 10 }]
  }, [
    [0, "fail A×10", ["Fired share 10/10 of A"]],
    ...Array.from({ length: 14 }, (_, i): Row => [100 + i * 100, "ok A"]),
    // 10 of 25 in the hour: 0.4.
    [1500, "ok A", ["Resolved share 10/25 of A at 1500 since 0 peak 1"]]
  ]],
  ["errors that leave the window are recovery where attempts are left, as of when they left", {
    thresholds: off,
    rules: [{ name: "share", window: "minute", ratio: 0.3, minAttempts: 10 }]
  }, [
    [1, "fail A×5"],
    [2, "ok A×5", ["Fired share 5/10"]],
    [30, "ok A×7"],
    [61, "sweep"],
    // At 61 the five failures are 60 seconds old, and inside; 12 successes are left after that.
    [75, "sweep", ["Resolved share 0/12 at 61 since 2 peak 0.5"]]
  ]],
  ["without attempts there are no shares", {
    thresholds: off,
    rules: [{ name: "share", window: "minute", ratio: 0.5, minAttempts: 1 }]
  }, [[0, "sweep"]]],
  ["a limit that changes is judged anew: what exceeds it still is not told again", {
    thresholds: { NETWORK_TIMEOUT: { perMinute: 2, perHour: 100 } }
  }, [
    [0, "fail A×3", ["Fired minute 3"]],
    [1, "fail A×6", ["Escalated minute 5", "Escalated minute 9"]],
    [2, { limits: { thresholds: { NETWORK_TIMEOUT: { perMinute: 8 } } } }],
    [3, "fail A×7"],
    [4, "fail A", ["Escalated minute 17"]],
    [5, { limits: { thresholds: { NETWORK_TIMEOUT: { perMinute: 20 } } } }, [
      "Resolved minute 17 at 5 since 0 peak 17 by withdrawn"
    ]],
    [6, "fail A×3"],
    [7, "fail A", ["Fired minute 21"]],
    // What is not given is the default again: 3 a minute, 10 an hour, 30 a day.
    [8, { limits: { thresholds: {} } }, ["Fired hour 21", "Escalated hour 21"]]
  ]],
  ["a limit that is taken away ends its alert, a new one fires at once if it is exceeded", {
    thresholds: { NETWORK_TIMEOUT: { perMinute: 2 } }
  }, [
    [0, "fail A×3", ["Fired minute 3"]],
    [10, { limits: { thresholds: { NETWORK_TIMEOUT: { perHour: 2 } } } }, [
      "Resolved minute 0 at 10 since 0 peak 3 by withdrawn",
      "Fired hour 3"
    ]],
    [20, { limits: { thresholds: { NETWORK_TIMEOUT: { perHour: 2 } } } }],
    [30, "fail A×2", ["Escalated hour 5"]]
  ]],
  ["what was over before the limits changed is told as of when it was", {
    thresholds: { NETWORK_TIMEOUT: { perMinute: 2 } }
  }, [
    [0, "fail A×3", ["Fired minute 3"]],
    [100, { limits: { thresholds: off } }, ["Resolved minute 0 at 60 since 0 peak 3"]]
  ]],
  ["rules that change: carried by name, or ended, or fired for all values at once", {
    thresholds: off,
    rules: [
      { name: "kept", by: "symbol", window: "minute", limit: 2 },
      { name: "raised", by: "symbol", window: "minute", limit: 3 },
      { name: "gone", window: "minute", ratio: 0.5, minAttempts: 2 }
    ]
  }, [
    [0, "fail A×2", ["Fired gone 2/2"]],
    [1, "fail A×2", ["Fired kept 3 of A", "Fired raised 4 of A"]],
    [2, "fail B×3", ["Escalated kept 4 of A B"]],
    [3, "fail A×3", ["Escalated kept 5 of A B", "Escalated raised 7 of A"]],
    [4, {
      limits: {
        thresholds: off,
        rules: [
          { name: "kept", by: "symbol", window: "minute", limit: 2 },
          { name: "raised", by: "symbol", window: "minute", limit: 10 },
          { name: "new", by: "symbol", window: "hour", limit: 1 }
        ]
      }
    }, [
      "Resolved gone 0/0 at 4 since 0 peak 1 by withdrawn",
      "Resolved raised 7 of A at 4 since 1 peak 7 by withdrawn",
      "Fired new 7 of A B",
      "Escalated new 7 of A B",
      "Escalated new 7 of A B"
    ]],
    [5, "fail A×2", ["Escalated kept 9 of A B", "Escalated new 9 of A B"]],
    [65, "sweep"],
    [66, "sweep", ["Resolved kept 0 of A B at 65 since 1 peak 9"]]
  ]]
]

describe("Evaluator", () => {
  it.each(tables)("Law 8: %s", (_, options, rows) => {
    play(options, rows)
  })

  it("an active alert names the values that exceed now, not those of the last edge", () => {
    const core = play({ thresholds: off, rules: [{ name: "sick", by: "symbol", window: "minute", limit: 1 }] }, [
      [0, "fail A×2", ["Fired sick 2 of A"]],
      [30, "fail B×2", ["Escalated sick 2 of A B"]],
      [31, "fail C×2"]
    ])
    const names = (seconds: number) =>
      core.activeAlerts({ now: seconds * 1e9, wall: 0 }).map(({ values }) => values?.join(" "))
    expect(names(40)).toEqual(["A B C"])
    expect(names(62)).toEqual(["B C"])
    expect(names(92)).toEqual([])
    // And reading that has changed nothing.
    expect(names(40)).toEqual(["A B C"])
  })

  it("other is many values, and no rule looks at it", () => {
    play({ thresholds: off, maxValues: 2, rules: [{ name: "sick", by: "symbol", window: "hour", limit: 2 }] }, [
      [0, "fail A"],
      [0, "fail B"],
      [1, "fail C×5"],
      [2, "fail D×5"],
      [2, "fail other×5"],
      [3, "fail A×2", ["Fired sick 3 of A"]],
      [4, {
        limits: { thresholds: off, rules: [{ name: "new", by: "symbol", window: "hour", limit: 2 }] }
      }, ["Resolved sick 0 of A at 4 since 3 peak 3 by withdrawn", "Fired new 3 of A"]]
    ])
  })

  it("a reset keeps the limits that hold, not those of the beginning", () => {
    const core = play({ thresholds: off }, [[0, { limits: { thresholds: { NETWORK_TIMEOUT: { perMinute: 1 } } } }]])
    const [, next] = core.reset({ now: 1e9, wall: 1e3 })
    next.track(errors.fail("A"), { now: 0, wall: 1e3 })
    expect(next.track(errors.fail("A"), { now: 0, wall: 1e3 })).toMatchObject([{ _tag: "Fired", limit: 1 }])
  })

  it("says when to look again: when the next step begins", () => {
    const rules = (["minute", "hour", "day"] as const).map((window) => ({
      name: window,
      by: "symbol",
      window,
      limit: 1
    }))
    for (const [i, seconds] of [1, 60, 1440].entries()) {
      const core = play({ thresholds: off, rules: rules.slice(i, i + 1) }, [[0.5, "fail A"]])
      const due = (seconds: number) => Duration.toMillis(core.untilDue({ now: seconds * 1e9, wall: 0 }))
      expect(due(0.5)).toBe(Infinity)
      core.track(errors.fail("A"), { now: 0.5e9, wall: 0 })
      expect(due(0.5)).toBe(seconds * 1000 - 500 + 1e-6)
      expect(due(seconds)).toBe(1e-6)
    }
  })
})

it("the wall clock is read for an edge, and not for an event without one", () => {
  const ratio = { name: "ratio", window: "minute", ratio: 0.9, minAttempts: 4, by: "symbol" } as const
  const options = { thresholds: { NETWORK_TIMEOUT: { perMinute: 2 } }, rules: [ratio], dimensions: ["symbol"] }
  const core = new Core(Either.getOrThrow(settings(options)))
  let reads = 0
  const moment = {
    now: 0,
    get wall() {
      reads++
      return 0
    }
  }
  // The first step of an hour reads which hour it is.
  core.succeeded({ symbol: "A" }, moment)
  reads = 0
  core.track(errors.fail("A"), moment, true)
  core.succeeded({ symbol: "A" }, moment)
  core.track(errors.fail("A"), moment, true)
  expect(reads).toBe(0)
  expect(core.track(errors.fail("A"), moment, true).map(({ _tag }) => _tag)).toEqual(["Fired"])
  expect(reads).toBe(1)
})
