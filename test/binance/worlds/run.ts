/** Runs a world: three fetches through `DataSourceManager`, on clients without sockets and in a time that costs nothing. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Path from "@effect/platform/Path"
import { ErrorTracker } from "effect-errata"
import { BinanceRest, BinanceVision, DataSourceManager, KlineCache } from "effect-errata/binance"
import { FaultyExchange } from "effect-errata/testing"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import { makeMemoryFiles } from "./memoryFiles.js"
import { candlesIn, type Span } from "./truth.js"
import { faultOf, history, symbolOf, type World } from "./world.js"

/** What one fetch came to. Times are those of the exchange. */
export interface Outcome {
  readonly span: Span
  readonly begun: number
  readonly ended: number
  readonly result: DataSourceManager.Fetched
  readonly requests: ReadonlyArray<FaultyExchange.Request>
  /** The opens of the closed rows that answers of REST without a fault held. */
  readonly delivered: ReadonlySet<number>
}

export interface Ran {
  readonly outcomes: ReadonlyArray<Outcome>
  /** What went wrong with the run itself: a defect, or no end. */
  readonly broken: string | undefined
}

const day = 86_400_000
const longest = 2 * day

/** A clock that stands still until all that can be done has been done. */
const makeTime = (start: number) => {
  let now = start
  const timers = new Set<{ readonly at: number; readonly wake: () => void }>()
  const clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => now,
    unsafeCurrentTimeNanos: () => BigInt(Math.round((now - start) * 1e6)),
    currentTimeMillis: Effect.sync(() => now),
    currentTimeNanos: Effect.sync(() => BigInt(Math.round((now - start) * 1e6))),
    sleep: (duration) =>
      Effect.async((resume) => {
        const timer = { at: now + Duration.toMillis(duration), wake: () => resume(Effect.void) }
        timers.add(timer)
        return Effect.sync(() => timers.delete(timer))
      })
  }
  const quiet = async (turns: number, isDone: () => boolean) => {
    for (let i = 0; i < turns && !isDone(); i++) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  /** Lets time pass until a fiber has ended, but for no longer than so many milliseconds. */
  const drive = async (fiber: Fiber.RuntimeFiber<unknown, unknown>, patience: number): Promise<boolean> => {
    const end = now + patience
    let isDone = false
    fiber.addObserver(() => {
      isDone = true
    })
    for (;;) {
      await quiet(8, () => isDone)
      if (isDone) return true
      let next = Infinity
      for (const { at } of timers) next = Math.min(next, at)
      if (!(next <= end)) return false
      now = Math.max(now, next)
      for (const timer of timers) {
        if (timer.at > now) continue
        timers.delete(timer)
        timer.wake()
      }
    }
  }
  return { clock, drive, now: () => now, pass: (millis: number) => void (now += millis) }
}

export const runWorld = async (world: World): Promise<Ran> => {
  const { clientOffset, interval, market } = world
  const time = makeTime(world.now + clientOffset)
  const exchangeTime = () => time.now() - clientOffset
  const symbols = world.decoy ? [false, true] : [false]
  const traded = symbols.map((decoy) => ({ ...world, symbol: symbolOf(market, decoy) }))
  const series = traded.map((one) => ({
    market,
    symbol: one.symbol,
    interval,
    rows: history(one).flatMap((span) => candlesIn(one, span)).map(({ row }) => row)
  }))
  const exchange = FaultyExchange.layerClient({
    seed: world.seed,
    series,
    instruments: traded.map(({ delisted, gaps, listed, symbol }) => ({
      market,
      symbol,
      listed,
      ...(delisted === undefined ? undefined : { delisted }),
      outages: gaps
    })),
    clockOffset: -clientOffset,
    pageSize: world.pageSize,
    dateHeader: world.dateHeader,
    faults: world.faults.map(faultOf)
  })

  let delivered = new Set<number>()
  /** Makes candles that are forming look like it, and notes what was delivered. */
  const forming = Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const { requests } = yield* FaultyExchange.FaultyExchange
    return HttpClient.make((request, url) =>
      Effect.gen(function*() {
        const response = yield* client.execute(request)
        if (!url.pathname.endsWith("/klines") || response.status !== 200) return response
        const at = exchangeTime()
        const sound = (yield* requests).at(-1)?.fault === undefined
        const text = yield* response.text
        const rows: unknown = text.startsWith("[[") ? parsed(text) : undefined
        if (!Array.isArray(rows)) return rebuilt(request, response, text)
        for (const row of rows) {
          if (!Array.isArray(row)) continue
          if (Number(row[6]) >= at) row[5] = "0.5"
          else if (sound && url.searchParams.get("symbol") === world.symbol) delivered.add(Number(row[0]))
        }
        return rebuilt(request, response, JSON.stringify(rows))
      }).pipe(
        // The body was read here: what breaks it breaks the request.
        Effect.mapError((cause) =>
          new HttpClientError.RequestError({ request, reason: "Transport", cause: Object(cause)["cause"] ?? cause })
        )
      )
    )
  })

  const files = makeMemoryFiles()
  const around = Layer.mergeAll(
    Layer.provideMerge(Layer.effect(HttpClient.HttpClient, forming), exchange),
    files.layer,
    Path.layer
  )
  const manager = Layer.unwrapEffect(
    Effect.map(
      FaultyExchange.FaultyExchange,
      ({ archive, baseUrls }) =>
        DataSourceManager.layer({ sources: world.sources, concurrency: world.concurrency }).pipe(
          Layer.provide([
            KlineCache.layer({ directory: "/cache" }),
            BinanceVision.layer(world.listing ? archive : { baseUrl: archive.baseUrl }),
            BinanceRest.layer({ baseUrls })
          ]),
          Layer.provide(ErrorTracker.layer())
        )
    )
  )

  const scope = await Effect.runPromise(Scope.make())
  const inWorld = <A>(effect: Effect.Effect<A>): Effect.Effect<A> =>
    effect.pipe(
      Logger.withMinimumLogLevel(LogLevel.None),
      Effect.withRandom(Random.make(world.seed)),
      Effect.withClock(time.clock)
    )
  const run = async <A>(effect: Effect.Effect<A>): Promise<Exit.Exit<A> | undefined> => {
    const fiber = Effect.runFork(inWorld(effect))
    if (await time.drive(fiber, longest)) return Effect.runPromise(Fiber.await(fiber))
    await Effect.runPromise(Fiber.interruptFork(fiber))
    return undefined
  }

  const outcomes: Array<Outcome> = []
  const broken = await (async (): Promise<string | undefined> => {
    // Modules are loaded meanwhile, which takes real time.
    const context = await Effect.runPromise(inWorld(Layer.buildWithScope(around, scope)))
    const build = () => Effect.runPromise(inWorld(Effect.provide(Layer.buildWithScope(manager, scope), context)))
    let managers = await build()
    const { clear, requests } = Context.get(context, FaultyExchange.FaultyExchange)
    for (const [i, span] of world.fetches.entries()) {
      if (i === 2) {
        await Effect.runPromise(clear)
        time.pass(20 * 60_000)
        if (world.restart) managers = await build()
      }
      const { fetch } = Context.get(managers, DataSourceManager.DataSourceManager)
      const ask = (decoy: boolean) => run(fetch({ market, interval, symbol: symbolOf(market, decoy), ...span }))
      if (world.decoy && i === 0) {
        const decoy = await ask(true)
        if (decoy === undefined || Exit.isFailure(decoy)) return `the other symbol: ${describe(decoy)}`
      }
      const seen = (await Effect.runPromise(requests)).length
      const begun = exchangeTime()
      delivered = new Set()
      const exit = await ask(false)
      if (exit === undefined || Exit.isFailure(exit)) return `fetch ${i + 1}: ${describe(exit)}`
      outcomes.push({
        span,
        begun,
        ended: exchangeTime(),
        result: exit.value,
        requests: (await Effect.runPromise(requests)).slice(seen),
        delivered
      })
      time.pass(60_000)
    }
    return undefined
  })()
  await Effect.runPromise(Scope.close(scope, Exit.void))
  return { outcomes, broken }
}

const describe = (exit: Exit.Exit<unknown, unknown> | undefined): string =>
  exit === undefined ? "has no end" : Exit.isFailure(exit) ? Cause.pretty(exit.cause) : ""

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const rebuilt = (
  request: Parameters<typeof HttpClientResponse.fromWeb>[0],
  { headers, status }: HttpClientResponse.HttpClientResponse,
  text: string
) => HttpClientResponse.fromWeb(request, new Response(text, { status, headers: { ...headers } }))
