import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as FetchError from "../../../src/FetchError.js"
import { statusOf } from "../../../src/internal/tracker/alerting/alertStatus.js"
import { Core } from "../../../src/internal/tracker/core.js"
import type { Row } from "../../../src/internal/tracker/counting/dimension.js"
import { callTimelineOf } from "../../../src/internal/tracker/counting/timelines.js"
import { worstIn, worstOf } from "../../../src/internal/tracker/counting/worst.js"
import type { Options } from "../../../src/internal/tracker/model.js"
import { settings } from "../../../src/internal/tracker/trackerOptions.js"

const minute = 60_000
const coreOf = (options: Options) => new Core(Either.getOrThrow(settings(options)))
const moment = (millis: number) => ({ now: millis * 1e6, wall: millis })
const at = (core: Core, millis: number) =>
  core.read(({ evaluator, now, wall }) => statusOf(evaluator.all, now, wall), moment(millis))

describe("the trend of an alert", () => {
  const gaps = FastCheck.array(FastCheck.oneof(FastCheck.nat(2000), FastCheck.nat(15 * minute)), {
    minLength: 20,
    maxLength: 60
  })

  it("is the count of the window at each of the last 60 minutes, for windows of a minute, an hour and a day", () => {
    FastCheck.assert(
      FastCheck.property(gaps, FastCheck.nat(40 * minute), (gaps, after) => {
        const core = coreOf({
          thresholds: { NETWORK_DNS: { perMinute: 1, perHour: 1, perDay: 1, recoverAt: 0.01 } },
          rules: [{ name: "all", window: "10 minutes", limit: 1, recoverAt: 0.1 }]
        })
        const stamps: Array<number> = []
        let now = 0
        for (const gap of gaps) {
          stamps.push(now += gap)
          core.track(new FetchError.NetworkDns(), moment(now))
        }
        now += after
        const lengths: Record<string, number> = { minute, hour: 60 * minute, day: 1440 * minute, "10m": 10 * minute }
        const status = at(core, now)
        expect(status.map(({ alert }) => alert.window)).toContain("day")
        for (const { alert, amount, trend } of status) {
          const length = lengths[alert.window]!
          const expected = Array.from({ length: 60 }, (_, i) => {
            const instant = now - (59 - i) * minute
            return stamps.filter((stamp) => stamp <= instant && stamp >= instant - length).length
          })
          expect([alert.window, trend]).toEqual([alert.window, expected])
          expect(amount).toBe(expected.at(-1))
        }
      }),
      { seed: 1, numRuns: 25 }
    )
  })

  it("counts a day completely at every instant of the last hour, also after the clean-up", () => {
    const core = coreOf({ thresholds: { NETWORK_DNS: { perDay: 1 } } })
    const day = 1440 * minute
    for (let n = 0; n < 10; n++) core.track(new FetchError.NetworkDns(), moment(30 * minute + n))
    core.track(new FetchError.NetworkDns(), moment(day))
    core.track(new FetchError.NetworkDns(), moment(day))
    core.cleanUp(moment(day + 20 * minute))
    const [status] = at(core, day + 40 * minute)
    expect(status?.trend.slice(0, 1)).toEqual([10])
    expect(status?.trend.at(-1)).toBe(2)
  })

  it("is a share for a ratio, and that of the worst value for a dimension", () => {
    const core = coreOf({
      rules: [
        { name: "share", window: "hour", ratio: 0.2, minAttempts: 5 },
        { name: "by symbol", by: "symbol", window: "minute", limit: 3 }
      ]
    })
    for (let n = 0; n < 20; n++) {
      const symbol = n % 2 === 0 ? "A" : "B"
      core.succeeded({ symbol }, moment(n * minute))
      for (let k = 0; k < n % 5; k++) {
        core.track(new FetchError.NetworkDns({ context: { symbol } }), moment(n * minute), true)
      }
    }
    const status = at(core, 19 * minute)
    expect(status.map(({ alert }) => alert.rule)).toEqual(["share", "by symbol"])
    expect(status[0]?.trend.at(-1)).toBeCloseTo(40 / 60)
    expect(status[0]?.trend.at(-2)).toBeCloseTo(36 / 55)
    expect(status[0]?.trend.slice(0, 40).every((share) => share === 0)).toBe(true)
    expect(status[1]?.alert.values).toEqual(["B"])
    expect(status[1]?.trend.slice(-5)).toEqual([0, 0, 2, 0, 4])
  })

  it("of a rule on a dimension adds up to the counts of the window, within a step", () => {
    FastCheck.assert(
      FastCheck.property(
        gaps,
        FastCheck.constantFrom("minute" as const, "hour" as const, "day" as const),
        (gaps, window) => {
          const core = coreOf({ rules: [{ name: "by", by: "symbol", window, limit: 1, recoverAt: 0.01 }] })
          const stamps: Array<number> = []
          let now = 0
          for (const gap of gaps) {
            stamps.push(now += gap)
            core.track(new FetchError.NetworkDns({ context: { symbol: "A" } }), moment(now))
          }
          const length = { minute: 1, hour: 60, day: 1440 }[window] * minute
          for (const { trend } of at(core, now)) {
            for (const [i, count] of trend.entries()) {
              const instant = now - (59 - i) * minute
              const within = (slack: number) =>
                stamps.filter((stamp) => stamp <= instant + slack && stamp > instant - length - slack).length
              const slack = window === "minute" ? 1.01 * minute : 25 * minute
              expect(count).toBeLessThanOrEqual(within(slack) + 1e-9)
              // Without the ends of the window, which may be spread over a step.
              const inner = stamps.filter((stamp) =>
                stamp <= instant - slack && stamp > instant - length + slack
              ).length
              expect(count).toBeGreaterThanOrEqual(inner - 1e-9)
            }
          }
        }
      ),
      { seed: 2, numRuns: 25 }
    )
  })
})

describe("calls over time", () => {
  it("are those of each step, by outcome", () => {
    const outcome = FastCheck.constantFrom("recovered" as const, "failed" as const, "refused" as const, "ok" as const)
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.tuple(FastCheck.nat(5 * minute), outcome), { maxLength: 60 }),
        (history) => {
          const core = coreOf({})
          let now = 0
          const calls = history.map(([gap, outcome]) => {
            now += gap
            if (outcome === "ok") core.callsSucceeded({ count: 1, age: 0 }, moment(now))
            else core.called(outcome, moment(now))
            return { at: now, outcome }
          })
          const options = { window: Duration.hours(1), step: Duration.minutes(7) }
          const steps = core.read(
            ({ counts, now, wall }) => callTimelineOf(counts.calls, options, now, wall),
            moment(now)
          )
          expect(steps).toHaveLength(9)
          for (const [i, { at, failed, made, recovered, refused }] of steps.entries()) {
            const age = (8 - i) * 7 * minute
            expect(at.epochMillis).toBe(now - age)
            const inside = calls.filter((call) => now - call.at >= age && now - call.at < age + 7 * minute)
            const of = (outcome: string) => inside.filter((call) => call.outcome === outcome).length
            expect([made, recovered, failed, refused]).toEqual([
              inside.length,
              of("recovered"),
              of("failed"),
              of("refused")
            ])
          }
        }
      ),
      { seed: 3, numRuns: 30 }
    )
  })
})

describe("the worst values", () => {
  const row = FastCheck.record({
    value: FastCheck.constantFrom("A", "B", "C", "D", "E", "other"),
    count: FastCheck.nat(50),
    expected: FastCheck.nat(5),
    successes: FastCheck.nat(100)
  }).map(({ count, expected, successes, value }): Row => ({
    value,
    count,
    expected: Math.min(count, expected),
    attempts: count + successes
  }))
  const rows = FastCheck.uniqueArray(row, { selector: ({ value }) => value, maxLength: 6 })

  it("are compared with the total of all others", () => {
    FastCheck.assert(
      FastCheck.property(rows, FastCheck.nat(60), FastCheck.nat(4), (rows, minAttempts, limit) => {
        const worst = worstOf(rows, { minAttempts, limit }, () => undefined)
        const known = rows.filter(({ value }) => value !== "other")
        const isAttempted = known.some(({ attempts }) => attempts > 0)
        const compared = known.filter(({ attempts }) => !isAttempted || attempts >= Math.max(1, minAttempts))
        expect([worst.values, worst.leftOut]).toEqual([compared.length, known.length - compared.length])
        expect(worst.rows.length).toBe(
          Math.min(limit, compared.filter(({ count, expected }) => count > expected).length)
        )
        const rates = worst.rows.map(({ errorRatio, failures }) => Option.getOrElse(errorRatio, () => failures))
        expect(rates).toEqual(rates.toSorted((a, b) => b - a))
        for (const { attempts, failures, timesTheRest, value } of worst.rows) {
          const rest = compared.filter((row) => row.value !== value)
          const bad = rest.reduce((sum, { count, expected }) => sum + count - expected, 0)
          const all = isAttempted ? rest.reduce((sum, { attempts }) => sum + attempts, 0) : rest.length
          if (rest.length === 0) expect(timesTheRest).toEqual(Option.none())
          else {expect(Option.getOrThrow(timesTheRest)).toBeCloseTo(
              failures / (isAttempted ? attempts : 1) / ((bad + 0.5) / all)
            )}
        }
        expect(worst.histogram).toHaveLength(10)
        expect(worst.histogram.reduce((sum, n) => sum + n, 0)).toBe(isAttempted ? compared.length : 0)
      }),
      { seed: 4, numRuns: 150 }
    )
  })

  it("have the code of most of their errors, and no more attempts than the window", () => {
    const core = coreOf({})
    for (let n = 0; n < 30; n++) core.succeeded({ symbol: "A" }, moment(n))
    for (let n = 0; n < 30; n++) {
      const context = { symbol: "B" }
      const error = n % 3 === 0 ? new FetchError.NetworkDns({ context }) : new FetchError.ApiAuth({ context })
      core.track(error, moment(100 + n), true)
    }
    const worst = core.read((view) => worstIn(view, { by: "symbol" }), moment(1000))
    expect(worst.rows).toMatchObject([{ value: "B", failures: 30, attempts: 30, mostly: Option.some("API_AUTH") }])
    expect(worst).toMatchObject({ values: 2, leftOut: 0, errorRatio: Option.some(0.5) })
    expect(worst.histogram).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    const later = core.read((view) => worstIn(view, { by: "symbol" }), moment(2 * 60 * minute))
    expect(later.rows).toEqual([])
  })
})
