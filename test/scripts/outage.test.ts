import { describe, expect, it } from "vitest"
import { type Answer, type Outage, outages, server } from "../bench/outage/server.js"

/** Always the same numbers, spread evenly over 0 to 1. */
const even = () => {
  let last = 0
  return () => (last = (last + 0.618_033_988_75) % 1)
}

/** What is answered to so many requests a second, between two instants. */
const answers = (outage: Outage, rate: number, from: number, to: number): ReadonlyArray<Answer> => {
  const answer = server(outage, even())
  const all = Array.from({ length: Math.ceil(to * rate) + rate }, (_, i) => i / rate - 1)
    .map((at) => ({ at, answer: answer(at) }))
  return all.filter(({ at }) => at >= from && at < to).map(({ answer }) => answer)
}

const share = (all: ReadonlyArray<Answer>, is: (answer: Answer) => boolean): number =>
  all.filter(is).length / all.length

const isWell = ({ after, status }: Answer): boolean => status === 200 && after < 2000

describe("the server of the benchmark of retries", () => {
  it("answers after 100 ms on average before and after each outage", () => {
    for (const outage of Object.values(outages)) {
      expect(share(answers(outage, 20, -1, 0), isWell)).toBe(1)
      // It takes a while until there is nothing left of what it is late with.
      const later = answers(outage, 20, outage.seconds + 20, outage.seconds + 40)
      expect(share(later, isWell)).toBe(1)
      expect(later.reduce((sum, { after }) => sum + after, 0) / later.length).toBeCloseTo(100, -1)
    }
  })

  it("fails one request in ten, never answers, or says how long it is until it does", () => {
    expect(share(answers(outages.errors, 20, 0, 60), ({ status }) => status !== 200)).toBeCloseTo(0.1, 1)
    expect(share(answers(outages.dead, 20, 0, 60), ({ status }) => status === "refused")).toBe(1)
    expect(answers(outages.limited, 1, 0, 30).map(({ retryAfter }) => retryAfter)).toEqual(
      Array.from({ length: 30 }, (_, i) => 30 - i)
    )
  })

  it("is twenty times as slow: more than a third of its answers come too late", () => {
    expect(share(answers(outages.slow, 20, 0, 60), isWell)).toBeCloseTo(1 - Math.exp(-1), 1)
  })

  it("beyond its capacity answers ever later, then refuses; continued load keeps it overloaded", () => {
    const { overload } = outages
    const first = answers(overload, 20, 0, 3).map(({ after }) => after)
    expect(first.at(-1)).toBeGreaterThan(first[0]! + 1000)
    expect(share(answers(overload, 20, 10, 60), ({ status }) => status === 503)).toBeGreaterThan(0.5)
    expect(share(answers(overload, 20, 10, 60), isWell)).toBe(0)
    expect(share(answers(overload, 80, 80, 100), isWell)).toBe(0)
  })
})
