// @effect-diagnostics globalErrorInEffectFailure:off unknownInEffectCatch:off -- raw failures are what this is about
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { describe, expect, it } from "@effect/vitest"
import { Cause, Chunk, Deferred, Effect, Exit, Fiber, Inspectable, Layer, Option, Stream, TestClock } from "effect"
import { Classifier, Connectivity, ErrorTracker, Fetch } from "effect-errata"
import { BinanceRest, BinanceVision } from "effect-errata/binance"
import { LogCapture } from "effect-errata/testing"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { withDeadline, withIdleDeadline } from "../../src/internal/deadline.js"

const late = withDeadline({ duration: "1 second", onTimeout: () => "late" as const })

describe("withDeadline", () => {
  const outcomes: ReadonlyArray<readonly [string, Effect.Effect<number, string>]> = [
    ["a success", Effect.succeed(1)],
    ["a failure", Effect.fail("no")],
    ["a defect", Effect.die("bug")],
    ["a failure and a defect", Effect.ensuring(Effect.fail("no"), Effect.die("bug"))],
    ["an asynchronous success", Effect.delay(Effect.succeed(1), "999 millis")],
    ["an interruption", Effect.interrupt]
  ]
  it.effect.each(outcomes)("passes on %s and leaves nothing in the log", ([, effect]) =>
    Effect.gen(function*() {
      const bare = yield* Effect.fork(Effect.exit(effect))
      const fiber = yield* Effect.fork(Effect.exit(late(effect)))
      yield* TestClock.adjust("1 second")
      const [expected, found] = [yield* Fiber.join(bare), yield* Fiber.join(fiber)]
      expect(Exit.match(found, { onFailure: (cause) => Cause.pretty(cause), onSuccess: String }))
        .toBe(Exit.match(expected, { onFailure: (cause) => Cause.pretty(cause), onSuccess: String }))
      expect(yield* LogCapture.entries).toEqual([])
    }).pipe(Effect.provide(LogCapture.layer)))

  const slow: ReadonlyArray<readonly [string, Effect.Effect<number, string>]> = [
    ["never ends", Effect.never],
    ["cannot be interrupted", Effect.uninterruptible(Effect.never)],
    ["is slow to stop", Effect.onInterrupt(Effect.never, () => Effect.never)],
    ["dies when it is interrupted", Effect.onInterrupt(Effect.never, () => Effect.die(new Error("apiKey=s3cr3t")))],
    ["fails too late", Effect.uninterruptible(Effect.delay(Effect.fail("no"), "2 seconds"))]
  ]
  for (const region of ["", "in an uninterruptible region, "]) {
    it.effect.each(slow)(
      `${region}gives up on an effect that %s, at the millisecond`,
      ([, effect]) =>
        Effect.gen(function*() {
          const failure = Effect.flip(late(effect))
          const fiber = yield* Effect.fork(region === "" ? failure : Effect.uninterruptible(failure))
          yield* TestClock.adjust("999 millis")
          expect(Option.isNone(yield* Fiber.poll(fiber))).toBe(true)
          yield* TestClock.adjust("1 millis")
          expect(Option.map(yield* Fiber.poll(fiber), Exit.getOrElse(() => "failed"))).toEqual(Option.some("late"))
          yield* TestClock.adjust("1 minute")
          expect(yield* LogCapture.entries).toEqual([])
        }).pipe(Effect.provide(LogCapture.layer))
    )
  }

  it.effect("interrupts the effect at the deadline, and when it is interrupted itself", () =>
    Effect.gen(function*() {
      for (const stop of [() => TestClock.adjust("1 second"), Fiber.interrupt]) {
        const interrupted = yield* Deferred.make<void>()
        const effect = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, void 0))
        const fiber = yield* Effect.fork(late(effect))
        yield* TestClock.adjust("1 millis")
        yield* stop(fiber)
        yield* Deferred.await(interrupted)
        yield* Fiber.await(fiber)
      }
    }))

  it.effect("fibers that the effect forks log nothing raw, those around it what they did before", () =>
    Effect.gen(function*() {
      const forked = Effect.flatMap(Effect.fork(Effect.fail("apiKey=s3cr3t")), Fiber.await)
      yield* late(forked)
      expect(yield* LogCapture.entries).toEqual([])
      yield* forked
      expect((yield* LogCapture.entries).length).toBe(1)
    }).pipe(Effect.provide(LogCapture.layer)))
})

describe("withIdleDeadline", () => {
  const chunks = (...waits: ReadonlyArray<number>) =>
    Stream.mapEffect(Stream.fromIterable(waits), (wait) => Effect.delay(Effect.succeed(wait), wait))

  const run = <E>(stream: Stream.Stream<number, E>) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(
        Effect.exit(Stream.runCollect(stream.pipe(withIdleDeadline({ duration: "1 second", onTimeout: () => "late" }))))
      )
      yield* TestClock.adjust("1 hour")
      return yield* Fiber.join(fiber)
    })

  it.effect("counts from chunk to chunk, and passes on the end and the failure of the stream", () =>
    Effect.gen(function*() {
      expect(Exit.map(yield* run(chunks(900, 900, 900)), Chunk.toReadonlyArray)).toEqual(Exit.succeed([900, 900, 900]))
      expect(yield* run(chunks(900, 1100, 900))).toEqual(Exit.fail("late"))
      expect(yield* run(Stream.concat(chunks(900), Stream.fail("no")))).toEqual(Exit.fail("no"))
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// secrets
// ---------------------------------------------------------------------------------------------------------------------

const secrets = ["s3cr3tKey", "us3r:p4ss"]
const url = "https://us3r:p4ss@exchange.test/data?apiKey=s3cr3tKey"

const raw = (request: HttpClientResponse.HttpClientResponse["request"]) =>
  new HttpClientError.RequestError({
    request,
    reason: "Transport",
    cause: new Error(`connect ECONNREFUSED ${url}`),
    description: `cannot reach ${url}`
  })

/** What a server can do wrong, as often as it is asked. */
const servers: Readonly<Record<string, HttpClient.HttpClient>> = {
  "refuses the connection": HttpClient.make((request) => Effect.delay(Effect.fail(raw(request)), 1)),
  "answers with a body that breaks": HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(
      request,
      new Response(
        new ReadableStream({
          pull: (controller) => controller.error(new Error(`broken: ${url}`))
        }),
        { status: 503 }
      )
    ))
  ),
  "answers 200 with a body that breaks": HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(
      request,
      new Response(new ReadableStream({ pull: (controller) => controller.error(new Error(`broken: ${url}`)) }))
    ))
  ),
  "dies": HttpClient.make(() => Effect.delay(Effect.die(new Error(`bug at ${url}`)), 1)),
  "never answers, and dies when it is stopped": HttpClient.make(() =>
    Effect.onInterrupt(Effect.never, () => Effect.die(new Error(`aborted ${url}`)))
  )
}

const get = Effect.flatMap(HttpClient.HttpClient, (client) => client.get(url))

const klines = { market: "SPOT", symbol: "BTCUSDT", interval: "1h", start: "2024-01-01", end: "2024-01-02" } as const

const store = KeyValueStore.make({
  get: () => Effect.fail({ _tag: "SystemError", message: url } as never),
  getUint8Array: () => Effect.fail({ _tag: "SystemError", message: url } as never),
  set: () => Effect.fail({ _tag: "SystemError", message: url } as never),
  remove: () => Effect.void,
  clear: Effect.void,
  size: Effect.succeed(0)
})

/** Every place that races an effect against time. */
const places: Readonly<Record<string, Effect.Effect<unknown, unknown, HttpClient.HttpClient>>> = {
  "Fetch.timeout": get.pipe(
    Effect.flatMap((response) => response.text),
    Fetch.timeout("5 seconds"),
    Fetch.tracked(),
    Effect.provide(ErrorTracker.layer())
  ),
  "Connectivity": Effect.provide(Connectivity.check(url), ErrorTracker.layer()),
  "the classifier reading a body": get.pipe(
    Effect.flatMap(HttpClientResponse.filterStatusOk),
    Effect.flatMap((response) => response.text),
    Effect.catchAll((error) => Classifier.classify(error)),
    Effect.timeoutOption("1 minute")
  ),
  "BinanceRest": Effect.flatMap(BinanceRest.BinanceRest, (rest) => rest.klines(klines)).pipe(
    Effect.provide(BinanceRest.layer({ baseUrls: { SPOT: "https://us3r:p4ss@exchange.test/s3cr3tKey" } }))
  ),
  "the archive": Effect.flatMap(BinanceVision.BinanceVision, (vision) => vision.klines(klines)).pipe(
    Effect.provide(
      BinanceVision.layer({
        baseUrl: "https://us3r:p4ss@exchange.test/s3cr3tKey",
        listingUrl: "https://us3r:p4ss@exchange.test/s3cr3tKey"
      })
    )
  ),
  "a store of snapshots": Effect.provide(
    Effect.void,
    ErrorTracker.layerPersisted().pipe(Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store)))
  )
}

describe.each(Object.keys(places))("no raw failure in the DEBUG log: %s", (place) => {
  it.effect.each(Object.keys(servers))("the server %s", (server) =>
    Effect.gen(function*() {
      const effect = places[place]!.pipe(
        Effect.exit,
        Effect.provideService(HttpClient.HttpClient, servers[server]!)
      )
      const fiber = yield* Effect.fork(effect)
      yield* Effect.repeatN(TestClock.adjust("1 minute"), 5)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      const logged = (yield* LogCapture.entries).map((entry) => ({ ...entry, cause: Cause.pretty(entry.cause) }))
      const text = Inspectable.toStringUnknown(logged)
      for (const secret of secrets) expect(text).not.toContain(secret)
      expect(text).not.toContain("Fiber terminated")
    }).pipe(Effect.provide(LogCapture.layer)))
})

// ---------------------------------------------------------------------------------------------------------------------
// source
// ---------------------------------------------------------------------------------------------------------------------

it("nothing else in src races an effect that can fail", () => {
  const src = join(import.meta.dirname, "../../src")
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
  expect(files.length).toBeGreaterThan(50)
  const safe = [
    "Effect.raceFirst(changed.await)",
    "Effect.raceFirst(hasNews.await, Effect.sleep(",
    "Effect.raceFirst(shared.edges.next(group.cursor), Effect.sleep(",
    "}).pipe(Effect.raceFirst(Effect.sleep(timeout)))",
    "Effect.raceFirst(isHearing.await, Effect.sleep(",
    "Effect.raceFirst(Effect.sleep(flushEvery), urgent.await)"
  ]
  // Those of the watch of a fleet cannot fail, either.
  const apart = [join("internal", "deadline.ts"), join("fleet", "internal", "tracker", "watchSchedule.ts")]
  const found = files.filter((file) => !apart.includes(file)).flatMap((file) =>
    readFileSync(join(src, file), "utf8").split("\n")
      .filter((line) => !/^\s*(?:\*|\/\/|\/\*)/.test(line))
      .filter((line) =>
        /\b(?:Effect|Stream|Fiber|STM)\.(?:timeout|race|disconnect|raceAll|interruptWhen)\w*/.test(line)
      )
      // Neither side can fail.
      .filter((line) => !safe.some((race) => line.includes(race)))
      .map((line) => `${file}: ${line.trim()}`)
  )
  expect(found).toEqual([])
})
