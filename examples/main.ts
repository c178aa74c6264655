/**
 * The main job: fetches many series of candles from all three markets, from a cache, an archive and an API with faults, over
 * a real HTTP client. Every failure is classified, counted once and logged. A second run reads from the cache. A report of
 * both runs comes last.
 */
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { type Clock, Console, Data, DateTime, Duration, Effect, Layer, Logger, LogLevel, Ref, Stream } from "effect"
import { type Alert, ErrorLog, ErrorTracker } from "effect-errata"
import { BinanceRest, BinanceVision, DataSourceManager, type KlineRequest, RequestWeight } from "effect-errata/binance"
import { Dashboard } from "effect-errata/dashboard"
import { FaultyExchange } from "effect-errata/testing"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { clockFrom } from "./job/ClockFrom.js"
import * as Colour from "./job/Colour.js"
import * as Demo from "./job/Demo.js"
import * as Job from "./job/Job.js"
import * as Report from "./job/Report.js"
import * as Screen from "./job/Screen.js"
import * as Watch from "./job/Watch.js"

const usage = `Usage: npm start -- [options]

Fetches candles twice from a simulated exchange on this machine, with faults on
a fixed plan: first from its archive and its API, then from the cache. Reports
the source of the candles, and the errors.

  --data DIR  fetch from recordings instead: responses in DIR/rest, files of
              the archive in DIR/vision
  --live      fetch the last days of a few series from Binance
  --dashboard fetch for ten minutes from an exchange whose faults change, and
              show the errors in a live page; Ctrl-C ends it
  --json      print the report as one JSON document
  -h, --help  print this text

The report goes to standard output; progress and log go to standard error.
npm prints a banner to standard output as well. Programs leave it out with

  npm start --silent -- --json | jq .total

or, after \`npm start\` has compiled the examples,

  node build/examples/main.js --json | jq .total

The report is as wide as the terminal: COLUMNS, or 80 without a terminal. It has
colours on a terminal, unless NO_COLOR is set.

Exit codes
  0  the job has run; with --data or --live, every series has candles
  1  with --data or --live, a series has no candles
  2  the options are wrong, or DIR cannot be used`

class BadUsage extends Data.TaggedError("BadUsage")<{ readonly message: string }> {}

/** The message of `parseArgs`, with the nearest option as a hint. */
const explained = (message: string): string => {
  const [reason = message] = message.split(". ", 1)
  const misspelt = /^Unknown option '--([^']*)'/.exec(message)?.[1]
  const meant = misspelt &&
    ["data", "live", "dashboard", "json", "help"].find((name) =>
      misspelt.length > 2 && misspelt.length < 9 &&
      (name.startsWith(misspelt) || edits(misspelt.toLowerCase(), name) <= 2)
    )
  return meant === undefined || meant === "" ? `${reason}.` : `${reason}. Did you mean --${meant}?`
}

/** The edit distance of two short words. */
const edits = (a: string, b: string): number =>
  a === "" || b === ""
    ? a.length + b.length
    : a[0] === b[0]
    ? edits(a.slice(1), b.slice(1))
    : 1 + Math.min(edits(a.slice(1), b), edits(a, b.slice(1)), edits(a.slice(1), b.slice(1)))

/** The width of the report: that of the terminal, 80 columns if it is unknown, and at least 40. */
const columns = (): number => Math.max(40, Number(process.env["COLUMNS"]) || process.stdout.columns || 80)

const options = Effect.try({
  try: () =>
    parseArgs({
      options: {
        data: { type: "string" },
        live: { type: "boolean", default: false },
        dashboard: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values,
  catch: (error) => new BadUsage({ message: error instanceof Error ? explained(error.message) : String(error) })
}).pipe(
  Effect.filterOrFail(
    ({ data, live }) => data === undefined || !live,
    () => new BadUsage({ message: "--data and --live cannot be combined" })
  ),
  Effect.filterOrFail(
    ({ dashboard, data, json, live }) => !dashboard || (data === undefined && !live && !json),
    () => new BadUsage({ message: "--dashboard cannot be combined with --data, --live or --json" })
  )
)

type Sources = BinanceRest.BinanceRest | BinanceVision.BinanceVision

interface Source {
  /** For the heading of the report. */
  readonly name: string
  readonly requests: ReadonlyArray<KlineRequest.Input>
  readonly ignored: Report.Report["ignored"]
  readonly layer: Layer.Layer<Sources>
  readonly clock: Clock.Clock
  /** Whether a series without candles is a failure of the job. */
  readonly strict: boolean
}

const demo = Effect.map(clockFrom(Demo.now), (clock): Source => ({
  name: "a simulated exchange with faults",
  requests: Demo.requests,
  ignored: [],
  layer: Demo.layer(Demo.exchange, Demo.patience),
  clock,
  strict: false
}))

const recorded = (directory: string) =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const folder = (name: string) => join(directory, name)
    // One of the two folders is enough.
    const none = { series: [], files: [], ignored: [], serverTime: undefined }
    const hasArchive = yield* files.exists(folder("vision"))
    const archive = hasArchive ? yield* FaultyExchange.readArchive(folder("vision")) : none
    const rest = hasArchive && !(yield* files.exists(folder("rest")))
      ? none
      : yield* FaultyExchange.readFolder(folder("rest"))
    const named = (folder: string) => ({ file, reason }: Report.Report["ignored"][number]) => ({
      file: join(folder, file),
      reason
    })
    return {
      name: directory,
      requests: [
        ...rest.series.flatMap(({ interval, market, pieces, symbol }) =>
          pieces.map((piece) => ({ market, symbol, interval, ...piece }))
        ),
        ...archive.files.map(({ interval, market, symbol, time }) => {
          const start = DateTime.unsafeMake(time)
          const isDay = time.length === 10
          return { market, symbol, interval, start, end: DateTime.add(start, isDay ? { days: 1 } : { months: 1 }) }
        })
      ],
      ignored: [...rest.ignored.map(named("rest")), ...archive.ignored.map(named("vision"))],
      layer: Demo.layer({
        series: rest.series,
        archive: archive.files,
        now: Math.max(rest.serverTime ?? 0, archive.serverTime ?? 0),
        // The archive has the recorded files only, and makes none from recorded responses.
        publication: Duration.infinity
      }),
      clock: yield* Effect.clock,
      strict: true
    } satisfies Source
  }).pipe(
    Effect.provide(NodeContext.layer),
    Effect.mapError(({ message }) =>
      new BadUsage({
        message:
          `--data needs a folder with recorded responses, rest/*.json, or files of the archive, vision/: ${message}`
      })
    )
  )

const live = Effect.gen(function*() {
  const now = yield* DateTime.now
  const last = (days: number) => ({ start: DateTime.subtract(now, { days }), end: now })
  return {
    name: "Binance",
    requests: [
      { market: "SPOT", symbol: "BTCUSDT", interval: "1m", ...last(3) },
      { market: "SPOT", symbol: "ETHUSDT", interval: "1h", ...last(60) },
      { market: "FUTURES_USDT", symbol: "BTCUSDT", interval: "1h", ...last(60) },
      { market: "FUTURES_COIN", symbol: "BTCUSD_PERP", interval: "1h", ...last(60) }
    ],
    ignored: [],
    layer: Layer.merge(BinanceRest.layer(), BinanceVision.layer()).pipe(Layer.provide(FetchHttpClient.layer)),
    clock: yield* Effect.clock,
    strict: true
  } satisfies Source
})

/** The live page, with the request weights that the clients share. */
const page = Layer.unwrapEffect(
  Effect.map(RequestWeight.RequestWeight, ({ usage }) => Dashboard.layer({ weights: usage }))
)

/** Serves the live page while the job runs. */
const watched = Effect.gen(function*() {
  const { url } = yield* Dashboard.Dashboard
  yield* Console.log(`Live page: ${url}`)
  if (process.stdout.isTTY) yield* Watch.openInBrowser(url)
  yield* Effect.timeoutOption(Watch.run, "10 minutes")
  return 0
}).pipe(
  Effect.provide(Layer.merge(Watch.layer, page).pipe(Layer.provide([RequestWeight.layer, ErrorTracker.layer()]))),
  Effect.mapError(({ message }) => new BadUsage({ message })),
  // The page shows what a log would.
  Logger.withMinimumLogLevel(LogLevel.None)
)

const main = Effect.gen(function*() {
  const { dashboard, data, help, json, live: fromBinance } = yield* options
  if (help) return yield* Effect.as(Console.log(usage), 0)
  if (dashboard) return yield* watched
  const source = data !== undefined ? yield* recorded(data) : fromBinance ? yield* live : yield* demo

  const job = Effect.gen(function*() {
    const tracker = yield* ErrorTracker.ErrorTracker
    const alerts = yield* Ref.make<ReadonlyArray<Alert.Alert>>([])
    yield* Effect.fork(Stream.runForEach(tracker.alerts, (alert) => Ref.update(alerts, (all) => [...all, alert])))
    const run = Effect.map(
      Effect.timed(Job.run(source.requests)),
      ([duration, series]) => Report.runOf(Duration.toSeconds(duration), series)
    )
    const runs = [yield* run, yield* run]
    return yield* Report.make({
      from: source.name,
      runs,
      ignored: source.ignored,
      alerts: yield* Ref.get(alerts)
    })
  })
  const report = yield* job.pipe(
    Effect.provide(DataSourceManager.layer()),
    Effect.provide([source.layer, Demo.cache, ErrorTracker.layer(Demo.tracker)]),
    Effect.provide(Layer.provideMerge(ErrorLog.layerText, Screen.layer)),
    Effect.withClock(source.clock)
  )
  const text = Report.render(report, columns())
  yield* Console.log(
    json
      ? JSON.stringify(report, null, 2)
      : Colour.isWanted(process.stdout, process.env)
      ? Colour.coloured(text)
      : text
  )
  const [{ series } = { series: [] }] = report.runs
  const hasCandles = series.length > 0 && series.every(({ rows }) => rows > 0)
  return source.strict && !hasCandles ? 1 : 0
}).pipe(
  Effect.catchAll(({ message }) => Effect.as(Console.error(`${message}\n\n${usage}`), 2))
)

process.exitCode = await Effect.runPromise(main)
