import { describe, expect, it } from "@effect/vitest"
import * as FetchError from "effect-errata/FetchError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Options } from "../../../src/ErrorTracker.js"
import { Core } from "../../../src/internal/tracker/core.js"
import { settings } from "../../../src/internal/tracker/trackerOptions.js"

setFlagsFromString("--expose-gc")
const gc: () => void = runInNewContext("gc")

/** What is on the heap and beside it, in bytes, after all that nobody holds is gone. */
const held = () => {
  gc()
  gc()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const coreOf = (options: Options = {}) => new Core(Either.getOrThrow(settings(options)))

const second = 1e9
const hour = 3600 * second
const spans = { minute: 60 * second, hour, day: 24 * hour }

describe("a tracker at scale", () => {
  it("Law 6: the whole tracker takes less than 64 MB of the process at default caps", () => {
    const before = held()
    const core = coreOf()
    const codes = Object.values(FetchError.facts).map(({ code }) => code)
    const long = "\u20ac".repeat(2000)
    const contexts = Array.from({ length: 3000 }, (_, i) => ({
      symbol: `S${i}`,
      source: `O${i}`,
      market: `M${i}`,
      interval: `I${i}`
    }))
    const track = (i: number, now: number, context: object) => {
      const error = {
        _tag: "Own",
        // Codes of one's own beyond the 17, and empties of every reason, expected or not, from many sources.
        code: i % 3 === 0 ? `CODE_${i % 300}` : codes[i % 17]!,
        category: "Other",
        severity: "ERROR" as const,
        message: long,
        context,
        reason: FetchError.EmptyReason.literals[i % 7],
        expected: i % 2 === 0
      }
      core.track(error, { now, wall: 0 }, i % 5 === 0)
    }
    for (let i = 0; i < 20_000; i++) {
      const moment = { now: i * 3 * second, wall: 0 }
      track(i, moment.now, contexts[i % 3000]!)
      core.succeeded(contexts[i % 3000]!, moment, Duration.millis(i))
    }
    // Windows of codes as full as those of an app that does nothing but fail, 250 times a second.
    const own = FetchError.FetchError.members.map((Type) => new Type({ context: {}, reason: "api_response" }, true))
    for (let i = 0; i < 1_700_000; i++) core.track(own[i % 17]!, { now: 60_000 * second + i * 4e6, wall: 0 })
    // The last errors, as long as they can be.
    const attributes = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}${long}`, long]))
    for (let i = 0; i < 100; i++) {
      track(i, 86_000 * second, { url: long, operation: long, attributes: { ...attributes, i } })
    }
    const taken = held() - before
    expect(taken).toBeLessThan(64e6)
    // What is told of it is what it is, names and the last errors aside.
    expect(core.bytes).toBeLessThan(taken)
    expect(core.bytes).toBeGreaterThan(taken / 3)
  })

  it("Law 6: a million errors over 48 hours: all counts right, the memory of one day, no error retained", () => {
    const core = coreOf({ thresholds: { NETWORK_DNS: { perMinute: 100, perHour: 9000, perDay: 400_000 } } })
    const types = [FetchError.NetworkDns, FetchError.ApiFormat, FetchError.StorageRead]
    const symbols = Array.from({ length: 40 }, (_, i) => `S${i}`)
    const errors = types.map((Type) => symbols.map((symbol) => new Type({ context: { symbol, source: "rest" } })))
    const events = 1_000_000
    const stamps = new Float64Array(events)
    const ofType = new Uint8Array(events)
    const ofSymbol = new Uint8Array(events)
    let seed = 1
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648

    /** How many of those that happened so far are at most so old, and what is asked for. */
    const truth = (happened: number, span: number, is: (i: number) => boolean) => {
      let count = 0
      const edge = stamps[happened - 1]! - span
      for (let i = happened - 1; i >= 0 && stamps[i]! >= edge; i--) if (is(i)) count++
      return count
    }
    const agrees = (counted: number, count: number) => {
      if (count <= 1024) expect(counted).toBe(count)
      else expect(Math.abs(counted - count) / count).toBeLessThan(1 / 2048)
    }
    const check = (happened: number, now: number) => {
      const moment = { now, wall: 0 }
      expect(core.stats(undefined, moment).total).toBe(happened)
      for (const [window, span] of Object.entries(spans) as ReadonlyArray<[keyof typeof spans, number]>) {
        const { byCode } = core.stats(Duration.nanos(BigInt(span)), moment)
        const counts = types.map((_, type) => truth(happened, span, (i) => ofType[i] === type))
        for (const [type, { code }] of types.entries()) agrees(byCode[code]?.count ?? 0, counts[type]!)
        expect(core.rates(moment)[window]).toEqual(
          Object.fromEntries(Object.entries(byCode).map(([code, { count }]) => [code, count]))
        )
        const rows = core.breakdown({ by: "symbol", window }, moment)
        for (const symbol of [0, 13, 39]) {
          const counted = rows.find(({ value }) => value === symbols[symbol])?.count ?? 0
          expect(counted).toBeGreaterThanOrEqual(truth(happened, span, (i) => ofSymbol[i] === symbol))
          expect(counted).toBeLessThanOrEqual(truth(happened, span * 61 / 60, (i) => ofSymbol[i] === symbol))
        }
      }
      const [perMinute, perHour, perDay] = [spans.minute, spans.hour, spans.day].map((span) =>
        truth(happened, span, (i) => ofType[i] === 0)
      )
      const exceeded = perMinute! > 100 || perHour! > 9000 || perDay! > 400_000
      expect(core.verdict("NETWORK_DNS", moment).verdict).toBe(exceeded ? "extraordinary" : "normal")
      const steps = core.timeline({ window: Duration.hours(1), step: Duration.minutes(5), code: undefined }, moment)
      const inHour = truth(happened, hour - 1, () => true)
      expect(Math.abs(steps.reduce((sum, { count }) => sum + count, 0) - inHour)).toBeLessThanOrEqual(inHour / 2048)
    }

    const moment = { now: 0, wall: 0 }
    const sizes: Array<number> = []
    for (let i = 0; i < events; i++) {
      // A storm of 10,000 every now and then, silence after it, and about four a second else.
      moment.now += Math.ceil(
        i % 100_000 < 10_000 ? random() * 1e6 : i % 100_000 === 10_000 ? hour : 2 * random() * 152e6
      )
      stamps[i] = moment.now
      ofType[i] = i % 7 === 0 ? 1 : i % 1000 === 1 ? 2 : 0
      ofSymbol[i] = Math.floor(random() * random() * 40)
      core.track(errors[ofType[i]!]![ofSymbol[i]!]!, moment)
      if (i % 10_000 === 0) core.cleanUp(moment)
      if (i % 83_333 === 83_332) check(i + 1, moment.now)
      if (i % 100_000 === 99_999) sizes.push(held())
    }
    expect(moment.now).toBeGreaterThan(46 * hour)
    // After the first day there is nothing new to hold: not a byte for an error. What the process does besides is less.
    const [whole, ...later] = sizes.slice(5)
    expect((Math.max(...later) - whole!) / (later.length * 100_000)).toBeLessThan(1)
  })
})
