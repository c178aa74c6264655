/** The cost of writing klines as CSV and JSON and of iterating over them, against other writers and against plain loops. */
import { parse as csvParse } from "csv-parse/sync"
import { stringify } from "csv-stringify/sync"
import * as Klines from "effect-errata/binance/Klines"
import Papa from "papaparse"
import { names } from "../../dist/binance/internal/klines/columns.js"
import { daysOfSeconds } from "./candles.js"
import { race, rounds } from "./race.js"

const start = Date.UTC(2025, 0, 1)
const rows = 86_400

/** A day of seconds, with the values of the archive. */
const klines: Klines.Klines = (() => {
  const lines = daysOfSeconds()(0).toString("latin1").trimEnd().split("\n").map((line) => line.split(",").map(Number))
  const column = (i: number) =>
    Float64Array.from(lines, (line) => i === 0 || i === 6 ? Math.floor(line[i]! / 1000) : line[i]!)
  return Klines.make({
    interval: "1s",
    source: "vision",
    start,
    end: start + rows * 1000,
    reasons: [],
    columns: {
      length: lines.length,
      openTime: column(0),
      open: column(1),
      high: column(2),
      low: column(3),
      close: column(4),
      volume: column(5),
      closeTime: column(6),
      quoteVolume: column(7),
      trades: column(8),
      takerBuyBase: column(9),
      takerBuyQuote: column(10)
    }
  })
})()
if (klines.length !== rows) throw new Error(`${klines.length} rows of ${rows}`)

/** Arrays of rows, as writers of CSV take them. */
const arrays = Array.from({ length: rows }, (_, i) => [...names.map((name) => klines[name][i]!), 0])

// Stops if another parser reads a different value from our CSV.
const csv = Klines.toCsv(klines)
const withoutHeader = csv.slice(csv.indexOf("\n") + 1)
const parsed = { "csv-parse": csvParse(withoutHeader), papaparse: Papa.parse(withoutHeader).data.slice(0, -1) }
for (const [parser, read] of Object.entries<ReadonlyArray<ReadonlyArray<string>>>(parsed)) {
  const differing = read.flatMap((line, i) => line.filter((text, j) => !Object.is(Number(text), arrays[i]![j])))
  if (read.length !== rows || differing.length > 0) {
    throw new Error(`${parser} reads ${differing.length} other values, such as ${differing[0]}, in ${read.length} rows`)
  }
}
console.log(`\n${12 * rows} values of our CSV are read by csv-parse and papaparse as the same doubles`)

const repeated = (run: () => unknown) => (times: number) => {
  for (let i = 0; i < times; i++) run()
}

let sink = 0

// This race is first: after rows were collected in arrays, V8 allocates further rows in the old generation.
await race(`The sum of close × volume over ${rows} rows`, [
  {
    name: "a loop over the columns",
    row: "a sum over the columns, by a loop",
    run: repeated(() => {
      for (let i = 0; i < rows; i++) sink += klines.close[i]! * klines.volume[i]!
    })
  },
  {
    name: "`Klines.rows`",
    row: "`Klines.rows`, the same sum",
    run: repeated(() => {
      for (const { close, volume } of Klines.rows(klines)) sink += close * volume
    })
  }
], { rounds, times: 200 })

await race(`CSV of ${rows} rows`, [
  { name: "`Klines.toCsv`", row: "`Klines.toCsv`", run: repeated(() => Klines.toCsv(klines)) },
  {
    name: "csv-stringify, from existing arrays of rows",
    row: "csv-stringify, from existing arrays of rows",
    run: repeated(() => stringify(arrays))
  },
  { name: "papaparse, from the same", run: repeated(() => Papa.unparse(arrays)) },
  { name: "`join` of the same", run: repeated(() => arrays.map((row) => row.join()).join("\n")) }
], { rounds, times: 3 })

await race(`JSON of ${rows} rows`, [
  { name: "`Klines.toJson`", run: repeated(() => Klines.toJson(klines)) },
  { name: "`Klines.toJson`, as rows", run: repeated(() => Klines.toJson(klines, { as: "rows" })) },
  { name: "`JSON.stringify` of the klines", run: repeated(() => JSON.stringify(klines)) },
  { name: "`JSON.stringify` of an array of the rows", run: repeated(() => JSON.stringify([...Klines.rows(klines)])) }
], { rounds, times: 3 })

if (Number.isNaN(sink)) throw new Error("A sum is not a number")
