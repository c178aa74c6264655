import { describe, expect, it } from "@effect/vitest"
import { Duration, Either } from "effect"
import { FetchError } from "effect-errata"
import * as FastCheck from "effect/FastCheck"
import { Core } from "../../../src/internal/tracker/core.js"
import { latencyIn } from "../../../src/internal/tracker/counting/views.js"
import { settings } from "../../../src/internal/tracker/trackerOptions.js"

const options = Either.getOrThrow(settings({ recent: 1000 }))
const second = 1e9
// The longest step of a series. Trackers that start at multiples of it have steps that begin at the same instants.
const step = 1440

/** An event in some second after a start. */
type Event = readonly [what: "timeout" | "dns" | "expected" | "success" | "retry" | "call", symbol: string, at: number]

const happen = (core: Core, start: number, [what, symbol, at]: Event) => {
  const moment = { now: at * second, wall: (start + at) * 1000 }
  const context = { symbol, source: symbol === "A" ? "rest" : "archive" }
  if (what === "success") core.succeeded(context, moment, Duration.millis(symbol === "A" ? 20 : 300))
  else if (what === "retry") core.retried("giveUps", moment)
  else if (what === "call") core.called("recovered", moment)
  else if (what === "expected") core.track(new FetchError.DataEmpty({ reason: "source_gap", context }), moment)
  else {core.track(
      what === "dns" ? new FetchError.NetworkDns({ context }) : new FetchError.NetworkTimeout({ context }),
      moment
    )}
}

const windows = [undefined, 1, 59, 60, 61, 600, 3600, 7200, 50_000, 86_400]

const reads = (core: Core, now: number, wall: number) => {
  const moment = { now: now * second, wall: wall * 1000 }
  return {
    stats: windows.map((window) => core.stats(window === undefined ? undefined : Duration.seconds(window), moment)),
    emptyData: windows.map((window) =>
      core.emptyData(window === undefined ? undefined : Duration.seconds(window), moment)
    ),
    breakdowns: (["symbol", "source"] as const).flatMap((by) =>
      ([undefined, "minute", "hour", "day"] as const).flatMap((window) =>
        [undefined, "NETWORK_TIMEOUT"].map((code) => core.breakdown({ by, window, code }, moment))
      )
    ),
    timeline: core.timeline({ window: Duration.days(1), step: Duration.minutes(10), code: undefined }, moment),
    latency: ["source", "symbol"].map((by) => core.read((view) => latencyIn(view, { by }), moment)),
    recent: core.recent(Infinity, undefined, moment),
    active: core.activeAlerts(moment).map(({ code, window }) => `${code} ${window}`),
    verdict: core.verdict("NETWORK_TIMEOUT", moment).verdict
  }
}

describe("merge", () => {
  const events = (length: number) =>
    FastCheck.array(
      FastCheck.tuple(
        FastCheck.constantFrom<Event[0]>("timeout", "timeout", "dns", "expected", "success", "retry", "call"),
        FastCheck.constantFrom("A", "B", "C"),
        FastCheck.integer({ min: 0, max: length })
      ),
      { maxLength: 60 }
    ).map((events) => events.sort((a, b) => a[2] - b[2]))

  it("what a tracker counted before a restart, added later, gives the reads of a tracker that never restarted", () => {
    FastCheck.assert(
      FastCheck.property(
        events(4 * step),
        events(2 * step),
        FastCheck.constantFrom(0, 1, 2, 30, 70),
        FastCheck.integer({ min: 0, max: 3000 }),
        (before, after, downSteps, later) => {
          const [first, second, whole] = [new Core(options), new Core(options), new Core(options)]
          const end = 4 * step
          const start = end + downSteps * step
          for (const event of before) for (const core of [first, whole]) happen(core, 0, event)
          const [, older] = first.snapshot({ now: end * 1e9, wall: end * 1000 })
          for (const event of after) {
            happen(second, start, event)
            happen(whole, 0, [event[0], event[1], event[2] + start])
          }
          const now = 2 * step
          const [, merged] = second.merge(older, { now: now * 1e9, wall: (start + now) * 1000 })
          expect(reads(merged, merged.now / 1e9 + later, start + now + later))
            .toEqual(reads(whole, start + now + later, start + now + later))
        }
      ),
      { seed: 11, numRuns: 150 }
    )
  })

  it("large counts stay within 1/2048", () => {
    const [first, second] = [new Core(options), new Core(options)]
    for (let i = 0; i < 20_000; i++) happen(first, 0, ["timeout", "A", i * 0.2])
    const [, older] = first.snapshot({ now: 4000e9, wall: 4_000_000 })
    for (let i = 0; i < 20_000; i++) happen(second, 4000, ["timeout", "A", i * 0.2])
    const [, merged] = second.merge(older, { now: 4000e9, wall: 8_000_000 })
    const moment = { now: merged.now, wall: 8_000_000 }
    for (const seconds of [3000, 4000, 6000, 8000]) {
      const { total } = merged.stats(Duration.seconds(seconds), moment)
      expect(Math.abs(total - seconds * 5) / (seconds * 5)).toBeLessThan(1 / 1024)
    }
    expect(merged.stats(undefined, moment).total).toBe(40_000)
  })
})
