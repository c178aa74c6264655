import { rooms } from "./rooms.mjs"

const room = process.env.ROOM

/** https://stryker-mutator.io/docs/stryker-js/configuration */
export default {
  mutate: process.env.FILES?.split(",") ?? rooms[room].mutate,
  testRunner: "vitest",
  vitest: { configFile: "test/mutants/vitest.config.ts", related: false },
  plugins: [import.meta.resolve("@stryker-mutator/vitest-runner")],
  // Stryker reads the options of a tsconfig by the API of TypeScript, which version 7 does not have.
  tsconfigFile: "none.json",
  // Mutants of constants are in force before the tests start: each of them would take a process of its own.
  ignoreStatic: true,
  concurrency: 1,
  // A busy machine is no reason to count a mutant as killed. An endless loop is found sooner, by the number of its rounds.
  timeoutMS: 60_000,
  timeoutFactor: 4,
  reporters: ["progress-append-only", "clear-text"],
  clearTextReporter: { allowColor: false, reportTests: false, allowEmojis: false },
  incremental: true,
  incrementalFile: `build/mutants/${room}.json`,
  tempDirName: "build/mutants/sandbox",
  cleanTempDir: "always",
  ignorePatterns: [
    "build",
    "dist",
    "images",
    "site",
    "docs",
    "test/clients",
    "test/reporters",
    "test/runtimes",
    "test/bench"
  ],
  thresholds: { high: 93, low: 85, break: 85 }
}
