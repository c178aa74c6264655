/** Processes that share bans and weight over a server that is really killed, emptied and cut off. */
import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { admin, isTested, live, proxyTo, server, until } from "./serving.js"
import { exchange, program, type Worker, worker } from "./workers.js"

const hour = 3_600_000

describe.skipIf(!isTested)("processes of a fleet", () => {
  live(
    "a ban that one meets stops all of them at once, and those that start; they resume one after the other",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const file = yield* program
        const api = yield* exchange
        const start = (clockOffset = 0) => worker(file, api, redis.url, { concurrency: 3, clockOffset })
        const workers = yield* Effect.all([start(), start(hour), start(-hour), start()], { concurrency: "unbounded" })
        yield* until(Effect.sync(() => api.arrivals.length), (n) => n > 100)
        // Longer than a process takes to start on a busy machine.
        api.ban(15)
        yield* until(Effect.sync(() => workers.map(({ gate }) => gate.length)), (seen) => seen.every((n) => n > 0))
        const end = api.bannedUntil()
        // The one that met it is gone; one starts.
        const met = workers.toSorted((a, b) => (a.gate[0]?.at ?? 0) - (b.gate[0]?.at ?? 0))
        met[0]?.signal("SIGKILL")
        const late = yield* start()
        yield* until(Effect.sync(() => late.gate.length), (n) => n > 0)
        yield* until(
          Effect.sync(() => [...met.slice(1), late].map(({ gate }) => gate.at(-1)?.paused)),
          (paused) => paused.every((is) => is === false)
        )
        yield* Effect.sleep(500)
        const after = api.arrivals.filter(({ at }) => at > end)
        expect(after.length).toBeGreaterThan(10)
        for (const one of [...met.slice(1), late]) {
          const opened = one.gate.find(({ paused }) => !paused)?.at ?? 0
          expect(opened).toBeGreaterThan(end)
          expect(opened).toBeLessThan(end + 10_000)
        }
        const reports = yield* Effect.forEach([...met.slice(1), late], (worker) => Effect.promise(worker.stop))
        expect(reports.map(({ sentInPause }) => sentInPause)).toEqual([0, 0, 0, 0])
        // In flight when it began, at most: three fibers of each of four processes.
        expect(api.arrivals.filter(({ isBanned }) => isBanned).length).toBeLessThanOrEqual(12)
      })
  )

  live(
    "the weight of a minute is used up and not exceeded: with a kill, a pause and a wrong clock; nor the limit with a FLUSHALL",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const commands = yield* admin(redis.port)
        const file = yield* program
        const api = yield* exchange
        const start = (clockOffset: number, block: number) =>
          worker(file, api, redis.url, { perMinute: 2000, weight: 2, concurrency: 4, pause: 5, clockOffset, block })
        const workers = yield* Effect.all([start(0, 1), start(hour / 3, 1), start(-hour, 20), start(0, 20)], {
          concurrency: "unbounded"
        })
        const used = Effect.sync(() => Math.max(0, ...api.byMinute().values()))
        yield* until(used, (used) => used > 300)
        workers[0]?.signal("SIGSTOP")
        yield* until(used, (used) => used > 600)
        workers[0]?.signal("SIGCONT")
        yield* until(used, (used) => used > 900)
        workers[3]?.signal("SIGKILL")
        yield* until(used, (used) => used >= 1740)
        yield* Effect.sleep("2 seconds")
        expect(Math.max(...api.byMinute().values())).toBeLessThanOrEqual(1800)
        // What was in flight when the store was emptied is within the tenth that is left to others.
        yield* Effect.promise(() => commands.flushall())
        yield* Effect.sleep("2 seconds")
        expect(Math.max(...api.byMinute().values())).toBeLessThanOrEqual(1820)
        const reports = yield* Effect.forEach(workers.slice(0, 3), (worker) => Effect.promise(worker.stop))
        expect(reports.map(({ failures }) => failures)).toEqual([0, 0, 0])
      })
  )

  live(
    "without the server the processes go on within their parts, log one line, and go on with it",
    () =>
      Effect.gen(function*() {
        const redis = yield* server()
        const proxy = yield* proxyTo(redis.port)
        const file = yield* program
        const api = yield* exchange
        // At most 60 requests a second: no call has to wait for the next minute.
        const start = (url: string) =>
          worker(file, api, url, { perMinute: 3000, weight: 1, concurrency: 2, pause: 100 })
        const workers = yield* Effect.all([
          start(redis.url),
          start(redis.url),
          start(`redis://127.0.0.1:${proxy.port}`)
        ], {
          concurrency: "unbounded"
        })
        const calls = Effect.sync(() => api.arrivals.length)
        const isBack = (times: number) => (worker: Worker) =>
          worker.logs.filter((line) => line.includes("available again")).length >= times
        const more = (n: number) => Effect.flatMap(calls, (before) => until(calls, (now) => now > before + n))
        yield* more(200)
        // One process is cut off.
        proxy.mode = "swallow"
        yield* Effect.sleep("2 seconds")
        yield* more(100)
        proxy.mode = "pass"
        yield* until(Effect.sync(() => workers.filter(isBack(1)).length), (n) => n === 1)
        yield* more(100)
        // The server is gone.
        yield* Effect.promise(redis.kill)
        yield* more(200)
        yield* Effect.sleep("1 second")
        yield* Effect.promise(redis.start)
        yield* until(
          Effect.sync(() => workers.every((worker, i) => isBack(i === 2 ? 2 : 1)(worker))),
          (isBack) => isBack
        )
        yield* more(100)
        // Requests that were begun in a minute arrive in the next one, at most those in flight.
        const inFlight = workers.length * 2
        expect(Math.max(...api.byMinute().values())).toBeLessThanOrEqual(2700 + inFlight)
        const reports = yield* Effect.forEach(workers, (worker) => Effect.promise(worker.stop))
        expect(reports.map(({ failures }) => failures)).toEqual([0, 0, 0])
        // At most one call waits for the timeout of a command.
        expect(Math.max(...reports.map(({ slowest }) => slowest))).toBeLessThan(6000)
        expect(workers.map(({ logs }) => logs.filter((line) => line.startsWith("Fleet store")).length)).toEqual([
          2,
          2,
          4
        ])
      })
  )
})
