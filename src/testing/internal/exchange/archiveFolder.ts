/** A folder with files of the archive, as they were downloaded or unpacked. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Order from "effect/Order"
import * as files from "../../../binance/internal/archive/archiveFiles.js"
import * as Interval from "../../../binance/Interval.js"
import * as Market from "../../../binance/Market.js"
import { type ArchivedFile, fileAt } from "./archiveServer.js"

export interface RecordedArchive {
  readonly files: ReadonlyArray<ArchivedFile & { readonly file: string }>
  readonly ignored: ReadonlyArray<{ readonly file: string; readonly reason: string }>
  /** The first instant at which all that the files are about is over, in milliseconds; none without files. */
  readonly serverTime: number | undefined
}

export const readArchive = (
  directory: string
): Effect.Effect<RecordedArchive, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const all = yield* fileSystem.readDirectory(directory, { recursive: true })
    const taken = new Map<string, ArchivedFile & { readonly file: string }>()
    const ignored: Array<RecordedArchive["ignored"][number]> = []
    // Zips before what was unpacked from them.
    for (const file of [...all].sort(Order.reverse(Order.mapInput(Order.string, path.extname)))) {
      const read = yield* Effect.either(readFile(directory, file, all))
      if (Either.isLeft(read)) {
        if (read.left !== undefined) ignored.push({ file, reason: read.left })
        continue
      }
      const place = fileAt(read.right, read.right.time).path
      const other = taken.get(place)
      if (other === undefined) taken.set(place, { ...read.right, file })
      else ignored.push({ file, reason: `about the same candles as ${other.file}` })
    }
    const found = [...taken.values()].sort(Order.mapInput(Order.string, ({ file }) => file))
    const ends = found.map((one) => fileAt(one, one.time).end)
    return {
      files: found,
      ignored: ignored.sort(Order.mapInput(Order.string, ({ file }) => file)),
      serverTime: ends.length === 0 ? undefined : Math.max(...ends)
    }
  })

const readFile = (directory: string, file: string, all: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const whole = path.join(directory, file)
    const { type } = yield* fileSystem.stat(whole)
    // A folder is looked into, and what lies beside a zip is read with it.
    if (type === "Directory" || (file.endsWith(".CHECKSUM") && all.includes(file.slice(0, -9)))) {
      return yield* Effect.fail(undefined)
    }
    // Reading from a pipe would wait for ever.
    if (type !== "File") return yield* Effect.fail(`not a file but a ${type}`)
    const about = yield* aboutOf(file)
    if (file.endsWith(".csv")) return { ...about, content: yield* fileSystem.readFileString(whole) }
    const beside = `${whole}.CHECKSUM`
    return {
      ...about,
      content: yield* fileSystem.readFile(whole),
      checksum: (yield* fileSystem.exists(beside)) ? yield* fileSystem.readFileString(beside) : null
    }
  }).pipe(
    Effect.mapError((error) => typeof error === "object" ? `unreadable: ${error.message}` : error)
  )

const pattern = new RegExp(
  `(?:^|[/\\\\-])([^-/\\\\]+)-(${Interval.Interval.literals.map(files.spelled).join("|")})-` +
    String.raw`(\d{4}-\d{2}(?:-\d{2})?)(?:-[^/\\]*)?\.(?:zip|csv)$`
)

/** By its name, and where that does not say the market by its folders; what is left is of spot. */
const aboutOf = (
  file: string
): Either.Either<Pick<ArchivedFile, "market" | "symbol" | "interval" | "time">, string> => {
  const [, symbol, spelling, time] = pattern.exec(file) ?? []
  const interval = Interval.Interval.literals.find((interval) => files.spelled(interval) === spelling)
  if (symbol === undefined || interval === undefined || time === undefined || Number.isNaN(Date.parse(time))) {
    return Either.left("not named like a file of the archive: BTCUSDT-1h-2024-01-31.zip, or .csv")
  }
  const named = Market.Market.literals.find((market) =>
    new RegExp(String.raw`(?:^|[/\\-])${Market.facts[market].short}[/\\-]`).test(file)
  )
  const market = named ?? (/USD_(?:PERP|\d{6})$/.test(symbol) ? "FUTURES_COIN" : "SPOT")
  return Interval.isOn(interval, market)
    ? Either.right({ market, symbol, interval, time })
    : Either.left(`the interval ${interval} does not exist on ${market}`)
}
