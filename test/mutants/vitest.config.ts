import { env } from "node:process"
import { fileURLToPath } from "node:url"
import { Tinypool } from "tinypool"
import { defineConfig } from "vitest/config"

interface Room {
  readonly tests: ReadonlyArray<string>
  readonly runs?: number
}

const { rooms }: { readonly rooms: Readonly<Record<string, Room>> } = await import(
  new URL("rooms.mjs", import.meta.url).href
)
const room = rooms[env["ROOM"] ?? ""]

const root = fileURLToPath(new URL("../..", import.meta.url))

// The thread of the tests, and with it the loaded modules, stays from one mutant to the next: to import Effect takes longer
// than most tests. A mutant that hangs ends its process.
Tinypool.prototype.recycleWorkers = () => Promise.resolve()

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect\/FastCheck$/, replacement: `${root}test/mutants/fewerRuns.ts` },
      { find: /^effect-errata$/, replacement: `${root}src/index.ts` },
      { find: /^effect-errata\/(binance|dashboard|fleet|testing)$/, replacement: `${root}src/$1/index.ts` },
      { find: /^effect-errata\/(.+)$/, replacement: `${root}src/$1.ts` }
    ]
  },
  test: {
    root,
    include: [...room?.tests ?? []],
    env: { RUNS: String(room?.runs ?? 30) },
    setupFiles: ["test/mutants/setup.ts"],
    // Many times as long as any of them takes.
    testTimeout: 20_000,
    isolate: false
  }
})
