import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { type FailureLimit, FailureWindow } from "../../../src/internal/retry/failureWindow.js"

const limit = (own: Partial<FailureLimit> = {}): FailureLimit => ({
  failureRate: 0.8,
  minimumAttempts: 10,
  minimumDuration: 3000,
  ...own
})

/** Fails at these times. */
const failing = (window: FailureWindow, ...times: ReadonlyArray<number>) => {
  for (const time of times) window.failed(false, time)
}

const steps = (from: number, to: number, step: number) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)

describe("FailureWindow", () => {
  it("needs the duration, and every millisecond of it", () => {
    const window = new FailureWindow(30_000)
    failing(window, ...steps(0, 2999, 1))
    expect(window.exceeds(limit(), 2999)).toBe(false)
    failing(window, 3000)
    expect(window.exceeds(limit(), 3000)).toBe(true)
  })

  it("needs the attempts", () => {
    const window = new FailureWindow(30_000)
    failing(window, ...steps(0, 8000, 1000))
    expect(window.exceeds(limit(), 8000)).toBe(false)
    failing(window, 9000)
    expect(window.exceeds(limit(), 9000)).toBe(true)
  })

  it("needs the rate: exactly at it is enough", () => {
    const window = new FailureWindow(30_000)
    failing(window, ...steps(0, 7000, 1000))
    window.succeeded(false)
    window.succeeded(false)
    expect(window.exceeds(limit(), 7000)).toBe(true)
    window.succeeded(false)
    expect(window.exceeds(limit(), 7000)).toBe(false)
  })

  it("successes before the outage do not delay it", () => {
    const window = new FailureWindow(30_000)
    for (let i = 0; i < 10_000; i++) window.succeeded(false)
    failing(window, ...steps(0, 3000, 300))
    expect(window.exceeds(limit(), 3000)).toBe(true)
  })

  it("nor do failures that were rare before it delay it for longer than a bucket", () => {
    const window = new FailureWindow(30_000)
    for (let now = 0; now < 30_000; now += 100) {
      if (now % 1000 === 0) window.failed(false, now)
      else window.succeeded(false)
    }
    failing(window, ...steps(30_000, 36_000, 100))
    expect(window.exceeds(limit(), 36_000)).toBe(true)
  })

  it("failures that are older than the window do not count", () => {
    const window = new FailureWindow(30_000)
    failing(window, ...steps(0, 800, 100))
    failing(window, 30_800)
    expect(window.exceeds(limit(), 30_800)).toBe(false)
    failing(window, ...steps(30_801, 30_809, 1))
    expect(window.exceeds(limit(), 30_809)).toBe(false)
    expect(window.exceeds(limit({ minimumDuration: 0 }), 30_809)).toBe(true)
  })

  it("one failing endpoint of two does not open the circuit for both, with any number of retries", () => {
    const window = new FailureWindow(30_000)
    for (let now = 0; now < 30_000; now += 100) {
      window.failed(false, now)
      for (let i = 0; i < 20; i++) window.failed(true, now)
      window.succeeded(false)
      expect(window.exceeds(limit(), now)).toBe(false)
    }
  })

  it("calls that recover by a retry do not open the circuit", () => {
    const window = new FailureWindow(30_000)
    for (let now = 0; now < 30_000; now += 100) {
      window.failed(false, now)
      window.succeeded(true)
      expect(window.exceeds(limit(), now + 50)).toBe(false)
    }
  })

  it("a few retries that succeed, of calls that fail in the end, change little", () => {
    const window = new FailureWindow(30_000)
    for (const now of steps(0, 9000, 1000)) {
      window.failed(false, now)
      for (let i = 0; i < 9; i++) window.failed(true, now)
    }
    for (let i = 0; i < 5; i++) window.succeeded(true)
    expect(window.exceeds(limit(), 9000)).toBe(true)
  })

  it("a failure leaves the window when it is as old as the window is long", () => {
    const failures = (now: number) => {
      const window = new FailureWindow(30_000)
      failing(window, 0, now)
      return window.exceeds(limit({ minimumAttempts: 2 }), now)
    }
    expect([29_999, 30_000].map(failures)).toEqual([true, false])
  })

  it("a failure a tenth of the window after the start of a bucket starts the next one", () => {
    const isAlone = (now: number) => {
      const window = new FailureWindow(30_000)
      window.failed(false, 0)
      window.succeeded(false)
      window.failed(false, now)
      return window.exceeds(limit({ failureRate: 1, minimumAttempts: 1, minimumDuration: 0 }), now)
    }
    expect([2999, 3000].map(isAlone)).toEqual([false, true])
  })

  it("retries alone say nothing of the calls", () => {
    const window = new FailureWindow(30_000)
    for (const now of steps(0, 9000, 100)) window.failed(true, now)
    expect(window.exceeds(limit(), 9000)).toBe(false)
  })

  it("keeps ten buckets", () => {
    const window = new FailureWindow(1000)
    for (let now = 0; now < 100_000; now += 7) window.failed(now % 3 === 0, now)
    expect(Reflect.get(window, "kept")).toHaveLength(10)
  })

  it("agrees with a list of all attempts", () => {
    const attempt = FastCheck.record({
      isFailure: FastCheck.boolean(),
      isRetry: FastCheck.boolean(),
      // The bounds of buckets and of the window are hit as well as missed.
      wait: FastCheck.oneof(FastCheck.nat(40), FastCheck.nat(1500), FastCheck.constantFrom(0, 50, 100, 500, 900, 1000))
    })
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(attempt, { maxLength: 80 }),
        FastCheck.record({
          failureRate: FastCheck.constantFrom(0.2, 0.5, 0.8, 1),
          minimumAttempts: FastCheck.integer({ min: 1, max: 12 }),
          minimumDuration: FastCheck.constantFrom(0, 1, 300, 900)
        }),
        (attempts, limit) => {
          const window = new FailureWindow(1000)
          const all: Array<{ at: number; isFailure: boolean; isRetry: boolean }> = []
          let now = 0
          for (const { isFailure, isRetry, wait } of attempts) {
            now += wait
            all.push({ at: now, isFailure, isRetry })
            if (!isFailure) window.succeeded(isRetry)
            else {
              window.failed(isRetry, now)
              expect(window.exceeds(limit, now)).toBe(isTrouble(all, limit, now))
            }
          }
          for (const later of [0, 50, 100, 500, 900, 999, 1000]) {
            expect(window.recent(now + later)).toEqual(recent(all, now + later))
          }
        }
      ),
      { seed: 7, numRuns: 300 }
    )
  })
})

type Attempts = ReadonlyArray<{ readonly at: number; readonly isFailure: boolean; readonly isRetry: boolean }>

/** The indices of the failures that start a bucket: a tenth of the window at least after the one before. */
const starts = (all: Attempts): ReadonlyArray<number> => {
  let start = -Infinity
  return all.flatMap(({ at, isFailure }, i) => {
    if (!isFailure || at - start < 100) return []
    start = at
    return [i]
  })
}

/** All attempts from the oldest bucket on that is in the window. */
const recent = (all: Attempts, now: number) => {
  const oldest = starts(all).find((i) => now - all[i]!.at < 1000)
  const inside = oldest === undefined ? [] : all.slice(oldest)
  return { attempts: inside.length, failures: inside.filter(({ isFailure }) => isFailure).length }
}

/** The same by brute force: every tenth of the window that starts with a failure, and all that came after it. */
const isTrouble = (
  all: Attempts,
  { failureRate, minimumAttempts, minimumDuration }: FailureLimit,
  now: number
): boolean =>
  starts(all).some((i) => {
    const since = all.slice(i)
    const age = now - since[0]!.at
    const share = (some: typeof since) => some.filter(({ isFailure }) => isFailure).length / some.length
    const firsts = since.filter(({ isRetry }) => !isRetry)
    return age < 1000 && age >= minimumDuration && since.length >= minimumAttempts &&
      share(since) >= failureRate && firsts.length > 0 && share(firsts) >= failureRate
  })
