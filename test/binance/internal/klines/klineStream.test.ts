import { describe, expect, it } from "@effect/vitest"
import { Interval, KlineRequest, Klines } from "effect-errata/binance"
import { DataEmpty } from "effect-errata/FetchError"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import { klineStream } from "../../../../src/binance/internal/klines/klineStream.js"
import type { Range } from "../../../../src/binance/internal/klines/ranges.js"
import { candles, series } from "../../candles.js"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const january = Date.UTC(2024, 0)

interface World {
  readonly interval: Interval.Interval
  readonly by: Interval.Interval | undefined
  readonly start: number
  readonly end: number
  /** The time of the exchange, undefined if it is unknown. */
  readonly now: number | undefined
  /** The open time of a candle that no source returns. */
  readonly lost: number | undefined
  readonly prefetch: number
}

/** A fetch as the manager makes it. */
const fetched = ({ interval, lost, now = Infinity }: World, { end, start }: Range): Klines.Klines => {
  const forming = now === Infinity ? end : Math.max(start, Math.min(end, Interval.floor(interval, now)))
  const next = now === Infinity ? end : Math.max(start, Math.min(end, Interval.next(interval, now)))
  const all = candles(interval, start, forming, "rest", (open) => open === lost)
  const missing = all.missing.map((hole) => ({ ...hole, reason: "not_fetched" as const }))
  const from = (instant: number) => Interval.ceil(interval, instant)
  const ahead = [
    { start: from(forming), end: from(next), reason: "unfinished" as const },
    { start: from(next), end: from(end), reason: "not_published_yet" as const }
  ]
  return { ...all, missing: [...missing, ...ahead.filter(({ end, start }) => start < end)] }
}

/** The pieces by a naive model: the open times in groups by the period they open in; all of the future in one. */
const groups = ({ by, end, interval, now = Infinity, start }: World): ReadonlyArray<ReadonlyArray<number>> => {
  const found = new Map<number, Array<number>>()
  let future: number | undefined
  for (const open of Interval.opens(interval, start, end)) {
    const period = by === undefined ? 0 : Interval.floor(by, open)
    if (by !== undefined && Math.max(period, start) > now) future ??= period
    const group = future ?? period
    found.set(group, [...found.get(group) ?? [], open])
  }
  return [...found.values()]
}

const opensOf = (interval: Interval.Interval, { missing, openTime }: Klines.Klines): ReadonlyArray<number> =>
  [...openTime, ...missing.flatMap(({ end, start }) => Interval.opens(interval, start, end))].sort((a, b) => a - b)

const run = (world: World) => {
  const { by, end, interval, lost, now, prefetch, start } = world
  const asked: Array<Range> = []
  const pieces: Array<Klines.Klines> = []
  const stream = Effect.flatMap(KlineRequest.make({ ...series, interval, start, end }), (request) =>
    klineStream(
      request,
      { by, prefetch },
      (range) =>
        Effect.sync(() => {
          asked.push(range)
          return { klines: fetched(world, range), now }
        }),
      ({ klines }) =>
        klines.missing.some(({ reason }) => reason === "not_fetched")
          ? Effect.fail(new DataEmpty({ reason: "api_response" }))
          : Effect.succeed(klines)
    ).pipe(Stream.runForEach((piece) => Effect.sync(() => pieces.push(piece)))))
  const outcome = Effect.runSyncExit(stream)
  return { asked, pieces, outcome, lost }
}

const grids: ReadonlyArray<readonly [Interval.Interval, number, ReadonlyArray<Interval.Interval | undefined>]> = [
  ["15m", 20 * day, ["15m", "1h", "1d", "1w", "1M", undefined]],
  ["1h", 90 * day, ["1h", "8h", "1d", "1w", "1M", undefined]],
  ["1d", 400 * day, ["1d", "1w", "1M", undefined]],
  ["1w", 900 * day, ["1w", "1M", undefined]],
  ["1M", 2000 * day, ["1M", undefined]]
]

const worlds = FastCheck.constantFrom(...grids).chain(([interval, longest, periods]) =>
  FastCheck.record({
    interval: FastCheck.constant(interval),
    by: FastCheck.constantFrom(...periods),
    start: FastCheck.integer({ min: january / minute, max: january / minute + 70 * 1440 }).map((at) => at * minute),
    length: FastCheck.integer({ min: 1, max: longest / minute }).map((minutes) => minutes * minute),
    now: FastCheck.option(FastCheck.double({ min: -0.2, max: 1.2, noNaN: true }), { nil: undefined }),
    lost: FastCheck.option(FastCheck.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    prefetch: FastCheck.nat(2)
  }).map(({ length, lost, now, start, ...world }): World => ({
    ...world,
    start,
    end: start + length,
    now: now === undefined ? undefined : Math.floor(start + now * length),
    lost: lost === undefined ? undefined : Interval.floor(interval, start + lost * length)
  }))
)

describe("klineStream", () => {
  it("emits the groups of a naive model, up to the one that lacks a candle", () =>
    FastCheck.assert(
      FastCheck.property(worlds, (world) => {
        const { asked, outcome, pieces } = run(world)
        const expected = world.by === undefined
          ? [Interval.opens(world.interval, world.start, world.end)].filter((opens) => opens.length > 0)
          : groups(world)
        const forming = world.now === undefined ? Infinity : Interval.floor(world.interval, world.now)
        const failing = expected.findIndex((opens) => opens.some((open) => open === world.lost && open < forming))
        const wanted = failing === -1 ? expected : expected.slice(0, failing)
        const found = pieces.map((piece) => opensOf(world.interval, piece))
        expect(world.by === undefined ? found.flat() : found).toEqual(world.by === undefined ? wanted.flat() : wanted)
        expect(outcome._tag).toBe(failing === -1 ? "Success" : "Failure")
        // Fetches are consecutive.
        expect(asked[0]?.start).toBe(world.start)
        for (const [i, { start }] of asked.entries()) if (i > 0) expect(start).toBe(asked[i - 1]!.end)
      }),
      { seed: 4, numRuns: 100 }
    ))

  it("resumes at the start of the error: the pieces of both streams are those of one without the fault", () =>
    FastCheck.assert(
      FastCheck.property(worlds.filter(({ lost, now }) => lost !== undefined && now === undefined), (world) => {
        const { outcome, pieces } = run(world)
        if (outcome._tag === "Success") return
        const error = outcome.cause._tag === "Fail" ? outcome.cause.error : undefined
        expect(error?.context.end).toBe(new Date(world.end).toISOString())
        const healed = { ...world, lost: undefined }
        const rest = run({ ...healed, start: Date.parse(error?.context.start ?? "") })
        expect(rest.outcome._tag).toBe("Success")
        const opens = (pieces: ReadonlyArray<Klines.Klines>) => pieces.map((piece) => opensOf(world.interval, piece))
        const whole = opens(run(healed).pieces)
        const both = [...opens(pieces), ...opens(rest.pieces)]
        expect(world.by === undefined ? both.flat() : both).toEqual(world.by === undefined ? whole.flat() : whole)
      }),
      { seed: 5, numRuns: 60 }
    ))

  it.each<[Interval.Interval, Interval.Interval | undefined, number, number]>([
    ["1s", undefined, 4 * day, 4],
    ["1s", "1h", 4 * day, 4],
    ["1s", "1w", 14 * day, 2],
    ["1m", "1h", 60 * day, 2],
    ["1m", "1w", 60 * day, 2],
    ["1h", "1d", 1096 * day, 1],
    ["1d", "1M", 1096 * day, 1]
  ])("fetches candles of %s by %s over %d ms %d times", (interval, by, length, times) => {
    const asked: Array<Range> = []
    const start = january
    Effect.runSync(Effect.flatMap(
      KlineRequest.make({ ...series, interval, start, end: start + length }),
      (request) =>
        Stream.runDrain(klineStream(
          request,
          { by },
          (range) =>
            Effect.sync(() => void asked.push(range)).pipe(
              Effect.as({ klines: Klines.empty(interval), now: undefined })
            ),
          ({ klines }) => Effect.succeed(klines)
        ))
    ))
    expect(asked).toHaveLength(times)
  })
})
