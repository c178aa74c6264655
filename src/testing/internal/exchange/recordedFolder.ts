/** A folder of recorded answers as the series they make up. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Order from "effect/Order"
import { endOf, parseRecording, type Recording } from "./recording.js"
import { mergeRows, type Series } from "./series.js"

/** A span of time, `[start, end)`, in milliseconds. */
interface Span {
  readonly start: number
  readonly end: number
}

export interface RecordedSeries extends Series {
  /** From the first open to the last close. */
  readonly range: Span
  /** What was recorded of it: one span for recordings that overlap or touch. */
  readonly pieces: ReadonlyArray<Span>
  /** The files it was read from, the latest fetch last. */
  readonly files: ReadonlyArray<string>
}

export interface RecordedFolder {
  readonly series: ReadonlyArray<RecordedSeries>
  readonly ignored: ReadonlyArray<{ readonly file: string; readonly reason: string }>
  /** The first instant at which all recorded candles are closed, in milliseconds; none without a series. */
  readonly serverTime: number | undefined
}

export const readFolder = (
  directory: string
): Effect.Effect<RecordedFolder, PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const files = [...yield* fileSystem.readDirectory(directory)].sort(Order.string)
    const text = (file: string): Effect.Effect<string, string> =>
      file.toLowerCase().endsWith(".json")
        ? fileSystem.stat(path.join(directory, file)).pipe(
          Effect.mapError(({ message }) => `unreadable: ${message}`),
          // Reading from a pipe would wait for ever.
          Effect.filterOrFail(({ type }) => type === "File", ({ type }) => `not a file but a ${type}`),
          Effect.zipRight(
            Effect.mapError(
              fileSystem.readFileString(path.join(directory, file)),
              ({ message }) => `unreadable: ${message}`
            )
          )
        )
        : Effect.fail("not a .json file")
    const read = (file: string) =>
      text(file).pipe(
        Effect.flatMap((text) => parseRecording(file, text)),
        Effect.mapError((reason) => ({ file, reason })),
        Effect.either
      )
    const [ignored, recordings] = Arr.separate(yield* Effect.forEach(files, read, { concurrency: 8 }))
    const series = Object.entries(Arr.groupBy(recordings, keyOf)).sort(byKey).map(([, recordings]) => merge(recordings))
    const ends = series.map(({ range }) => range.end)
    return { series, ignored, serverTime: ends.length === 0 ? undefined : Math.max(...ends) }
  })

const keyOf = ({ interval, market, symbol }: Series): string => `${market} ${symbol} ${interval}`

const byKey = Order.mapInput(Order.string, ([key]: readonly [string, unknown]) => key)

// The exchange revises candles, also closed ones: the latest fetch knows best. Where a file does not say when that was,
// it was not before its last candle opened. The larger of two files of one time is the better guess, and the name
// decides what is left, so that the outcome does not hang on the order of files.
const byFetch = Order.combineAll([
  Order.mapInput(Order.number, ({ fetched }: Recording) => fetched),
  Order.mapInput(Order.number, ({ rows }: Recording) => rows.length),
  Order.mapInput(Order.string, ({ file }: Recording) => file)
])

const merge = (recordings: Arr.NonEmptyReadonlyArray<Recording>): RecordedSeries => {
  const sorted = Arr.sort(recordings, byFetch)
  const { interval, market, symbol } = sorted[0]
  const rows = mergeRows(sorted.map(({ rows }) => rows))
  const pieces = join(
    recordings.map(({ rows }) => ({ start: rows[0]![0], end: endOf(interval, rows[rows.length - 1]!) }))
  )
  return {
    market,
    symbol,
    interval,
    rows,
    range: { start: pieces[0]!.start, end: pieces[pieces.length - 1]!.end },
    pieces,
    files: sorted.map(({ file }) => file)
  }
}

const join = (spans: ReadonlyArray<Span>): ReadonlyArray<Span> =>
  [...spans].sort((a, b) => a.start - b.start).reduce<ReadonlyArray<Span>>((joined, span) => {
    const last = joined[joined.length - 1]
    return last !== undefined && span.start <= last.end
      ? [...joined.slice(0, -1), { start: last.start, end: Math.max(last.end, span.end) }]
      : [...joined, span]
  }, [])
