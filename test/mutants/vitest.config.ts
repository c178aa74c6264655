import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { rooms } from "./rooms.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const room = process.env["ROOM"] as keyof typeof rooms

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-errata$/, replacement: `${root}src/index.ts` },
      { find: /^effect-errata\/(binance|dashboard|fleet|testing)$/, replacement: `${root}src/$1/index.ts` },
      { find: /^effect-errata\/(.+)$/, replacement: `${root}src/$1.ts` }
    ]
  },
  test: { root, include: rooms[room].tests, testTimeout: 300_000 }
})
