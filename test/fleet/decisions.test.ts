/** The decisions of a fleet against naive models of one limit. */
import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as fc from "effect/FastCheck"
import * as Option from "effect/Option"
import type { Decision, ValueAmounts } from "../../src/fleet/internal/tracker/decisions.js"
import { decideCount, decideGroup } from "../../src/fleet/internal/tracker/decisions.js"

const limitOf = (limit: number, recovered: number) => ({
  name: "minute",
  window: Duration.minutes(1),
  limit,
  recovered
})

/** The tags of the edges that a list of counts has: one limit, said as simply as possible. */
const naive = (
  limit: number,
  recovered: number,
  readings: ReadonlyArray<readonly [count: number, mayResolve: boolean]>
) => {
  const edges: Array<string> = []
  let [isActive, level] = [false, 0]
  for (const [count, mayResolve] of readings) {
    if (!isActive && count > limit) {
      edges.push("Fired")
      ;[isActive, level] = [true, limit * 2]
    }
    if (isActive) { for (; count > level; level *= 2) edges.push("Escalated") }
    if (isActive && mayResolve && count <= recovered) {
      edges.push("Resolved")
      isActive = false
    }
  }
  return edges
}

const none: Decision = { firing: Option.none(), values: [], decided: [] }
const tags = ({ decided }: Decision) => decided.map(({ edge }) => edge._tag)

const limits = fc.integer({ min: 1, max: 20 }).chain((limit) =>
  fc.record({ limit: fc.constant(limit), recovered: fc.integer({ min: 0, max: limit }) })
)

describe("decisions on counts", () => {
  it.prop("the same edges as a naive model; none while counts are not complete", [
    limits,
    fc.array(fc.tuple(fc.nat(200), fc.boolean()), { maxLength: 30 })
  ], ([{ limit, recovered }, readings]) => {
    let firing: Decision["firing"] = Option.none()
    const edges: Array<string> = []
    for (const [i, [count, mayResolve]] of readings.entries()) {
      const decision = decideCount(limitOf(limit, recovered), firing, { hints: [], now: i, count, mayResolve })
      edges.push(...tags(decision))
      firing = decision.firing
    }
    expect(edges).toEqual(naive(limit, recovered, readings))
  })

  it.prop("hints are readings of the past", [
    limits,
    fc.array(fc.nat(200), { maxLength: 10 }),
    fc.nat(200)
  ], ([{ limit, recovered }, counts, count]) => {
    const hints = counts.map((count, at) => ({
      tag: count > limit ? "Fired" as const : "Resolved" as const,
      at,
      count
    }))
    const decision = decideCount(limitOf(limit, recovered), Option.none(), {
      hints,
      now: counts.length,
      count,
      mayResolve: true
    })
    expect(tags(decision)).toEqual(
      naive(limit, recovered, [...counts, count].map((count) => [count, count <= limit] as const))
    )
    const times = decision.decided.map(({ edge }) => edge.at)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it.prop("a decision from the state that it led to decides nothing", [
    limits,
    fc.nat(200),
    fc.nat(200)
  ], ([{ limit, recovered }, before, count]) => {
    const reading = { hints: [], now: 1, count, mayResolve: true }
    const { firing } = decideCount(limitOf(limit, recovered), Option.none(), {
      ...reading,
      count: before,
      mayResolve: false
    })
    const decided = decideCount(limitOf(limit, recovered), firing, reading)
    expect(tags(decideCount(limitOf(limit, recovered), decided.firing, reading))).toEqual([])
  })
})

describe("decisions on values", () => {
  const group = { by: "symbol", window: "minute", minAttempts: undefined } as const
  const amountsOf = (errors: number): ValueAmounts => {
    const amounts = { errors, attempts: 0 }
    return { minute: amounts, hour: amounts, day: amounts }
  }

  it.prop("fired with the first value, resolved with the last one; the values are those that have not recovered", [
    limits,
    fc.array(fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.nat(40)), { maxLength: 3 }), { maxLength: 20 })
  ], ([{ limit, recovered }, rounds]) => {
    let before: Pick<Decision, "firing" | "values"> = none
    const exceeding = new Set<string>()
    const edges: Array<string> = []
    let expected = 0
    for (const [now, round] of rounds.entries()) {
      const counts = new Map(round)
      for (const value of exceeding) if (!counts.has(value)) counts.set(value, recovered + 1)
      const wasActive = exceeding.size > 0
      for (const [value, count] of counts) {
        if (count > limit) exceeding.add(value)
        else if (count <= recovered) exceeding.delete(value)
      }
      if (wasActive !== exceeding.size > 0) expected++
      const decision = decideGroup(limitOf(limit, recovered), group, before, {
        hints: [],
        now,
        amounts: new Map(Array.from(counts, ([value, count]) => [value, amountsOf(count)])),
        mayResolve: true
      })
      expect(new Set(decision.values)).toEqual(exceeding)
      expect(Option.isSome(decision.firing)).toBe(exceeding.size > 0)
      edges.push(...tags(decision).filter((tag) => tag !== "Escalated"))
      before = decision
    }
    expect(edges).toEqual(Array.from({ length: expected }, (_, i) => i % 2 === 0 ? "Fired" : "Resolved"))
  })

  it("a share needs enough attempts to fire, and recovers by a longer window, or by silence", () => {
    const share = { by: "source", window: "minute", minAttempts: 10 } as const
    const limit = limitOf(0.5, 0.4)
    const at = (minute: readonly [number, number], hour: readonly [number, number]): ValueAmounts => {
      const of = ([errors, attempts]: readonly [number, number]) => ({ errors, attempts })
      return { minute: of(minute), hour: of(hour), day: of(hour) }
    }
    const decide = (before: Pick<Decision, "firing" | "values">, amounts: ValueAmounts, mayResolve = true) =>
      decideGroup(limit, share, before, { hints: [], now: 1, amounts: new Map([["rest", amounts]]), mayResolve })
    expect(tags(decide(none, at([9, 9], [90, 90])))).toEqual([])
    const fired = decide(none, at([6, 10], [6, 10]))
    expect(tags(fired)).toEqual(["Fired"])
    // Few attempts in the minute: the hour decides.
    expect(tags(decide(fired, at([0, 3], [60, 100])))).toEqual([])
    expect(tags(decide(fired, at([0, 3], [30, 100])))).toEqual(["Resolved"])
    expect(tags(decide(fired, at([0, 3], [30, 100]), false))).toEqual([])
    const silent = decide(fired, at([0, 0], [0, 0]))
    expect(silent.decided[0]?.edge).toMatchObject({ _tag: "Resolved", reason: "silence" })
  })
})
