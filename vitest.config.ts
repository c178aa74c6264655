import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-errata$/, replacement: src("index.ts") },
      { find: /^effect-errata\/(binance|testing)$/, replacement: src("$1/index.ts") },
      { find: /^effect-errata\/(.+)$/, replacement: src("$1.ts") }
    ]
  },
  test: {
    // A busy machine is no reason to fail.
    testTimeout: 30_000,
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: ["test/bench/**", "test/clients/**", "**/node_modules/**"]
  }
})
