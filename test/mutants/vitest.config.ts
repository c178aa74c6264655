import { env } from "node:process"
import { fileURLToPath } from "node:url"
import { Tinypool } from "tinypool"
import { defineConfig } from "vitest/config"

const { rooms }: { readonly rooms: Readonly<Record<string, { readonly tests: ReadonlyArray<string> }>> } = await import(
  new URL("rooms.mjs", import.meta.url).href
)

const root = fileURLToPath(new URL("../..", import.meta.url))

// The thread of the tests, and with it the loaded modules, stays from one mutant to the next: to import Effect takes longer
// than most tests. A mutant that hangs ends its process.
Tinypool.prototype.recycleWorkers = () => Promise.resolve()

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-errata$/, replacement: `${root}src/index.ts` },
      { find: /^effect-errata\/(binance|dashboard|fleet|testing)$/, replacement: `${root}src/$1/index.ts` },
      { find: /^effect-errata\/(.+)$/, replacement: `${root}src/$1.ts` }
    ]
  },
  test: { root, include: [...rooms[env["ROOM"] ?? ""]?.tests ?? []], testTimeout: 300_000, isolate: false }
})
