/**
 * The main job: candles of many series from all three markets at once, over a real HTTP client, from an exchange that
 * misbehaves; every failure classified, counted once and logged; and in the end a report of what went wrong.
 */
import { FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { Console, Data, DateTime, Duration, Effect, Layer, Ref, Stream } from "effect"
import { type Alert, ErrorLog, ErrorTracker } from "effect-errata"
import { BinanceRest } from "effect-errata/binance"
import { FaultyExchange } from "effect-errata/testing"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Demo from "./job/Demo.js"
import * as Job from "./job/Job.js"
import * as Report from "./job/Report.js"
import * as Screen from "./job/Screen.js"

const usage = `Usage: npm start -- [options]

Fetches candles from an exchange on this machine that misbehaves on a fixed plan, and reports what went wrong.

  --data DIR  serve the recorded answers in DIR/rest instead, and fetch what they hold
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

interface Source {
  /** Where the candles come from, in words. */
  readonly name: string
  readonly series: ReadonlyArray<Job.Series>
  readonly ignored: Report.Report["ignored"]
  readonly rest: Layer.Layer<BinanceRest.BinanceRest>
  /** Is a series that cannot be fetched a failure of the job? */
  readonly strict: boolean
}

const restOf = (exchange: FaultyExchange.Options): Layer.Layer<BinanceRest.BinanceRest> =>
  Layer.unwrapEffect(
    Effect.map(FaultyExchange.FaultyExchange, ({ baseUrls }) =>
      BinanceRest.layer({ baseUrls, timeout: Demo.pageTimeout }))
  ).pipe(
    Layer.provide(FaultyExchange.layer(exchange)),
    Layer.provide(FetchHttpClient.layer)
  )

const demo: Source = {
  name: "an exchange that misbehaves",
  series: Demo.requests.map((request): Job.Series => [request]),
  ignored: [],
  rest: restOf(Demo.exchange),
  strict: false
}

const recorded = (directory: string) =>
  Effect.map(FaultyExchange.readFolder(directory), ({ ignored, serverTime, series }): Source => ({
    name: directory,
    series: series.flatMap(({ interval, market, pieces, symbol }) => {
      const [first, ...rest] = pieces.map((piece) => ({ market, symbol, interval, ...piece }))
      return first === undefined ? [] : [[first, ...rest] as const]
    }),
    ignored,
    rest: restOf({ series, now: serverTime }),
    strict: true
  })).pipe(
    Effect.provide(NodeContext.layer),
    Effect.mapError(({ message }) =>
      new BadUsage({ message: `--data needs a folder with recorded answers in it, rest/*.json: ${message}` })
    )
  )

const live = Effect.map(DateTime.now, (now): Source => {
  const last = (days: number) => ({ start: DateTime.subtract(now, { days }), end: now })
  return {
    name: "Binance",
    series: [
      [{ market: "SPOT", symbol: "BTCUSDT", interval: "1m", ...last(3) }],
      [{ market: "SPOT", symbol: "ETHUSDT", interval: "1h", ...last(60) }],
      [{ market: "FUTURES_USDT", symbol: "BTCUSDT", interval: "1h", ...last(60) }],
      [{ market: "FUTURES_COIN", symbol: "BTCUSD_PERP", interval: "1h", ...last(60) }]
    ],
    ignored: [],
    rest: BinanceRest.layer().pipe(Layer.provide(FetchHttpClient.layer)),
    strict: true
  }
})

const main = Effect.gen(function*() {
  const { data, help, json, live: asksBinance } = yield* options
  if (help) return yield* Effect.as(Console.log(usage), 0)
  const source = data !== undefined ? yield* recorded(join(data, "rest")) : asksBinance ? yield* live : demo

  const job = Effect.gen(function*() {
    const tracker = yield* ErrorTracker.ErrorTracker
    const alerts = yield* Ref.make<ReadonlyArray<Alert.Alert>>([])
    yield* Effect.fork(Stream.runForEach(tracker.alerts, (alert) => Ref.update(alerts, (all) => [...all, alert])))
    const [duration, series] = yield* Effect.timed(Job.run(source.series))
    return yield* Report.make({
      from: source.name,
      seconds: Duration.toSeconds(duration),
      series,
      ignored: source.ignored,
      alerts: yield* Ref.get(alerts)
    })
  })
  const report = yield* job.pipe(
    Effect.provide([source.rest, ErrorTracker.layer(Demo.tracker)]),
    Effect.provide(Layer.provideMerge(ErrorLog.layerText, Screen.layer))
  )
  yield* Console.log(json ? JSON.stringify(report, null, 2) : Report.render(report))
  const there = report.series.length > 0 && report.series.every(({ rows }) => rows > 0)
  return source.strict && !there ? 1 : 0
}).pipe(
  Effect.catchAll(({ message }) => Effect.as(Console.error(`${message}\n\n${usage}`), 2))
)

process.exitCode = await Effect.runPromise(main)
