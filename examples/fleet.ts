/**
 * A fleet: four processes that fetch candles through one address, and share bans, weight, counts and alerts over Redis. The
 * exchange fails, one process is killed, and the address is banned. The report compares what the fleet has counted with what
 * the exchange, the receiver of alerts and the processes have seen.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Data, Duration, Effect, Exit, Logger, LogLevel, Runtime, Stream } from "effect"
import { ErrorTracker } from "effect-errata"
import { Fault, FaultyExchange } from "effect-errata/testing"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as FleetReport from "./fleet/FleetReport.js"
import * as Servers from "./fleet/Servers.js"
import * as Worker from "./fleet/Worker.js"
import * as Colour from "./job/Colour.js"

const usage = `Usage: npm run fleet -- [options]

Starts Redis, a simulated exchange and four processes that fetch candles from
it, all on this machine. Half of the answers fail for a while, one process is
killed, and the address is banned. Reports what held.

  --seconds N  fetch for N seconds, from 10 to 600; default 60
  --json       print the report as one JSON document
  -h, --help   print this text

Needs redis-server. The report goes to standard output, the course of events to
standard error. The report is as wide as the terminal: COLUMNS, or 80 without a
terminal. It has colours on a terminal, unless NO_COLOR is set.

Exit codes
  0  everything held
  1  something did not hold
  2  the options are wrong
  3  redis-server is not installed
  4  the processes did not start within a minute`

class TooSlow extends Data.TaggedError("TooSlow")<{ readonly message: string }> {}

class BadUsage extends Data.TaggedError("BadUsage")<{ readonly message: string }> {}

const options = Effect.try({
  try: () =>
    parseArgs({
      options: {
        seconds: { type: "string", default: "60" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false }
      }
    }).values,
  catch: (error) => new BadUsage({ message: error instanceof Error ? error.message : String(error) })
}).pipe(
  Effect.filterOrFail(
    ({ seconds }) => /^\d+$/.test(seconds) && Number(seconds) >= 10 && Number(seconds) <= 600,
    ({ seconds }) => new BadUsage({ message: `--seconds is ${seconds}: it must be a whole number from 10 to 600` })
  )
)

const look = (output: NodeJS.WriteStream): FleetReport.Look => ({
  width: Math.max(60, Number(process.env["COLUMNS"]) || output.columns || 80),
  hasColours: Colour.isWanted(output, process.env)
})

// -------------------------------------------------------------------------------------------------------------------
// the run
// -------------------------------------------------------------------------------------------------------------------

const processes = 4
const weightLimit = 2400
// At five a page, the weight of a minute is used up before its end.
const requestsPerSecond = 10

/** Waits until something is true, for a time at most. */
const until = (isTrue: Effect.Effect<boolean>, longest: Duration.DurationInput): Effect.Effect<void> =>
  Effect.sleep("100 millis").pipe(
    Effect.zipRight(isTrue),
    Effect.repeat({ until: (isTrue) => isTrue }),
    Effect.timeoutOption(longest),
    Effect.asVoid
  )

const run = (seconds: number) =>
  Effect.gen(function*() {
    let start = Date.now()
    const say = (text: string) =>
      Console.error(FleetReport.event((Date.now() - start) / 1000, text, look(process.stderr)))
    const at = (share: number) =>
      Effect.suspend(() => Effect.sleep(Math.max(0, start + share * seconds * 1000 - Date.now())))

    yield* say(`starting Redis, an exchange and ${processes} processes`)
    const exchange = yield* FaultyExchange.FaultyExchange
    const baseUrl = exchange.baseUrls[Worker.market]
    const redis = yield* Servers.redis
    const runtime = yield* Effect.runtime()
    const deliveries: Array<Servers.Delivery> = []
    const { url: receiver } = yield* Servers.receiver((delivery) => {
      deliveries.push(delivery)
      Runtime.runSync(runtime)(say(`process ${delivery.process} notifies: ${delivery.message}`))
    })
    // Long enough for several flushes, short enough for the alert to resolve during the run.
    const window = Math.max(3, Math.round(seconds / 8)) * 1000
    const settings = {
      redis,
      receiver,
      exchange: baseUrl,
      window,
      // Each process fetches two series at a time.
      pause: (1000 * 2 * processes) / requestsPerSecond
    }
    const program = fileURLToPath(import.meta.url)
    const workers = yield* Effect.forEach(
      Array.from({ length: processes }, (_, i) => i + 1),
      (number) => Servers.worker(program, { ...settings, number })
    )

    const observed = Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard = new Set<string>()
      yield* Effect.forkScoped(
        Stream.runForEach(tracker.alerts, (alert) =>
          Effect.sync(() => {
            if (alert._tag === "Missed") return
            heard.add([alert.id, alert._tag, alert.at.epochMillis, alert.count].join("-"))
          }))
      )
      const started = Effect.sync(() => workers.every(({ progress }) => progress.length > 0))
      yield* until(started, "1 minute")
      if (!(yield* started)) {
        return yield* new TooSlow({ message: "The processes did not start within a minute: is the machine busy?" })
      }
      start = Date.now()
      yield* say(
        `${processes} processes fetch candles; the limit is ${weightLimit.toLocaleString("en-US")} weight a minute`
      )
      yield* at(0.15)
      yield* exchange.inject(Fault.on({ source: "rest", probability: 0.5 }, Fault.status(500)))
      yield* say("the exchange answers half of the requests with status 500")
      yield* at(0.4)
      const victim = workers[1]!
      yield* victim.kill
      const killedAt = Date.now()
      yield* say(`process ${victim.number} is killed`)
      yield* at(0.5)
      yield* exchange.clear
      yield* say("the exchange answers every request")
      yield* at(0.65)
      const banSeconds = Math.max(2, Math.round(seconds / 10))
      yield* exchange.inject(Fault.on({ source: "rest" }, Fault.banned(Duration.seconds(banSeconds))))
      yield* say(`the exchange bans the address for ${banSeconds} s`)
      yield* at(1)
      for (const worker of workers) worker.send("stop")
      yield* say("the processes stop; alerts are awaited")
      const delivered = () => new Set(deliveries.map(({ key }) => key))
      yield* until(
        Effect.map(tracker.activeAlerts, (active) =>
          active.length === 0 && Array.from(heard).every((key) => delivered().has(key))),
        Duration.seconds(30)
      )
      // The last flushes.
      yield* Effect.sleep("1500 millis")
      const stats = yield* tracker.stats()
      const all = yield* exchange.requests
      return { all, banSeconds, heard, killedAt, stats, victim }
    })

    const { all, banSeconds, heard, killedAt, stats, victim } = yield* observed.pipe(
      Effect.provide(Worker.tracker(settings)),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
    for (const worker of workers) {
      worker.send("end")
    }
    yield* Effect.forEach(workers, ({ exited }) =>
      exited, { concurrency: "unbounded" }).pipe(
        Effect.timeoutOption("10 seconds")
      )

    const banned = all.filter(({ status }) => status === 418)
    const keys = deliveries.map(({ key }) => key)
    const repeated = deliveries.filter(({ key }, i) => keys.indexOf(key) < i)
    const ofVictim = repeated.filter(({ key }) =>
      deliveries.some((one) => one.key === key && one.process === victim.number)
    )
    const total = (f: (progress: Worker.Progress) => number) =>
      workers.reduce((sum, { progress }) => sum + Math.max(0, ...progress.map(f)), 0)
    // What the killed process has reported before its last flush began, and what it had under way.
    const before = victim.progress.findLast(({ at }) => at < killedAt - 1250)?.errors ?? 0
    const truth = all.filter(({ status }) => status !== undefined && status >= 400).length
    const report = {
      seconds,
      processes,
      requests: all.length,
      candles: total(({ candles }) => candles),
      ban: {
        seconds: banSeconds,
        calls: Math.max(0, banned.length - 1),
        lastAfter: (banned.at(-1)?.at ?? 0) - (banned[0]?.at ?? 0),
        sentKnowingly: total(({ sentInPause }) => sentInPause)
      },
      weight: {
        most: Math.max(0, ...all.map(({ usedWeight = 0 }) => usedWeight)),
        limit: weightLimit,
        refused: all.filter(({ status }) => status === 429).length
      },
      alerts: {
        edges: heard.size,
        missing: Array.from(heard).filter((key) => !keys.includes(key)).length,
        repeated: repeated.length,
        repeatedAfterKill: ofVictim.length
      },
      counts: {
        truth,
        counted: stats.total,
        mayBeLost: Math.max(0, ...victim.progress.map(({ errors }) => errors)) - before + 2
      }
    }
    const result: FleetReport.FleetReport = { ...report, held: true }
    return { ...result, held: FleetReport.checks(result).every(({ held }) => held) }
  }).pipe(
    Effect.scoped,
    Effect.provide(FaultyExchange.layer({ weightPerMinute: { [Worker.market]: weightLimit } }))
  )

const main = Effect.gen(function*() {
  const { help, json, seconds } = yield* options
  if (help) return yield* Effect.as(Console.log(usage), 0)
  if (!Servers.hasRedis()) {
    yield* Console.error(
      "redis-server is not installed: the processes of a fleet share their state\n" +
        "over Redis. Install it, for example with: apt-get install redis-server, or\nbrew install redis"
    )
    return 3
  }
  const report = yield* run(Number(seconds))
  yield* Console.log(json ? JSON.stringify(report, null, 2) : FleetReport.render(report, look(process.stdout)))
  return report.held ? 0 : 1
}).pipe(
  Effect.catchTags({
    BadUsage: ({ message }) => Effect.as(Console.error(`${message}\n\n${usage}`), 2),
    TooSlow: ({ message }) => Effect.as(Console.error(message), 4)
  })
)

if (process.argv[2] === "--worker") {
  // The parent has written it.
  const settings: Worker.Settings = JSON.parse(process.argv[3] ?? "{}")
  await Effect.runPromise(Worker.run(settings))
  process.exit(0)
} else {
  // Ctrl-C ends the processes and Redis too.
  NodeRuntime.runMain(main, {
    teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? Number(exit.value) : Exit.isInterrupted(exit) ? 130 : 1)
  })
}
