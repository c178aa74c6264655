import { Error as PlatformError, FileSystem, Path } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import * as Arrow from "apache-arrow"
import { Clock, ConfigProvider, DateTime, Effect, Exit, Layer, TestClock } from "effect"
import { Interval, KlineCache, Klines } from "effect-errata/binance"
import * as FastCheck from "effect/FastCheck"
import { crc32 } from "node:zlib"
import { expect } from "vitest"
import { candles, day, request, series, start } from "./candles.js"

const values = ({ interval: _i, missing: _m, source: _s, ...columns }: Klines.Klines) => columns

/** A cache in an empty folder, in the middle of 2024. */
const withCache = <A, E>(
  body: (
    cache: typeof KlineCache.KlineCache.Service,
    directory: string
  ) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path | KlineCache.KlineCache>
) =>
  Effect.scoped(Effect.gen(function*() {
    yield* TestClock.setTime(Date.UTC(2024, 5, 15, 12))
    const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
    const cache = KlineCache.layer({ directory })
    return yield* Effect.flatMap(KlineCache.KlineCache, (service) => body(service, directory)).pipe(
      Effect.provide(cache)
    )
  })).pipe(Effect.provide(NodeContext.layer))

const tree = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readDirectory(directory, { recursive: true })).pipe(
    Effect.map((names) =>
      names.filter((name) => /\.(arrow|corrupt|tmp)/.test(name)).map((name) => name.replaceAll("\\", "/")).sort()
    )
  )

describe("what is kept", () => {
  it.effect("comes back as it was, as rows of the cache", () =>
    withCache((cache) =>
      Effect.gen(function*() {
        const klines = candles("1h", start, start + 2 * day, "vision")
        expect(yield* cache.keep(series, klines)).toBe(2)
        const found = yield* cache.klines(request("1h", start, start + 2 * day))
        expect(values(found)).toEqual(values(klines))
        expect(found.source).toEqual(Array(48).fill("cache"))
        expect(found.missing).toEqual([])
        const part = yield* cache.klines(request("1h", start + day - 3_600_000, start + day + 3_600_000))
        expect([...part.openTime]).toEqual([start + day - 3_600_000, start + day])
      })
    ))

  it.effect("any doubles come back bit by bit", () =>
    withCache((cache) =>
      Effect.promise(() =>
        FastCheck.assert(
          FastCheck.asyncProperty(
            FastCheck.array(FastCheck.double({ noNaN: true, min: 0 }), { minLength: 24, maxLength: 24 }),
            (volumes) => {
              const klines = { ...candles("1h", start, start + day), volume: Float64Array.from(volumes) }
              return Effect.runPromise(
                Effect.gen(function*() {
                  yield* cache.keep(series, klines)
                  const found = yield* cache.klines(request("1h", start, start + day))
                  expect(found.volume).toEqual(klines.volume)
                }).pipe(Effect.withClock(fixedClock))
              )
            }
          ),
          { numRuns: 20 }
        )
      )
    ))

  const whole: ReadonlyArray<readonly [Interval.Interval, number, number, ReadonlyArray<string>]> = [
    ["1m", start, start + day, ["binance.com/SPOT/BTCUSDT/1m/2024-01-01.arrow"]],
    ["12h", start, start + day, ["binance.com/SPOT/BTCUSDT/12h/2024-01-01.arrow"]],
    ["1d", start, Date.UTC(2024, 2), [
      "binance.com/SPOT/BTCUSDT/1d/2024-01.arrow",
      "binance.com/SPOT/BTCUSDT/1d/2024-02.arrow"
    ]],
    ["1w", start, Date.UTC(2024, 1, 5), ["binance.com/SPOT/BTCUSDT/1w/2024-01.arrow"]],
    ["1M", start, Date.UTC(2024, 1), ["binance.com/SPOT/BTCUSDT/1mo/2024-01.arrow"]],
    ["3d", Interval.ceil("3d", start), Interval.ceil("3d", Date.UTC(2024, 1)), [
      "binance.com/SPOT/BTCUSDT/3d/2024-01.arrow"
    ]]
  ]
  for (const [interval, from, to, names] of whole) {
    it.effect(`candles of ${interval}: ${names.join(", ")}`, () =>
      withCache((cache, directory) =>
        Effect.gen(function*() {
          const klines = candles(interval, from, to)
          expect(yield* cache.keep(series, klines)).toBe(names.length)
          expect(yield* tree(directory)).toEqual(names)
          const found = yield* cache.klines(request(interval, from, to))
          expect([...found.openTime]).toEqual([...klines.openTime])
          expect(found.missing).toEqual([])
        })
      ))
  }

  it.effect("what is not there is missing, as not cached, and nothing is there that was not kept", () =>
    withCache((cache) =>
      Effect.gen(function*() {
        yield* cache.keep(series, candles("1h", start + day, start + 2 * day))
        const found = yield* cache.klines(request("1h", start, start + 3 * day))
        expect(found.length).toBe(24)
        expect(found.missing).toEqual([
          { start, end: start + day, reason: "not_cached" },
          { start: start + 2 * day, end: start + 3 * day, reason: "not_cached" }
        ])
        for (const other of [{ symbol: "ETHUSDT" }, { market: "FUTURES_USDT" }, { interval: "2h" }] as const) {
          expect((yield* cache.klines({ ...request("1h", start + day, start + 2 * day), ...other })).length).toBe(0)
        }
      })
    ))

  it.effect("the whole range is missing, also what has not opened by a clock that may be behind", () =>
    withCache((cache) =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const { missing } = yield* cache.klines(request("1h", now - day, now + day))
        expect(missing).toEqual([{ start: now - day, end: now + day, reason: "not_cached" }])
      })
    ))
})

describe("what is not kept", () => {
  const hour = 3_600_000
  const today = Date.UTC(2024, 5, 15)
  const without = (reason: Klines.Reason, from = start): Klines.Klines => {
    const klines = candles("1h", from, from + day, "rest", (open) => open === from + 5 * hour)
    return { ...klines, missing: klines.missing.map((hole) => ({ ...hole, reason })) }
  }
  const refused: ReadonlyArray<readonly [string, Klines.Klines]> = [
    ["a part of a day", candles("1h", start, start + day - hour)],
    ["the end of a day", candles("1h", start + hour, start + day)],
    ["failure 10: today, though all its candles are given", candles("1h", today, today + day)],
    ["a month whose last week is still forming", candles("1w", Date.UTC(2024, 5, 3), Date.UTC(2024, 6, 1))],
    ["a day with a broken candle", without("invalid")],
    ["a day whose hole nobody has confirmed", without("date_range")],
    ["a day that is not published", without("not_published_yet")],
    ["a day of which the cache knew nothing", without("not_cached")],
    ["yesterday with a hole, which may still be filled", without("source_gap", today - day)],
    ["nothing at all", Klines.empty("1h")],
    ["candles that came from the cache", candles("1h", start, start + day, "cache")]
  ]
  for (const [name, klines] of refused) {
    it.effect(name, () =>
      withCache((cache, directory) =>
        Effect.gen(function*() {
          expect(yield* cache.keep(series, klines)).toBe(0)
          expect(yield* tree(directory)).toEqual([])
        })
      ))
  }

  it.effect("a month is kept five minutes after the end of its last week, when its values are final", () =>
    withCache((cache) =>
      Effect.gen(function*() {
        const weeks = candles("1w", Date.UTC(2024, 4, 6), Date.UTC(2024, 5, 3))
        yield* TestClock.setTime(Date.UTC(2024, 5, 3, 0, 5) - 1)
        expect(yield* cache.keep(series, weeks)).toBe(0)
        yield* TestClock.adjust(1)
        expect(yield* cache.keep(series, weeks)).toBe(1)
      })
    ))

  it.effect("a day of which only a part came from the cache is kept", () =>
    withCache((cache) => {
      const part = candles("1h", start, start + hour, "cache")
      const rest = candles("1h", start + hour, start + day, "rest")
      return Effect.map(cache.keep(series, Klines.concat(part, rest)), (kept) => expect(kept).toBe(1))
    }))

  it.effect("yesterday without holes is kept", () =>
    withCache((cache) =>
      Effect.map(cache.keep(series, candles("1h", today - day, today)), (kept) => expect(kept).toBe(1))
    ))

  for (const reason of ["source_gap", "not_listed_yet", "delisted"] as const) {
    it.effect(`a hole that was confirmed is remembered as a hole: ${reason}`, () =>
      withCache((cache) =>
        Effect.gen(function*() {
          expect(yield* cache.keep(series, without(reason))).toBe(1)
          const { length, missing } = yield* cache.klines(request("1h", start, start + day))
          expect(length).toBe(23)
          expect(missing).toEqual([{ start: start + 5 * hour, end: start + 6 * hour, reason }])
        })
      ))
  }

  it.effect("a day without any candle is remembered too", () =>
    withCache((cache) =>
      Effect.gen(function*() {
        const hole = { start, end: start + day, reason: "not_listed_yet" } as const
        expect(yield* cache.keep(series, Klines.empty("1h", [hole]))).toBe(1)
        const { length, missing } = yield* cache.klines(request("1h", start, start + day))
        expect([length, missing]).toEqual([0, [hole]])
      })
    ))
})

describe("files that are not what was written", () => {
  const file = (directory: string) => `${directory}/binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow`
  const asked = request("1h", start, start + day)

  /** Keeps a day, changes its file, and looks what the cache says. */
  const after = (change: (bytes: Uint8Array) => Uint8Array) =>
    withCache((cache, directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* cache.keep(series, candles("1h", start, start + day))
        const bytes = yield* fs.readFile(file(directory))
        yield* fs.writeFile(file(directory), change(bytes))
        const found = yield* cache.find(asked)
        const again = yield* cache.find(asked)
        return { found, again, tree: yield* tree(directory) }
      })
    )

  const foreign = Arrow.tableToIPC(Arrow.tableFromArrays({ openTime: new Float64Array(24) }), "file")
  const corrupt: ReadonlyArray<readonly [string, (bytes: Uint8Array) => Uint8Array, RegExp]> = [
    ["empty", () => new Uint8Array(), /^The file is empty/],
    ["no Arrow at all", () => new TextEncoder().encode("<html>"), /^The file is not an Arrow file/],
    [
      "failure 19: a Parquet file of that name",
      () => new TextEncoder().encode("PAR1\0\0\0\0PAR1"),
      /not an Arrow file/
    ],
    ["cut in half", (bytes) => bytes.slice(0, bytes.length / 2), /^The file is not an Arrow|^The checksum of the file/],
    ["an Arrow file of somebody else", () => foreign, /^The Arrow file holds no klines/],
    [
      "one byte of a price flipped",
      (bytes) => bytes.with(indexOf(bytes, new Uint8Array(new Float64Array([100.1]).buffer)), 0),
      /^The checksum of the file does not match/
    ],
    [
      "what the file says of itself changed",
      (bytes) => replaced(bytes, "\"fetchedAt\":1", "\"fetchedAt\":2"),
      /^The checksum of the file does not match/
    ]
  ]
  for (const [name, change, message] of corrupt) {
    it.effect(`${name}: told, put aside, and not found a second time`, () =>
      Effect.map(after(change), ({ again, found, tree }) => {
        expect(found.klines.length).toBe(0)
        expect(found.klines.missing).toEqual([{ start, end: start + day, reason: "not_cached" }])
        expect(found.errors).toMatchObject([{ _tag: "DataIntegrity", context: { source: "cache", symbol: "BTCUSDT" } }])
        expect(found.errors[0]?.message).toMatch(message)
        expect(found.errors[0]?.message).toContain("2024-01-01.arrow")
        expect(again.errors).toEqual([])
        expect(tree).toEqual(["binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow.corrupt"])
      }))
  }

  it.effect("failure 19: a file of a later version is ignored and left in place", () =>
    Effect.map(after(ofLaterVersion), ({ found, tree }) => {
      expect([found.klines.length, found.errors]).toEqual([0, []])
      expect(tree).toEqual(["binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow"])
    }))

  it.effect("no flipped byte and no cut goes unnoticed", () =>
    withCache((cache, directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const klines = candles("1h", start, start + day)
        yield* cache.keep(series, klines)
        const bytes = yield* fs.readFile(file(directory))
        const changed = [
          ...Array.from({ length: 150 }, (_, i) => {
            const at = Math.floor(i * bytes.length / 150)
            return bytes.with(at, bytes[at]! ^ 0x10)
          }),
          ...Array.from({ length: 20 }, (_, i) => bytes.slice(0, Math.floor(i * bytes.length / 20)))
        ]
        for (const other of changed) {
          yield* fs.writeFile(file(directory), other)
          const { errors, klines: found } = yield* cache.find(asked)
          // A file with a flipped bit in the tag of its seal is a file without a seal.
          if (errors.length === 0) expect(values(found)).toEqual(values(klines))
          else expect([errors[0]?._tag, found.length]).toEqual(["DataIntegrity", 0])
        }
      })
    ))

  for (
    const [what, other] of [
      ["symbol", "binance.com/SPOT/ETHUSDT/1h/2024-01-01"],
      ["market", "binance.com/FUTURES_USDT/BTCUSDT/1h/2024-01-01"],
      ["interval", "binance.com/SPOT/BTCUSDT/2h/2024-01-01"],
      ["day", "binance.com/SPOT/BTCUSDT/1h/2024-01-02"]
    ]
  ) {
    it.effect(`failure 1: a file under another name is another's: of another ${what}`, () =>
      withCache((cache, directory) =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          yield* cache.keep({ ...series, symbol: "ETHUSDT" }, candles("1h", start, start + day))
          yield* cache.keep({ ...series, market: "FUTURES_USDT" }, candles("1h", start, start + day))
          yield* cache.keep(series, candles("2h", start, start + day))
          yield* cache.keep(series, candles("1h", start + day, start + 2 * day))
          yield* fs.copyFile(`${directory}/${other}.arrow`, file(directory))
          const error = yield* Effect.flip(cache.klines(asked))
          expect(error).toMatchObject({ _tag: "DataIntegrity" })
          expect(error.message).toMatch(/^The file is of another market, symbol, interval or period/)
        })
      ))
  }

  it.effect("a good day beside a bad one is found all the same", () =>
    withCache((cache, directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* cache.keep(series, candles("1h", start, start + 2 * day))
        yield* fs.writeFile(file(directory), new Uint8Array())
        const { errors, klines } = yield* cache.find(request("1h", start, start + 2 * day))
        expect([errors.length, klines.length, klines.missing.length]).toEqual([1, 24, 1])
        yield* cache.keep(series, candles("1h", start, start + day))
        expect((yield* cache.klines(request("1h", start, start + 2 * day))).length).toBe(48)
      })
    ))
})

const replaced = (bytes: Uint8Array, text: string, by: string): Uint8Array => {
  const whole = Buffer.from(bytes).toString("latin1")
  expect(whole).toContain(text)
  return Buffer.from(whole.replaceAll(text, by), "latin1")
}

/** The file as a later version of this library would write it. */
const ofLaterVersion = (bytes: Uint8Array): Uint8Array => {
  const later = replaced(bytes, "\"version\":1", "\"version\":2")
  const { batches: [batch], schema: { metadata } } = Arrow.tableFromIPC(later)
  const texts = [metadata.get("effect-errata/klines")!, metadata.get("effect-errata/about")!]
  const columns = batch!.data.children.map(({ values }) =>
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  )
  const checksum = [...texts, ...columns].reduce((crc, part) => crc32(part, crc), 0).toString(16).padStart(8, "0")
  const sealed = Buffer.from(replaced(later, metadata.get("effect-errata/crc32")!, checksum))
  const end = sealed.length - 10
  sealed.writeUInt32LE(crc32(Buffer.concat([sealed.subarray(0, end - 4), sealed.subarray(end)])), end - 4)
  return new Uint8Array(sealed)
}

const indexOf = (bytes: Uint8Array, part: Uint8Array): number => Buffer.from(bytes).indexOf(part)

const fixedClock: Clock.Clock = {
  ...Clock.make(),
  currentTimeMillis: Effect.succeed(Date.UTC(2024, 5, 15)),
  unsafeCurrentTimeMillis: () => Date.UTC(2024, 5, 15)
}

describe("failing disks", () => {
  /** The real file system, but for these members. */
  const disk = (broken: (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>) =>
    Layer.effect(
      FileSystem.FileSystem,
      Effect.map(FileSystem.FileSystem, (fs) => ({ ...fs, ...broken(fs) }))
    ).pipe(Layer.provideMerge(NodeContext.layer))

  const failure = (errno: string, syscall: string) =>
    Effect.fail(
      new PlatformError.SystemError({
        reason: "Unknown",
        module: "FileSystem",
        method: syscall,
        cause: Object.assign(new Error(`${errno}: not today, ${syscall}`), { code: errno, syscall, errno: -1 })
      })
    )

  const faults: ReadonlyArray<
    readonly [string, (fs: FileSystem.FileSystem) => Partial<FileSystem.FileSystem>, string]
  > = [
    ["a full disk", (fs) => ({
      open: (path, options) =>
        Effect.map(
          fs.open(path, options),
          (file) => Object.assign(Object.create(file), { writeAll: () => failure("ENOSPC", "write") })
        )
    }), "StorageSpace"],
    ["a disk that fills while it syncs", (fs) => ({
      open: (path, options) =>
        Effect.map(
          fs.open(path, options),
          (file) => Object.create(file, { sync: { value: failure("EDQUOT", "fsync") } })
        )
    }), "StorageSpace"],
    ["a folder one may not write to", () => ({ open: () => failure("EACCES", "open") }), "StoragePermission"],
    ["a read-only disk", () => ({ makeDirectory: () => failure("EROFS", "mkdir") }), "StoragePermission"],
    ["a rename that fails", () => ({ rename: () => failure("EIO", "rename") }), "StorageWrite"]
  ]
  for (const [name, broken, tag] of faults) {
    it.effect(`${name}: ${tag}, the old file stands, nothing half-written stays`, () =>
      Effect.scoped(Effect.gen(function*() {
        yield* TestClock.setTime(Date.UTC(2024, 5, 15))
        const fs = yield* FileSystem.FileSystem
        const directory = yield* fs.makeTempDirectoryScoped()
        const cache = yield* KlineCache.make({ directory })
        const old = candles("1h", start, start + day, "vision")
        yield* cache.keep(series, old)
        const sick = yield* KlineCache.make({ directory }).pipe(Effect.provide(disk(broken)))
        const error = yield* Effect.flip(sick.keep(series, candles("1h", start, start + day, "rest")))
        expect(error).toMatchObject({ _tag: tag, context: { source: "cache", operation: "write" } })
        // Not a descriptor, and not the file beside it.
        if (name !== "a read-only disk") {
          expect(error.message).toContain("/binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow)")
        }
        expect(values(yield* cache.klines(request("1h", start, start + day)))).toEqual(values(old))
        expect(yield* tree(directory)).toEqual(["binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow"])
      })).pipe(Effect.provide(NodeContext.layer)))
  }

  it.effect("a corrupt file that another process replaces before it is moved: the new one stays", () =>
    withCache((cache, directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const good = candles("1h", start, start + day, "rest")
        const file = `${directory}/binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow`
        yield* cache.keep(series, candles("1h", start, start + day, "vision"))
        yield* fs.writeFileString(file, "not what it was")
        const late = yield* KlineCache.make({ directory }).pipe(Effect.provide(disk((fs) => ({
          rename: (from, to) =>
            from === file
              ? Effect.zipRight(Effect.orDie(cache.keep(series, good)), fs.rename(from, to))
              : fs.rename(from, to)
        }))))
        const { errors, klines } = yield* late.find(request("1h", start, start + day))
        expect([errors.map(({ _tag }) => _tag), klines.length]).toEqual([["DataIntegrity"], 0])
        expect(values(yield* cache.klines(request("1h", start, start + day)))).toEqual(values(good))
        expect(yield* tree(directory)).toEqual(["binance.com/SPOT/BTCUSDT/1h/2024-01-01.arrow"])
      })
    ))

  it.effect("a file that cannot be read is a storage error, with what else there is", () =>
    Effect.scoped(Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2024, 5, 15))
      const directory = yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped())
      yield* Effect.flatMap(
        KlineCache.make({ directory }),
        (cache) => cache.keep(series, candles("1h", start, start + 2 * day))
      )
      const sick = yield* KlineCache.make({ directory }).pipe(
        Effect.provide(disk((fs) => ({
          readFile: (path) => path.includes("01-02") ? failure("EIO", "read") : fs.readFile(path)
        })))
      )
      const { errors, klines } = yield* sick.find(request("1h", start, start + 2 * day))
      expect(errors).toMatchObject([{ _tag: "StorageRead", context: { operation: "read", source: "cache" } }])
      expect(klines.length).toBe(24)
    })).pipe(Effect.provide(NodeContext.layer)))

  it.effect("what a process left that died while it wrote is removed once it is an hour old", () =>
    withCache((cache, directory) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* cache.keep(series, candles("1h", start, start + day))
        const folder = `${directory}/binance.com/SPOT/BTCUSDT/1h`
        const now = (yield* Clock.currentTimeMillis) / 1000
        for (const [name, age] of [["old.tmp", 3601], ["young.tmp", 3599]] as const) {
          yield* fs.writeFileString(`${folder}/${name}`, "half")
          yield* fs.utimes(`${folder}/${name}`, now - age, now - age)
        }
        const other = yield* KlineCache.make({ directory })
        yield* other.keep(series, candles("1h", start + day, start + 2 * day))
        expect((yield* fs.readDirectory(folder)).filter((name) => name.endsWith(".tmp"))).toEqual(["young.tmp"])
      })
    ))
})

describe("options", () => {
  const folderWith = (variables: Record<string, string>) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2024, 5, 15))
      const paths: Array<string> = []
      const spy = FileSystem.layerNoop({
        exists: (path) => Effect.succeed(path === "/mac/Library/Caches"),
        makeDirectory: (path) => Effect.sync(() => void paths.push(path)),
        readDirectory: () => Effect.succeed([])
      })
      const cache = yield* KlineCache.make().pipe(
        Effect.provide([spy, Path.layer]),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(variables))))
      )
      yield* Effect.exit(cache.keep(series, candles("1h", start, start + day)))
      return paths[0]
    })

  const folders: ReadonlyArray<readonly [Record<string, string>, string]> = [
    [{ HOME: "/home/a" }, "/home/a/.cache/effect-errata/binance.com/SPOT/BTCUSDT/1h"],
    [{ HOME: "/mac" }, "/mac/Library/Caches/effect-errata/binance.com/SPOT/BTCUSDT/1h"],
    [{ HOME: "/home/a", XDG_CACHE_HOME: "/x" }, "/x/effect-errata/binance.com/SPOT/BTCUSDT/1h"],
    [{ HOME: "/home/a", XDG_CACHE_HOME: "" }, "/home/a/.cache/effect-errata/binance.com/SPOT/BTCUSDT/1h"],
    [{ LOCALAPPDATA: "/local", HOME: "/home/a" }, "/local/effect-errata/binance.com/SPOT/BTCUSDT/1h"]
  ]
  for (const [variables, folder] of folders) {
    it.effect(`the user's folder for caches, with ${JSON.stringify(variables)}: ${folder}`, () =>
      Effect.map(folderWith(variables), (found) => expect(found).toBe(folder)))
  }

  it.effect("nowhere to put files: says what to set", () =>
    Effect.map(
      Effect.exit(folderWith({})),
      (exit) => expect(Exit.isFailure(exit) && String(exit.cause)).toContain("LOCALAPPDATA, XDG_CACHE_HOME and HOME")
    ))

  it.effect("failure 26: a request without sense is refused before any file is touched", () =>
    withCache((cache) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(cache.klines({ ...request("1h", start, start + day), symbol: "../../etc" }))
        expect(error._tag).toBe("DataValidation")
      })
    ))
})

describe("Arrow", () => {
  it.effect("another Arrow reader finds the columns, the times as integers", () =>
    Effect.gen(function*() {
      const klines = candles("1h", start, start + day)
      const table = Arrow.tableFromIPC(yield* Klines.toArrow(klines))
      expect(table.numRows).toBe(24)
      expect(table.getChild("openTime")?.get(1)).toBe(BigInt(klines.openTime[1]!))
      expect(table.getChild("close")?.toArray()).toEqual(klines.close)
      expect(DateTime.formatIso(DateTime.unsafeMake(Number(table.getChild("closeTime")?.get(23))))).toBe(
        "2024-01-01T23:59:59.999Z"
      )
    }))

  it.effect("klines of any kind go and come back", () =>
    Effect.gen(function*() {
      const one = candles("1h", start, start + day, "vision", (open) => open === start)
      const klines = Klines.concat(one, candles("1h", start + day, start + 2 * day, "rest"))
      expect(yield* Effect.flatMap(Klines.toArrow(klines), Klines.fromArrow)).toEqual(klines)
      const nothing = Klines.empty("1M", [{ start, end: Date.UTC(2024, 1), reason: "unfinished" }])
      expect(yield* Effect.flatMap(Klines.toArrow(nothing), Klines.fromArrow)).toEqual(nothing)
    }))

  it.effect("the bytes that are read stay as they are", () =>
    Effect.gen(function*() {
      const bytes = yield* Klines.toArrow(candles("1h", start, start + day))
      const before = bytes.slice()
      yield* Klines.fromArrow(bytes)
      expect(bytes).toEqual(before)
    }))

  it.effect("foreign bytes are DataIntegrity", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Klines.fromArrow(new Uint8Array(10)))
      expect(error._tag).toBe("DataIntegrity")
    }))

  it.effect("instants before 1970 and after 2106 are kept too", () =>
    Effect.gen(function*() {
      const klines = { ...candles("1h", start, start + day), closeTime: new Float64Array(24).fill(-1) }
      klines.closeTime[1] = 2 ** 52 + 1
      expect(yield* Effect.flatMap(Klines.toArrow(klines), Klines.fromArrow)).toEqual(klines)
    }))
})
