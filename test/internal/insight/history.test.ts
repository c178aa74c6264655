import { describe, expect, it } from "@effect/vitest"
import { historyOf, lastHour, type Usual, usualMinute, usualRate } from "../../../src/internal/insight/history.js"
import { snapshotOf } from "./snapshots.js"

const day = 24 * 60
const hoursOf = (n: number, count: (i: number) => number) => Array.from({ length: n }, (_, i) => count(i))

/** The numbers with another one at a place that is counted from the last, which is 1. */
const fromLast = (numbers: ReadonlyArray<number>, place: number, value: number) =>
  numbers.with(numbers.length - place, value)

const historyAt = (options: {
  readonly age: number
  readonly at?: string
  readonly hours?: ReadonlyArray<number>
  readonly errors?: ReadonlyArray<number>
  readonly watched?: (watched: ReadonlyArray<number>) => ReadonlyArray<number>
}) => {
  const { age, at = "2024-06-01T12:30:00Z", errors = [], hours = [], watched = (watched) => watched } = options
  const snapshot = snapshotOf({ age, at, codes: [{ code: "A", hours, errors }] })
  return historyOf({ ...snapshot, watched: watched(snapshot.watched) }, snapshot.codes[0]!)
}

describe("historyOf", () => {
  it("the whole hours before the last sixty minutes, with the hour of the day", () => {
    // 07:30 to 12:30: 12 is under way, 11 reaches into the last sixty minutes, 7 is no whole hour.
    const { hours, now, usual } = historyAt({ age: 300, hours: [1, 2, 3, 4, 5, 6] })
    expect(hours).toEqual([8, 9, 10].map((hourOfDay, i) => ({ hourOfDay, count: i + 2 })))
    expect([now, usual]).toEqual([12 * 60 + 30, undefined])
  })

  it("an hour in which the tracker ran for 59 minutes is whole", () => {
    const hours = (seconds: number) =>
      historyAt({ age: 300, hours: [1, 2, 3, 4, 5, 6], watched: (watched) => watched.with(2, seconds) }).hours
        .map(({ hourOfDay }) => hourOfDay)
    expect([hours(3540), hours(3539)]).toEqual([[8, 9, 10], [8, 10]])
  })

  it("hours of the day before midnight", () => {
    const { hours } = historyAt({ age: 300, at: "2024-06-01T02:00:00Z", hours: [1, 2, 3, 4, 5, 6] })
    expect(hours).toEqual([21, 22, 23, 0].map((hourOfDay, i) => ({ hourOfDay, count: i + 1 })))
  })

  it("a code that was not counted in the first hours has none of them", () => {
    expect(historyAt({ age: 300, hours: [5, 6] }).hours.map(({ count }) => count)).toEqual([0, 0, 0])
  })

  it("the minutes of the last day, the last one up to now", () => {
    const { minutes, nth } = historyAt({ age: 3 * day, errors: [-1439.5, -90.5, -1.5, -0.5, -0.25] })
    expect(minutes).toHaveLength(day)
    expect(minutes.flatMap((count, i) => count > 0 ? [[i - day, count]] : [])).toEqual([
      [-1440, 1],
      [-91, 1],
      [-2, 1],
      [-1, 2]
    ])
    expect([1, 2, 3].map(nth)).toEqual([-0.25, -0.5, -1.5])
  })

  it.each([
    ["since the start", 200, (watched: ReadonlyArray<number>) => watched, 200],
    ["since the start, a moment ago", 0.5, (watched: ReadonlyArray<number>) => watched, 1],
    // At 12:30: the tracker ran for 1000 s of the hour from 10.
    ["back to the last gap", 600, (watched: ReadonlyArray<number>) => fromLast(watched, 3, 1000), 30 + 60 + 16],
    ["back to a gap in this hour", 600, (watched: ReadonlyArray<number>) => fromLast(watched, 1, 600), 10],
    [
      "a gap of a minute in this hour is none",
      600,
      (watched: ReadonlyArray<number>) => fromLast(watched, 1, 1740),
      599
    ],
    ["a gap of a minute in an hour is none", 600, (watched: ReadonlyArray<number>) => fromLast(watched, 2, 3540), 599]
  ])("the minutes %s", (_, age, watched, length) => {
    expect(historyAt({ age, watched }).minutes).toHaveLength(length)
  })

  it.each([
    [5, undefined],
    [6, false],
    [7 * 24 - 1, false],
    [7 * 24, true]
  ])("%d whole hours: by hour of the day %s", (whole, byHourOfDay) => {
    const { hours, usual } = historyAt({ age: (whole + 2) * 60 - 30, hours: hoursOf(whole + 2, () => 3) })
    expect([hours.length, usual?.byHourOfDay]).toEqual([whole, byHourOfDay])
  })

  it("by hour of the day, each one has its own mean, also of minutes before and after the day", () => {
    const at = (hour: number) => hour === 9 ? 400 : 10
    // The oldest of the hours starts at 11:00.
    const { usual } = historyAt({ age: 15 * day - 90, hours: hoursOf(15 * 24, (i) => at((i + 12 + 1) % 24)) })
    const means = Array.from({ length: 24 }, (_, hour) => usual!.at(hour * 60 + 59).mean)
    const busiest = means.indexOf(Math.max(...means))
    expect(means.filter((mean) => mean > 300)).toHaveLength(1)
    expect(means.filter((mean) => mean < 20)).toHaveLength(23)
    expect(usual!.at(busiest * 60 - day).mean).toBe(means[busiest])
    expect(usual!.at(busiest * 60 + day).mean).toBe(means[busiest])
  })
})

describe("what is usual", () => {
  const usual: Usual = {
    byHourOfDay: true,
    at: (minuteOfDay) => ({ mean: 60 * Math.floor(minuteOfDay / 60), size: minuteOfDay, samples: 1000 - minuteOfDay })
  }
  const history = (minutes: number, hours: number, known: Usual | undefined = usual) => ({
    ...historyAt({ age: 100 }),
    minutes: hoursOf(minutes, () => 2),
    hours: hoursOf(hours, () => 0).map((count) => ({ count, hourOfDay: 0 })),
    now: 630,
    usual: known
  })

  it("the last hour is a mean of two hours of the day, by the minutes of each", () => {
    expect(lastHour(usual, 630)).toEqual({ mean: 600 * 0.5 + 540 * 0.5, size: 630, samples: 370 })
    expect(lastHour(usual, 615).mean).toBe(600 * 0.25 + 540 * 0.75)
    expect(lastHour(usual, 600).mean).toBe(540)
  })

  it("a minute: of the minutes until there is a day of hours; of half an hour at least", () => {
    expect(usualMinute(history(29, 100))).toBeUndefined()
    expect(usualMinute({ ...history(29, 100), minutes: [] })).toBeUndefined()
    expect(usualMinute(history(30, 23))?.mean).toBeCloseTo(2 + 0.5 / 29, 10)
    expect(usualMinute(history(30, 24))?.mean).toBe(10)
    const unknown = { ...history(30, 24), usual: undefined }
    expect(usualMinute(unknown)?.mean).toBeCloseTo(2 + 0.5 / 29, 10)
  })

  it("the minute that is compared is not part of what is usual", () => {
    const { minutes, ...rest } = history(40, 0)
    expect(usualMinute({ ...rest, minutes: fromLast(minutes, 1, 1000) })).toEqual(usualMinute({ ...rest, minutes }))
  })

  it("the rate at a minute from now", () => {
    expect([0, -30, -31, 60].map(usualRate(history(100, 100)))).toEqual([10, 10, 9, 11])
    const unknown = { ...history(100, 0), usual: undefined }
    expect(usualRate(unknown)(5)).toBeCloseTo(2.005, 10)
    expect(usualRate({ ...unknown, minutes: [] })(5)).toBe(0)
  })
})
