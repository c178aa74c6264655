import { Prometheus } from "effect-errata"
import { describe, expect, it } from "vitest"
import type { Family } from "../../src/internal/tracker/measures/family.js"
import { keyOf, parsePage } from "./pageParser.js"
import { hasPromtool, promtool } from "./programs.js"

const formats = ["text", "openmetrics"] as const

const counter = (samples: ReadonlyArray<readonly [label: string, value: number]>): Family => ({
  name: "a_errors",
  type: "counter",
  help: "Errors.",
  labels: ["symbol"],
  samples: samples.map(([label, value]) => ({ labels: [label], value }))
})

/** A generator of numbers from 0 to 1. */
const draws = (seed: number) => () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647

const pieces = [
  "\\",
  "\"",
  "\n",
  "\r",
  "{",
  "}",
  ",",
  "=",
  " ",
  "#",
  "\\n",
  "é",
  "😀",
  "\u2028",
  "a",
  "# EOF",
  "\t",
  "'",
  "\u0001"
]

const hostile = (next: () => number): string =>
  Array.from({ length: Math.floor(next() * 8) }, () => pieces[Math.floor(next() * pieces.length)]).join("")

describe("pages", () => {
  it.each(formats)("%s: every label value, help and number is read back", (format) => {
    const next = draws(7)
    for (let round = 0; round < 200; round++) {
      const values = new Set(Array.from({ length: 6 }, () => hostile(next)))
      const numbers = [0, 1, 0.1, 1e21, 5e-324, 123456789.123, Number.MAX_VALUE]
      const samples = Array.from(values, (value, i) => ({ labels: ["k", value], value: numbers[i] ?? 7 }))
      const family: Family = { name: "a_b", type: "counter", help: hostile(next), labels: ["k", "v"], samples }
      const [parsed] = parsePage(Prometheus.text([family], { format }), format)
      expect(parsed?.help).toBe(family.help)
      expect(parsed?.samples).toEqual(samples.map(({ labels: [, v], value }) => ({
        name: "a_b_total",
        labels: v === "" ? { k: "k" } : { k: "k", v },
        value
      })))
    }
  })

  it.each(formats)("%s: NaN and infinities are written as Prometheus reads them, but not as counters", (format) => {
    const samples = [NaN, Infinity, -Infinity, -0, -1].map((value, i) => ({ labels: [`${i}`], value }))
    const gauge: Family = { name: "g", type: "gauge", help: "", labels: ["i"], samples }
    const [read] = parsePage(Prometheus.text([gauge], { format }), format)
    expect(read?.samples.map(({ value }) => value)).toEqual([NaN, Infinity, -Infinity, 0, -1])
    expect(Prometheus.text([{ ...gauge, type: "counter" }], { format })).toContain(`g_total{i="3"} 0\n`)
    const [counters] = parsePage(Prometheus.text([{ ...gauge, type: "counter" }], { format }), format)
    expect(counters?.samples.map(({ value }) => value)).toEqual([0])
  })

  it.each(formats)(
    "%s: characters without a representation are replaced, and what becomes equal is added up",
    (format) => {
      const page = Prometheus.text(
        [counter([["a\ud800", 1], ["a\udc00", 2], ["a\ufffd", 4], ["a\0", 8], ["😀", 16]])],
        { format }
      )
      const [read] = parsePage(page, format)
      expect(read?.samples.map(({ labels, value }) => [labels["symbol"], value])).toEqual([["a\ufffd", 15], ["😀", 16]])
      expect(new TextDecoder("utf-8", { fatal: true }).decode(new TextEncoder().encode(page))).toBe(page)
    }
  )

  it.each(formats)("%s: names become legal, and two families of one name become one", (format) => {
    const one = counter([["a", 1]])
    const family = { ...one, name: "1 ünïcode-name", labels: ["my-label.x"] }
    const families = parsePage(Prometheus.text([one, family, counter([["b", 2]])], { format }), format)
    expect(families.map(({ name }) => name.replace(/_total$/, ""))).toEqual(["a_errors", "_1__n_code_name"])
    expect(families[0]?.samples.length).toBe(2)
    expect(families[1]?.samples[0]?.labels).toEqual({ my_label_x: "a" })
  })

  it("a counter has the suffix of its samples once, whether its name has it or not", () => {
    const named = Prometheus.text([{ ...counter([["a", 1]]), name: "a_errors_total" }])
    expect(named).toBe(Prometheus.text([counter([["a", 1]])]))
  })

  it("a family of the same name and another type is left out", () => {
    const gauge: Family = { name: "a_errors", type: "gauge", help: "", labels: [], samples: [{ labels: [], value: 1 }] }
    expect(parsePage(Prometheus.text([counter([["a", 1]]), gauge]), "text").length).toBe(1)
  })

  it("OpenMetrics ends in # EOF and names counters without their suffix, also without samples", () => {
    expect(Prometheus.text([], { format: "openmetrics" })).toBe("# EOF\n")
    expect(Prometheus.text([])).toBe("")
    expect(Prometheus.text([counter([["a", 1]])], { format: "openmetrics" })).toBe(
      "# HELP a_errors Errors.\n# TYPE a_errors counter\na_errors_total{symbol=\"a\"} 1\n# EOF\n"
    )
  })

  it("a summary has its quantiles, sum and count; the unit is for OpenMetrics", () => {
    const family: Family = {
      name: "d_seconds",
      type: "summary",
      help: "D.",
      unit: "seconds",
      labels: ["source"],
      samples: [{ labels: ["rest"], count: 2, sum: 0.3, quantiles: [[0.5, 0.1], [0.99, NaN]] }]
    }
    expect(Prometheus.text([family], { format: "openmetrics" })).toBe(`# HELP d_seconds D.
# TYPE d_seconds summary
# UNIT d_seconds seconds
d_seconds{source="rest",quantile="0.5"} 0.1
d_seconds{source="rest",quantile="0.99"} NaN
d_seconds_sum{source="rest"} 0.3
d_seconds_count{source="rest"} 2
# EOF
`)
    expect(Prometheus.text([family])).not.toContain("UNIT")
    expect(parsePage(Prometheus.text([family]), "text")[0]?.samples.map(keyOf).length).toBe(4)
  })

  it.each([
    [{ format: "json" }, "Prometheus.text: format: unknown format \"json\". Known: text, openmetrics"],
    [
      { dimensions: "symbol" },
      "Prometheus.text: dimensions is \"symbol\": it must be a list of dimensions, write [\"symbol\"]"
    ],
    [{ maxValues: 0 }, "Prometheus.text: maxValues is 0: it must be a whole number of at least 1"],
    [{ symbols: true }, "Prometheus.text: unknown option \"symbols\". Known: dimensions, latency, maxValues, format"]
  ])("refuses %o", (options, message) => {
    expect(() => Prometheus.text([], options as object)).toThrow(message)
  })

  it.skipIf(!hasPromtool)("promtool accepts a page of hostile values", () => {
    const next = draws(11)
    const values = new Set(Array.from({ length: 300 }, () => `x${hostile(next)}\0`))
    promtool(["check", "metrics"], Prometheus.text([counter(Array.from(values, (value, i) => [value, i]))]))
  })
})
