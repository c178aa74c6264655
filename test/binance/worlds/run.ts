/** Runs a world through `DataSourceManager`, on a client without sockets and with a clock that costs nothing. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Path from "@effect/platform/Path"
import { ErrorTracker, type FetchError } from "effect-errata"
import { BinanceRest, BinanceVision, DataSourceManager, KlineCache, type Klines } from "effect-errata/binance"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { bucket } from "./archive.js"
import { makeFreeClock } from "./clock.js"
import { makeExchange, type Seen } from "./exchange.js"
import { makeMemoryFiles } from "./memoryFiles.js"
import { makeRandom } from "./random.js"
import type { Interval, Truth } from "./truth.js"
import type { Ask, Step, World } from "./world.js"

/** The result of one request. Times are those of the exchange. */
export interface Outcome {
  readonly step: number
  readonly ask: Ask
  readonly begun: number
  readonly ended: number
  /** The candles: one part of a fetch, or the pieces of a stream. */
  readonly parts: ReadonlyArray<Klines.Klines>
  /** The missing candles. Those that a stream did not get to are `not_fetched`. */
  readonly missing: ReadonlyArray<Klines.Missing>
  readonly error: Option.Option<FetchError.FetchError>
  /** The instant at which a stream failed at last. */
  readonly failedAt: number | undefined
}

export interface RanStep {
  readonly outcomes: ReadonlyArray<Outcome>
  readonly requests: ReadonlyArray<Seen>
  /** For each series, the opens of the closed candles that sound answers held. */
  readonly delivered: ReadonlyArray<ReadonlySet<number>>
}

export interface Ran {
  readonly truths: ReadonlyArray<Truth>
  readonly steps: ReadonlyArray<RanStep>
  /** What is wrong with the run itself: a defect, or no end. */
  readonly broken: string | undefined
}

const longest = 2 * 86_400_000
const mostResumed = 3

type Manager = typeof DataSourceManager.DataSourceManager.Service
type Result = Pick<Outcome, "parts" | "missing" | "error" | "failedAt">

export const runWorld = async (world: World): Promise<Ran> => {
  const time = makeFreeClock(world.now + world.clientOffset)
  const now = () => world.now + time.elapsed()
  const exchange = makeExchange(world, now)
  const { truths } = exchange
  const url = "http://exchange.test"
  const disk = makeMemoryFiles()
  const sources = Layer.mergeAll(
    KlineCache.layer({ directory: "/cache" }),
    BinanceVision.layer({ baseUrl: url, ...(world.listing ? { listingUrl: url + bucket } : {}) }),
    BinanceRest.layer({ baseUrls: { SPOT: url, FUTURES_USDT: url, FUTURES_COIN: url } })
  ).pipe(
    Layer.provide([Layer.succeed(HttpClient.HttpClient, exchange.client), disk.layer, Path.layer])
  )
  const manager = DataSourceManager.layer({
    sources: world.sources,
    concurrency: world.concurrency,
    ...world.retries === false ? { retry: false } : {}
  }).pipe(
    Layer.provide(sources),
    Layer.provide(ErrorTracker.layer())
  )

  const inWorld = <A>(effect: Effect.Effect<A>): Effect.Effect<A> =>
    effect.pipe(
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.withRandom(Random.make(world.seed)),
      Effect.withClock(time.clock),
      Effect.withScheduler(time.scheduler)
    )
  const run = async <A>(effect: Effect.Effect<A>): Promise<Exit.Exit<A> | undefined> => {
    const fiber = Effect.runFork(inWorld(effect))
    if (await time.drive(fiber, longest)) return Effect.runPromise(Fiber.await(fiber))
    await Effect.runPromise(Fiber.interruptFork(fiber))
    return undefined
  }
  const scope = await Effect.runPromise(Scope.make())
  // Modules are loaded meanwhile, which takes real time.
  const build = async (): Promise<Manager> =>
    Context.get(
      await Effect.runPromise(inWorld(Layer.buildWithScope(manager, scope))),
      DataSourceManager.DataSourceManager
    )

  const answered = (manager: Manager, ask: Ask): Effect.Effect<Result> => {
    const { interval, market, symbol } = world.series[ask.of]!
    const input = { market, interval, symbol, ...ask.span }
    return ask.by === "stream" ? streamed(manager, input, ask.pieces, mostResumed) : Effect.map(
      ask.by === "refresh" ? manager.refresh(input) : manager.fetch(input),
      ({ data, error, missing }) => ({ parts: [data], missing, error, failedAt: undefined })
    )
  }

  /** None if the caller has given up. */
  const asked = (manager: Manager, ask: Ask): Effect.Effect<Option.Option<Result>> =>
    ask.patience === undefined
      ? Effect.asSome(answered(manager, ask))
      : Effect.raceFirst(
        Effect.asSome(answered(manager, ask)),
        Effect.delay(Effect.succeedNone, ask.patience)
      )

  const ranStep = async (manager: Manager, step: Step, index: number): Promise<RanStep | string> => {
    const before = exchange.seen.length
    const begun = now()
    exchange.forget()
    const exit = await run(
      Effect.forEach(step.asks, (ask) =>
        Effect.map(
          asked(manager, ask),
          Option.map((result): Outcome => ({ step: index, ask, begun, ended: now(), ...result }))
        ), { concurrency: "unbounded" })
    )
    if (exit === undefined || Exit.isFailure(exit)) return `step ${index + 1}: ${describe(exit)}`
    return {
      outcomes: exit.value.flatMap((outcome) => Option.toArray(outcome)),
      requests: exchange.seen.slice(before),
      delivered: exchange.delivered.map((opens) => new Set(opens))
    }
  }

  const steps: Array<RanStep> = []
  let broken: string | undefined
  let current = await build()
  for (const [i, step] of world.steps.entries()) {
    time.pass(step.pause)
    time.step(step.clockStep)
    if (step.isCalm) exchange.calm()
    const { damaged = 0 } = step
    if (damaged > 0) disk.damage(damager(world.seed + i, damaged))
    disk.setFault(step.disk)
    if (step.restart) current = await build()
    const ran = await ranStep(current, step, i)
    if (typeof ran === "string") {
      broken = ran
      break
    }
    steps.push(ran)
  }
  await Effect.runPromise(Scope.close(scope, Exit.void))
  return { truths, steps, broken }
}

interface Input {
  readonly market: World["series"][number]["market"]
  readonly symbol: string
  readonly interval: Truth["interval"]
  readonly start: number
  readonly end: number
}

/** All pieces of a stream, which is resumed where it failed. */
const streamed = (
  manager: Manager,
  input: Input,
  by: Interval | undefined,
  resumable: number
): Effect.Effect<Result> => {
  const parts: Array<Klines.Klines> = []
  const pieces = manager.stream(input, by === undefined ? {} : { by })
  const once = Stream.runForEach(pieces, (piece) => Effect.sync(() => void parts.push(piece)))
  return Effect.matchEffect(once, {
    onSuccess: () => Effect.succeed(resultOf(parts, undefined, input)),
    onFailure: (error) => {
      const failedAt = Date.parse(String(error.context.start))
      const before = resultOf(parts, undefined, input)
      return resumable > 0 && failedAt >= input.start && failedAt < input.end
        ? Effect.map(streamed(manager, { ...input, start: failedAt }, by, resumable - 1), (rest) => ({
          ...rest,
          parts: [...before.parts, ...rest.parts],
          missing: [...before.missing, ...rest.missing]
        }))
        : Effect.succeed(resultOf(parts, { error, failedAt }, input))
    }
  })
}

const resultOf = (
  parts: ReadonlyArray<Klines.Klines>,
  failure: { readonly error: FetchError.FetchError; readonly failedAt: number } | undefined,
  { end }: Input
): Result => {
  const missing = parts.flatMap((part) => part.missing)
  return failure === undefined
    ? { parts, missing, error: Option.none(), failedAt: undefined }
    : {
      parts,
      missing: [...missing, { start: failure.failedAt, end, reason: "not_fetched" }],
      error: Option.some(failure.error),
      failedAt: failure.failedAt
    }
}

/** Flips a bit of some files, and truncates others. */
const damager = (seed: number, share: number) => {
  const random = makeRandom(seed)
  return (bytes: Uint8Array): Uint8Array => {
    if (bytes.length === 0 || !random.chance(share)) return bytes
    const at = random.integer(0, bytes.length - 1)
    return random.chance(0.5) ? bytes.slice(0, at) : bytes.map((byte, i) => i === at ? byte ^ (1 << (at % 8)) : byte)
  }
}

const describe = (exit: Exit.Exit<unknown, unknown> | undefined): string =>
  exit === undefined ? "has no end" : Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""
