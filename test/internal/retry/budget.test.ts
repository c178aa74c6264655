import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { Budget } from "../../../src/internal/retry/budget.js"

const calls = (budget: Budget, n: number) => {
  for (let i = 0; i < n; i++) budget.called()
}

/** How many tokens can be taken at this instant. */
const spent = (budget: Budget, now: number, most = 10_000) => {
  let n = 0
  while (n < most && budget.spend(now)) n++
  return n
}

describe("Budget", () => {
  it("begins with ten seconds' worth", () => {
    expect(spent(new Budget({ ratio: 0.2, perSecond: 1 }, 500), 500)).toBe(10)
    expect(spent(new Budget({ ratio: 0.2, perSecond: 0.25 }, 0), 0)).toBe(2)
    expect(spent(new Budget({ ratio: 0.2, perSecond: 0 }, 0), 0)).toBe(0)
  })

  it.each([
    { ratio: 0.2, calls: 5, retries: 1 },
    { ratio: 0.2, calls: 4, retries: 0 },
    // Ten tenths and a hundred hundredths are one, however they are added up.
    { ratio: 0.1, calls: 10, retries: 1 },
    { ratio: 0.01, calls: 100, retries: 1 },
    { ratio: 0.01, calls: 99, retries: 0 },
    { ratio: 1, calls: 7, retries: 7 },
    { ratio: 0, calls: 1000, retries: 0 }
  ])("$calls calls of $ratio each allow $retries retries", ({ calls: n, ratio, retries }) => {
    const budget = new Budget({ ratio, perSecond: 0 }, 0)
    calls(budget, n)
    expect(budget.left(0)).toBe(retries)
    expect(spent(budget, 0)).toBe(retries)
    expect(budget.left(0)).toBe(0)
  })

  it("saves up a hundred from calls, or what ten seconds bring if that is more", () => {
    const few = new Budget({ ratio: 1, perSecond: 1 }, 0)
    calls(few, 10_000)
    expect(spent(few, 0)).toBe(100)
    const many = new Budget({ ratio: 1, perSecond: 30 }, 0)
    calls(many, 10_000)
    expect(spent(many, 0)).toBe(300)
  })

  it("saves up ten seconds of time, and no more while there is more from calls", () => {
    const budget = new Budget({ ratio: 1, perSecond: 2 }, 0)
    expect(spent(budget, 0)).toBe(20)
    expect(spent(budget, 499)).toBe(0)
    expect(spent(budget, 500)).toBe(1)
    expect(spent(budget, 3000)).toBe(5)
    expect(spent(budget, 100_000)).toBe(20)
    calls(budget, 50)
    expect(spent(budget, 200_000)).toBe(50)
    // What went by while there was enough is not made up for.
    expect(spent(budget, 200_000)).toBe(0)
  })

  it("brings nothing while the clock stands still, however often it is asked", () => {
    const budget = new Budget({ ratio: 0, perSecond: 1000 }, 0)
    expect(spent(budget, 0, 20_000)).toBe(10_000)
    for (let i = 0; i < 1000; i++) expect(budget.spend(0)).toBe(false)
    expect(budget.left(1)).toBe(1)
  })

  it("brings a token now and then, however rarely", () => {
    const budget = new Budget({ ratio: 0, perSecond: 0.05 }, 0)
    expect([0, 10_000, 20_000, 30_000, 40_000].map((now) => budget.spend(now))).toEqual([
      true,
      false,
      true,
      false,
      true
    ])
  })

  it("without limits is never empty", () => {
    const budget = new Budget({ ratio: 1, perSecond: Infinity }, 0)
    calls(budget, 3)
    expect(spent(budget, 0)).toBe(10_000)
    expect(spent(budget, 1)).toBe(10_000)
    expect(budget.left(1)).toBe(Infinity)
  })

  type Step = { readonly _tag: "call" } | { readonly _tag: "retry" } | {
    readonly _tag: "wait"
    readonly millis: number
  }

  const step: FastCheck.Arbitrary<Step> = FastCheck.oneof(
    FastCheck.constant<Step>({ _tag: "call" }),
    FastCheck.constant<Step>({ _tag: "retry" }),
    FastCheck.integer({ min: 0, max: 5000 }).map((millis): Step => ({ _tag: "wait", millis }))
  )

  it("in any interval, retries are at most ratio × calls + perSecond × seconds + what was saved", () => {
    FastCheck.assert(FastCheck.property(
      FastCheck.constantFrom(0, 0.1, 0.2, 0.5, 1),
      FastCheck.constantFrom(0, 0.5, 1, 20),
      FastCheck.array(step, { maxLength: 300 }),
      FastCheck.nat(),
      (ratio, perSecond, steps, cut) => {
        const budget = new Budget({ ratio, perSecond }, 0)
        const from = steps.length === 0 ? 0 : cut % steps.length
        let now = 0
        let saved = 0
        let [called, retried, since] = [0, 0, 0]
        steps.forEach((step, i) => {
          if (i === from) {
            saved = budget.left(now) + 1
            ;[called, retried, since] = [0, 0, now]
          }
          if (step._tag === "wait") now += step.millis
          else if (step._tag === "call") {
            budget.called()
            called++
          } else if (budget.spend(now)) retried++
          if (i >= from) {
            expect(retried).toBeLessThanOrEqual(ratio * called + perSecond * (now - since) / 1000 + saved + 1e-3)
          }
        })
      }
    ))
  })

  it("is a bucket that calls and time fill, each up to its brim", () => {
    FastCheck.assert(FastCheck.property(FastCheck.array(step, { maxLength: 300 }), (steps) => {
      const [ratio, perSecond] = [0.25, 1]
      const budget = new Budget({ ratio, perSecond }, 0)
      // In thousandths of a token; the time is passed before each call, too, so that both fill in the same order.
      let now = 0
      let tokens = 10_000
      for (const step of steps) {
        if (step._tag === "wait") {
          now += step.millis
          if (tokens < 10_000) tokens = Math.min(10_000, tokens + step.millis)
          expect(budget.left(now)).toBe(Math.floor(tokens / 1000))
        } else if (step._tag === "call") {
          budget.called()
          tokens = Math.min(100_000, tokens + 250)
        } else {
          expect(budget.spend(now)).toBe(tokens >= 1000)
          if (tokens >= 1000) tokens -= 1000
        }
      }
    }))
  })

  it("a token that is given back can be taken again, and fills it no further than its capacity", () => {
    const budget = new Budget({ ratio: 1, perSecond: 0 }, 0)
    calls(budget, 2)
    expect([budget.spend(0), budget.spend(0), budget.spend(0)]).toEqual([true, true, false])
    budget.refund()
    expect([budget.left(0), budget.spend(0), budget.spend(0)]).toEqual([1, true, false])
    calls(budget, 1000)
    budget.refund()
    expect(budget.left(0)).toBe(budget.capacity)
  })
})
