import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { ErrorTracker, FetchError, Insight, type Snapshot } from "effect-errata"
import { report } from "../../../src/internal/insight/insightReport.js"
import { atOnce, mapped, type Pieces, withPauses } from "../../../src/internal/pauses.js"
import { pausedSnapshot, reportingOf } from "../../../src/internal/tracker/reporting.js"
import { evaluated } from "../../../src/internal/tracker/snapshotModel.js"

const size = 1500

const filled = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  for (let i = 0; i < size; i++) {
    const context = { symbol: i % 100 === 0 ? `BAD${i}` : `S${i}`, source: "rest" }
    for (let k = 0; k < (i % 100 === 0 ? 20 : i % 10 === 5 ? 1 : 0); k++) {
      yield* tracker.track(new FetchError.NetworkDns({ context }), { attempt: true })
    }
    for (let k = 0; k < 4; k++) yield* tracker.succeeded(context, "20 millis")
  }
  return tracker
})

const layer = ErrorTracker.layer({
  dimensions: ["symbol", "source"],
  rules: [{ name: "symbols", objective: 0.99, of: "attempts", by: "symbol" }]
})

/** The largest number of values that are read in one piece. */
const mostReads = <A>(pieces: (snapshot: Snapshot.Snapshot) => Pieces<A>, snapshot: Snapshot.Snapshot): number => {
  const seen = new Set<string>()
  const counted = {
    ...snapshot,
    dimensions: snapshot.dimensions.map((dimension) => ({
      ...dimension,
      values: dimension.values.map((value) => ({
        ...value,
        get errors() {
          seen.add(value.value)
          return value.errors
        }
      }))
    }))
  }
  const all = pieces(counted)
  let most = 0
  for (let isDone = false; !isDone;) {
    seen.clear()
    isDone = all.next().done === true
    most = Math.max(most, seen.size)
  }
  return most
}

describe("insightReport", () => {
  it.effect("reads a bounded number of values in a piece, and answers as Insight does", () =>
    Effect.gen(function*() {
      const tracker = yield* filled
      const snapshot = yield* tracker.snapshot
      expect(mostReads(report, snapshot)).toBeLessThanOrEqual(200)
      expect(mostReads(evaluated, snapshot)).toBeLessThanOrEqual(50)
      const paused = yield* withPauses(() => report(snapshot))
      expect(paused).toEqual(Insight.report(snapshot))
      expect(paused.offenders[0]?.offenders.length).toBe(15)
      expect(paused.errorBudgets.length).toBe(20)
    }).pipe(Effect.provide(layer)))

  it.effect("is of one instant, whatever is counted in its pauses", () =>
    Effect.gen(function*() {
      const tracker = yield* filled
      const before = yield* tracker.snapshot
      const lazy = yield* reportingOf(tracker).lazySnapshot!
      const pieces = evaluated(lazy)
      for (let isDone = false, i = 0; !isDone; i++) {
        const { done, value } = pieces.next()
        isDone = done === true
        if (done === true) expect(value.dimensions).toEqual(before.dimensions)
        yield* tracker.track(new FetchError.ApiAuth({ context: { symbol: `S${i}` } }))
        yield* tracker.track(new FetchError.ApiAuth({ context: { symbol: `NEW${i}` } }))
      }
      const after = yield* pausedSnapshot(tracker)
      expect(after).toEqual(yield* tracker.snapshot)
    }).pipe(Effect.provide(layer)))

  it("pauses after each piece", () => {
    const pieces = mapped([1, 2, 3, 4, 5], 2, (n) => n * n)
    expect([pieces.next().done, pieces.next().done, pieces.next()]).toEqual([
      false,
      false,
      { done: true, value: [1, 4, 9, 16, 25] }
    ])
    expect(atOnce(mapped([], 2, String))).toEqual([])
  })
})
