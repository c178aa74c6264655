import { describe, expect, it } from "@effect/vitest"
import * as FetchError from "effect-errata/FetchError"
import * as Snapshot from "effect-errata/Snapshot"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { Core } from "../../../src/internal/tracker/core.js"
import { maxKinds } from "../../../src/internal/tracker/counting/recentKinds.js"
import { settings } from "../../../src/internal/tracker/trackerOptions.js"

interface Event {
  readonly code: "NETWORK_DNS" | "API_FORMAT" | "OWN_A" | "OWN_B"
  readonly source: "rest" | "archive" | undefined
  /** Errors of one code and source with equal topics are of one kind. */
  readonly topic: number
  /** In the message, but not in the kind. */
  readonly number: number
  readonly symbol: "BTC" | "ETH" | undefined
}

const topics = ["reset", "refused", "no route", "closed", "bad", "late", "odd", "lost", "torn", "mute", "cut", "raw"]

const messageOf = ({ number, symbol, topic }: Event): string =>
  `${topics[topic]}${symbol === undefined ? "" : ` for ${symbol}`}, request r-${number}`

const errorOf = (event: Event): FetchError.Trackable => {
  const { code, source, symbol } = event
  const message = messageOf(event)
  const context = { source, symbol }
  if (code === "NETWORK_DNS") return new FetchError.NetworkDns({ message, context })
  if (code === "API_FORMAT") return new FetchError.ApiFormat({ message, context })
  return { _tag: "Own", code, category: "Other", severity: "ERROR", message, context }
}

const kindOf = ({ code, source, symbol, topic }: Event): string =>
  [code, source, topic, symbol === undefined ? "" : "symbol"].join()

/** The events that `recent` has to contain, newest first: the last ones, and the last one of each kind. */
const expected = (events: ReadonlyArray<Event>, capacity: number): ReadonlyArray<Event> => {
  const kept = new Set(events.slice(Math.max(0, events.length - capacity)))
  for (const code of new Set(events.map(({ code }) => code))) {
    const kinds = new Set<string>()
    for (const event of events.filter((event) => event.code === code).reverse()) {
      const kind = kindOf(event)
      if (kinds.has(kind)) continue
      if (kinds.size === maxKinds) break
      kinds.add(kind)
      kept.add(event)
    }
  }
  return events.filter((event) => kept.has(event)).reverse()
}

const coreOf = (recent?: number) => new Core(Either.getOrThrow(settings({ recent, codes: ["OWN_A", "OWN_B"] })))

const event: FastCheck.Arbitrary<Event> = FastCheck.record({
  code: FastCheck.constantFrom("NETWORK_DNS", "NETWORK_DNS", "API_FORMAT", "OWN_A", "OWN_B"),
  source: FastCheck.constantFrom("rest", "rest", "archive", undefined),
  topic: FastCheck.oneof(FastCheck.constant(0), FastCheck.nat(topics.length - 1)),
  number: FastCheck.nat(3),
  symbol: FastCheck.constantFrom("BTC", "ETH", undefined)
})

const json = Schema.parseJson(Snapshot.Snapshot)

describe("recent errors", () => {
  it("are the last ones of all, and the last one of each kind of each code, also after a restart", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.constantFrom(1, 3, 10),
        FastCheck.array(FastCheck.tuple(event, FastCheck.nat(12)), { maxLength: 60, size: "max" }),
        FastCheck.nat(400),
        (capacity, steps, restart) => {
          let core = coreOf(capacity)
          const moment = { now: 0, wall: 1_700_000_000_000 }
          const events: Array<Event> = []
          for (const [event, times] of steps) {
            if (events.length === restart) {
              const [, snapshot] = core.snapshot(moment)
              core = coreOf(capacity).restore(
                Schema.decodeSync(json)(Schema.encodeSync(json)(snapshot)),
                moment
              )[1]
              moment.now = core.now
            }
            // A storm now and then: many errors of one kind.
            for (let i = 0; i < (times === 12 ? 100 : 1); i++) {
              moment.now += 1e9
              moment.wall += 1000
              const one = { ...event, number: event.number + i }
              core.track(errorOf(one), moment)
              events.push(one)
            }
          }
          const recent = core.recent(Infinity, undefined, moment)
          expect(core.recent(Infinity, undefined, moment)).toEqual(recent)
          expect(recent.map(({ code, context, message }) => [code, context.source, message])).toEqual(
            expected(events, capacity).map((event) => [event.code, event.source, messageOf(event)])
          )
          const instants = recent.map(({ at }) => DateTime.toEpochMillis(at))
          expect(instants).toEqual(instants.toSorted((a, b) => b - a))
        }
      ),
      { numRuns: 100, seed: 1 }
    )
  })

  it("a storm does not displace a rare error of its code, source and severity", () => {
    const core = coreOf()
    const moment = { now: 0, wall: 0 }
    const fail = (message: string) =>
      core.track(new FetchError.ApiFormat({ message, status: 502, context: { source: "rest" } }), { ...moment })
    for (let i = 0; i < 10_000; i++) {
      fail(`HTTP 502: Bad Gateway, request ${i}`)
      if (i === 3000) fail("HTTP 502: certificate expired")
    }
    const recent = core.recent(Infinity, undefined, moment)
    expect(recent).toHaveLength(101)
    expect(recent.at(-1)?.message).toBe("HTTP 502: certificate expired")
    expect(core.recent(100, undefined, moment)).toHaveLength(100)
    expect(core.recent(Infinity, "NETWORK_DNS", moment)).toEqual([])
  })

  it("are bounded, however many kinds and codes there are", () => {
    const core = coreOf(10)
    const moment = { now: 0, wall: 0 }
    for (let i = 0; i < 20_000; i++) {
      const letters = String.fromCharCode(97 + i % 26, 97 + Math.floor(i / 26) % 26, 97 + Math.floor(i / 676) % 26)
      core.track(
        { _tag: "Own", code: `CODE_${i % 300}`, category: "C", severity: "ERROR", message: letters, context: {} },
        moment
      )
    }
    // 64 codes are counted separately, the others as one.
    expect(core.recent(Infinity, undefined, moment).length).toBeLessThanOrEqual(10 + 65 * maxKinds)
  })

  it("none are kept if the option is 0", () => {
    const core = coreOf(0)
    core.track(new FetchError.NetworkDns(), { now: 0, wall: 0 })
    expect(core.recent(Infinity, undefined, { now: 0, wall: 0 })).toEqual([])
  })
})
