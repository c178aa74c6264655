import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ErrorTracker from "../../../../src/ErrorTracker.js"
import type * as FetchError from "../../../../src/FetchError.js"
import { LogCapture } from "../../../../src/testing/index.js"

const hostile = "A\n2024-01-01 [ERROR] forged\u001b[31m\u202Etxt\u2028"

const own = (code: string, symbol = "A"): FetchError.Trackable => ({
  _tag: "Own",
  code,
  category: "Other",
  severity: "ERROR",
  message: "own",
  context: { symbol }
})

const layer = (options: ErrorTracker.Options) => Layer.provideMerge(ErrorTracker.layer(options), LogCapture.layer)

const lines = Effect.map(
  LogCapture.entries,
  (entries) => entries.filter(({ message }) => message.includes("THRESHOLD"))
)

describe("the log line of an alert", () => {
  it.effect("Law 11: it has its own annotations, and nothing of the fetch during which it became due", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const during = <E>(effect: Effect.Effect<void, E>) =>
        effect.pipe(
          Effect.annotateLogs({ requestId: "r31", symbol: "BTCUSDT" }),
          Effect.withLogSpan("fetch"),
          Effect.withSpan("fetch")
        )
      yield* during(Effect.repeatN(tracker.track(own("OWN")), 1))
      yield* during(tracker.setLimits({ thresholds: { OWN: { perMinute: 1, perHour: 1 } } }))
      yield* during(tracker.reset)
      const entries = yield* lines
      expect(entries).toHaveLength(4)
      const names = ["count", "error_type", "limit", "severity", "window"]
      for (const { annotations, message, spans } of entries) {
        const more = message.includes("RESOLVED") ? ["duration_millis", "ended_at", "peak", "reason"] : []
        expect(Object.keys(annotations).sort()).toEqual([...names, ...more].sort())
        expect(spans).toEqual([])
      }
    }).pipe(Effect.provide(layer({ thresholds: { OWN: { perMinute: 1 } } }))))

  it.effect("a code, a rule, a symbol and a window of any text are one line without control characters", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* Effect.repeatN(tracker.track(own(hostile, hostile)), 3)
      const messages = (yield* tracker.activeAlerts).map(({ message }) => message)
      yield* tracker.reset
      const entries = yield* lines
      expect(entries.length).toBeGreaterThan(4)
      const texts = [
        ...messages,
        ...entries.flatMap(({ annotations, message }) => [message, ...Object.entries(annotations).flat().map(String)])
      ]
      // oxlint-disable-next-line no-control-regex
      for (const text of texts) expect(text).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u200B-\u200F\u2028-\u202E]/)
      expect(texts.some((text) => text.includes("\\n2024-01-01"))).toBe(true)
    }).pipe(Effect.provide(layer({
      thresholds: { [hostile]: { custom: [{ name: hostile, window: "10 seconds", limit: 1 }] } },
      rules: [
        { name: hostile, code: hostile, window: "minute", limit: 1 },
        { name: `${hostile} by symbol`, by: "symbol", window: "minute", limit: 1 }
      ]
    }))))
})

describe("alerts", () => {
  it.effect("the verdict names the exceeded limit with the shortest window", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* Effect.repeatN(tracker.track(own("OWN")), 4)
      const { exceeded } = yield* tracker.verdict("OWN")
      expect(exceeded).toMatchObject({ value: { window: "10s", limit: 1, count: 5 } })
    }).pipe(Effect.provide(layer({
      thresholds: { OWN: { perMinute: 2, perDay: 3 } },
      rules: [{ name: "burst", code: "OWN", window: "10 seconds", limit: 1 }]
    }))))
})
