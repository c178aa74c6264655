import { describe, expect, it } from "@effect/vitest"
import * as Alert from "effect-errata/Alert"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { expectTypeOf } from "vitest"

const edge = {
  code: "DATA_EMPTY",
  window: "minute",
  limit: 10,
  count: 11,
  severity: "INFO" as const,
  at: DateTime.unsafeMake("2024-01-01T00:00:00Z")
}

const resolved = new Alert.Resolved({
  ...edge,
  count: 8,
  since: DateTime.unsafeMake("2023-12-31T23:58:50Z"),
  duration: Duration.seconds(70),
  peak: 42
})

describe("Alert", () => {
  it.each<[Alert.Alert, string]>([
    [new Alert.Fired(edge), "THRESHOLD EXCEEDED: DATA_EMPTY occurred 11 times in the last minute (threshold: 10)"],
    [
      new Alert.Fired({ ...edge, rule: "empty", by: "symbol", values: ["", "A"] }),
      "THRESHOLD EXCEEDED: empty: DATA_EMPTY occurred 11 times in the last minute, symbol \"\", A (threshold: 10)"
    ],
    [
      new Alert.Fired({ ...edge, window: "five minutes" }),
      "THRESHOLD EXCEEDED: DATA_EMPTY occurred 11 times in the window five minutes (threshold: 10)"
    ],
    [
      new Alert.Escalated({ ...edge, window: "day", count: 21 }),
      "THRESHOLD ESCALATED: DATA_EMPTY occurred 21 times in the last day (threshold: 10)"
    ],
    [resolved, "THRESHOLD RESOLVED: DATA_EMPTY is down to 8 in the last minute (threshold: 10, peak: 42)"],
    [
      new Alert.Resolved({ ...resolved, reason: "silence" }),
      "THRESHOLD RESOLVED: DATA_EMPTY had too few attempts for a failure rate for a day (threshold: 10, peak: 42)"
    ],
    [
      new Alert.Resolved({ ...resolved, reason: "withdrawn" }),
      "THRESHOLD RESOLVED: the limit of DATA_EMPTY was changed or removed, or its counts were reset (threshold: 10, peak: 42)"
    ],
    [
      new Alert.Fired({ ...edge, code: "*", rule: "any" }),
      "THRESHOLD EXCEEDED: any: errors occurred 11 times in the last minute (threshold: 10)"
    ],
    [
      new Alert.Fired({ ...edge, rule: "sick", by: "symbol", values: ["A", "B"], more: 0 }),
      "THRESHOLD EXCEEDED: sick: DATA_EMPTY occurred 11 times in the last minute, symbol A, B (threshold: 10)"
    ],
    [
      new Alert.Escalated({ ...edge, rule: "sick", by: "symbol", values: ["A", "B"], more: 480 }),
      "THRESHOLD ESCALATED: sick: DATA_EMPTY occurred 11 times in the last minute, symbol A, B and 480 more (threshold: 10)"
    ],
    [
      new Alert.Fired({ ...edge, limit: 0.125, attempts: 40, rule: "share", by: "source", values: ["rest"] }),
      "THRESHOLD EXCEEDED: share: DATA_EMPTY occurred in 11 of 40 attempts in the last minute, source rest (threshold: 12.5 %)"
    ],
    [
      new Alert.Resolved({ ...resolved, limit: 0.1, peak: 0.275, attempts: 200, rule: "share" }),
      "THRESHOLD RESOLVED: share: DATA_EMPTY is down to 8 of 200 attempts in the last minute (threshold: 10 %, peak: 27.5 %)"
    ],
    [new Alert.Missed({ count: 1 }), "1 alert dropped: the subscriber was too slow"],
    [new Alert.Missed({ count: 2 }), "2 alerts dropped: the subscriber was too slow"]
  ])("%#: one line says it", (alert, message) => {
    expect(alert.message).toBe(message)
  })

  it.each<[Alert.Alert]>([
    [new Alert.Fired(edge)],
    [new Alert.Escalated(edge)],
    [resolved],
    [new Alert.Resolved({ ...resolved, reason: "silence" })],
    [new Alert.Fired({ ...edge, rule: "sick", attempts: 12, by: "symbol", values: ["A", "B"], more: 3 })],
    [new Alert.Missed({ count: 3 })]
  ])("%#: goes through JSON and comes back", (alert) => {
    const json = Schema.parseJson(Alert.Alert)
    const back = Schema.decodeSync(json)(Schema.encodeSync(json)(alert))
    expect(back).toEqual(alert)
    expect(back.message).toBe(alert.message)
  })

  it("is identified by its tag", () => {
    expectTypeOf<Alert.Alert["_tag"]>().toEqualTypeOf<"Fired" | "Escalated" | "Resolved" | "Missed">()
    expectTypeOf<Extract<Alert.Alert, { readonly _tag: "Resolved" }>["duration"]>().toEqualTypeOf<Duration.Duration>()
    expectTypeOf<Alert.Fired["window"]>().toEqualTypeOf<Alert.WindowName>()
  })
})
