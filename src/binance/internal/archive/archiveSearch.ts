/**
 * All candles of a range that the archive has. An unusable file is replaced by others of the same period: a monthly
 * file by daily files, a daily file by the monthly file.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { HasAlternative } from "../../../internal/fetch/ambient.js"
import { monotonicMillis as monotonic } from "../../../internal/monotonicMillis.js"
import * as Interval from "../../Interval.js"
import type { KlineRequest } from "../../KlineRequest.js"
import * as Klines from "../../Klines.js"
import * as columns from "../klines/columns.js"
import { isLastWord, type KlinesError } from "../klines/failure.js"
import { EachRequest } from "../klines/pages.js"
import { intersect, overlay, type Range, subtract } from "../klines/ranges.js"
import { rangeOf } from "../klines/requestRange.js"
import type { Archive } from "./archiveClient.js"
import * as files from "./archiveFiles.js"
import type { ArchiveNotes } from "./archiveNotes.js"
import { archiveReasons } from "./archiveReasons.js"
import type { FileRows } from "./contents.js"
import { firstTradedDay } from "./tradedDays.js"
import { provenPeriod, type TradingPeriod, tradingPeriod } from "./tradingPeriod.js"

export interface ArchiveResult {
  readonly klines: Klines.Klines
  readonly errors: ReadonlyArray<KlinesError>
  /** The time of the archive at its last answer, in milliseconds; `undefined` when it stated none. */
  readonly now: number | undefined
  /** The end of the last file that was read: a lower bound of the time. `-Infinity` if none was read. */
  readonly least: number
  /** The periods of files that exist but are damaged: the instrument was traded then. */
  readonly damaged: ReadonlyArray<Range>
}

const year = 366 * 86_400_000
// The number of files that are requested before the listing is, if all of them are absent.
const probes = 4

interface Read {
  readonly file: files.ArchiveFile
  /** None if the file does not exist. */
  readonly rows: Either.Either<Option.Option<FileRows>, KlinesError>
}

/** A file that cannot be read is replaced by others of the same period, where that may help. */
export const makeArchiveSearch = (archive: Archive, concurrency: number) =>
  Effect.fnUntraced(function*(
    request: KlineRequest,
    range: Range,
    notes: ArchiveNotes
  ): Effect.fn.Return<ArchiveResult> {
    const { interval, market, symbol } = request
    const { end, start } = range
    const context = {
      market,
      symbol,
      interval,
      start: request.start,
      end: request.end,
      source: "vision",
      operation: "fetch"
    }
    const each = yield* EachRequest
    const local = yield* Clock.currentTimeMillis
    const time = Effect.map(monotonic, (at) => archive.clock.earliest(at))

    // A month may be published before its last days are listed.
    const isEmpty = (file: files.ArchiveFile, now: number) =>
      notes.days.isEmpty(files.tradedIn(request, file)) && !(file.period === "monthly" && files.mayCome(file, now))

    const readOne = (file: files.ArchiveFile) =>
      Effect.flatMap(time, (now) =>
        isEmpty(file, now ?? local)
          ? Effect.succeed<Read>({ file, rows: Either.right(Option.none()) })
          : Effect.map(
            Effect.either(each(archive.rows(request, file, now ?? local, context))),
            (rows): Read => ({ file, rows })
          ))
    const read = (planned: ReadonlyArray<files.ArchiveFile>) => Effect.forEach(planned, readOne, { concurrency })
    const readOnce = (planned: ReadonlyArray<files.ArchiveFile>) =>
      Effect.forEach(planned, (file) => notes.files.run(file.path, readOne(file)), { concurrency })

    const ofMonth = Effect.fnUntraced(function*(month: number) {
      const file = files.fileOf({ market, symbol, interval: "1d" }, "monthly", month)
      const at = (yield* time) ?? local
      if (files.mayCome(file, at)) return undefined
      const { rows } = yield* notes.files.run(
        file.path,
        Effect.map(
          Effect.either(each(archive.rows({ market, symbol, interval: "1d" }, file, at, context))),
          (rows): Read => ({ file, rows })
        )
      )
      return Either.isLeft(rows) ? undefined : Option.match(rows.right, {
        onNone: () => [],
        onSome: ({ columns: { openTime } }) => [...openTime].sort((a, b) => a - b)
      })
    })
    const listed = (after?: number) => archive.firstDay(request, after, context)
    const from = rangeOf(request).start
    const firstDay = (after?: number) => firstTradedDay(notes.days, { start: from, listed, ofMonth }, after)
    /** Reads files. If the archive has none of the first ones, its listing shows which of the others exist. */
    const readFrom = Effect.fnUntraced(function*(planned: ReadonlyArray<files.ArchiveFile>) {
      const first = yield* read(planned.slice(0, probes))
      const others = planned.slice(probes)
      if (others.length === 0) return first
      if (first.every(isAbsent)) {
        yield* firstDay()
        yield* firstDay(planned[probes - 1]!.start)
      }
      return [...first, ...yield* read(others)]
    })

    const plan = files.filesOf(request, range, (yield* time) ?? local)
    const hasAlternative = yield* HasAlternative
    // The local clock may be behind: the first answer has the time of the exchange.
    let planned = yield* readFrom(plan)
    const [upcoming] = plan.length > 0 ? [] : files.filesOf(request, range, end + year)
    if (upcoming !== undefined && (yield* time) === undefined) {
      const probe = Effect.flatMap(
        time,
        (known) => known === undefined ? Effect.asSome(readOne(upcoming)) : Effect.succeedNone
      )
      planned = Option.toArray(yield* notes.upcoming(upcoming, probe, hasRows))
    }
    const heard = yield* time
    if (heard !== undefined) {
      const more = files.filesOf(request, range, heard).filter(({ path }) =>
        !planned.some(({ file }) => file.path === path)
      )
      planned = [...planned, ...yield* readFrom(more)]
    }
    // A file is published after its period.
    const now = heard ?? Math.max(local, endOf(planned))

    const klinesOf = (parts: ReadonlyArray<Read>, reasons: (anchor: number) => ReadonlyArray<Klines.Missing>) => {
      const found = parts.flatMap(({ rows }) => Option.toArray(Either.getOrElse(rows, () => Option.none<FileRows>())))
      const all = columns.join(found.map(({ columns }) => columns))
      const anchor = columns.anchorOf(interval, all.openTime)
      const forming = Interval.floor(interval, now, anchor)
      const invalid = found.flatMap(({ impossible }) => impossible).sort((a, b) => a - b).map(
        (open): Klines.Missing => {
          const slot = Interval.floor(interval, open, anchor)
          return { start: slot, end: Interval.next(interval, slot, anchor), reason: "invalid" }
        }
      )
      return Klines.make({
        interval,
        source: "vision",
        columns: all,
        start,
        end: Math.min(end, forming),
        reasons: overlay(reasons(anchor), intersect(distinct(invalid), [range]))
      })
    }

    // A month that another piece has read replaces days that cannot be read.
    const shared = files.monthsOf(request, failedIn(planned), now).filter(({ path }) => notes.files.has(path))
    planned = [...(yield* readOnce(shared)).filter(hasRows), ...planned]

    const first = klinesOf(planned, () => [{ start, end, reason: "date_range" }])
    let found = first
    const isLost = ({ rows }: Read) => Either.isLeft(rows) && !isReplaceable(rows.left, hasAlternative(rows.left))
    const lost = failedIn(planned.filter(isLost))
    const lacking = subtract(first.missing, lost)
    const asLost = (ranges: ReadonlyArray<Range>) =>
      ranges.map((range): Klines.Missing => ({ ...range, reason: "not_fetched" }))
    if (lost.length > 0) {
      found = klinesOf(
        planned,
        () => overlay<Klines.Missing>([{ start, end, reason: "date_range" }], intersect(asLost(lost), [range]))
      )
    }
    let all: ReadonlyArray<Read> = planned
    let others: ReadonlyArray<Read> = []
    if (lacking.length > 0) {
      const published = { start, end: Math.min(end, files.publishedUntil(interval, now)) }
      /** The bounds that two parts of the archive agree on. */
      const agreed = (period: TradingPeriod): TradingPeriod => ({
        ...period,
        listed: notes.days.agreed.has("first") ? period.listed : -Infinity,
        delisted: notes.days.agreed.has("last") ? period.delisted : Infinity
      })
      const rough = yield* tradingPeriod(first, published, rowsAround(planned, range), now, [], firstDay)
      const completable = completableOf(
        lacking,
        planned.filter((read) => !isLost(read)),
        rough,
        agreed(rough)
      )
      const days: Array<Read> = []
      for (const gap of completable.monthly) {
        const [samples, otherDays] = sampled(
          files.daysOf(request, [gap], now).filter(({ path }) => !days.some(({ file }) => file.path === path))
        )
        // If all samples are damaged or absent too, so are the others.
        const found = [...yield* read(samples.slice(0, 2))]
        if (!found.every(({ rows }) => Either.isLeft(rows))) found.push(...yield* read(samples.slice(2)))
        // A month that exists has days.
        const isTraded = found.some(hasRows) || (found.some(isAbsent) && intersect([gap], failedIn(planned)).length > 0)
        days.push(...found, ...isTraded ? yield* read(otherDays) : [])
      }
      const months = yield* readOnce(files.monthsOf(request, completable.daily, now))
      // The last of several rows with one open time takes precedence.
      all = [...months, ...planned, ...days]
      others = [...days, ...months]
      const both = agreedOn(all)
      const complete = klinesOf(all, () => [{ start, end, reason: "date_range" }])
      const shown = complete.missing.length === 0
        ? rough
        : including(
          damagedIn(all),
          yield* tradingPeriod(complete, published, rowsAround(all, range), now, both, firstDay)
        )
      const isOther = (other: string) => other !== symbol
      const period = yield* provenPeriod(
        agreed(shown),
        now,
        { oldest: files.oldest[market].filter(isOther), largest: files.largest[market].filter(isOther) },
        (other, after) =>
          notes.days.of(other).first(after, archive.firstDay({ ...request, symbol: other }, after, context))
      )
      found = klinesOf(all, (anchor) =>
        overlay(
          archiveReasons({ interval, anchor, start, end, now, awaited: awaitedOf(all, interval, now), period }),
          asLost(intersect(failedIn(all), [published]))
        ))
    }
    return {
      klines: found,
      errors: [...planned, ...others].flatMap(({ rows }) => Either.isLeft(rows) ? [rows.left] : []),
      now: heard,
      least: endOf([...planned, ...others]),
      damaged: damagedIn([...planned, ...others])
    }
  })

/** True when other files of the same period may help: this one is damaged or refused, or there is no other source. */
const isReplaceable = (error: KlinesError, hasAlternative: boolean): boolean =>
  error._tag === "ApiPermission" || error.category === "Data" || (!hasAlternative && !isLastWord(error))

const hasRows = ({ rows }: Read): boolean => Either.isRight(rows) && Option.isSome(rows.right)

const isAbsent = ({ rows }: Read): boolean => Either.isRight(rows) && Option.isNone(rows.right)

/** The first, the last and two other files, and the rest. */
const sampled = (
  days: ReadonlyArray<files.ArchiveFile>
): readonly [ReadonlyArray<files.ArchiveFile>, ReadonlyArray<files.ArchiveFile>] => {
  const last = days.length - 1
  const samples = new Set([0, Math.floor(last / 3), Math.floor(2 * last / 3), last].map((i) => days[i]))
  return [days.filter((file) => samples.has(file)), days.filter((file) => !samples.has(file))]
}

/** The daily files that may have candles the monthly files lack, and vice versa. */
const completableOf = (
  missing: ReadonlyArray<Klines.Missing>,
  planned: ReadonlyArray<Read>,
  rough: TradingPeriod,
  proven: TradingPeriod
): Readonly<Record<files.ArchiveFile["period"], ReadonlyArray<Klines.Missing>>> => {
  const of = (
    period: files.ArchiveFile["period"],
    traded: Range,
    isWorthIt: (read: Read) => boolean
  ) =>
    intersect(
      intersect(missing, [traded]),
      planned.filter((read) => read.file.period === period && isWorthIt(read)).map(({ file }) => file)
    )
  return {
    // An archive without any file of the instrument has no daily files either.
    monthly: of("monthly", { start: rough.listed, end: rough.delisted }, (read) => rough.exists || !isAbsent(read)),
    daily: of("daily", { start: proven.listed, end: proven.delisted }, () => true)
  }
}

/** The files that may still be published. A monthly file counts only where no daily files exist. */
const awaitedOf = (
  all: ReadonlyArray<Read>,
  interval: Interval.Interval,
  now: number
): ReadonlyArray<files.ArchiveFile> =>
  all.filter((read) =>
    isAbsent(read) && files.mayCome(read.file, now) && (read.file.period === "daily" || !files.hasDays(interval))
  ).map(({ file }) => file)

/** The days for which both the daily and the monthly file were read. */
const agreedOn = (all: ReadonlyArray<Read>): ReadonlyArray<Range> => {
  const read = all.filter(hasRows).map(({ file }) => file)
  const of = (period: files.ArchiveFile["period"]) => read.filter((file) => file.period === period)
  return intersect(of("daily"), of("monthly")).map(({ end, start }) => ({ start, end }))
}

/** The opens of a row before and of a row after a range, for each file that has one. */
const rowsAround = (all: ReadonlyArray<Read>, { end, start }: Range): ReadonlyArray<number> =>
  all.flatMap(({ rows }) =>
    Option.toArray(Either.getOrElse(rows, () => Option.none<FileRows>())).flatMap(({ columns: { openTime } }) =>
      [openTime.find((open) => open < start), openTime.find((open) => open >= end)].filter((open) => open !== undefined)
    )
  )

const endOf = (all: ReadonlyArray<Read>): number =>
  Math.max(-Infinity, ...all.filter(hasRows).map(({ file }) => file.end))

/** The periods of files that exist but are damaged. */
const damagedIn = (all: ReadonlyArray<Read>): ReadonlyArray<Range> =>
  failedIn(all.filter(({ rows }) => Either.isLeft(rows) && rows.left.category === "Data"))

/** A trading period that includes ranges in which the instrument was traded. */
const including = (traded: ReadonlyArray<Range>, period: TradingPeriod): TradingPeriod => ({
  listed: Math.min(period.listed, ...traded.map(({ start }) => start)),
  delisted: Math.max(period.delisted, ...traded.map(({ end }) => end)),
  exists: period.exists || traded.length > 0
})

/** The periods of files that exist but could not be read. */
const failedIn = (all: ReadonlyArray<Read>): ReadonlyArray<Range> =>
  all.reduce<ReadonlyArray<Range>>(
    (ranges, { file: { end, start }, rows }) => Either.isLeft(rows) ? overlay(ranges, [{ start, end }]) : ranges,
    []
  )

/** Sorted ranges without duplicates. */
const distinct = (ranges: ReadonlyArray<Klines.Missing>): ReadonlyArray<Klines.Missing> =>
  ranges.filter(({ start }, i) => start !== ranges[i - 1]?.start)
