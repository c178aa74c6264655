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
      new Alert.Fired({ ...edge, window: "five minutes" }),
      "THRESHOLD EXCEEDED: DATA_EMPTY occurred 11 times in the window five minutes (threshold: 10)"
    ],
    [
      new Alert.Escalated({ ...edge, window: "day", count: 21 }),
      "THRESHOLD ESCALATED: DATA_EMPTY occurred 21 times in the last day (threshold: 10)"
    ],
    [resolved, "THRESHOLD RESOLVED: DATA_EMPTY is down to 8 in the last minute (threshold: 10, peak: 42)"],
    [new Alert.Missed({ count: 1 }), "1 alert was missed by a subscriber that was too slow"],
    [new Alert.Missed({ count: 2 }), "2 alerts were missed by a subscriber that was too slow"]
  ])("%#: one line says it", (alert, message) => {
    expect(alert.message).toBe(message)
  })

  it.each<[Alert.Alert]>([
    [new Alert.Fired(edge)],
    [new Alert.Escalated(edge)],
    [resolved],
    [new Alert.Missed({ count: 3 })]
  ])("%#: goes through JSON and comes back", (alert) => {
    const json = Schema.parseJson(Alert.Alert)
    const back = Schema.decodeSync(json)(Schema.encodeSync(json)(alert))
    expect(back).toEqual(alert)
    expect(back.message).toBe(alert.message)
  })

  it("is told apart by its tag", () => {
    expectTypeOf<Alert.Alert["_tag"]>().toEqualTypeOf<"Fired" | "Escalated" | "Resolved" | "Missed">()
    expectTypeOf<Extract<Alert.Alert, { readonly _tag: "Resolved" }>["duration"]>().toEqualTypeOf<Duration.Duration>()
    expectTypeOf<Alert.Fired["window"]>().toEqualTypeOf<Alert.WindowName>()
  })
})
