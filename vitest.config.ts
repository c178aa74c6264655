import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// Tests of other packages, which are installed apart from this one.
const apart = ["test/clients", "test/reporters", "test/runtimes"].filter((folder) => {
  const installed = existsSync(new URL(`./${folder}/node_modules`, import.meta.url))
  if (!installed) {
    console.warn(`Skipped: ${folder}, whose packages are not installed. To run it: npm ci --prefix ${folder}`)
  }
  return !installed
})
// The servers of its faults are those of the clients.
if (apart.includes("test/clients")) apart.push("test/runtimes")

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
    exclude: ["test/bench/**", "**/node_modules/**", ...apart.map((folder) => `${folder}/**`)]
  }
})
