/** Real disks that are full or closed. */
import { NodeContext } from "@effect/platform-node"
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { KlineCache } from "effect-errata/binance"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "vitest"
import * as cacheProcess from "./cacheProcess.js"
import { candles, day, request, series, start } from "./candles.js"
import { marked, markOf } from "./marked.js"

const isRoot = process.getuid?.() === 0

/** Nobody's, on most systems. */
const otherUser = 65_534

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "effect-errata-disk-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A disk of so many bytes; none where this process may not mount one. */
const mount = (directory: string, size: number): boolean => {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", directory], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

describe("real disks", () => {
  it.live("full: StorageSpace, the old file stands, nothing half-written stays", (context) =>
    Effect.acquireUseRelease(
      Effect.sync(() => mount(folder, 200 * 1024)),
      (mounted) => {
        if (!mounted) return Effect.sync(() => context.skip("only where this process may mount a disk (root)"))
        return Effect.gen(function*() {
          const cache = yield* KlineCache.make({ directory: folder })
          const days = join(folder, "binance.com/SPOT/BTCUSDT/1m")
          yield* cache.keep(series, marked(1))
          for (const klines of [marked(2), marked(2, start + day)]) {
            const error = yield* Effect.flip(cache.keep(series, klines))
            expect(error).toMatchObject({ _tag: "StorageSpace", context: { source: "cache", operation: "write" } })
            expect(error.context.attributes?.path).toContain(days)
            expect(error.message).toContain(days)
            expect(readdirSync(days)).toEqual(["2024-01-01.arrow"])
          }
          expect(markOf(yield* cache.klines(request("1m", start, start + day)))).toBe(1)
          // What fits is kept.
          expect(yield* cache.keep(series, candles("1h", start, start + day))).toBe(1)
        })
      },
      (mounted) => Effect.sync(() => mounted && execFileSync("umount", [folder]))
    ).pipe(Effect.provide(NodeContext.layer)))

  it.live("closed: StoragePermission, for reading and for writing, and nothing is left behind", () =>
    Effect.gen(function*() {
      const directory = join(folder, "closed")
      const cache = yield* KlineCache.make({ directory })
      yield* cache.keep(series, candles("1h", start, start + day))
      const days = join(directory, "binance.com/SPOT/BTCUSDT/1h")
      chmodSync(folder, 0o755)
      chmodSync(join(days, "2024-01-01.arrow"), 0o200)
      chmodSync(days, 0o555)
      const bundled = cacheProcess.bundle()
      // To root no folder is closed.
      const { ended } = cacheProcess.start(bundled, "refused", directory, isRoot ? { uid: otherUser } : {})
      const { code, output } = yield* Effect.promise(() => ended)
      rmSync(bundled, { recursive: true })
      chmodSync(days, 0o755)
      expect([code, output.trim().split("\n")]).toEqual([0, ["read StoragePermission", "write StoragePermission"]])
      expect(readdirSync(days)).toEqual(["2024-01-01.arrow"])
    }).pipe(Effect.provide(NodeContext.layer)))
})
