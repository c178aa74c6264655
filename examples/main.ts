/**
 * The main job: candles of many series from all three markets at once, out of a cache, an archive and an API that
 * misbehave, over a real HTTP client; every failure classified, counted once and logged; then the same again, which the
 * cache answers; and in the end a report of what came from where, and of what went wrong.
 */
import { FetchHttpClient, FileSystem } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { type Clock, Console, Data, DateTime, Duration, Effect, Layer, Ref, Stream } from "effect"
import { type Alert, ErrorLog, ErrorTracker } from "effect-errata"
import { BinanceRest, BinanceVision, DataSourceManager, type KlineRequest } from "effect-errata/binance"
import { FaultyExchange } from "effect-errata/testing"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { clockFrom } from "./job/ClockFrom.js"
import * as Demo from "./job/Demo.js"
import * as Job from "./job/Job.js"
import * as Report from "./job/Report.js"
import * as Screen from "./job/Screen.js"

const usage = `Usage: npm start -- [options]

Fetches candles twice from an exchange on this machine that misbehaves on a fixed plan: from its archive and its API,
then from the cache. Reports what came from where, and what went wrong.

  --data DIR  serve what was recorded instead, answers in DIR/rest and files in DIR/vision, and fetch what they hold
  --live      ask Binance itself for the last days of a few series
  --json      print the report as one JSON document
  -h, --help  print this

The report goes to standard output, progress and log to standard error.
Exit codes: 0 the job ran (with --data or --live: and every series is there), 1 a series is not,
2 the options or DIR cannot be used.`

class BadUsage extends Data.TaggedError("BadUsage")<{ readonly message: string }> {}

const options = Effect.try({
  try: () =>
    parseArgs({
      options: {
        data: { type: "string" },
        live: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values,
  catch: (error) => new BadUsage({ message: error instanceof Error ? error.message : String(error) })
}).pipe(
  Effect.filterOrFail(
    ({ data, live }) => data === undefined || !live,
    () => new BadUsage({ message: "--data and --live exclude each other" })
  )
)

type Sources = BinanceRest.BinanceRest | BinanceVision.BinanceVision

interface Source {
  /** Where the candles come from, in words. */
  readonly name: string
  readonly requests: ReadonlyArray<KlineRequest.Input>
  readonly ignored: Report.Report["ignored"]
  readonly layer: Layer.Layer<Sources>
  readonly clock: Clock.Clock
  /** Is a series that cannot be fetched a failure of the job? */
  readonly strict: boolean
}

const demo = Effect.map(clockFrom(Demo.now), (clock): Source => ({
  name: "an exchange that misbehaves",
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
    // One of the two will do.
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
        // The archive has what was recorded of it, and makes nothing of the answers of the API.
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
          `--data needs a folder with recorded answers in it, rest/*.json, or files of the archive, vision/: ${message}`
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

const main = Effect.gen(function*() {
  const { data, help, json, live: asksBinance } = yield* options
  if (help) return yield* Effect.as(Console.log(usage), 0)
  const source = data !== undefined ? yield* recorded(data) : asksBinance ? yield* live : yield* demo

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
  yield* Console.log(json ? JSON.stringify(report, null, 2) : Report.render(report))
  const [{ series } = { series: [] }] = report.runs
  const there = series.length > 0 && series.every(({ rows }) => rows > 0)
  return source.strict && !there ? 1 : 0
}).pipe(
  Effect.catchAll(({ message }) => Effect.as(Console.error(`${message}\n\n${usage}`), 2))
)

process.exitCode = await Effect.runPromise(main)
