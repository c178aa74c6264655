import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { durationHint } from "../../../src/internal/hints/durationHint.js"

describe("durationHint", () => {
  it.each([
    ["5 mins", "unknown unit \"mins\": write \"5 minutes\""],
    ["1 min", "unknown unit \"min\": write \"1 minute\""],
    ["10 sec", "unknown unit \"sec\": write \"10 seconds\""],
    ["2h", "unknown unit \"h\": write \"2 hours\""],
    ["500ms", "unknown unit \"ms\": write \"500 millis\""],
    ["250 µs", "unknown unit \"µs\": write \"250 micros\""],
    ["3 milliseconds", "unknown unit \"milliseconds\": write \"3 millis\""],
    ["7 secondes", "unknown unit \"secondes\": write \"7 seconds\""],
    ["5 Minutes", "unknown unit \"Minutes\": write \"5 minutes\""],
    ["5minutes", "not written as a number, one space and a unit: write \"5 minutes\""],
    [" 5 minutes ", "not written as a number, one space and a unit: write \"5 minutes\""],
    [".5 seconds", "not written as a number, one space and a unit: write \"0.5 seconds\""],
    ["1,5 seconds", "unreadable number: write \"1.5 seconds\""],
    ["1,500 millis", "unreadable number: write \"1500 millis\""],
    ["1_000 millis", "unreadable number: write \"1000 millis\""],
    ["1h30m", "unknown unit \"h\": write \"90 minutes\""],
    ["1 hour 30 minutes", "more than one unit: write \"90 minutes\""],
    ["1 hour and 30 minutes", "more than one unit: write \"90 minutes\""],
    ["hour", "no number: write \"1 hour\""],
    ["mins", "no number: write \"1 minute\""],
    ["PT5M", "not a duration of Effect: write \"5 minutes\""],
    ["PT1H30M", "not a duration of Effect: write \"90 minutes\""],
    ["5000", "no unit: write \"5000 millis\" or \"5000 seconds\""],
    [
      "1 fortnight",
      "unknown unit \"fortnight\": the units are nanos, micros, millis, seconds, minutes, hours, days, weeks"
    ],
    [
      "10gibberish5s",
      "unknown unit \"gibberish\": the units are nanos, micros, millis, seconds, minutes, hours, days, weeks"
    ],
    ["2 months", "unknown unit \"months\": the units are nanos, micros, millis, seconds, minutes, hours, days, weeks"]
  ])("%j: %s", (text, hint) => {
    expect(durationHint(text)).toBe(hint)
  })

  it.each([
    "",
    "soon",
    "five minutes",
    "5 minutes!",
    "abc5s",
    "1h!30m",
    "P",
    "PT",
    "1.2.3 seconds",
    "9".repeat(70)
  ])(
    "reads nothing like a duration in %j",
    (text) => {
      expect(durationHint(text)).toBeUndefined()
    }
  )

  it("suggests only what Effect decodes, and to the same length", () => {
    const units = ["ms", "s", "m", "h", "d", "w", "sec", "mins", "hrs", "days"]
    const millis = [1, 1000, 60_000, 3_600_000, 86_400_000, 604_800_000, 1000, 60_000, 3_600_000, 86_400_000]
    for (const [i, unit] of units.entries()) {
      for (const amount of ["1", "2", "0.5", "1.25", "90", "1000"]) {
        const suggested = /write "([^"]+)"/.exec(durationHint(`${amount}${unit}`) ?? "")?.[1]
        expect(Option.map(Duration.decodeUnknown(suggested), Duration.toMillis), `${amount}${unit}`).toEqual(
          Option.some(Number(amount) * millis[i]!)
        )
      }
    }
  })
})
