/**
 * The time and the memory of streams: a year of seconds (31.6 million rows) from zips on disk and from a warm cache, and
 * three years of minutes from zips into an empty cache. Each run is a separate process. A stream alternates with its
 * floor, which reads the same bytes and does nothing else. Needs 5 GB of disk.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { rounds } from "./race.js"
import type { Measured, Mode } from "./streamRun.js"

const folder = mkdtempSync(join(tmpdir(), "effect-errata-bench-"))

const run = (mode: Mode): Measured =>
  JSON.parse(
    execFileSync(process.execPath, ["--expose-gc", join(import.meta.dirname, "streamRun.js"), folder, mode], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"]
    })
  )

const median = (numbers: ReadonlyArray<number>) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!

const row = (name: string, measured: ReadonlyArray<Measured>): string => {
  const speed = (clock: "wall" | "processor") => median(measured.map((one) => one.rows / one[clock] / 1000)).toFixed(1)
  const megabytes = Math.max(...measured.map(({ megabytes }) => megabytes)).toFixed(0)
  return `| ${name} | ${measured[0]!.rows} | ${speed("wall")} | ${speed("processor")} | ${megabytes} |`
}

const times = Math.min(rounds, 3)
const alternated = (...modes: ReadonlyArray<Mode>): ReadonlyArray<ReadonlyArray<Measured>> => {
  const runs = Array.from({ length: times }, () => modes.map(run))
  return modes.map((_, mode) => runs.map((measured) => measured[mode]!))
}

try {
  run("prepare")
  const [zips = [], inflated = []] = alternated("seconds from zips", "bytes of the zips")
  const filling = [run("seconds from zips into the cache")]
  const [warm = [], read = []] = alternated("seconds from the cache", "bytes of the cache")
  const minutes = [run("minutes from zips into the cache")]
  const [fetched = []] = alternated("fetch minutes from the cache")
  console.log(`
### Streams, each run in a separate process

| | rows | million rows per second | per second of processor time | peak memory, MB (the largest) |
|---|---|---|---|---|
${row("a year of seconds from zips on disk", zips)}
${row("floor: reading and inflating these zips", inflated)}
${row("the same stream, written to an empty cache (with fsync)", filling)}
${row("a year of seconds from the cache", warm)}
${row("floor: reading these files, and their CRC", read)}
${row("three years of minutes from zips, written to an empty cache", minutes)}
${row("klines of three years of minutes from the cache, without a stream", fetched)}

The result of \`klines\` takes ${
    median(fetched.map(({ held, rows }) => held / rows * 1e6)).toFixed(0)
  } MB per million rows.`)
} finally {
  rmSync(folder, { recursive: true })
}
