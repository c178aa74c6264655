import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// The clients whose errors are classified are installed apart from the package.
const clients = existsSync(new URL("./test/clients/node_modules", import.meta.url))
if (!clients) {
  console.warn("Skipped: test/clients, for want of the HTTP clients. To run it, too: npm ci --prefix test/clients")
}

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
    // By default one processor is left alone, which on a machine of two is half of them.
    maxWorkers: availableParallelism(),
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: ["test/bench/**", "**/node_modules/**", ...(clients ? [] : ["test/clients/**"])]
  }
})
