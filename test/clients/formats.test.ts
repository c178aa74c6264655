/** Data that other libraries read: what Arrow, zip and zod throw at what is broken or wrong. */
import { describe } from "@effect/vitest"
import * as flechette from "@uwdata/flechette"
import * as arrow from "apache-arrow"
import * as Effect from "effect/Effect"
import { unzipSync, zipSync } from "fflate"
import { fromBuffer } from "yauzl"
import { z } from "zod"
import type { Case } from "../classifier/cases.js"
import { failing, table, throwing } from "../classifier/cases.js"

const text = (text: string) => new TextEncoder().encode(text)

const flipped = (bytes: Uint8Array, from: number) => bytes.map((byte, i) => i >= from && i < from + 8 ? ~byte : byte)

const cut = (bytes: Uint8Array, share: number) => bytes.slice(0, Math.floor(bytes.length * share))

// ---------------------------------------------------------------------------------------------------------------------
// Arrow
// ---------------------------------------------------------------------------------------------------------------------

const candles = arrow.tableFromArrays({
  openTime: Float64Array.from({ length: 100 }, (_, i) => i),
  symbol: Array.from({ length: 100 }, (_, i) => `S${i}`)
})

const readers: Record<string, (bytes: Uint8Array) => unknown> = {
  "apache-arrow": (bytes) => arrow.tableFromIPC(bytes).toArray().map((row) => row.toJSON()),
  flechette: (bytes) => flechette.tableFromIPC(bytes).toArray()
}

for (const [library, read] of Object.entries(readers)) {
  describe(library, () => {
    for (const form of ["file", "stream"] as const) {
      const bytes = arrow.tableToIPC(candles, form)
      const damaged: ReadonlyArray<readonly [string, Uint8Array]> = [
        ...[0.05, 0.3, 0.7, 0.9, 0.99].map((share) => [`cut at ${share * 100} %`, cut(bytes, share)] as const),
        ...[9, 12, 16, 20].map((from) => [`flipped at ${from}`, flipped(bytes, from)] as const),
        ["a page of HTML", text("<html>Under maintenance</html>")],
        ["nothing but the magic", text("ARROW1\0\0")],
        ["a zip", zipSync({ "a.csv": text("1,2") })]
      ]
      table(form, damaged.map(([name, broken]): Case => [name, () => read(broken), "DataIntegrity", "retry"]))
    }
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// zip
// ---------------------------------------------------------------------------------------------------------------------

const rows = Array.from({ length: 300 }, (_, i) => (i * i) % 977).join(",")
const archive = zipSync({ "BTCUSDT-1m-2024-01-01.csv": text(rows) })

const unzippers: Record<string, (bytes: Uint8Array) => unknown> = {
  yauzl: (bytes) =>
    new Promise((resolve, reject) =>
      fromBuffer(Buffer.from(bytes), { lazyEntries: true }, (error, zip) => {
        if (error) return reject(error)
        zip.on("error", reject).on("end", resolve).on("entry", (entry) =>
          zip.openReadStream(entry, (error, stream) =>
            error ? reject(error) : stream.on("error", reject).on("end", () =>
              zip.readEntry()).resume()))
        return zip.readEntry()
      })
    ),
  fflate: unzipSync
}

for (const [library, unzip] of Object.entries(unzippers)) {
  const damaged: ReadonlyArray<readonly [string, Uint8Array]> = [
    ["nothing", new Uint8Array()],
    ["a page of HTML", text("<html>404</html>")],
    ...[0.1, 0.5, 0.9].map((share) => [`cut at ${share * 100} %`, cut(archive, share)] as const),
    ["cut at the very end", archive.slice(0, -5)],
    ["rows that are flipped", flipped(archive, 100)],
    ["a directory that is flipped", flipped(archive, archive.length - 22)]
  ]
  table(library, damaged.map(([name, broken]): Case => [name, () => unzip(broken), "DataIntegrity", "retry"]))
}

// ---------------------------------------------------------------------------------------------------------------------
// zod
// ---------------------------------------------------------------------------------------------------------------------

const Candle = z.object({ open: z.number(), trades: z.array(z.object({ price: z.string() })) })
const wrong = { open: "x", trades: [{ price: "1" }, { price: 1 }] }
const issues = [
  { path: "open", message: "Invalid input: expected number, received string" },
  { path: "trades.1.price", message: "Invalid input: expected string, received number" }
]

table("zod", [
  ["parse", () => Candle.parse(wrong), "DataValidation", "no", { issues }],
  ["parseAsync", () => Candle.parseAsync(wrong), "DataValidation", "no", { issues }],
  ["safeParse", throwing(Candle.safeParse(wrong).error), "DataValidation", "no", { issues }],
  ["a union", () => z.union([z.number(), z.boolean()]).parse("timeout 429"), "DataValidation", "no", {
    issues: [{ path: "", message: "Invalid input" }]
  }],
  [
    "a refinement in one's own words",
    () => z.number().refine((n) => n > 0, "connect ECONNREFUSED").parse(-1),
    "DataValidation",
    "no",
    {
      issues: [{ path: "", message: "connect ECONNREFUSED" }]
    }
  ],
  ["inside Effect", failing(Effect.try(() => Candle.parse(wrong))), "DataValidation", "no", { issues }]
])
