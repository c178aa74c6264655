import { existsSync } from "node:fs"
import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config"

type ProjectConfig = TestProjectInlineConfiguration["test"]

const src = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// Tests of other packages, which are installed apart from this one.
const apart = ["test/clients", "test/reporters", "test/runtimes"]
const skipped = apart.filter((folder) => {
  const installed = existsSync(new URL(`./${folder}/node_modules`, import.meta.url))
  if (!installed) {
    console.warn(`Skipped: ${folder}, whose packages are not installed. To run it: npm ci --prefix ${folder}`)
  }
  return !installed
})
// The servers of its faults are those of the clients.
if (skipped.includes("test/clients")) skipped.push("test/runtimes")

// Test files that replace a module, that read the metrics of the whole process, or that measure the heap or the processor time of their process.
const alone = [
  "test/Fetch.copies.test.ts",
  "test/binance/BinanceVision.peer.test.ts",
  "test/examples/open-telemetry.test.ts",
  "test/fleet/FleetStore.peer.test.ts",
  "test/internal/safe/redaction.test.ts",
  "test/internal/tracker/scale.test.ts",
  "test/internal/tracker/snapshotFile.test.ts"
]

const workers = availableParallelism() + 1

const within = (folder: string) => `${folder}/**`
const excluded = ["test/bench/**", "**/node_modules/**", ...skipped.map(within)]

export default defineConfig(({ mode }) => {
  const project = (name: string, test: ProjectConfig) => ({
    mode,
    resolve: {
      alias: [
        { find: /^effect-errata$/, replacement: src("index.ts") },
        { find: /^effect-errata\/(binance|dashboard|fleet|testing)$/, replacement: src("$1/index.ts") },
        { find: /^effect-errata\/(.+)$/, replacement: src("$1.ts") }
      ]
    },
    // A busy machine is no reason to fail. A fleet starts programs, which takes many seconds there.
    test: {
      name,
      testTimeout: mode === "fleet" ? 120_000 : 30_000,
      hookTimeout: 60_000,
      setupFiles: "test/randomSeed.ts",
      ...test
    }
  })
  return {
    test: {
      // One more than there are processors: a quarter of the time, a worker waits for a timer or for another program. As
      // many from the beginning: the pool ends a worker beyond the least number while it still has files.
      minWorkers: workers,
      maxWorkers: workers,
      // The files of a worker share their modules: to import Effect takes longer than most tests. Vitest reads here whether
      // files have a process of their own, and in the project whether modules are loaded again for each file.
      poolOptions: { forks: { isolate: false } },
      projects: [
        project("shared", {
          poolOptions: { forks: { isolate: false } },
          include: ["test/**/*.test.ts", "examples/*.test.ts"],
          exclude: [...excluded, ...alone, ...apart.map(within)]
        }),
        project("alone", {
          poolOptions: { forks: { isolate: true } },
          include: alone,
          exclude: excluded
        }),
        // The packages keep state of their own: a thread for each file.
        project("apart", {
          pool: "threads",
          include: apart.map((folder) => `${folder}/**/*.test.ts`),
          exclude: excluded
        })
      ]
    }
  }
})
