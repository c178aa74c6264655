import { describe, expect, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Either, Option, TestClock } from "effect"
import type { Snapshot } from "effect-errata"
import { ErrorTracker, FetchError, Insight, Threshold } from "effect-errata"
import * as FastCheck from "effect/FastCheck"
import { lifeOf, poisson, seeded } from "./internal/insight/lives.js"
import type { CodeHistory } from "./internal/insight/snapshots.js"
import { limitOf, snapshotOf } from "./internal/insight/snapshots.js"

const day = 1440

/** As many errors in every hour of so many days, as the hour of the day has. */
const hoursOf = (days: number, count: (hourOfDay: number, i: number) => number) =>
  Array.from({ length: days * 24 + 1 }, (_, i) => i === days * 24 ? 0 : count((i + 12) % 24, i))

/** So many errors in the last minutes, evenly. */
const lately = (count: number, minutes: number) =>
  Array.from({ length: count }, (_, i) => -minutes + (i + 0.5) * minutes / count)

const only = (code: CodeHistory, age: number, rest: Parameters<typeof snapshotOf>[0] | object = {}) =>
  snapshotOf({ age, codes: [code], ...rest })

const around = (rate: number, seed = 1) => {
  const random = seeded(seed)
  return () => poisson(random, rate)
}

/** Every number and text in some data. */
const leaves = (data: unknown): ReadonlyArray<unknown> =>
  typeof data === "object" && data !== null ? Object.values(data).flatMap(leaves) : [data]

describe("Insight.baseline", () => {
  it("states the normal range and the length of the history", () => {
    const [four] = Insight.baseline(only({ code: "API_AUTH", hours: hoursOf(4, around(6)) }, 4 * day))
    expect(four).toMatchObject({ code: "API_AUTH", hours: 95, byHourOfDay: false })
    expect(four?.message).toBe("API_AUTH: normally 1 to 12 an hour (from 95 hours of history)")
    expect(Option.getOrThrow(four!.perHour).mean).toBeCloseTo(6, 0)
    expect(Option.getOrThrow(four!.perMinute).mean).toBeCloseTo(0.1, 1)
  })

  it("distinguishes the hours of the day after a week", () => {
    const busyAt = (busy: number, days: number) =>
      Insight.baseline(
        only({ code: "API_AUTH", hours: hoursOf(days, (hour) => hour === busy ? 90 : 5) }, days * day, {
          at: "2024-06-01T12:00:00Z"
        })
      )[0]
    // At noon, the last 60 minutes are those from 11 to 12.
    expect(busyAt(11, 10)).toMatchObject({ byHourOfDay: true })
    expect(busyAt(11, 10)?.message).toContain(" an hour at this time of the day (from 239 hours of history)")
    expect(Option.getOrThrow(busyAt(11, 10)!.perHour).low).toBeGreaterThan(30)
    expect(Option.getOrThrow(busyAt(10, 10)!.perHour).high).toBeLessThan(20)
    expect(busyAt(11, 5)).toMatchObject({ byHourOfDay: false })
    expect(Option.getOrThrow(busyAt(11, 5)!.perHour).low).toBeLessThan(5)
  })

  it.each([
    { age: 0, perMinute: false, perHour: false },
    { age: 29, perMinute: false, perHour: false },
    { age: 31, perMinute: true, perHour: false },
    { age: 6 * 60, perMinute: true, perHour: false },
    { age: 9 * 60, perMinute: true, perHour: true }
  ])("after $age minutes: per minute $perMinute, per hour $perHour", ({ age, perHour, perMinute }) => {
    const [answer] = Insight.baseline(only({ code: "A" }, age))
    expect(Option.isSome(answer!.perMinute)).toBe(perMinute)
    expect(Option.isSome(answer!.perHour)).toBe(perHour)
    expect(answer?.byHourOfDay).toBe(false)
    if (!perHour) expect(answer?.message).toMatch(/^A: not enough data: [0-5] of 6 whole hours of history$/)
  })

  it("hours without a running tracker are not hours without errors", () => {
    const snapshot = only({ code: "A", hours: hoursOf(8, () => 20) }, 8 * day)
    const watched = snapshot.watched.map((seconds, i) => i < 100 ? seconds : i < 180 ? 0 : 3600)
    const codes = snapshot.codes.map((code) => ({
      ...code,
      hours: code.hours.map((n, i) => i >= 100 && i < 180 ? 0 : n)
    }))
    const [answer] = Insight.baseline({ ...snapshot, watched, codes })
    expect(Option.getOrThrow(answer!.perHour).mean).toBeCloseTo(20, 0)
  })

  it("minutes without a running tracker are not minutes without errors", () => {
    // At half past twelve, after a break from ten until ten minutes past twelve, or until half past eleven.
    const after = (...watched: ReadonlyArray<number>) =>
      Insight.baseline({
        ...only({ code: "A", errors: lately(40, 20) }, 300, { at: "2024-06-01T12:30:00Z" }),
        watched
      })[0]
    expect(Option.isNone(after(1800, 3600, 3600, 0, 0, 1200)!.perMinute)).toBe(true)
    expect(Option.isSome(after(1800, 3600, 3600, 0, 1800, 1800)!.perMinute)).toBe(true)
    expect(Option.getOrThrow(after(1800, 3600, 3600, 0, 1800, 1800)!.perMinute).mean).toBeCloseTo(39 / 59, 1)
  })

  it("a code that comes up for the first time was silent before", () => {
    const [answer] = Insight.baseline(only({ code: "NEW", errors: [-1] }, 10 * day))
    expect(answer).toMatchObject({ hours: 239 })
    expect(Option.getOrThrow(answer!.perHour)).toMatchObject({ low: 0, high: 0 })
  })
})

describe("Insight.anomalies", () => {
  it("states the count, the normal range and the probability", () => {
    const [anomaly, ...others] = Insight.anomalies(
      only({ code: "API_RATE_LIMIT", hours: hoursOf(9, around(6)), errors: lately(42, 59) }, 9 * day)
    )
    expect(others).toEqual([])
    expect(anomaly).toMatchObject({ code: "API_RATE_LIMIT", window: "hour", count: 42 })
    expect(anomaly?.message).toMatch(
      /^API_RATE_LIMIT: 42 in the last hour, normally [12] to 1[0-3] at this time of the day: extraordinary \(p = \de-(0?[6-9]|1\d)\)$/
    )
    expect(anomaly?.p).toBeLessThan(1e-5)
  })

  it.each([
    [14, "hour", true],
    [14, "minute", false],
    [5, "hour", false],
    [5, "minute", false]
  ])("after %d days, the range of the last %s is one of this time of the day: %s", (days, window, ofTheDay) => {
    const anomalies = Insight.anomalies(
      only({ code: "A", hours: hoursOf(days, () => 0), errors: lately(100, 0.9) }, days * day)
    )
    const message = anomalies.find((anomaly) => anomaly.window === window)?.message
    expect(message).toContain("extraordinary")
    expect(message?.includes(" at this time of the day")).toBe(ofTheDay)
  })

  const silent = hoursOf(14, () => 0)
  const daily = hoursOf(14, (hour) => hour === 11 ? 60 : 2)
  it.each([
    { what: "nothing", history: silent, errors: [], found: [] },
    { what: "one error in a silent code", history: silent, errors: [-0.5], found: [] },
    { what: "two errors in a silent code", history: silent, errors: [-0.5, -0.4], found: [] },
    {
      what: "a hundred in a minute, in a silent code",
      history: silent,
      errors: lately(100, 0.9),
      found: ["minute", "hour"]
    },
    { what: "as many as always", history: hoursOf(14, () => 60), errors: lately(60, 60), found: [] },
    { what: "half more than always", history: hoursOf(14, () => 60), errors: lately(90, 60), found: [] },
    { what: "five times more than always", history: hoursOf(14, () => 60), errors: lately(300, 60), found: ["hour"] },
    { what: "as many as always at this hour", history: daily, errors: lately(60, 60), found: [] },
    { what: "too few", history: hoursOf(14, () => 500), errors: [], found: [] },
    { what: "much, in a tracker that is an hour old", history: [0, 90], errors: lately(90, 60), age: 60, found: [] }
  ])("$what: $found", ({ age = 14 * day, errors, found, history }) => {
    const anomalies = Insight.anomalies(only({ code: "A", hours: history, errors }, age))
    expect(new Set(anomalies.map(({ window }) => window))).toEqual(new Set(found))
  })

  it("a spike yesterday makes one today no less extraordinary", () => {
    const spiked = (spikes: ReadonlyArray<number>) =>
      Insight.anomalies(
        only({ code: "A", hours: hoursOf(2, (_, i) => spikes.includes(i) ? 400 : 3), errors: lately(400, 60) }, 2 * day)
      ).find(({ window }) => window === "hour")
    expect(spiked([])?.p).toBeLessThan(1e-9)
    expect(spiked([20, 21, 22])?.p).toBeLessThan(1e-9)
  })

  it("the least probable first, of all codes", () => {
    const codes = [["A", 40], ["B", 400], ["C", 2]] as const
    const anomalies = Insight.anomalies(snapshotOf({
      age: 5 * day,
      codes: codes.map(([code, count]) => ({ code, hours: hoursOf(5, () => 2), errors: lately(count, 60) }))
    }))
    expect(anomalies.filter(({ window }) => window === "hour").map(({ code }) => code)).toEqual(["B", "A"])
    expect(anomalies.map(({ p }) => p)).toEqual(anomalies.map(({ p }) => p).toSorted((a, b) => a - b))
  })

  it("histories in which nothing is the matter have no anomalies", () => {
    let found = 0
    for (let seed = 1; seed <= 200; seed++) {
      const { age, errors, hours, minuteOfDay } = lifeOf(seed % 2 === 0 ? "constant" : "daily", seed)
      found +=
        Insight.anomalies(only({ code: "A", hours, errors }, age, { at: Date.UTC(2024, 5, 1) + minuteOfDay * 60_000 }))
          .length
    }
    expect(found).toBe(0)
  })

  it("histories that began to go wrong some minutes ago have one", () => {
    let [found, wrong] = [0, 0]
    for (let seed = 1; seed <= 100; seed++) {
      const { age, errors, hours, minuteOfDay } = lifeOf("sudden", seed)
      if (age < day || errors.filter((at) => at > -60).length < 15) continue
      wrong++
      if (
        Insight.anomalies(only({ code: "A", hours, errors }, age, { at: Date.UTC(2024, 5, 1) + minuteOfDay * 60_000 }))
          .length > 0
      ) found++
    }
    expect(wrong).toBeGreaterThan(20)
    expect(found / wrong).toBeGreaterThan(0.95)
  })
})

describe("Insight.suggestThresholds", () => {
  const busy = hoursOf(28, (hour) => poisson(seeded(hour * 7 + 1), hour === 11 ? 40 : 8))
  const limits = [limitOf("A", "minute", 1, 5), limitOf("A", "hour", 60, 20), limitOf("A", "day", day, 50)]

  it("are what a tracker takes, and say why", () => {
    const { reasons, thresholds } = Insight.suggestThresholds(only({ code: "A", hours: busy }, 28 * day, { limits }))
    const { perDay = 0, perHour = 0, perMinute = 0 } = thresholds["A"]!
    expect(Either.isRight(Threshold.resolve(thresholds))).toBe(true)
    expect(perMinute).toBeGreaterThanOrEqual(3)
    expect(perHour).toBeGreaterThan(50)
    expect(perHour).toBeLessThan(120)
    expect(perDay).toBeGreaterThan(24 * 10)
    expect(perDay).toBeLessThan(24 * 30)
    expect(reasons[0]?.message).toMatch(
      /^A: \d+ a minute \(now 5\), \d+ an hour \(now 20\), \d+ a day \(now 50\): the busiest hour of the day normally has \d+ to \d+; each limit is exceeded about once a month$/
    )
  })

  it.each([
    { days: 0.5, limits: [], said: /not enough data: 1[01] of 24 whole hours of history/ },
    { days: 2, limits: ["perHour", "perMinute"], said: /not enough data for a day: 1 of 7 days of history/ },
    { days: 9, limits: ["perDay", "perHour", "perMinute"], said: /exceeded about once a month$/ }
  ])("after $days days: $limits", ({ days, limits, said }) => {
    const { reasons, thresholds } = Insight.suggestThresholds(
      only({ code: "A", hours: hoursOf(days, around(3)) }, days * day)
    )
    expect(Object.keys(thresholds["A"] ?? {}).sort()).toEqual(limits)
    expect(reasons[0]?.message).toMatch(said)
  })

  it("a silent code has low limits, never below 3", () => {
    const { thresholds } = Insight.suggestThresholds(only({ code: "A", hours: hoursOf(28, () => 0) }, 28 * day))
    expect(thresholds).toEqual({ A: { perMinute: 3, perHour: 3, perDay: 3 } })
  })

  it("windows of one's own and recovery stay", () => {
    const own = [{ ...limitOf("A", "burst", 5 / 60, 7), recovered: 3 }, {
      ...limitOf("A", "day", day, 1000),
      recovered: 500
    }]
    const { thresholds } = Insight.suggestThresholds(
      only({ code: "A", hours: hoursOf(9, around(3)) }, 9 * day, { limits: own })
    )
    expect(thresholds["A"]).toMatchObject({
      recoverAt: 0.5,
      custom: [{ name: "burst", limit: 7, window: Duration.seconds(5) }]
    })
    const resolved = Either.getOrThrow(Threshold.resolve(thresholds)).get("A")
    expect(resolved?.find(({ name }) => name === "burst")).toMatchObject({ limit: 7, recovered: 3 })
  })

  it("a history like the one before exceeds them hardly ever", () => {
    for (const rate of [0.1, 2, 30, 400]) {
      const hours = hoursOf(28, around(rate, 3))
      const { perDay = 0, perHour = 0, perMinute = 0 } = Insight.suggestThresholds(only({ code: "A", hours }, 28 * day))
        .thresholds["A"]!
      const next = around(rate, 4)
      const month = Array.from({ length: 30 * 24 }, next)
      expect(month.filter((count) => count > perHour).length).toBeLessThanOrEqual(3)
      const days = Array.from({ length: 30 }, (_, i) => month.slice(i * 24, i * 24 + 24).reduce((sum, n) => sum + n, 0))
      expect(days.filter((count) => count > perDay).length).toBeLessThanOrEqual(2)
      expect(perHour).toBeLessThan(Math.max(6, 7 * rate))
      expect(perMinute <= perHour && perHour <= perDay).toBe(true)
    }
  })
})

describe("Insight.suggestTimeout", () => {
  const latency = (counts: ReadonlyArray<readonly [number, number]>) => [
    { source: "rest", maxMillis: 0, counts: counts.map(([millis, count]) => ({ millis, count })) }
  ]
  const none = { total: 0, minute: [], hour: [], day: [] }
  const timedOut = (total: number) => [{
    name: "source",
    rest: [],
    values: [{
      value: "rest",
      errors: [{ code: "NETWORK_TIMEOUT", series: { ...none, total } }],
      rest: none,
      expected: none,
      successes: none,
      attempted: true
    }]
  }]

  it.each([
    {
      what: "too few",
      counts: [[100, 299]],
      timeouts: 0,
      timeout: undefined,
      said: "not enough data: 299 of 300 successful fetches"
    },
    {
      what: "none",
      counts: [],
      timeouts: 0,
      timeout: undefined,
      said: "not enough data: 0 of 300 successful fetches"
    },
    {
      what: "some hundred",
      counts: [[100, 500], [400, 4]],
      timeouts: 0,
      timeout: 300,
      said: "300 ms: of 504 fetches, half took up to 100 ms and 99 % up to 100 ms"
    },
    {
      what: "some hundred, with a tail",
      counts: [[100, 500], [400, 20]],
      timeouts: 0,
      timeout: 800,
      said: "800 ms: of 520 fetches, half took up to 100 ms and 99 % up to 400 ms"
    },
    {
      what: "thousands",
      counts: [[100, 9900], [900, 90], [2000, 10]],
      timeouts: 0,
      timeout: 1400,
      said: "1.4 s: of 10,000 fetches, half took up to 100 ms and 99.9 % up to 900 ms"
    },
    {
      what: "thousands, some timed out",
      counts: [[100, 9900], [900, 90], [2000, 10]],
      timeouts: 20,
      timeout: 3000,
      said: "3 s: of 10,000 fetches, half took up to 100 ms and 99.9 % up to 2 s; 20 timed out"
    },
    {
      what: "very fast",
      counts: [[0.05, 5000]],
      timeouts: 0,
      timeout: 1,
      said: "1 ms: of 5,000 fetches, half took up to 0.1 ms and 99.9 % up to 0.1 ms"
    },
    {
      what: "many timed out",
      counts: [[100, 900]],
      timeouts: 100,
      timeout: undefined,
      said:
        "not enough data: 10 % of the fetches time out, so the latencies of the slowest are unknown; try a longer timeout first"
    }
  ])("$what: $said", ({ counts, said, timeout, timeouts }) => {
    const pairs = counts.map(([millis = 0, count = 0]) => [millis, count] as const)
    const [suggestion] = Insight.suggestTimeout(
      snapshotOf({ age: day, latency: latency(pairs), dimensions: timedOut(timeouts) })
    )
    expect(suggestion?.message).toBe(`rest: ${said}`)
    expect(Option.getOrUndefined(Option.map(suggestion!.timeout, Duration.toMillis))).toBe(timeout)
    expect(suggestion?.samples).toBe(counts.reduce((sum, [, count = 0]) => sum + count, 0))
  })

  it("is never shorter than what most fetches took", () => {
    const counts = FastCheck.array(
      FastCheck.tuple(FastCheck.double({ min: 0.01, max: 1e6, noNaN: true }), FastCheck.nat(2000)),
      { maxLength: 20 }
    )
    FastCheck.assert(FastCheck.property(counts, FastCheck.nat(30), (counts, timeouts) => {
      const sorted = counts.toSorted(([a], [b]) => a - b)
      const [suggestion] = Insight.suggestTimeout(
        snapshotOf({ age: day, latency: latency(sorted), dimensions: timedOut(timeouts) })
      )
      if (Option.isNone(suggestion!.timeout)) return
      const millis = Duration.toMillis(suggestion!.timeout.value)
      const slower = sorted.filter(([ms]) => ms > millis).reduce((sum, [, count]) => sum + count, 0)
      expect(slower / suggestion!.samples).toBeLessThanOrEqual(0.01)
    }))
  })
})

describe("Insight", () => {
  it.effect("is asked in a few lines", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const random = seeded(5)
      for (let hour = 0; hour < 30; hour++) {
        for (let i = poisson(random, 4); i > 0; i--) {
          yield* TestClock.adjust("3 minutes")
          yield* tracker.track(new FetchError.NetworkDns())
        }
        yield* TestClock.setTime((hour + 1) * 3_600_000)
      }
      for (let i = 0; i < 60; i++) {
        yield* tracker.track(new FetchError.NetworkDns())
        yield* TestClock.adjust("10 seconds")
      }
      const snapshot = yield* tracker.snapshot
      const [anomaly] = Insight.anomalies(snapshot)
      expect(anomaly).toMatchObject({ code: "NETWORK_DNS", window: "hour" })
      expect(anomaly?.count).toBeGreaterThanOrEqual(60)
      const [forecast] = Insight.forecast(snapshot)
      expect(forecast).toMatchObject({ code: "NETWORK_DNS", window: "hour", limit: 120 })
      expect(forecast?.count).toBe(anomaly?.count)
      expect(DateTime.distance(snapshot.at, forecast!.likely)).toBeLessThan(3_600_000)
      expect(forecast?.message).toMatch(/^NETWORK_DNS: \d+ of 120 \(hour\), exceeded in about \d+ minutes: /)
    }).pipe(
      Effect.provide(ErrorTracker.layer({ thresholds: { NETWORK_DNS: { perHour: 120 } }, sweepEvery: "1 hour" }))
    ))

  it("answers for an empty snapshot", () => {
    const nothing = snapshotOf({ age: 0 })
    expect(Insight.baseline(nothing)).toEqual([])
    expect(Insight.anomalies(nothing)).toEqual([])
    expect(Insight.forecast(nothing)).toEqual([])
    expect(Insight.suggestThresholds(nothing)).toEqual({ thresholds: {}, reasons: [] })
    expect(Insight.suggestTimeout(nothing)).toEqual([])
    expect(Insight.offenders(nothing)).toEqual([])
  })

  const isPlain = (snapshot: Snapshot.Snapshot) => {
    const answers = [
      Insight.baseline(snapshot),
      Insight.anomalies(snapshot),
      Insight.forecast(snapshot),
      Insight.suggestThresholds(snapshot),
      Insight.suggestTimeout(snapshot),
      Insight.offenders(snapshot)
    ]
    for (const leaf of leaves(answers)) {
      if (typeof leaf === "number") expect(Number.isFinite(leaf)).toBe(true)
      if (typeof leaf === "string") expect(leaf).not.toMatch(/NaN|Infinity|undefined/)
    }
  }

  it("never returns NaN or infinity, for any history of any length", () => {
    const count = FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(3), FastCheck.nat(500), FastCheck.nat(1e7))
    const code = FastCheck.record({
      hours: FastCheck.array(count, { maxLength: 672 }),
      bursts: FastCheck.array(FastCheck.tuple(FastCheck.nat(day - 1), FastCheck.nat(300)), { maxLength: 8 }),
      limit: FastCheck.nat(500),
      window: FastCheck.constantFrom(0.01, 1, 60, day)
    })
    const age = FastCheck.oneof(FastCheck.nat(120), FastCheck.nat(40 * day))
    const series = FastCheck.record({
      total: count,
      minute: FastCheck.array(count, { maxLength: 2 }),
      hour: FastCheck.array(count, { maxLength: 2 }),
      day: FastCheck.array(count, { maxLength: 2 })
    })
    const value = FastCheck.record({
      value: FastCheck.oneof(FastCheck.string(), FastCheck.constantFrom("rest", "other", "__proto__")),
      errors: FastCheck.array(
        FastCheck.record({ code: FastCheck.constantFrom("DATA_EMPTY", "NETWORK_TIMEOUT"), series }),
        { maxLength: 2 }
      ),
      rest: series,
      expected: series,
      successes: series,
      attempted: FastCheck.boolean()
    })
    const latency = FastCheck.record({
      source: FastCheck.constantFrom("rest", ""),
      maxMillis: FastCheck.nat(),
      counts: FastCheck.array(
        FastCheck.record({ millis: FastCheck.double({ min: 0, max: 1e9, noNaN: true }), count }),
        { maxLength: 5 }
      )
    })
    const history = FastCheck.tuple(
      age,
      FastCheck.array(code, { maxLength: 3 }),
      FastCheck.array(value, { maxLength: 12 }),
      FastCheck.array(latency, { maxLength: 2 })
    )
    FastCheck.assert(
      FastCheck.property(history, ([age, codes, values, latency]) =>
        isPlain(snapshotOf({
          age,
          at: 1e12 + age * 60_000,
          codes: codes.map(({ bursts, hours }, i) => ({
            code: `CODE_${i}`,
            hours,
            errors: bursts.flatMap(([at, count]) => Array.from({ length: count }, () => -at)).sort((a, b) => a - b)
          })),
          dimensions: [{ name: "source", values, rest: [] }],
          latency,
          limits: codes.map(({ limit, window }, i) => limitOf(`CODE_${i}`, "mine", window, limit))
        }))),
      { numRuns: 40 }
    )
  })
})
