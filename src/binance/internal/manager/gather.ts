/**
 * Candles from the cache, the archive and the REST API. Each source is asked for the candles that the ones before it
 * lack.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as FetchError from "../../../FetchError.js"
import { HasAlternative } from "../../../internal/fetch/ambient.js"
import { monotonicMillis as monotonic } from "../../../internal/monotonicMillis.js"
import * as Interval from "../../Interval.js"
import type { Input, KlineRequest } from "../../KlineRequest.js"
import * as Klines from "../../Klines.js"
import type * as Market from "../../Market.js"
import { ArchiveNotes } from "../archive/archiveNotes.js"
import { type ArchiveSearch, archiveSearchOf } from "../archive/archiveRegistry.js"
import * as columns from "../klines/columns.js"
import { Evidence } from "../klines/evidence.js"
import type { KlinesError } from "../klines/failure.js"
import { EachRequest } from "../klines/pages.js"
import * as ranges from "../klines/ranges.js"
import { rangeOf } from "../klines/requestRange.js"
import { restSearchOf } from "../klines/restRegistry.js"
import * as rowSources from "../klines/rowSources.js"
import * as split from "../klines/split.js"
import { askPieces, type Found } from "./askPieces.js"
import { outsideOf } from "./damagedFiles.js"
import { bridged, candlesPerPiece, grouped, isLong, witnessed } from "./restPlan.js"
import type { Network, SourceRequests } from "./sourceRequests.js"
import type { StreamFacts } from "./streamFacts.js"
import type { Gathered } from "./verdict.js"

interface Client {
  readonly klines: (input: Input) => Effect.Effect<Klines.Klines, KlinesError>
}

interface Cache {
  readonly find: (
    input: Input,
    options?: { readonly host?: string | undefined; readonly now?: number | undefined }
  ) => Effect.Effect<
    {
      readonly klines: Klines.Klines
      readonly errors: ReadonlyArray<FetchError.FetchError>
      readonly outdated?: Klines.Klines | undefined
    },
    FetchError.FetchError
  >
  readonly keep: (
    series: { readonly market: Market.Market; readonly symbol: string },
    klines: Klines.Klines,
    options?: { readonly host?: string | undefined; readonly now?: number | undefined }
  ) => Effect.Effect<number, FetchError.FetchError>
}

export interface Sources {
  readonly cache: Option.Option<Cache>
  readonly vision: Option.Option<Client>
  readonly rest: Option.Option<Client>
  /** The exchange of the candles, for the cache. */
  readonly host: (market: Market.Market) => string | undefined
  readonly requests: SourceRequests
  readonly concurrency: number
  readonly progress: (
    request: KlineRequest,
    source: Klines.Source,
    candles: number,
    expected: number
  ) => Effect.Effect<unknown>
}

// The symbol is unknown, or its status is invalid.
const untraded: ReadonlySet<unknown> = new Set([-1121, -1122])

/** With `isFresh`, the cache is not read. `facts` are those of the stream that the fetch is a part of. */
export const makeGather = (sources: Sources) => {
  const { cache, concurrency, requests, rest, vision } = sources
  const restClient = Option.map(rest, restSearchOf)
  const visionClient = Option.map(vision, archiveSearchOf)
  /** The time of the exchange, if it has answered before. */
  const known = (market: Market.Market) =>
    Effect.map(
      Effect.all([
        Option.getOrUndefined(restClient)?.time(market) ?? Effect.succeed(undefined),
        Option.getOrUndefined(visionClient)?.time ?? Effect.succeed(undefined)
      ]),
      ([rest, vision]) => rest ?? vision
    )

  // The monotonic time from which the cache may be written again.
  let writable = -Infinity

  return Effect.fnUntraced(function*(
    request: KlineRequest,
    isFresh: boolean,
    facts?: StreamFacts
  ): Effect.fn.Return<Gathered> {
    const { interval, market, symbol } = request
    const range = rangeOf(request)
    const begun = yield* monotonic
    const local = yield* Clock.currentTimeMillis
    const expected = Interval.count(interval, range.start, Math.min(range.end, local + 1))
    const errors: Array<FetchError.FetchError> = []
    const ofCache: Array<FetchError.FetchError> = Option.isSome(vision) || Option.isSome(rest) ? [] : errors
    const host = sources.host(market)
    let now: number | undefined
    let least = -Infinity
    const damaged: Array<ranges.Range> = []

    const heard = (time: number | undefined) => {
      if (time !== undefined) now = Math.max(now ?? -Infinity, time)
    }
    const report = (source: Klines.Source, candles: number) => sources.progress(request, source, candles, expected)

    const ask = Effect.fnUntraced(function*(
      source: Network,
      have: number,
      pieces: ReadonlyArray<ranges.Range>,
      search: (range: ranges.Range) => Effect.Effect<Found, FetchError.FetchError>
    ) {
      const asked = yield* askPieces({
        source,
        request,
        requests,
        concurrency,
        search,
        report: (candles) => report(source, have + candles)
      }, pieces)
      errors.push(...asked.errors)
      for (const { found } of asked.answers) {
        heard(found.now)
        least = Math.max(least, found.least ?? -Infinity)
        damaged.push(...found.damaged ?? [])
      }
      return asked.answers
    })

    let found = Klines.empty(interval, notFetched(interval, range))
    let outdated: Klines.Klines | undefined
    if (Option.isSome(cache) && !isFresh) {
      const time = yield* known(market)
      const asked = cache.value.find(request, { host, now: time })
      const answer = yield* requests.request("cache", request, range, asked, ofCache)
      if (Either.isRight(answer)) {
        if (interval !== "3d" || answer.right.klines.length > 0) found = answer.right.klines
        outdated = answer.right.outdated
        for (const error of answer.right.errors) {
          yield* requests.request("cache", request, range, Effect.fail(error), ofCache)
        }
      }
      yield* report("cache", found.length)
    }
    // Nonexistent candles in the cache were proven.
    const cached = found.missing.filter(({ reason }) => reason !== "not_cached" && reason !== "not_fetched")
    let unknown: ReadonlyArray<ranges.Range> = found.missing.filter(({ reason }) =>
      reason === "not_cached" || reason === "not_fetched"
    )

    if (Option.isSome(vision) && unknown.length > 0) {
      const client = vision.value
      const search = archiveSearchOf(client)
      const pieces = unknown.flatMap(split.byFile(interval))
      const searched = searchedBy(request, client, search, new ArchiveNotes(facts?.days))
      const answers = yield* ask("vision", found.length, pieces, searched).pipe(
        Option.isSome(rest) ? Effect.provideService(HasAlternative, () => true) : identity
      )
      found = joined(found, answers.map((answer) => answer.found.klines))
      // The archive shows which candles exist. Only the exchange itself can prove that a candle does not exist.
      unknown = ranges.joined(ranges.intersect(found.missing, unknown))
    }

    let proven: ReadonlyArray<ranges.Range> = []
    let isAsked = false
    if (Option.isSome(rest) && unknown.length > 0) {
      isAsked = true
      const client = rest.value
      const search = restSearchOf(client)
      const evidence = new Evidence()
      if (found.length > 0) {
        evidence.candles(found.openTime[0]!, found.openTime.at(-1)!)
        evidence.anchor = columns.anchorOf(interval, found.openTime)
      }
      const asked = grouped(interval, bridged(unknown, cached)).map((gap) => witnessed(market, found, gap))
      const whole = facts?.range ?? { start: asked[0]!.start, end: asked.at(-1)!.end }
      if (search !== undefined && isLong(request, whole)) {
        const met: Array<FetchError.FetchError> = []
        const each = requests.attempted("rest", request, whole, met)
        const survey = requests.request(
          "rest",
          request,
          whole,
          Effect.provideService(search.survey(request, evidence, whole), EachRequest, each),
          met
        )
        yield* facts === undefined
          ? survey
          : facts.once.run(
            "survey",
            Effect.tap(survey, () => Effect.sync(() => facts.evidence.learn(evidence, true))),
            Either.isRight
          )
        errors.push(...met)
      }
      facts?.teach(evidence, interval, range.end)
      if (evidence.now > -Infinity) heard(evidence.now)
      const pieces = asked.flatMap((part) => split.byEvidence(interval, candlesPerPiece, evidence, part))
      for (const hole of cached) evidence.proveEmpty(hole)
      const answers = yield* ask(
        "rest",
        found.length,
        pieces,
        search === undefined
          ? plainly(request, client)
          : (piece) => search.search(request, evidence, piece)
      )
      const known = found.missing.filter(({ reason }) => reason === "delisted" || reason === "not_listed_yet")
      const parts = answers.flatMap((answer) =>
        ranges.intersect(unknown, [answer]).map(({ end, start }) => Klines.slice(answer.found.klines, start, end))
      )
      found = joined(found, parts)
      found = { ...found, missing: outsideOf(damaged, evidence, found.missing) }
      // The exchange gives no reason for a gap after the last candle, and has no data about symbols that are no longer
      // traded. The archive may have the reason.
      const isUntraded = errors.some((error) => error._tag === "ApiFormat" && untraded.has(error.apiCode))
      const unexplained = found.missing.filter(({ reason }) =>
        reason === "date_range" || (isUntraded && reason === "not_fetched")
      )
      found = { ...found, missing: ranges.overlay(found.missing, ranges.intersect(known, unexplained)) }
      proven = evidence.doubts === 0 && errors.length === 0
        ? ranges.subtract(
          ranges.joined(answers.map(({ end, start }) => ({ start, end })).sort((a, b) => a.start - b.start)),
          evidence.unsure
        )
        : []
      facts?.evidence.learn(evidence, true)
    }
    if (facts !== undefined && found.length > 0) facts.evidence.candles(found.openTime[0]!, found.openTime.at(-1)!)
    if (Option.isSome(vision) || Option.isSome(rest)) {
      found = { ...found, missing: found.missing.map(afterAll) }
    }
    // Without a time of the exchange, all before the end of a file that was read has ended. Ages count by the local clock.
    const until = Math.max(range.start, Math.min(range.end, least))
    const ended = now === undefined ? Klines.slice(found, range.start, until) : found
    const hasNews = isAsked || rowSources.count(found.source).cache < found.length
    if (
      Option.isSome(cache) && Math.max(now ?? -Infinity, least) > range.start && hasNews &&
      (yield* monotonic) >= writable
    ) {
      const elapsed = (yield* monotonic) - begun
      const sure = ranges.overlay(
        ended.missing.map((hole) => ({ ...hole, reason: "not_fetched" as const })),
        ranges.intersect(ended.missing, now === undefined ? [] : proven)
      )
      const kept = yield* requests.request(
        "cache",
        request,
        range,
        cache.value.keep({ market, symbol }, { ...ended, missing: sure }, {
          host,
          now: now === undefined ? undefined : now - elapsed
        }),
        ofCache
      )
      if (Either.isLeft(kept)) writable = (yield* monotonic) + 60_000
    }
    // Outdated candles of the cache are a fallback.
    if (outdated !== undefined && outdated.length > 0) found = completed(found, outdated)
    return { klines: renamed(found), errors, ofCache: ofCache === errors ? [] : ofCache, now }
  })
}

/** Adapts a client without partial results: it returns all of a range or fails. */
const plainly = ({ interval, market, symbol }: KlineRequest, client: Client) => (range: ranges.Range) =>
  Effect.flatMap(EachRequest, (each) =>
    Effect.map(
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => Effect.map(each(client.klines({ market, symbol, interval, ...range })), (klines) => ({ klines, now }))
      ),
      ({ klines, now }): Found => ({ klines, errors: [], now })
    ))

const searchedBy = (
  request: KlineRequest,
  client: Client,
  search: ArchiveSearch | undefined,
  notes: ArchiveNotes
) => search === undefined ? plainly(request, client) : (range: ranges.Range) => search.search(request, range, notes)

/** The whole range. The grid of `3d` is unknown before the first candle, but candles open at midnight. */
const notFetched = (interval: Interval.Interval, { end, start }: ranges.Range): ReadonlyArray<Klines.Missing> => {
  const grid = interval === "3d" ? "1d" : interval
  const bounds = { start: Interval.ceil(grid, start), end: Interval.ceil(grid, end) }
  return bounds.start < bounds.end ? [{ ...bounds, reason: "not_fetched" }] : []
}

/** Replaces `not_cached`, since other sources were asked after the cache. */
const afterAll = (hole: Klines.Missing): Klines.Missing =>
  hole.reason === "not_cached" ? { ...hole, reason: "not_fetched" } : hole

/** Renames gaps between candles: what the cache keeps as `delisted` is a gap after trading has resumed. */
const renamed = (klines: Klines.Klines): Klines.Klines => {
  const { interval, missing, openTime } = klines
  const first = openTime[0] ?? Infinity
  const last = openTime.at(-1) ?? -Infinity
  const isBetween = ({ reason, start }: Klines.Missing) =>
    reason === "delisted" ? start < last : reason === "not_listed_yet" && start > first
  if (!missing.some(isBetween)) return klines
  const named = missing.map((hole): Klines.Missing => isBetween(hole) ? { ...hole, reason: "source_gap" } : hole)
  const anchor = columns.anchorOf(interval, openTime)
  return { ...klines, missing: ranges.absent(named, openTime, interval, anchor, (a, b) => a.reason === b.reason) }
}

/** Concatenates in pairs, since each concatenation copies. */
const joined = (first: Klines.Klines, others: ReadonlyArray<Klines.Klines>): Klines.Klines => {
  if (others.length === 0) return first
  const middle = others.length >> 1
  const [head, ...tail] = others.slice(middle)
  return head === undefined ? first : Klines.concat(joined(first, others.slice(0, middle)), joined(head, tail))
}

/** Candles of an outdated file that are missing because no source answered. */
const completed = (found: Klines.Klines, outdated: Klines.Klines): Klines.Klines => {
  const lacking = found.missing.filter(({ reason }) => reason === "not_fetched" || reason === "date_range")
  return lacking.reduce(
    (all, { end, start }) => Klines.concat(all, { ...Klines.slice(outdated, start, end), missing: [] }),
    found
  )
}
