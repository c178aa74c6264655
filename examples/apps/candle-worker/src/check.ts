/**
 * Starts the worker on a simulated exchange with faults, kills it ten times at odd moments, and then compares the cache with
 * the exchange: one more round asks REST only for what is new, and no candle is missing or differs.
 */
import { ConfigProvider, Effect, Layer } from "effect"
import { ErrorTracker } from "effect-errata"
import { Fault, FaultyExchange } from "effect-errata/testing"
import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execPath } from "node:process"
import { Candles, round } from "./worker.ts"

const cache = mkdtempSync(join(tmpdir(), "candles-"))

/** Starts a worker and kills it as soon as it has sent this many requests, or has printed that a round is complete. */
const killed = (url: string, requests: number, sent: Effect.Effect<number>) =>
  Effect.gen(function*() {
    const worker = spawn(execPath, ["dist/main.js"], {
      env: { ...process.env, BINANCE_URL: url, CACHE: cache, EVERY: "100 millis" },
      stdio: ["ignore", "pipe", "inherit"]
    })
    const ended = once(worker, "exit")
    let rounds = 0
    worker.stdout.on("data", () => rounds++)
    const before = yield* sent
    yield* Effect.repeat(Effect.sleep("1 millis"), {
      until: () => Effect.map(sent, (now) => now - before >= requests || rounds > 3 || worker.exitCode !== null)
    })
    worker.kill("SIGKILL")
    const [code, signal] = yield* Effect.promise(() => ended)
    assert.equal(signal, "SIGKILL", `the worker ended by itself with ${code}`)
  })

const check = Effect.gen(function*() {
  const { clear, inject, requests, url } = yield* FaultyExchange.FaultyExchange
  const sent = Effect.map(requests, ({ length }) => length)
  yield* inject(Fault.on({ probability: 0.1 }, Fault.resetMidBody))
  for (let i = 0; i < 10; i++) yield* killed(url, 1 + i * 2, sent)

  yield* clear
  const config = ConfigProvider.fromMap(new Map([["BINANCE_URL", url], ["CACHE", cache]]))
  const results = yield* round.pipe(
    Effect.provide(Candles.pipe(Layer.provide(Layer.setConfigProvider(config)), Layer.provide(ErrorTracker.layer()))),
    Effect.withConfigProvider(config)
  )
  for (const { errors, missing, rows, rowsBySource, symbol } of results) {
    assert.deepEqual({ missing, errors }, { missing: [], errors: [] })
    assert.ok(rows >= 3 * 1440 - 1, `${symbol}: ${rows} rows`)
    assert.ok(rowsBySource.cache > 0, "the killed workers had filled the cache")
    yield* Effect.log(`${symbol}: ${rows} rows, ${rowsBySource.cache} of them from the cache`)
  }
  const left = readdirSync(cache, { recursive: true }).map(String).filter((file) => /tmp|part/.test(file))
  assert.deepEqual(left, [], "no half-written file is left")
})

try {
  await Effect.runPromise(Effect.provide(check, FaultyExchange.layer()))
} finally {
  rmSync(cache, { recursive: true, force: true })
}
