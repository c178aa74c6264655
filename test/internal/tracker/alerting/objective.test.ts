import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ErrorTracker from "../../../../src/ErrorTracker.js"
import * as Fetch from "../../../../src/Fetch.js"
import * as FetchError from "../../../../src/FetchError.js"
import * as Insight from "../../../../src/Insight.js"
import type { Edge } from "../../../../src/internal/tracker/alerting/alertBuilder.js"
import { exceedsWithoutWorst } from "../../../../src/internal/tracker/alerting/objective.js"
import { Core } from "../../../../src/internal/tracker/core.js"
import { settings } from "../../../../src/internal/tracker/trackerOptions.js"
import * as RetryPolicy from "../../../../src/RetryPolicy.js"
import * as LogCapture from "../../../../src/testing/LogCapture.js"
import { inVirtualTime, type VirtualTime } from "../../../virtualTime.js"

const minute = 60_000

type Rule = NonNullable<ErrorTracker.Options["rules"]>[number]

const coreOf = (...rules: ReadonlyArray<Rule>) => new Core(Either.getOrThrow(settings({ rules, thresholds: {} })))
const moment = (millis: number) => ({ now: millis * 1e6, wall: millis })

type Outcome = "ok" | "recovered" | "failed" | "refused" | "empty"

interface Call {
  readonly at: number
  readonly outcome: Outcome
  readonly value?: string
}

const line = (edge: Edge): string => {
  const { _tag, at, attempts, count, rule, values, window } = edge
  const reason = edge._tag === "Resolved" ? ` ${edge.reason}` : ""
  return `${_tag} ${rule} ${window} ${at.epochMillis / minute} ${count}/${attempts}${
    values === undefined ? "" : ` ${values.join()}`
  }${reason}`
}

/** Plays the calls, and reports the edges. The time passes up to `end`. */
const play = (core: Core, calls: ReadonlyArray<Call>, end: number): ReadonlyArray<Edge> => {
  const edges: Array<Edge> = []
  for (const { at, outcome } of calls) {
    edges.push(...core.settle(moment(at)))
    if (outcome === "ok") core.callsSucceeded({ age: 0, count: 1 }, moment(at))
    else core.called(outcome, moment(at))
  }
  edges.push(...core.settle(moment(end)))
  return edges
}

// ---------------------------------------------------------------------------------------------------------------------
// the model: every event is kept, and every full minute is looked at
// ---------------------------------------------------------------------------------------------------------------------

interface Options {
  readonly name: string
  readonly objective: number
  readonly minEvents: number
  readonly recoverAt: number
}

const isBad = ({ outcome }: Call) => outcome === "failed" || outcome === "refused"

const badOf = (calls: ReadonlyArray<Call>): number => calls.reduce((bad, call) => isBad(call) ? bad + 1 : bad, 0)

const share = (calls: ReadonlyArray<Call>): number => calls.length === 0 ? 0 : badOf(calls) / calls.length

/** The number of calls at or before an instant, in whole milliseconds. */
const until = (calls: ReadonlyArray<Call>, at: number): number => {
  let [low, high] = [0, calls.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (calls[middle]!.at <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** As it is written: 6 × (1 − 0.9) is 0.6. */
const decimal = (n: number): number => Number(n.toFixed(9))

const model = ({ minEvents, name, objective, recoverAt }: Options, calls: ReadonlyArray<Call>, end: number) => {
  const edges: Array<string> = []
  for (const [window, long, short, factor] of [["1h", 60, 5, 14.4], ["6h", 360, 30, 6]] as const) {
    const limit = decimal(factor * (1 - objective))
    const recovered = decimal(limit * recoverAt)
    let escalations: number | undefined
    for (let m = 1; m * minute < end; m++) {
      const now = m * minute
      // The calls are in the order of time.
      const inside = (minutes: number) => calls.slice(until(calls, now - minutes * minute - 1), until(calls, now))
      const all = inside(long)
      const recent = inside(short)
      const counts = `${badOf(all)}/${all.length}`
      const say = (tag: string, reason = "") => edges.push(`${tag} ${name} ${window} ${m} ${counts}${reason}`)
      if (escalations === undefined) {
        const isHigh = all.length >= minEvents && share(all) > limit && share(recent) > limit
        // Whatever two minutes in a row are left out. An event on the edge of two minutes belongs to the newer one.
        const holds = isHigh && Array.from({ length: short - 1 }, (_, k) =>
          share(recent.filter(({ at }) => {
            const ago = Math.max(0, Math.ceil((now - at) / minute) - 1)
            return ago !== k && ago !== k + 1
          }))).every((share) => share > limit)
        if (!holds) continue
        say("Fired")
        escalations = 0
      } else if (all.length === 0) {
        say("Resolved", " silence")
        escalations = undefined
        continue
      } else if (share(all) <= recovered || (recent.length > 0 && share(recent) <= recovered)) {
        say("Resolved", " recovered")
        escalations = undefined
        continue
      }
      while (share(all) > limit * 2 ** (escalations + 1)) {
        escalations++
        say("Escalated")
      }
    }
  }
  return edges
}

/** Traffic in stretches: so many minutes, with so many calls a minute, of which a share is bad. */
const traffic = FastCheck.array(
  FastCheck.record({
    minutes: FastCheck.oneof(FastCheck.integer({ min: 1, max: 6 }), FastCheck.integer({ min: 1, max: 120 })),
    perMinute: FastCheck.constantFrom(0, 0.2, 1, 4, 9),
    bad: FastCheck.constantFrom(0, 0, 0, 0.01, 0.05, 0.3, 1),
    kind: FastCheck.constantFrom<Outcome>("failed", "refused"),
    good: FastCheck.constantFrom<Outcome>("ok", "recovered", "empty")
  }),
  { minLength: 2, maxLength: 7 }
)

type Traffic = Array<{ minutes: number; perMinute: number; bad: number; kind: Outcome; good: Outcome }>

const callsOf = (stretches: Traffic, offset = 0): readonly [ReadonlyArray<Call>, number] => {
  const calls: Array<Call> = []
  let start = 0
  let owed = 0
  for (const { bad, good, kind, minutes, perMinute } of stretches) {
    const length = Math.floor(minutes * perMinute)
    for (let i = 0; i < length; i++) {
      owed += bad
      const isBad = owed >= 1
      if (isBad) owed--
      calls.push({
        at: Math.round(start + (i + 0.5) / length * minutes * minute) + offset,
        outcome: isBad ? kind : good
      })
    }
    start += minutes * minute
  }
  return [calls, start + offset]
}

describe("an objective for calls", () => {
  it("has the edges of the model, for any traffic", () => {
    FastCheck.assert(
      FastCheck.property(
        traffic,
        FastCheck.constantFrom(0.9, 0.99, 0.999),
        FastCheck.constantFrom(1, 20, 50),
        FastCheck.constantFrom(0.5, 0.8, 1),
        FastCheck.constantFrom(0, 1, 30_000, 59_999),
        (stretches, objective, minEvents, recoverAt, offset) => {
          const options = { name: "calls", objective, minEvents, recoverAt }
          const [calls, end] = callsOf(stretches, offset)
          const edges = play(coreOf(options), calls, end + 1).map(line)
          expect(edges.toSorted()).toEqual(
            model(options, calls, end + 1).filter((edge) =>
              // The limit of a pair may be above 1.
              !(objective === 0.9 && edge.includes(" 1h "))
            ).toSorted()
          )
          const minutes = edges.map((edge) => Number(edge.split(" ")[3]))
          expect(minutes).toEqual(minutes.toSorted((a, b) => a - b))
        }
      ),
      { seed: 11, numRuns: 45 }
    )
  })

  it("the same whether the time passes in one step or in many", () => {
    FastCheck.assert(
      FastCheck.property(traffic, (stretches) => {
        const [calls, end] = callsOf(stretches)
        const rule = { name: "calls", objective: 0.999 }
        const at = Math.max(...calls.map(({ at }) => at), 0)
        const once = coreOf(rule)
        const often = coreOf(rule)
        const edges = play(once, calls, at)
        const same = [...play(often, calls, at)]
        for (let now = at; now < end + 420 * minute; now += 17_000) same.push(...often.settle(moment(now)))
        same.push(...often.settle(moment(end + 420 * minute)))
        expect([...edges, ...once.settle(moment(end + 420 * minute))].map(line)).toEqual(same.map(line))
      }),
      { seed: 12, numRuns: 12 }
    )
  })

  const steady = (minutes: number, bad: (minute: number) => number, perMinute = 20) =>
    Array.from({ length: minutes * perMinute }, (_, i): Call => {
      const m = Math.floor(i / perMinute)
      const within = i % perMinute
      return {
        at: m * minute + Math.floor((within + 0.5) / perMinute * minute),
        outcome: within < bad(m) * perMinute ? "failed" : "ok"
      }
    })
  const played = (calls: ReadonlyArray<Call>, minutes: number, rule: { readonly minEvents?: number } = {}) =>
    play(coreOf({ name: "calls", objective: 0.999, ...rule }), calls, minutes * minute + 1)
      .map((edge) => `${edge._tag} ${edge.window} ${edge.at.epochMillis / minute}`)

  it.each<[string, ReadonlyArray<Call>, ReadonlyArray<string>]>([
    ["nothing at all", [], []],
    ["no failures", steady(400, () => 0), []],
    ["failures within the objective", steady(400, (m) => m % 100 === 0 ? 0.05 : 0), []],
    ["one bad minute", steady(400, (m) => m === 200 ? 1 : 0), []],
    ["one bad minute at the start", steady(120, (m) => m === 0 ? 1 : 0), []],
    ["one bad minute between two of the clock", steady(400, (m) => m === 200 || m === 201 ? 0.5 : 0), []],
    ["one bad minute among few failures", steady(400, (m) => m === 200 ? 1 : m % 50 === 0 ? 0.05 : 0), []],
    [
      "an outage fires within three minutes, and resolves five minutes, and half an hour, after it",
      steady(500, (m) => m >= 300 && m < 305 ? 1 : 0),
      [
        "Fired 1h 303",
        "Fired 6h 303",
        "Escalated 1h 303",
        "Escalated 6h 305",
        "Escalated 1h 304",
        "Resolved 1h 310",
        "Resolved 6h 335"
      ]
    ],
    ["a slow leak fires the long pair only", steady(420, (m) => m >= 60 ? 0.01 * (m % 5 === 0 ? 5 : 0) : 0), [
      "Fired 6h 120"
    ]]
  ])("%s", (name, calls, expected) => {
    const minutes = calls.length === 0 ? 2000 : 500
    const edges = played(calls, Math.min(minutes, Math.ceil((calls.at(-1)?.at ?? minutes * minute) / minute)))
    if (name.startsWith("a slow leak")) {
      expect(edges.every((edge) => edge.includes(" 6h "))).toBe(true)
      expect(edges.some((edge) => edge.startsWith("Fired"))).toBe(true)
    } else if (name.startsWith("an outage")) {
      expect(edges.filter((edge) => !edge.startsWith("Escalated"))).toEqual(
        expected.filter((edge) => !edge.startsWith("Escalated"))
      )
    } else expect(edges).toEqual(expected)
  })

  it("few calls never fire, however they end; half of them at fifty do", () => {
    const few = (perHour: number) =>
      Array.from({ length: perHour * 3 }, (_, i): Call => ({ at: (i + 1) * 60 / perHour * minute, outcome: "failed" }))
    expect(played(few(8), 180)).toEqual([])
    expect(played(few(60), 180)).toEqual(expect.arrayContaining(["Fired 1h 50"]))
    expect(played(few(8), 180, { minEvents: 8 })).toEqual(expect.arrayContaining(["Fired 6h 60"]))
  })

  it("where no call is made any more, the alert stays until its window is empty", () => {
    const calls = steady(100, (m) => m >= 90 ? 1 : 0)
    const edges = played(calls, 600).filter((edge) => edge.startsWith("Resolved"))
    expect(edges).toEqual(["Resolved 1h 160", "Resolved 6h 460"])
  })

  it("the minutes that are left out are any two in a row", () => {
    const minutes = FastCheck.array(
      FastCheck.record({ failures: FastCheck.nat(5), events: FastCheck.integer({ min: 5, max: 9 }) }),
      { maxLength: 6 }
    )
    FastCheck.assert(
      FastCheck.property(minutes, FastCheck.double({ min: 0, max: 1, noNaN: true }), (minutes, limit) => {
        const naive = minutes.length > 1 && minutes.slice(1).every((_, i) => {
          const left = minutes.filter((_, k) => k !== i && k !== i + 1)
          const [failures, events] = [left.reduce((n, m) => n + m.failures, 0), left.reduce((n, m) => n + m.events, 0)]
          return events > 0 && failures / events > limit
        })
        expect(exceedsWithoutWorst(minutes, limit)).toBe(naive)
      }),
      { seed: 13, numRuns: 300 }
    )
  })
})

describe("an objective for attempts", () => {
  const rule = { name: "symbols", objective: 0.99, of: "attempts", by: "symbol" } as const
  const attempts = (core: Core, from: number, to: number, failing: (symbol: string, minute: number) => boolean) => {
    const edges: Array<Edge> = []
    for (let m = from; m < to; m++) {
      for (let i = 0; i < 10; i++) {
        const now = moment(m * minute + i * 6000 + 1000)
        for (const symbol of ["A", "B", "C"]) {
          edges.push(
            ...failing(symbol, m)
              ? core.track(new FetchError.NetworkDns({ context: { symbol } }), now, true)
              : core.succeeded({ symbol }, now)
          )
        }
      }
    }
    return edges
  }

  it("names the values whose budget burns, in one alert, and again when there are twice as many", () => {
    const core = coreOf(rule)
    const edges = attempts(core, 0, 120, (symbol, m) => symbol === "B" && m >= 60 || symbol === "A" && m >= 80)
      .filter(({ window }) => window === "1h")
    expect(edges.map(line)).toEqual([
      "Fired symbols 1h 69 90/600 B",
      "Escalated symbols 1h 78 180/600 B",
      "Escalated symbols 1h 89 290/600 B,A"
    ].concat(edges.slice(3).map(line)))
    const status = core.activeAlerts(moment(120 * minute))
    expect(status.find(({ window }) => window === "1h")?.values).toEqual(["B", "A"])
    expect(
      attempts(core, 120, 200, () => false).filter(({ _tag, window }) => _tag === "Resolved" && window === "1h").map(
        line
      )
    )
      .toHaveLength(1)
  })

  it("without a dimension it is about all attempts; expected empties do not fail", () => {
    const all = { name: "all", objective: 0.99, of: "attempts" } as const
    expect(attempts(coreOf(all), 0, 90, (_, m) => m >= 60).find(({ window }) => window === "1h")).toMatchObject({
      _tag: "Fired",
      objective: 0.99,
      of: "attempts",
      count: 270,
      attempts: 1800
    })
    const core = coreOf(all)
    for (let m = 0; m < 90; m++) {
      for (let i = 0; i < 10; i++) {
        const now = moment(m * minute + i * 6000)
        core.succeeded({}, now)
        core.track(new FetchError.DataEmpty({ reason: "not_listed_yet" }), now, true)
      }
    }
    expect(core.settle(moment(90 * minute + 1))).toEqual([])
    expect(core.activeAlerts(moment(90 * minute))).toEqual([])
  })

  it("a dimension agrees with the model within its steps", () => {
    FastCheck.assert(
      FastCheck.property(traffic, (stretches) => {
        const [calls, end] = callsOf(stretches)
        const core = coreOf({ ...rule, objective: 0.999 })
        const edges: Array<Edge> = []
        for (const call of calls) {
          const context = { symbol: "A" }
          edges.push(
            ...isBad(call)
              ? core.track(new FetchError.NetworkDns({ context }), moment(call.at), true)
              : core.succeeded(context, moment(call.at))
          )
        }
        edges.push(...core.settle(moment(end + 1)))
        const options = { name: "symbols", objective: 0.999, minEvents: 50, recoverAt: 0.8 }
        // The short pair counts whole minutes, as the model does: no call is on the edge of one.
        const fired = (lines: ReadonlyArray<string>) =>
          lines.filter((line) => /^(Fired|Resolved)/.test(line) && line.includes(" 1h "))
        const expected = fired(model(options, calls, end + 1))
        if (calls.some(({ at }) => at % 1000 !== 0 && at % minute > 59_000)) return
        expect(fired(edges.map(line)).map((line) => line.replace(" A", ""))).toEqual(expected)
      }),
      { seed: 14, numRuns: 25 }
    )
  })
})

describe("the alert", () => {
  const layer = (options: ErrorTracker.Options) =>
    ErrorTracker.layer(options).pipe(Layer.provideMerge(LogCapture.layer))
  const objective: Rule = { name: "availability", objective: 0.999 }

  type Minutes = (n: number, fetch: Effect.Effect<void, FetchError.FetchError>) => Effect.Effect<
    void,
    never,
    ErrorTracker.ErrorTracker
  >

  /** Minutes of calls under a policy, all of which end in the same way. */
  const minutesOf = (pass: VirtualTime["pass"]): Minutes => (n, fetch) =>
    Effect.gen(function*() {
      const policy = yield* RetryPolicy.make({ breaker: false, rows: { NETWORK_DNS: { retries: 0 } } })
      const call = fetch.pipe(Fetch.tracked({}), Fetch.retry(policy), Effect.ignore)
      for (let i = 0; i < n * 6; i++) {
        yield* Effect.repeatN(call, 2)
        yield* pass("10 seconds")
      }
    })
  const failing = Effect.fail(new FetchError.NetworkDns())

  it.effect("says what burns, how fast, and which objective; and its JSON is read back", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const minutes = minutesOf(pass)
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* minutes(10, Effect.void)
        yield* minutes(4, failing)
        const [alert] = yield* tracker.activeAlerts
        expect(alert?.message).toBe(
          "THRESHOLD ESCALATED: availability: 57 of 237 calls failed in the last 1h, 240.5 times as many as the objective of 99.9 % allows (threshold: 14.4 times)"
        )
        expect(JSON.parse(JSON.stringify(alert))).toMatchObject({
          objective: 0.999,
          of: "calls",
          code: "*",
          attempts: 237,
          count: 57
        })
        const status = yield* tracker.alertStatus
        expect(status.map(({ alert }) => alert.window)).toEqual(["6h", "1h"])
        expect(status[0]?.amount).toBeCloseTo(72 / 252)
        expect(
          (yield* tracker.limits).filter(({ rule }) => Option.isSome(rule)).map((
            { isRatio, limit, window }
          ) => [window, limit, isRatio])
        )
          .toEqual([["1h", 0.0144, true], ["6h", 0.006, true]])
        const lines = (yield* LogCapture.entries).filter(({ message }) => message.includes("availability"))
        expect(lines[0]?.annotations).toMatchObject({ error_type: "*", rule: "availability", window: "1h" })
      }).pipe(Effect.provide(layer({ rules: [objective] })))
    ))

  it.effect("fires and resolves while nothing is tracked, by the clean-up", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const minutes = minutesOf(pass)
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* minutes(10, Effect.void)
        yield* minutes(5, failing)
        yield* pass("2 hours")
        const resolved = yield* tracker.resolvedAlerts({ window: "1 day" })
        expect(resolved.map(({ reason, window }) => [window, reason])).toEqual([["1h", "silence"]])
        expect(resolved[0]?.at.epochMillis).toBeLessThan(75 * minute + 1)
      }).pipe(Effect.provide(layer({ rules: [objective] })))
    ))

  it.effect("expected empties, and calls that recover, count as successes; refused calls as failures", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const minutes = minutesOf(pass)
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* minutes(30, Effect.fail(new FetchError.DataEmpty({ reason: "not_listed_yet" })))
        expect(yield* tracker.activeAlerts).toEqual([])
        expect((yield* tracker.stats()).calls).toMatchObject({ made: 540, failed: 540 })
        yield* minutes(4, Effect.fail(new FetchError.DataEmpty({ reason: "api_response" })))
        expect(yield* tracker.activeAlerts).toHaveLength(2)
      }).pipe(Effect.provide(layer({ rules: [objective], thresholds: { DATA_EMPTY: {} } })))
    ))

  it.effect("stays active over a restart without a second Fired, and resolves at the minute it would have", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const minutes = minutesOf(pass)
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* minutes(10, Effect.void)
        yield* minutes(4, failing)
        const active = yield* tracker.activeAlerts
        const snapshot = yield* tracker.snapshot
        yield* LogCapture.clear
        yield* tracker.restore(snapshot)
        expect((yield* tracker.activeAlerts).map(({ id }) => id)).toEqual(active.map(({ id }) => id))
        expect(yield* LogCapture.entries).toEqual([])
        yield* minutes(10, Effect.void)
        const resolved = yield* tracker.resolvedAlerts()
        expect(resolved.map(({ at, id }) => [id, at.epochMillis / minute])).toEqual([[
          active.find(({ window }) => window === "1h")?.id,
          19
        ]])
      }).pipe(Effect.provide(layer({ rules: [objective] })))
    ))

  it.effect("a changed objective continues the alert if it is still exceeded, and withdraws it if not", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const minutes = minutesOf(pass)
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* minutes(10, Effect.void)
        yield* minutes(4, failing)
        const [before] = yield* tracker.activeAlerts
        yield* tracker.setLimits({ rules: [{ ...objective, objective: 0.99 }] })
        const [after] = yield* tracker.activeAlerts
        expect([after?.id, after?.objective === undefined]).toEqual([before?.id, false])
        yield* tracker.setLimits({ rules: [{ ...objective, objective: 0.95 }] })
        expect((yield* tracker.activeAlerts).map(({ window }) => window)).toEqual([])
        expect((yield* tracker.resolvedAlerts()).map(({ reason }) => reason)).toEqual(["withdrawn", "withdrawn"])
        yield* tracker.setLimits({ rules: [objective] })
        expect((yield* tracker.activeAlerts).map(({ _tag }) => _tag)).toEqual(["Escalated", "Escalated"])
        yield* tracker.reset
        expect(yield* tracker.activeAlerts).toEqual([])
      }).pipe(Effect.provide(layer({ rules: [objective] })))
    ))

  it.effect("an objective whose events are not counted says so once", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const tracker = yield* ErrorTracker.ErrorTracker
        yield* Effect.repeatN(tracker.track(new FetchError.ApiAuth()), 300)
        yield* pass("2 minutes")
        const lines = (yield* LogCapture.entries).map(({ message }) => message).filter((message) =>
          message.includes("never fires")
        )
        expect(lines).toEqual([
          "The objective \"availability\" never fires: of 64 errors none is that of a call. Count calls with Fetch.retry or Fetch.failover, or set of: \"attempts\""
        ])
      }).pipe(Effect.provide(layer({ rules: [objective] })))
    ))
})

describe("the error budget", () => {
  it.effect("is that of the last day, the same from the tracker and from its snapshot", () =>
    inVirtualTime(({ pass }) =>
      Effect.gen(function*() {
        const tracker = yield* ErrorTracker.ErrorTracker
        for (let i = 0; i < 990; i++) yield* tracker.succeeded({ symbol: i % 2 === 0 ? "A" : "B" })
        yield* pass("2 hours")
        for (let i = 0; i < 5; i++) {
          yield* tracker.track(new FetchError.ApiAuth({ context: { symbol: "A" } }), { attempt: true })
        }
        for (let i = 0; i < 5; i++) {
          yield* tracker.track(new FetchError.DataEmpty({ reason: "delisted", context: { symbol: "B" } }), {
            attempt: true
          })
        }
        const budgets = yield* tracker.errorBudgets
        expect(Insight.errorBudgets(yield* tracker.snapshot)).toEqual(budgets)
        expect(budgets.map(({ message }) => message)).toEqual([
          "attempts: 50 % of the error budget of the last day left, 5 of 10 allowed failures among 1,000 attempts; burning 50 times too fast, exhausted in about 15m",
          "symbols, symbol A: 0 % of the error budget of the last day left, 5 of 5 allowed failures among 500 attempts; burning 100 times too fast",
          "calls: no calls in the last day"
        ])
        expect(budgets[0]).toMatchObject({
          left: 0.5,
          burnRate: Option.some(expect.closeTo(50)),
          events: 1000,
          failures: 5,
          allowed: 10
        })
        yield* pass("25 hours")
        expect((yield* tracker.errorBudgets).map(({ events, left }) => [events, left])).toEqual([[0, 1], [0, 1]])
      }).pipe(Effect.provide(ErrorTracker.layer({
        rules: [
          { name: "attempts", objective: 0.99, of: "attempts" },
          { name: "symbols", objective: 0.99, of: "attempts", by: "symbol" },
          { name: "calls", objective: 0.999 }
        ]
      })))
    ))
})

describe("options", () => {
  it.each<[Record<string, unknown>, string]>([
    [
      { name: "x", objective: 99.9 },
      "rules[0].objective is 99.9: it must be a number from 0.9 to below 1, as in 0.999 for 99.9 %"
    ],
    [
      { name: "x", objective: 0.5 },
      "rules[0].objective is 0.5: it must be a number from 0.9 to below 1, as in 0.999 for 99.9 %"
    ],
    [
      { name: "x", objective: 0.99, window: "hour" },
      "rules[0]: unknown option \"window\". Known: name, objective, of, by, minEvents, recoverAt"
    ],
    [
      { name: "x", objective: 0.99, code: "API_AUTH" },
      "rules[0]: unknown option \"code\". Known: name, objective, of, by, minEvents, recoverAt"
    ],
    [
      { name: "x", objective: 0.99, by: "symbol" },
      "rules[0] has by without of: \"attempts\": calls are not counted by dimension"
    ],
    [
      { name: "x", objective: 0.99, of: "attempts", by: "symbl" },
      "rules[0].by: unknown dimension \"symbl\", did you mean \"symbol\"?"
    ],
    [{ name: "x", objective: 0.99, of: "call" }, "rules[0].of: unknown value \"call\", did you mean \"calls\"?"],
    [{ name: "x", objective: 0.99, minEvents: 0 }, "rules[0].minEvents is 0: it must be a whole number of at least 1"],
    [
      { name: "x", window: "hour", limit: 1, minEvents: 3 },
      "rules[0]: unknown option \"minEvents\". Known: name, code, by, window, limit, ratio, minAttempts, recoverAt"
    ]
  ])("%j is refused", (rule, message) => {
    const checked = settings({ rules: [rule as unknown as Rule] })
    expect(Either.isLeft(checked) && checked.left).toContain(message)
  })

  it("a name must differ from those of other rules, not from its own second pair", () => {
    const rule: Rule = { name: "x", objective: 0.99 }
    expect(Either.isRight(settings({ rules: [rule] }))).toBe(true)
    expect(settings({ rules: [rule, rule] })).toEqual(
      Either.left("rules: two rules have the name \"x\", names must differ")
    )
  })
})
