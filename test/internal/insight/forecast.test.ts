import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { crossings, type Limit, type Past } from "../../../src/internal/insight/forecast.js"
import { atOnce } from "../../../src/internal/pauses.js"

const day = 1440

/** Errors at these instants, in minutes, of a tracker of that age; now is 0. */
const pastOf = (errors: ReadonlyArray<number>, age = day) => {
  const minutes = Array.from({ length: age }, () => 0)
  for (const at of errors) minutes[age + Math.floor(at)]! += 1
  const newest = errors.toSorted((a, b) => b - a)
  return { minutes, nth: (n: number) => newest[n - 1] ?? -Infinity }
}

/** One error every so many minutes, for so long. */
const every = (gap: number, from = -day) =>
  Array.from({ length: Math.floor(-from / gap) }, (_, i) => from + (i + 0.5) * gap)

const crossing = (past: Past, { usual, ...limit }: Limit & { readonly usual: (minute: number) => number }) =>
  atOnce(crossings(past, { usual, limits: [limit] }))[0]

const ahead = (errors: ReadonlyArray<number>, limit: number, window: number, usual = errors.length / day) =>
  crossing(pastOf(errors), { limit, window, usual: () => usual })

describe("forecast", () => {
  it("what fills up steadily is exceeded when it is full", () => {
    // Ten an hour since six hours: 60 of 100 within the day, four hours to go.
    const answer = crossing(pastOf(every(6, -360), 360), { limit: 100, window: day, usual: () => 10 / 60 })
    expect(answer?.count).toBe(60)
    expect(answer?.likely).toBeGreaterThan(200)
    expect(answer?.likely).toBeLessThan(300)
    expect(answer?.earliest).toBeGreaterThan(90)
    expect(answer?.latest).toBeLessThan(600)
    expect(answer?.probability).toBeGreaterThan(0.95)
  })

  it("a rise is expected to go on, for a while", () => {
    // From 12 an hour to 60 an hour.
    const rising = [...every(5, -180).filter((at) => at < -60), ...every(1, -60)]
    const steady = every(5, -180)
    const rose = ahead(rising, 100, 60, 12 / 60)
    expect(rose?.likely).toBeLessThan(120)
    expect(ahead(steady, 100, 60, 12 / 60)).toBe(undefined)
  })

  it.each([
    { what: "nothing ever happened", errors: [], limit: 10, window: 60 },
    { what: "one error happened", errors: [-3], limit: 10, window: 60 },
    { what: "little happens", errors: every(60), limit: 50, window: 60 },
    { what: "the limit is exceeded", errors: every(1), limit: 59, window: 60 },
    { what: "a burst is long over", errors: every(0.01, -700).slice(0, 100), limit: 200, window: 60 }
  ])("none, where $what", ({ errors, limit, window }) => {
    expect(ahead(errors, limit, window)).toBe(undefined)
  })

  it("a limit of 0 is exceeded by the next error, one that is full by the next that nothing leaves for", () => {
    expect(ahead(every(10), 0, 1)?.likely).toBeLessThan(20)
    expect(ahead(every(10), 6, 60)?.likely).toBeLessThan(60)
  })

  it("what is usual at a time of the day to come is expected then", () => {
    const usual = (minute: number) => minute > 300 && minute < 420 ? 5 : 0.1
    const answer = crossing(pastOf(every(10)), { usual, limit: 100, window: 60 })
    expect(answer?.earliest).toBeGreaterThan(290)
    expect(answer?.likely).toBeLessThan(420)
  })

  it("windows shorter than a minute, too", () => {
    expect(ahead(every(0.5), 5, 5 / 60)).toBe(undefined)
    expect(ahead(every(0.05, -30), 5, 5 / 60)?.likely).toBeLessThan(60)
    expect(ahead(every(1), 20, 5 / 60)).toBe(undefined)
  })

  it("says the same whenever it is asked", () => {
    expect(ahead(every(7), 10, 60)).toEqual(ahead(every(7), 10, 60))
  })

  // Bursts of up to a minute.
  const histories = FastCheck.array(
    FastCheck.record({ at: FastCheck.integer({ min: 1, max: day }), errors: FastCheck.integer({ min: 1, max: 60 }) }),
    { maxLength: 20 }
  ).map((bursts) => bursts.flatMap(({ at, errors }) => Array.from({ length: errors }, (_, i) => -at + i / 60)))
  const windows = FastCheck.constantFrom(0.1, 1, 60, day)

  it("is in order and within a day", () => {
    FastCheck.assert(
      FastCheck.property(histories, windows, FastCheck.nat(300), (errors, window, limit) => {
        const answer = ahead(errors, limit, window)
        if (answer === undefined) return
        const { count, earliest, latest = day, likely, probability } = answer
        expect(count).toBe(errors.filter((at) => at >= -window).length)
        expect(0 <= earliest && earliest <= likely && likely <= latest && latest <= day).toBe(true)
        expect(probability >= 0.5 && probability <= 1).toBe(true)
        expect(answer.latest === undefined).toBe(probability <= 0.9)
      }),
      { numRuns: 40 }
    )
  })

  it("a higher limit on the same window is never reached sooner, whatever other limits there are", () => {
    const gap = FastCheck.oneof(FastCheck.integer({ min: 1, max: 3 }), FastCheck.nat(3000))
    FastCheck.assert(
      FastCheck.property(
        histories,
        windows,
        FastCheck.nat(300),
        FastCheck.array(gap, { minLength: 1, maxLength: 3 }),
        FastCheck.double({ min: 0.001, max: 10, noNaN: true }),
        (errors, window, least, gaps, usual) => {
          let next = least
          const limits = [{ limit: least, window }, ...gaps.map((gap) => ({ limit: next += gap, window }))]
          const past = pastOf(errors)
          const alone = limits.map((limit) => crossing(past, { ...limit, usual: () => usual }))
          expect(atOnce(crossings(past, { limits, usual: () => usual }))).toEqual(alone)
          const isExceeded = (limit: number) => past.nth(limit + 1) >= -window
          for (const [i, lower] of alone.entries()) {
            const higher = alone[i + 1]
            if (higher === undefined || isExceeded(limits[i]!.limit)) continue
            expect(lower).toBeDefined()
            if (lower === undefined) continue
            expect(higher.likely).toBeGreaterThanOrEqual(lower.likely)
            expect(higher.earliest).toBeGreaterThanOrEqual(lower.earliest)
            expect(higher.latest ?? Infinity).toBeGreaterThanOrEqual(lower.latest ?? Infinity)
            expect(higher.probability).toBeLessThanOrEqual(lower.probability)
          }
        }
      ),
      { numRuns: 30 }
    )
  })

  it("a longer window with the same limit is never exceeded later", () => {
    FastCheck.assert(
      FastCheck.property(histories, FastCheck.nat(200), (errors, limit) => {
        const past = pastOf(errors)
        const [short, long] = atOnce(crossings(past, {
          usual: () => 1,
          limits: [{ limit, window: 20 }, { limit, window: 40 }]
        }))
        if (short !== undefined && past.nth(limit + 1) < -40) expect(long!.likely).toBeLessThanOrEqual(short.likely)
      }),
      { numRuns: 20 }
    )
  })
})
