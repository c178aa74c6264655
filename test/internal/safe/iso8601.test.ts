import { afterEach, describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as iso8601 from "../../../src/internal/safe/iso8601.js"

const zone = process.env["TZ"]
afterEach(() => {
  if (zone === undefined) delete process.env["TZ"]
  else process.env["TZ"] = zone
})

const zones = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"]

const millis = (text: string) => {
  const parsed = iso8601.parse(text)
  return "millis" in parsed ? parsed.millis : parsed.fault
}

const padded = (n: number, length = 2) => String(n).padStart(length, "0")

describe("iso8601.parse", () => {
  it.each([
    ["2024-01-15", Date.UTC(2024, 0, 15)],
    ["2024-01", Date.UTC(2024, 0)],
    ["2024", Date.UTC(2024, 0)],
    ["2024-02-29", Date.UTC(2024, 1, 29)],
    ["2000-02-29", Date.UTC(2000, 1, 29)],
    ["2024-01-15T10", Date.UTC(2024, 0, 15, 10)],
    ["2024-01-15T10:30", Date.UTC(2024, 0, 15, 10, 30)],
    ["2024-01-15T10:30:05", Date.UTC(2024, 0, 15, 10, 30, 5)],
    ["2024-01-15T10:30:05Z", Date.UTC(2024, 0, 15, 10, 30, 5)],
    ["2024-01-15T10:30:05.1Z", Date.UTC(2024, 0, 15, 10, 30, 5, 100)],
    ["2024-01-15T10:30:05.087772+01", Date.UTC(2024, 0, 15, 9, 30, 5, 87)],
    ["2024-07-18T04:10:33.389152169-04:00", Date.UTC(2024, 6, 18, 8, 10, 33, 389)],
    ["2024-01-15T10:30:05,25Z", Date.UTC(2024, 0, 15, 10, 30, 5, 250)],
    ["2024-01-15T10:30+05:30", Date.UTC(2024, 0, 15, 5)],
    ["2024-01-15T10:30+0530", Date.UTC(2024, 0, 15, 5)],
    ["2024-01-15T10:30-00:30", Date.UTC(2024, 0, 15, 11)],
    ["2024-01-15T24:00:00", Date.UTC(2024, 0, 16)],
    ["2024-12-31T24:00Z", Date.UTC(2025, 0)],
    ["0099-01-01", Date.parse("0099-01-01T00:00:00Z")]
  ])("accepts %s in every time zone of the process", (text, expected) => {
    for (const place of zones) {
      process.env["TZ"] = place
      expect(millis(text)).toBe(expected)
    }
  })

  const iso = "write ISO 8601, such as 2024-01-15 or 2024-01-15T13:30:00Z"

  it.each([
    ["2024-02-30", "February 2024 has 29 days, not 30"],
    ["2023-02-29", "February 2023 has 28 days, not 29"],
    ["1900-02-29", "February 1900 has 28 days, not 29"],
    ["2024-04-31", "April 2024 has 30 days, not 31"],
    ["2024-01-00", "January 2024 has 31 days, not 0"],
    ["2024-13-01", "months are 01 to 12, not 13"],
    ["2024-00-01", "months are 01 to 12, not 00"],
    ["2024-01-15T25:00", "hours are 00 to 23, not 25"],
    ["2024-01-15T24:00:01", "hours are 00 to 23, not 24"],
    ["2024-01-15T24:00:00.001", "hours are 00 to 23, not 24"],
    ["2024-01-15T10:60", "minutes are 00 to 59, not 60"],
    ["2016-12-31T23:59:60Z", "seconds are 00 to 59, not 60"],
    ["2024-01-15T10:30+24:00", "there is no offset +24:00"],
    ["2024-01-15T10:30+05:60", "there is no offset +05:60"],
    ["2024-1-15", `${iso}; did you mean "2024-01-15"`],
    ["2024/01/15", `${iso}; did you mean "2024-01-15"`],
    ["2024.1.5", `${iso}; did you mean "2024-01-05"`],
    ["20240115", `${iso}; did you mean "2024-01-15"`],
    ["2024/02/30", `${iso}; February 2024 has 29 days, not 30`],
    ["2024-01-15 10:30:00", `${iso}; did you mean "2024-01-15T10:30:00"`],
    ["2024-01-15 10:30:00 +02:00", `${iso}; did you mean "2024-01-15T10:30:00+02:00"`],
    ["2024-01-15t10:30:00z", `${iso}; did you mean "2024-01-15T10:30:00Z"`],
    ["2024-01-15T9:30", `${iso}; did you mean "2024-01-15T09:30"`],
    [" 2024-01-15\n", `${iso}; did you mean "2024-01-15"`],
    ["1704067200", `${iso}; milliseconds since the epoch are a number, not a text: 1704067200000`],
    ["1704067200000", `${iso}; milliseconds since the epoch are a number, not a text: 1704067200000`],
    ["1704067200000000", `${iso}; milliseconds since the epoch are a number, not a text: 1704067200000`],
    ["01-15-2024", iso],
    ["15/01/2024", iso],
    ["05/06/2024", iso],
    ["Jan 15, 2024", iso],
    ["15 January 2024", iso],
    ["Mon, 15 Jan 2024 00:00:00 GMT", iso],
    ["2024-W03-1", iso],
    ["2024-015", iso],
    ["2024-01-15Z", iso],
    ["2024-01-15T10:30:00 GMT", iso],
    ["2024-01-15T10:30:00[Asia/Tokyo]", iso],
    ["2024-01-15T10:30:00+09:00[Asia/Tokyo]", iso],
    ["+002024-01-15", iso],
    ["-2024-01-15", iso],
    ["24-01-15", iso],
    ["0", iso],
    ["now", iso],
    ["", iso],
    ["２０２４-01-15", iso]
  ])("%j is refused: %s", (text, fault) => {
    for (const place of zones) {
      process.env["TZ"] = place
      expect(millis(text)).toBe(fault)
    }
  })

  const part = (min: number, max: number) => FastCheck.integer({ min, max })
  const instant = FastCheck.record({
    year: part(1970, 2099),
    month: part(0, 13),
    day: part(0, 32),
    hours: part(0, 24),
    minutes: part(0, 60),
    seconds: part(0, 60),
    millis: part(0, 999),
    offset: part(-14 * 60, 14 * 60),
    place: FastCheck.constantFrom(...zones)
  })

  it("accepts exactly the instants that survive a round trip through Date.UTC", () =>
    FastCheck.assert(FastCheck.property(instant, (parts) => {
      const { day, hours, millis: ms, minutes, month, offset, place, seconds, year } = parts
      process.env["TZ"] = place
      const date = `${year}-${padded(month)}-${padded(day)}`
      const time = `${padded(hours)}:${padded(minutes)}:${padded(seconds)}.${padded(ms, 3)}`
      const east = Math.abs(offset)
      const zone = `${offset < 0 ? "-" : "+"}${padded(Math.floor(east / 60))}:${padded(east % 60)}`
      const utc = Date.UTC(year, month - 1, day, hours, minutes, seconds, ms)
      const found = new Date(utc)
      const isSame = found.getUTCFullYear() === year && found.getUTCMonth() === month - 1 &&
        found.getUTCDate() === day && found.getUTCHours() === hours && found.getUTCMinutes() === minutes &&
        found.getUTCSeconds() === seconds
      const isMidnight = hours === 24 && minutes === 0 && seconds === 0 && ms === 0 &&
        new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day && month >= 1 && month <= 12
      const expected = isSame || isMidnight ? utc : NaN
      const parsed = (text: string) => {
        const instant = iso8601.parse(text)
        return "millis" in instant ? instant.millis : NaN
      }
      expect(parsed(`${date}T${time}`)).toBe(expected)
      expect(parsed(`${date}T${time}Z`)).toBe(expected)
      expect(parsed(`${date}T${time}${zone}`)).toBe(expected - offset * 60_000)
      // With an offset, the engine reads the instants that exist in the same way.
      if (!Number.isNaN(expected)) expect(Date.parse(`${date}T${time}${zone}`)).toBe(expected - offset * 60_000)
    })))

  it("suggests only texts that it accepts", () =>
    FastCheck.assert(FastCheck.property(
      FastCheck.oneof(
        FastCheck.string(),
        FastCheck.stringMatching(
          /^ ?\d{4}[-/. ]?\d{1,2}[-/. ]?\d{1,2}([T ]\d{1,2}:\d\d(:\d\d(\.\d{1,9})?)?)?( ?[zZ]|[+-]\d\d:?\d\d)?$/
        )
      ),
      (text) => {
        const parsed = iso8601.parse(text)
        const [, meant] = "fault" in parsed ? /did you mean "(.*)"$/.exec(parsed.fault) ?? [] : []
        if (meant !== undefined) expect(iso8601.parse(meant)).toHaveProperty("millis")
        if ("millis" in parsed) expect(parsed.millis).toBeTypeOf("number")
      }
    )))
})
