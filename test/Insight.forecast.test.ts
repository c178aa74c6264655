import { describe, expect, it } from "@effect/vitest"
import type { DateTime } from "effect"
import { Option } from "effect"
import { Insight } from "effect-errata"
import { byDepth } from "./depth.js"
import type { Kind } from "./internal/insight/lives.js"
import { lifeOf } from "./internal/insight/lives.js"
import { limitOf, snapshotOf } from "./internal/insight/snapshots.js"

const midnight = Date.UTC(2024, 5, 1)
const minute = 60_000

interface Score {
  /** Forecasts. */
  given: number
  /** Of these, those that should hold something: the limit was exceeded, or was sure to be by `latest`. */
  due: number
  /** Of these, those that held the true crossing. */
  held: number
  /** Without a `latest`. */
  open: number
  /** Histories of which the limit was exceeded within the hour, and those among them that had no forecast. */
  near: number
  none: number
}

const scoreOf = (kind: Kind, seeds: number): Score => {
  const score: Score = { given: 0, due: 0, held: 0, open: 0, near: 0, none: 0 }
  for (let seed = 1; seed <= seeds; seed++) {
    const { age, crossing, errors, hours, limit, minuteOfDay, window } = lifeOf(kind, seed)
    const [forecast] = Insight.forecast(snapshotOf({
      age,
      at: midnight + minuteOfDay * minute,
      codes: [{ code: "MINE", hours, errors }],
      limits: [limitOf("MINE", "mine", window, limit)]
    }))
    if (crossing !== undefined && crossing <= 60) score.near++
    if (forecast === undefined) {
      if (crossing !== undefined && crossing <= 60) score.none++
      continue
    }
    score.given++
    const ahead = (at: DateTime.Utc) => (at.epochMillis - midnight) / minute - minuteOfDay
    const latest = Option.match(forecast.latest, { onNone: () => Infinity, onSome: ahead })
    if (latest === Infinity) score.open++
    if (crossing !== undefined || latest < Infinity) score.due++
    if (crossing !== undefined && ahead(forecast.earliest) <= crossing && crossing <= latest) score.held++
  }
  return score
}

const sum = (scores: ReadonlyArray<Score>, what: keyof Score) => scores.reduce((sum, score) => sum + score[what], 0)

const words = (name: string, ...scores: ReadonlyArray<Score>) => {
  const percent = (part: number, whole: number) => `${(part / whole * 100).toFixed(1)} %`
  return `${name}: ${sum(scores, "given")} forecasts (${sum(scores, "open")} without an end), ${
    percent(sum(scores, "held"), sum(scores, "due"))
  } of the intervals hold the crossing; none for ${percent(sum(scores, "none"), sum(scores, "near"))} of ${
    sum(scores, "near")
  } that cross within the hour`
}

const histories = byDepth(80, 250)

describe("Insight.forecast", () => {
  it(`of ${4 * histories} histories the interval holds the crossing in 70 to 90 %, and at most 20 % of the near ones have none`, () => {
    const kinds = ["constant", "rising", "bursty", "daily"] as const
    const scores = kinds.map((kind) => scoreOf(kind, histories))
    for (const [i, score] of scores.entries()) console.log(words(kinds[i]!, score))
    console.log(words("all", ...scores))
    for (const score of scores) {
      expect(score.held / score.due).toBeGreaterThan(0.65)
      expect(score.held / score.due).toBeLessThan(0.95)
    }
    const held = sum(scores, "held") / sum(scores, "due")
    expect(held).toBeGreaterThanOrEqual(0.7)
    expect(held).toBeLessThanOrEqual(0.9)
    expect(sum(scores, "none") / sum(scores, "near")).toBeLessThanOrEqual(0.2)
  })

  it("bursts that began minutes ago are forecast in most cases", () => {
    const score = scoreOf("sudden", byDepth(40, 100))
    console.log(words("sudden", score))
    expect(score.held / score.due).toBeGreaterThan(0.5)
    expect(score.none / score.near).toBeLessThan(0.4)
  })
})
