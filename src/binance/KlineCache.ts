/**
 * Candles on disk, as Arrow files that any Arrow tool reads, each with a checksum.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Classifier from "../Classifier.js"
import type * as FetchContext from "../FetchContext.js"
import * as FetchError from "../FetchError.js"
import * as Check from "../internal/options.js"
import { attempt } from "../internal/safe/json.js"
import { decodeAbout, encodeAbout } from "./internal/cache/about.js"
import * as arrowFile from "./internal/cache/arrowFile.js"
import * as Files from "./internal/cache/cacheFiles.js"
import { hostFolder, type Period, periodsOf } from "./internal/cache/periods.js"
import { makePlaces, type Place, type Places } from "./internal/cache/places.js"
import { userFolder } from "./internal/cache/userFolder.js"
import { extent, isWhole } from "./internal/cache/wholePeriods.js"
import * as columns from "./internal/klines/columns.js"
import * as model from "./internal/klines/klinesModel.js"
import * as ranges from "./internal/klines/ranges.js"
import * as rowSources from "./internal/klines/rowSources.js"
import { binance } from "./internal/manager/exchangeIdentity.js"
import { cacheModules } from "./internal/optionalModules.js"
import type * as Interval from "./Interval.js"
import * as KlineRequest from "./KlineRequest.js"
import * as Klines from "./Klines.js"
import type * as Market from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The failures of a file: it cannot be read or written, or its bytes have changed since it was written.
 *
 * @since 0.1.0
 * @category models
 */
export type FileError = FetchError.StorageError | FetchError.DataIntegrity | FetchError.Unexpected

/**
 * The candles of a range, and the faults of files. A file with a fault has been renamed to end in `.corrupt`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly klines: Klines.Klines
  readonly errors: ReadonlyArray<FileError>
  /** Candles of files that are older than `maxAge`. They are missing from `klines`, as `not_cached`. */
  readonly outdated?: Klines.Klines | undefined
}

/**
 * Options of {@link layer}.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * The folder of the files. Default: `effect-errata` in the user's cache folder: `LOCALAPPDATA`, `XDG_CACHE_HOME`,
   * `~/Library/Caches` if it exists, or `~/.cache`.
   */
  readonly directory?: string | undefined
  /** The age from which a file is fetched again. If that fails, the old file is used. Default: never. */
  readonly maxAge?: Duration.DurationInput | undefined
}

/**
 * The exchange of the candles: the base URL of its host, or `binance.com` for Binance itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Exchange {
  readonly host?: string | undefined
  /**
   * The time of the exchange in milliseconds at which the candles were requested: for ended periods, and ages of files.
   * Default: the local clock.
   */
  readonly now?: number | undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A cache of candles in files.
 *
 * - **Whole periods.** Each day has a file, or each month for candles of a day and longer. A file is written when all
 *   candles of its period closed five minutes ago or earlier, since values may change until then, and each exists or is
 *   proven not to; with gaps, a day later.
 * - **Whole files.** A file is written under a temporary name, synced and renamed: a process that is killed leaves the
 *   old file or the new one. Several processes may use one cache.
 * - **Identity.** The path and the file name the host, the market, the symbol and the interval. Without a `host`, the
 *   candles of Binance are used, or else those of another host if it is the only one.
 * - **No retries, no tracking.** A failing cache is no reason for a fetch to fail.
 *
 * @since 0.1.0
 * @category tags
 */
export class KlineCache extends Context.Tag("effect-errata/binance/KlineCache")<KlineCache, {
  /** Returns the cached candles of a range. Others are missing, as `not_cached`. Fails with the first faulty file. */
  readonly klines: (
    input: KlineRequest.Input,
    options?: Exchange
  ) => Effect.Effect<Klines.Klines, FileError | FetchError.DataValidation>
  /** Returns the cached candles of a range, and the faults of its files. */
  readonly find: (input: KlineRequest.Input, options?: Exchange) => Effect.Effect<Found, FetchError.DataValidation>
  /**
   * Writes the whole periods of klines. Returns the number of new periods. Fails with the first file that cannot be
   * written; the files before it are kept.
   */
  readonly keep: (
    series: { readonly market: Market.Market; readonly symbol: string },
    klines: Klines.Klines,
    options?: Exchange
  ) => Effect.Effect<number, FileError>
  /** Removes the periods that a range overlaps. Returns the number of removed files. */
  readonly forget: (
    input: KlineRequest.Input,
    options?: Exchange
  ) => Effect.Effect<number, FileError | FetchError.DataValidation>
}>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a cache on the `FileSystem` of the context. Requires Node.js and the package `@uwdata/flechette`. Dies without
 * them, with a message that names the package to install.
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
  const maxAge = given.maxAge === undefined ? Infinity : Duration.toMillis(given.maxAge)

  const { folderOf, places } = makePlaces(directory, files, path)

  /** Reads a file. None if it does not exist, or if a later version wrote it. */
  const read = (series: Series, period: Period, place: Place): Effect.Effect<Option.Option<Kept>, FileError> => {
    const file = path.join(place.folder, `${period.name}.arrow`)
    const context: FetchContext.Input = { ...series, source: "cache", operation: "read", attributes: { path: file } }
    const contents = (bytes: Uint8Array) => checked(series, period, place, arrowFile.decode(modules, bytes, true))
    return Effect.flatMap(
      Effect.mapError(files.read(file, isLarge(series.interval)), storage(file, context)),
      (bytes) => {
        const known = Option.flatMapNullable(bytes, contents)
        if (Option.isNone(known)) return Effect.succeedNone
        if (!isFlaw(known.value)) return Effect.succeedSome(known.value)
        const { flaw, ...evidence } = known.value
        const error = new FetchError.DataIntegrity({ ...evidence, message: `${flaw}: ${file}`, context })
        // A corrupt file that cannot be moved is detected again by the next read.
        return Effect.zipRight(
          Effect.ignore(files.moveAside(file, (bytes) => !isFlaw(contents(bytes)))),
          Effect.fail(error)
        )
      }
    )
  }

  const readFirst = (
    series: Series,
    period: Period,
    { known, others }: Places
  ) => {
    const readAt = (found: Effect.Effect<Option.Option<Kept>, FileError>, at: ReadonlyArray<Place>) =>
      at.reduce(
        (found, place) =>
          Effect.flatMap(found, (kept) => Option.isSome(kept) ? Effect.succeed(kept) : read(series, period, place)),
        found
      )
    return Effect.flatMap(
      readAt(Effect.succeedNone, known),
      (kept) =>
        Option.isSome(kept) ? Effect.succeed(kept) : Effect.flatMap(others, (at) => readAt(Effect.succeedNone, at))
    )
  }

  const find = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest, options: Exchange) {
    const { interval, market, symbol } = request
    const start = DateTime.toEpochMillis(request.start)
    const end = DateTime.toEpochMillis(request.end)
    const now = options.now ?? (yield* Clock.currentTimeMillis)
    const at = yield* places({ market, symbol, interval }, options.host)
    const answers = yield* Effect.forEach(
      // Candles of the future are never kept, but the local clock may be behind.
      periodsOf(interval, { start, end: Math.min(end, now + clockError) }),
      (period) => Effect.either(readFirst({ market, symbol, interval }, period, at)),
      { concurrency }
    )
    const parts = answers.flatMap((part) => Option.toArray(Option.flatten(Either.getRight(part))))
    const isOutdated = ({ fetchedAt }: Kept) => now - fetchedAt > maxAge
    const klinesOf = (parts: ReadonlyArray<Kept>): Klines.Klines => {
      const all = columns.join(parts.map(({ klines }) => klines))
      const anchor = columns.anchorOf(interval, all.openTime)
      const kept = columns.between(all, start, end)
      const missing = ranges.overlay(
        [{ start, end, reason: "not_cached" as const }],
        ranges.intersect(parts.flatMap(({ klines }) => klines.missing), [{ start, end }])
      )
      return model.make(kept, {
        interval,
        source: rowSources.repeated("cache", kept.length),
        missing: ranges.absent(missing, kept.openTime, interval, anchor, (a, b) => a.reason === b.reason)
      })
    }
    const old = parts.filter(isOutdated)
    return {
      klines: klinesOf(parts.filter((part) => !isOutdated(part))),
      errors: answers.flatMap((part) => Option.toArray(Either.getLeft(part))),
      ...(old.length > 0 ? { outdated: klinesOf(old) } : {})
    }
  })

  const keep = Effect.fnUntraced(function*(
    { market, symbol }: { readonly market: Market.Market; readonly symbol: string },
    klines: Klines.Klines,
    options: Exchange = {}
  ) {
    const series = { market, symbol, interval: klines.interval }
    const { host = binance } = options
    const now = Math.floor(options.now ?? (yield* Clock.currentTimeMillis))
    let kept = 0
    for (const period of periodsOf(klines.interval, extent(klines))) {
      const part = Klines.slice(klines, period.start, period.end)
      if (!isWhole(part, period, now) || part.source.every((source) => source === "cache") && part.length > 0) continue
      const file = path.join(folderOf(series, host), `${period.name}.arrow`)
      const about = encodeAbout({ host, market, symbol, start: period.start, end: period.end, fetchedAt: now })
      const parts = arrowFile.encodeParts(modules, { klines: part, about })
      const context: FetchContext.Input = { ...series, source: "cache", operation: "write", attributes: { path: file } }
      yield* Effect.mapError(files.write(file, parts), storage(file, context))
      kept++
    }
    return kept
  })

  const forget = Effect.fnUntraced(function*(request: KlineRequest.KlineRequest, options: Exchange) {
    const { end, interval, market, start, symbol } = request
    const series = { market, symbol, interval }
    const range = { start: DateTime.toEpochMillis(start), end: DateTime.toEpochMillis(end) }
    const names = new Set(periodsOf(interval, range).map(({ name }) => `${name}.arrow`))
    let forgotten = 0
    const { known, others } = yield* places(series, options.host)
    for (const { folder } of [...known, ...yield* others]) {
      const context: FetchContext.Input = {
        ...series,
        source: "cache",
        operation: "write",
        attributes: { path: folder }
      }
      for (const name of yield* Effect.mapError(files.list(folder), storage(folder, context))) {
        if (!names.has(name)) continue
        yield* Effect.mapError(files.remove(path.join(folder, name)), storage(folder, context))
        forgotten++
      }
    }
    return forgotten
  })

  const asked = (input: KlineRequest.Input, options: Exchange = {}) =>
    Effect.flatMap(KlineRequest.make(input), (request) => find(request, options))
  return KlineCache.of({
    find: asked,
    klines: (input, options) =>
      Effect.flatMap(
        asked(input, options),
        ({ errors: [error], klines }) => error === undefined ? Effect.succeed(klines) : Effect.fail(error)
      ),
    keep,
    forget: (input, options = {}) => Effect.flatMap(KlineRequest.make(input), (request) => forget(request, options))
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

const checkedOptions = Check.struct(
  { directory: Check.optional(Check.text), maxAge: Check.optional(Check.duration()) } satisfies Check.Checks<Options>
)

const concurrency = 4
const clockError = 7 * 86_400_000

interface Series {
  readonly market: Market.Market
  readonly symbol: string
  readonly interval: Interval.Interval
}

/** The contents of a file. */
interface Kept {
  readonly klines: arrowFile.Decoded["klines"]
  readonly fetchedAt: number
}

const checked = (
  { interval, market, symbol }: Series,
  { end, start }: Period,
  { host }: Place,
  contents: arrowFile.Decoded | arrowFile.Flaw | undefined
): Kept | arrowFile.Flaw | undefined => {
  if (contents === undefined || "flaw" in contents) return contents
  const about = attempt(() => decodeAbout(contents.about))
  const { klines } = contents
  const found = about && [about.market, about.symbol, klines.interval, about.start, about.end].join(" ")
  const wanted = [market, symbol, interval, start, end].join(" ")
  if (found !== wanted || about === undefined) {
    return { flaw: "The file is of another market, symbol, interval or period", wanted, found: found ?? "none" }
  }
  const isOfHost = typeof host === "object" ? hostFolder(about.host ?? "") === host.folder : about.host === host
  // Two hosts may have the same folder name.
  return isOfHost ? { klines, fetchedAt: about.fetchedAt } : undefined
}

/** True if a file has megabytes, as a day of seconds does. All others have less than 200 kB. */
const isLarge = (interval: Interval.Interval): boolean => interval === "1s"

const isFlaw = (
  contents: Kept | arrowFile.Flaw | undefined
): contents is arrowFile.Flaw => contents !== undefined && "flaw" in contents

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
