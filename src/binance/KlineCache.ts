/**
 * Candles kept on disk, as Arrow files that any Arrow tool reads.
 *
 * There is a file for every day of a series (for every month, of candles of a day and longer), and only whole ones: each
 * candle of the period is there, or known not to exist, and all of them are closed. What is read is what was written:
 * every file knows whose candles it holds and carries a checksum.
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Classifier from "../Classifier.js"
import type * as FetchContext from "../FetchContext.js"
import * as FetchError from "../FetchError.js"
import * as Check from "../internal/options.js"
import { attempt } from "../internal/safe/json.js"
import * as arrowFile from "./internal/cache/arrowFile.js"
import * as Files from "./internal/cache/cacheFiles.js"
import { folderOf, type Period, periodsOf } from "./internal/cache/periods.js"
import * as columns from "./internal/klines/columns.js"
import * as model from "./internal/klines/klinesModel.js"
import * as ranges from "./internal/klines/ranges.js"
import * as rowSources from "./internal/klines/rowSources.js"
import { cacheModules } from "./internal/optionalModules.js"
import * as Interval from "./Interval.js"
import * as KlineRequest from "./KlineRequest.js"
import * as Klines from "./Klines.js"
import * as Market from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What can go wrong with a file: it cannot be read or written, or it is not what was written.
 *
 * @since 0.1.0
 * @category models
 */
export type FileError = FetchError.StorageError | FetchError.DataIntegrity | FetchError.Unexpected

/**
 * What the cache has of a range, and what was wrong with files of it. A file that is not what it should be was put out of
 * the way: beside its place, with `.corrupt` behind its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly klines: Klines.Klines
  readonly errors: ReadonlyArray<FileError>
}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The folder of the files. Default: `effect-errata` in the user's folder for caches: `LOCALAPPDATA`, `XDG_CACHE_HOME`,
   * `~/Library/Caches` where there is one, `~/.cache`.
   */
  readonly directory?: string | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The cache.
 *
 * - **Whole periods only.** A day (a month) of which a candle is missing, still forming or broken is not kept; nor is
 *   today. Holes are kept if the exchange says that there are no candles (`source_gap`, `not_listed_yet`, `delisted`) and
 *   the period has been over for a day.
 * - **Whole files only.** A file is written beside its place, synced and renamed: a process that is killed leaves the old
 *   one or the new one. Several processes may use one cache.
 * - It neither retries nor tracks: a cache that fails is no reason for a fetch to fail, and the data are elsewhere.
 *
 * @since 0.1.0
 * @category tags
 */
export class KlineCache extends Context.Tag("effect-errata/binance/KlineCache")<KlineCache, {
  /** What is kept of a range. The rest is missing, as `not_cached`. Fails with the first thing that is wrong. */
  readonly klines: (
    input: KlineRequest.Input
  ) => Effect.Effect<Klines.Klines, FileError | FetchError.DataValidation>
  /** The same, with what could be read though something is wrong. */
  readonly find: (input: KlineRequest.Input) => Effect.Effect<Found, FetchError.DataValidation>
  /**
   * Keeps the whole periods of these klines, and says how many there were that were not kept before. Fails with the first
   * that cannot be written; those before it are kept.
   */
  readonly keep: (
    series: { readonly market: Market.Market; readonly symbol: string },
    klines: Klines.Klines
  ) => Effect.Effect<number, FileError>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a cache on the `FileSystem` of the context. It needs Node.js and the package `@uwdata/flechette`, and dies without
 * them, saying what to install.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<typeof KlineCache.Service, never, FileSystem.FileSystem | Path.Path> {
  const given = yield* Check.orDie("KlineCache", checkedOptions("", options))
  const modules = yield* cacheModules("KlineCache")
  const files = yield* Files.make
  const path = yield* Path.Path
  const directory = given.directory ?? (yield* userFolder)

  const fileOf = (series: Series, { name }: Period): string =>
    path.join(directory, ...folderOf(series), `${name}.arrow`)

  /** A file as it was written. None if there is none, or one of a later version. */
  const read = (series: Series, period: Period): Effect.Effect<Option.Option<Kept>, FileError> => {
    const file = fileOf(series, period)
    const context: FetchContext.Input = { ...series, source: "cache", operation: "read", attributes: { path: file } }
    const contents = (bytes: Uint8Array) => checked(series, period, arrowFile.decode(modules, bytes, true))
    return Effect.flatMap(
      Effect.mapError(files.read(file, isLarge(series.interval)), storage(file, context)),
      (bytes) => {
        const known = Option.flatMapNullable(bytes, contents)
        if (Option.isNone(known)) return Effect.succeedNone
        if (!isFlaw(known.value)) return Effect.succeedSome(known.value.klines)
        const { flaw, ...evidence } = known.value
        const error = new FetchError.DataIntegrity({ ...evidence, message: `${flaw}: ${file}`, context })
        // Where it cannot be moved it will be found again.
        return Effect.zipRight(
          Effect.ignore(files.moveAside(file, (bytes) => !isFlaw(contents(bytes)))),
          Effect.fail(error)
        )
      }
    )
  }

  const find = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest) {
    const { interval, market, symbol } = request
    const start = DateTime.toEpochMillis(request.start)
    const now = yield* Clock.currentTimeMillis
    // Nothing opens after now.
    const end = Math.min(DateTime.toEpochMillis(request.end), now + 1)
    const answers = yield* Effect.forEach(
      periodsOf(interval, { start, end }),
      (period) => Effect.either(read({ market, symbol, interval }, period)),
      { concurrency }
    )
    const parts = answers.flatMap((part) => Option.toArray(Option.flatten(Either.getRight(part))))
    const all = columns.join(parts)
    const anchor = columns.anchorOf(interval, all.openTime)
    // With the one that is forming, which is missing too.
    const until = Math.min(end, Interval.next(interval, now, anchor))
    const kept = columns.between(all, start, until)
    const missing = ranges.overlay(
      [{ start, end: until, reason: "not_cached" as const }],
      ranges.intersect(parts.flatMap(({ missing }) => missing), [{ start, end: until }])
    )
    const klines = model.make(kept, {
      interval,
      source: rowSources.repeated("cache", kept.length),
      missing: ranges.absent(missing, kept.openTime, interval, anchor, (a, b) => a.reason === b.reason)
    })
    return { klines, errors: answers.flatMap((part) => Option.toArray(Either.getLeft(part))) }
  })

  const keep = Effect.fnUntraced(function*(
    { market, symbol }: { readonly market: Market.Market; readonly symbol: string },
    klines: Klines.Klines
  ) {
    const series = { market, symbol, interval: klines.interval }
    const now = yield* Clock.currentTimeMillis
    let kept = 0
    for (const period of periodsOf(klines.interval, extent(klines))) {
      const part = Klines.slice(klines, period.start, period.end)
      if (!isWhole(part, period, now) || part.source.every((source) => source === "cache") && part.length > 0) continue
      const file = fileOf(series, period)
      const about = encodeAbout({ market, symbol, start: period.start, end: period.end, fetchedAt: now })
      const bytes = arrowFile.encode(modules, { klines: part, about })
      const context: FetchContext.Input = { ...series, source: "cache", operation: "write", attributes: { path: file } }
      yield* Effect.mapError(files.write(file, bytes), storage(file, context))
      kept++
    }
    return kept
  })

  const asked = (input: KlineRequest.Input) => Effect.flatMap(KlineRequest.make(input), find)
  return KlineCache.of({
    find: asked,
    klines: (input) =>
      Effect.flatMap(
        asked(input),
        ({ errors: [error], klines }) => error === undefined ? Effect.succeed(klines) : Effect.fail(error)
      ),
    keep
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The cache as a layer.
 *
 * @example
 * import { Path } from "@effect/platform"
 * import { NodeFileSystem } from "@effect/platform-node"
 * import { Effect, Layer } from "effect"
 * import { KlineCache } from "effect-errata/binance"
 *
 * const program = Effect.gen(function*() {
 *   const cache = yield* KlineCache.KlineCache
 *   const day = { market: "SPOT", symbol: "BTCUSDT", interval: "1h", start: "2024-01-01", end: "2024-01-02" } as const
 *   const { length, missing } = yield* cache.klines(day)
 *   return [length, missing[0]?.reason]
 * })
 *
 * const cache = KlineCache.layer({ directory: "/tmp/effect-errata-example" })
 * const runnable = program.pipe(Effect.provide(cache), Effect.provide([NodeFileSystem.layer, Path.layer]))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<KlineCache, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(KlineCache, make(options))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const checkedOptions = Check.struct({ directory: Check.optional(Check.text) } satisfies Check.Checks<Options>)

const concurrency = 4

/** Whether a file has megabytes: a day of seconds. All others have less than 200 kB. */
const isLarge = (interval: Interval.Interval): boolean => interval === "1s"

interface Series {
  readonly market: Market.Market
  readonly symbol: string
  readonly interval: Interval.Interval
}

/** That they come from the cache is all that is said of them then. */
type Kept = arrowFile.Decoded["klines"]

/** What a file says of itself besides its candles: a file under another name is another's. */
const About = Schema.parseJson(Schema.Struct({
  market: Market.Market,
  symbol: Schema.String,
  start: Schema.Int,
  end: Schema.Int,
  /** Milliseconds since the epoch. */
  fetchedAt: Schema.Int
}))

const encodeAbout = Schema.encodeSync(About)
const decodeAbout = Schema.decodeSync(About)

const checked = (
  { interval, market, symbol }: Series,
  { end, start }: Period,
  contents: arrowFile.Decoded | arrowFile.Flaw | undefined
): { readonly klines: Kept } | arrowFile.Flaw | undefined => {
  if (contents === undefined || "flaw" in contents) return contents
  const about = attempt(() => decodeAbout(contents.about))
  const { klines } = contents
  const found = about && [about.market, about.symbol, klines.interval, about.start, about.end].join(" ")
  const wanted = [market, symbol, interval, start, end].join(" ")
  return found === wanted ? { klines } : { flaw: "The file holds other candles", wanted, found: found ?? "none" }
}

const isFlaw = (
  contents: { readonly klines: Kept } | arrowFile.Flaw | undefined
): contents is arrowFile.Flaw => contents !== undefined && "flaw" in contents

const extent = ({ missing, openTime }: Klines.Klines): ranges.Range => ({
  start: Math.min(openTime[0] ?? Infinity, missing[0]?.start ?? Infinity),
  end: Math.max((openTime.at(-1) ?? -Infinity) + 1, missing.at(-1)?.end ?? -Infinity)
})

const final: ReadonlySet<Klines.Reason> = new Set<Klines.Reason>(["source_gap", "not_listed_yet", "delisted"])
const day = 86_400_000

/** Is every candle of the period here, or known not to exist, and over? */
const isWhole = (
  { interval, length, missing, openTime }: Klines.Klines,
  { end, start }: Period,
  now: number
): boolean => {
  const anchor = columns.anchorOf(interval, openTime)
  if (Interval.next(interval, Interval.floor(interval, end - 1, anchor), anchor) > now) return false
  // An exchange that is behind has holes that it fills.
  if (missing.length > 0 && now - end < day) return false
  const holes = missing.reduce((sum, hole) => sum + Interval.count(interval, hole.start, hole.end, anchor), 0)
  return length + holes === Interval.count(interval, start, end, anchor) &&
    missing.every(({ reason }) => final.has(reason))
}

const storage = (file: string, context: FetchContext.Input) => (cause: PlatformError.PlatformError): FileError => {
  const error = Classifier.classifySync(cause, { context })
  switch (error._tag) {
    case "StorageRead":
    case "StorageWrite":
    case "StorageSpace":
    case "StoragePermission":
    case "DataIntegrity":
    case "Unexpected":
      return error
    default:
      return new FetchError.Unexpected({ message: `${error.message}: ${file}`, cause, context })
  }
}

const userFolder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const variable = (name: string) => Effect.orElseSucceed(Config.option(Config.nonEmptyString(name)), Option.none)
  const local = yield* variable("LOCALAPPDATA")
  const xdg = yield* variable("XDG_CACHE_HOME")
  const home = yield* variable("HOME")
  const library = Option.map(home, (home) => path.join(home, "Library", "Caches"))
  const isMac = Option.isSome(library) && (yield* Effect.orElseSucceed(fs.exists(library.value), () => false))
  const folder = Option.firstSomeOf([
    local,
    xdg,
    isMac ? library : Option.map(home, (home) => path.join(home, ".cache"))
  ])
  return yield* Option.match(folder, {
    onNone: () =>
      Effect.die(
        new Cause.IllegalArgumentException(
          "KlineCache: no directory is given, and none of LOCALAPPDATA, XDG_CACHE_HOME and HOME is set"
        )
      ),
    onSome: (folder) => Effect.succeed(path.join(folder, "effect-errata"))
  })
})
