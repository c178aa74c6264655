/** Two installed copies of the package work together: an error of the one with the operators of the other. */
import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Layer, Logger, LogLevel, Match, Option, Schema, TestClock } from "effect"
import * as Local from "effect-errata"
import { build } from "esbuild"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { createContext, runInContext } from "node:vm"
import { Worker } from "node:worker_threads"
import { afterAll } from "vitest"

const root = join(import.meta.dirname, "..")
const folder = mkdtempSync(join(tmpdir(), "copies-"))
symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

type Package = typeof Local

/** The package as a second installation of it: other files, other classes, and the same Effect. */
const installed = async (name: string): Promise<Package> => {
  await build({
    entryPoints: [join(root, "src/*.ts"), join(root, "src/internal/**/*.ts")],
    outbase: join(root, "src"),
    outdir: join(folder, name),
    format: "esm",
    logLevel: "error"
  })
  // A package of its own is loaded as it is.
  return import(/* @vite-ignore */ pathToFileURL(join(folder, name, "index.js")).href) as Promise<Package>
}

/** The package in a realm of its own, with another Effect and other built-in classes. */
const inRealm = async (): Promise<Package> => {
  const { outputFiles: [script] } = await build({
    entryPoints: [join(root, "src/index.ts")],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "errata",
    logLevel: "error"
  })
  const context = createContext({
    TextEncoder,
    TextDecoder,
    URL,
    URLSearchParams,
    AbortController,
    DOMException,
    performance,
    console
  })
  runInContext(script?.text ?? "", context)
  return runInContext("errata", context) as Package
}

const [other, realm] = await Promise.all([installed("b"), inRealm()])

const copies: ReadonlyArray<readonly [string, Package]> = [["another copy", other], ["another realm", realm]]

const layer = Layer.merge(Local.ErrorTracker.layer(), Logger.minimumLogLevel(LogLevel.None))

const total = Effect.flatMap(
  Local.ErrorTracker.ErrorTracker,
  (tracker) => Effect.map(tracker.stats(), ({ total }) => total)
)

describe.each(copies)("an error of %s", (_, foreign) => {
  const limited = () =>
    new foreign.FetchError.ApiRateLimit({
      status: 429,
      retryAfter: Option.some(Duration.seconds(20)),
      context: { source: "rest" }
    })
  const empty = () => new foreign.FetchError.DataEmpty({ reason: "delisted" })
  const refused = () =>
    new foreign.FetchError.NetworkConnection({
      cause: new TypeError("fetch failed")
    })

  it("is of another class, and passes the guards", () => {
    expect(limited() instanceof Local.FetchError.ApiRateLimit).toBe(false)
    expect(Local.FetchError.isFetchError(limited())).toBe(true)
    expect(Local.FetchError.isTrackable(limited())).toBe(true)
    expect(Schema.is(Local.FetchError.ApiRateLimit)(limited())).toBe(true)
    expect(Schema.is(Local.FetchError.FetchError)(limited())).toBe(true)
    expect(Schema.is(Local.FetchError.ApiAuth)(limited())).toBe(false)
    expect(String(Local.FetchError.original(refused()))).toBe("TypeError: fetch failed")
    expect(Local.Classifier.classifySync(limited())).toMatchObject({ _tag: "ApiRateLimit", status: 429 })
  })

  it("is matched by tag, encoded and decoded", () => {
    const match = Match.type<Local.FetchError.FetchError>().pipe(
      Match.tag("ApiRateLimit", ({ status }) => status),
      Match.orElse(() => undefined)
    )
    expect(match(limited())).toBe(429)
    const json = Schema.parseJson(Local.FetchError.FetchError)
    const back = Schema.decodeSync(json)(Schema.encodeSync(json)(limited()))
    expect(back).toBeInstanceOf(Local.FetchError.ApiRateLimit)
    expect(Option.map(back.retryAfter, Duration.toMillis)).toEqual(Option.some(20_000))
  })

  it.effect("counts once, whichever copy tracks it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.fail(limited()).pipe(
        Local.Fetch.tracked({ symbol: "A" }),
        other.Fetch.tracked({ market: "SPOT" }),
        Local.Fetch.tracked(),
        Effect.flip
      )
      expect(error.context).toEqual({ source: "rest", symbol: "A", market: "SPOT" })
      expect(error.constructor).toBe(foreign.FetchError.ApiRateLimit)
      expect(yield* total).toBe(1)
    }).pipe(Effect.provide(layer)))

  it.effect("is tried again by a policy, and closes its gate", () =>
    Effect.gen(function*() {
      let sent = 0
      const policy = yield* Local.RetryPolicy.make({ source: "rest", rows: { API_RATE_LIMIT: { retries: 0 } } })
      const call = Effect.suspend(() => {
        sent++
        return Effect.fail(limited())
      }).pipe(Local.Fetch.tracked({ source: "rest" }), Local.Fetch.retry(policy))
      yield* Effect.exit(call)
      // The gate is shut: these wait, and are sent once it opens.
      const waiting = yield* Effect.fork(Effect.all([call, call, call], { concurrency: 3, mode: "either" }))
      yield* TestClock.adjust("19 seconds")
      expect(sent).toBe(1)
      yield* Fiber.interrupt(waiting)
      let attempts = 0
      const twice = Effect.suspend(() => attempts++ === 0 ? Effect.fail(refused()) : Effect.succeed("data"))
      const other = yield* Local.RetryPolicy.make({ rows: { NETWORK_CONNECTION: { base: "1 millis" } } })
      const fiber = yield* Effect.fork(twice.pipe(Local.Fetch.tracked(), Local.Fetch.retry(other)))
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(fiber)).toBe("data")
    }).pipe(Effect.provide(layer)))

  it.effect("orEmpty, failover and defects", () =>
    Effect.gen(function*() {
      const none: Effect.Effect<ReadonlyArray<number>, Local.FetchError.DataEmpty> = Effect.fail(empty())
      expect(yield* none.pipe(Local.Fetch.orEmpty(() => [], { when: "always" }))).toEqual([])
      const answer = yield* Local.Fetch.failover([
        { source: "a", fetch: Effect.fail(refused()) },
        { source: "b", fetch: Effect.succeed(7) }
      ])
      expect(answer).toBe(7)
      const failed = yield* Effect.flip(Local.Fetch.failover([
        { source: "a", fetch: Effect.fail(refused()) },
        { source: "b", fetch: Effect.fail(limited()) }
      ]))
      expect(failed.earlier.map(({ code, source }) => [code, source])).toEqual([["NETWORK_CONNECTION", "a"]])
      const bug = new foreign.FetchError.Internal({ message: "bug" })
      const exit = yield* Effect.exit(Effect.die(bug).pipe(Local.Fetch.tracked({}, { defects: "fail" })))
      expect(Exit.isFailure(exit) && Option.getOrThrow(Cause.failureOption(exit.cause)).message).toBe("bug")
    }).pipe(Effect.provide(layer)))
})

// ---------------------------------------------------------------------------------------------------------------------
// errors that were sent
// ---------------------------------------------------------------------------------------------------------------------

describe("the JSON of an error", () => {
  const error = () =>
    new Local.FetchError.ApiRateLimit({
      status: 429,
      retryAfter: Option.some(Duration.seconds(20)),
      context: { source: "rest" },
      cause: new TypeError("fetch failed")
    })

  const ways: ReadonlyArray<readonly [string, () => unknown]> = [
    ["parsed", () => JSON.parse(JSON.stringify(error()))],
    ["cloned", () => structuredClone(error().toJSON())],
    [
      "of another copy",
      () => JSON.parse(JSON.stringify(new other.FetchError.ApiRateLimit({ ...error(), message: "m" })))
    ]
  ]

  it.effect.each(ways)("%s: becomes the error again", ([, make]) =>
    Effect.gen(function*() {
      expect(Local.FetchError.isTrackable(make())).toBe(false)
      expect(Local.Classifier.classifySync(make())).toBeInstanceOf(Local.FetchError.ApiRateLimit)
      const failed = yield* Effect.fail(make()).pipe(Local.Fetch.tracked(), Local.Fetch.tracked(), Effect.flip)
      expect(failed).toBeInstanceOf(Local.FetchError.ApiRateLimit)
      expect(Option.map(failed.retryAfter, Duration.toMillis)).toEqual(Option.some(20_000))
      expect(yield* total).toBe(1)
    }).pipe(Effect.provide(layer)))

  it("from a worker becomes the error again", async () => {
    const worker = new Worker(
      "const { parentPort, workerData } = require('worker_threads'); parentPort.postMessage(workerData)",
      {
        eval: true,
        workerData: error().toJSON()
      }
    )
    const received = await new Promise<unknown>((resolve, reject) =>
      worker.once("message", resolve).once("error", reject)
    )
    await worker.terminate()
    expect(Local.Classifier.classifySync(received)).toMatchObject({ _tag: "ApiRateLimit", status: 429 })
  })
})
