import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, FastCheck as fc, Layer, TestClock } from "effect"
import { ErrorTracker, FetchError } from "effect-errata"
import { limitOf, type Outcomes, pairs } from "../../../../src/internal/tracker/alerting/objective.js"
import {
  type ObjectiveGauge,
  ObjectiveWatch,
  perStep
} from "../../../../src/internal/tracker/alerting/objectiveWatch.js"
import { Core } from "../../../../src/internal/tracker/core.js"
import { settings } from "../../../../src/internal/tracker/trackerOptions.js"

const minute = 60e9

/** A gauge of values that all fail half of the time, which counts its reads. */
const failing = (size: number) => {
  const names = Array.from({ length: size }, (_, i) => `S${i}`)
  const outcomes = (minutes: number): Outcomes => ({ events: minutes * 20, failures: minutes * 10 })
  const gauge = {
    reads: 0,
    values: () => names,
    read: (_: string, minutes: number): Outcomes => {
      gauge.reads++
      return outcomes(minutes)
    },
    minutes: (_: string, minutes: number): ReadonlyArray<Outcomes> => {
      gauge.reads++
      return Array.from({ length: minutes }, () => outcomes(1))
    },
    trend: () => []
  }
  return gauge satisfies ObjectiveGauge
}

const [pair] = pairs

const watchOf = (gauge: ObjectiveGauge) =>
  new ObjectiveWatch(limitOf(pair, 0.99, 0.8), {
    objective: 0.99,
    of: "attempts",
    by: "symbol",
    minEvents: 50,
    long: pair.long,
    short: pair.short
  }, gauge)

describe("ObjectiveWatch", () => {
  it("reads a bounded number of counts in a step, whatever the number of values", () => {
    for (const size of [1, perStep - 1, perStep, perStep + 1, 2000, 10_000]) {
      const gauge = failing(size)
      const watch = watchOf(gauge)
      const edges: Array<string> = []
      for (let at = 1; at <= 3; at++) {
        let steps = 0
        do {
          gauge.reads = 0
          edges.push(...watch.settle(at * minute + ++steps).map(({ _tag }) => `${at} ${_tag}`))
          // The long window, the short one, and its minutes.
          expect(gauge.reads).toBeLessThanOrEqual(perStep * 3)
        } while (watch.isEvaluating)
        expect(steps).toBe(Math.floor(size / perStep) + 1)
      }
      expect(edges.slice(0, 1)).toEqual(["1 Fired"])
    }
  })

  it("finishes a full minute before the next one but one, also if nothing continues it", () => {
    const gauge = failing(2000)
    const watch = watchOf(gauge)
    expect(watch.settle(minute + 1)).toEqual([])
    expect(watch.isEvaluating).toBe(true)
    const edges = watch.settle(2 * minute + 1)
    expect(edges.map(({ _tag, at }) => [_tag, at])).toEqual([["Fired", minute], ["Escalated", minute]])
  })

  it("evaluates no value twice in a full minute", () => {
    const gauge = failing(1000)
    const watch = watchOf(gauge)
    let reads = 0
    for (let i = 1; i < 7; i++) {
      gauge.reads = 0
      watch.settle(minute + i)
      reads += gauge.reads
    }
    expect(watch.isEvaluating).toBe(false)
    expect(reads).toBe(3000)
  })
})

describe("an objective by a dimension with more values than one step evaluates", () => {
  const symbols = Array.from({ length: perStep + 50 }, (_, i) => `S${i}`)
  const errors = symbols.map((symbol) => new FetchError.NetworkDns({ context: { symbol } }))
  const options = { rules: [{ name: "symbols", objective: 0.99, of: "attempts", by: "symbol", minEvents: 5 }] } as const

  it("has the edges that it would have without steps, while events go on", () => {
    const play = (shares: ReadonlyArray<number>, isAtOnce: boolean) => {
      const core = new Core(Either.getOrThrow(settings(options)))
      const moment = (now: number) => ({ now, wall: now / 1e6 })
      const edges: Array<string> = []
      shares.forEach((share, k) => {
        for (const [i, symbol] of symbols.entries()) {
          const now = k * minute + 1 + i * 2e8
          if (isAtOnce) {
            do edges.push(...core.settle(moment(now)).map(line))
            while (core.evaluator.isEvaluating)
          }
          const isFailure = (i * 7919 + k * 104_729) % 100 < share * 100
          edges.push(
            ...(isFailure
              ? core.track(errors[i]!, moment(now), true)
              : core.succeeded({ symbol }, moment(now))).map(line)
          )
        }
      })
      return edges
    }
    const line = (edge: ReturnType<Core["settle"]>[number]) =>
      `${edge._tag} ${edge.window} ${edge.at.epochMillis} ${edge.count}/${edge.attempts}`
    let seen = 0
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.constantFrom(0, 0, 0.3, 1)), {
          minLength: 2,
          maxLength: 5
        }),
        (stretches) => {
          const shares = stretches.flatMap(([minutes, share]) => Array.from({ length: minutes }, () => share))
          const edges = play(shares, true)
          seen += edges.length
          expect(play(shares, false)).toEqual(edges)
        }
      ),
      { seed: 14, numRuns: 6 }
    )
    expect(seen).toBeGreaterThan(10)
  })

  it.effect("is evaluated by the clean-up within a full minute", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      for (let k = 0; k < 6; k++) {
        yield* TestClock.adjust("1 minute")
        for (const error of errors) yield* tracker.track(error, { attempt: true })
      }
      yield* TestClock.adjust("61 seconds")
      const [alert] = yield* tracker.activeAlerts
      expect(alert?.rule).toBe("symbols")
      expect((alert?.values?.length ?? 0) + (alert?.more ?? 0)).toBe(symbols.length)
    }).pipe(Effect.provide(Layer.fresh(ErrorTracker.layer(options)))))
})
