/**
 * Processes that are killed while they write, and processes that share a cache. `npm run check:kills` kills many more of
 * them.
 */
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { KlineCache } from "effect-errata/binance"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "vitest"
import * as cacheProcess from "./cacheProcess.js"
import { day, request, series, start } from "./candles.js"
import { marked, markOf } from "./marked.js"

const kills = process.env.MODE === "kills" ? 200 : 8
const lanes = 2

let bundled: string
let folder: string
beforeAll(() => {
  bundled = cacheProcess.bundle()
  folder = mkdtempSync(join(tmpdir(), "effect-errata-kills-"))
})
afterAll(() => {
  for (const path of [bundled, folder]) rmSync(path, { recursive: true, force: true })
})

const withCache = <A, E>(
  name: string,
  body: (cache: typeof KlineCache.KlineCache.Service, directory: string) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const directory = join(folder, name)
    mkdirSync(directory)
    return yield* body(yield* KlineCache.make({ directory }), directory)
  }).pipe(Effect.provide(NodeContext.layer))

/** Kills one process after the other, and tells what was there each time. */
const lane = (name: string) =>
  withCache(name, (cache, directory) =>
    Effect.gen(function*() {
      yield* cache.keep(series, marked(1))
      const marks: Array<number | undefined> = []
      for (let kill = 0; kill < kills / lanes; kill++) {
        const lines = yield* Random.nextIntBetween(1, 3)
        const { child, ended, spoke } = cacheProcess.start(bundled, "write", directory, { lines })
        yield* Effect.promise(() => spoke)
        yield* Effect.sleep(yield* Random.nextRange(0, 20))
        child.kill("SIGKILL")
        const { output, signal } = yield* Effect.promise(() => ended)
        expect([signal, output.replaceAll("wrote\n", "")]).toEqual(["SIGKILL", ""])
        marks.push(markOf(yield* cache.klines(request("1m", start, start + day))))
      }
      const names = readdirSync(join(directory, "binance.com/SPOT/BTCUSDT/1m"))
      return { marks, halves: names.filter((name) => name.endsWith(".tmp")), names }
    }))

describe("processes", () => {
  it.live(`${kills} that are killed while they write leave the old file or the new one`, () =>
    Effect.gen(function*() {
      const found = yield* Effect.forEach(Array.from({ length: lanes }, (_, i) => `lane${i}`), lane, {
        concurrency: "unbounded"
      })
      const marks = found.flatMap((lane) => lane.marks)
      expect(marks).toHaveLength(kills)
      expect(marks.filter((mark) => mark !== 1 && mark !== 2)).toEqual([])
      // Of many, some hit the middle of a write; a few may all miss it, for which there are the next ones.
      if (kills >= 200) {
        expect(new Set(marks)).toEqual(new Set([1, 2]))
        expect(found.flatMap(({ halves }) => halves).length).toBeGreaterThan(0)
      }
      for (const { halves, names } of found) expect(names.length - halves.length).toBe(1)
    }), 300_000)

  for (const stop of ["in the middle of a file", "before the file takes its place"]) {
    it.live(`one that is killed ${stop} leaves the old one`, () =>
      withCache(stop, (cache, directory) =>
        Effect.gen(function*() {
          const days = join(directory, "binance.com/SPOT/BTCUSDT/1m")
          yield* cache.keep(series, marked(2))
          const { child, ended, spoke } = cacheProcess.start(bundled, "write", directory, { stop })
          yield* Effect.promise(() => spoke)
          child.kill("SIGKILL")
          expect(yield* Effect.promise(() => ended)).toMatchObject({ signal: "SIGKILL", output: "stopped\n" })
          const [whole = "", half = "", ...more] = readdirSync(days).sort()
          expect([whole, half.startsWith(whole), half.endsWith(".tmp"), more]).toEqual([
            "2024-01-01.arrow",
            true,
            true,
            []
          ])
          const size = statSync(join(days, whole)).size
          expect(statSync(join(days, half)).size).toBe(stop.includes("middle") ? Math.floor(size / 2) : size)
          expect(markOf(yield* cache.klines(request("1m", start, start + day)))).toBe(2)
          yield* cache.keep(series, marked(1))
          expect(markOf(yield* cache.klines(request("1m", start, start + day)))).toBe(1)
        })))
  }

  it.live("two of them on one cache find whole days", () =>
    withCache("shared", (_, directory) =>
      Effect.gen(function*() {
        const both = [1, 2].map(() => cacheProcess.start(bundled, "share", directory).ended)
        const clean = { code: 0, signal: null, output: "done\n" }
        expect(yield* Effect.promise(() => Promise.all(both))).toEqual([clean, clean])
        expect(readdirSync(join(directory, "binance.com/SPOT/BTCUSDT/1m"))).toEqual([
          "2024-01-01.arrow",
          "2024-01-02.arrow"
        ])
      })))
})
