import { expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { patternOf } from "../../../src/internal/log/fingerprint.js"

it.each<[message: string, symbol: string | undefined, pattern: string]>([
  ["", undefined, ""],
  ["connection reset", undefined, "connection reset"],
  ["request 17 failed", undefined, "request # failed"],
  ["17", undefined, "#"],
  ["no candles for BTCUSDT at 2024-01-02T03:04:05.678Z", "BTCUSDT", "no candles for $ at #"],
  ["no candles for 1INCHUSDT", "1INCHUSDT", "no candles for $"],
  ["id a1-b2:c3.d4, then 5", undefined, "id #, then #"],
  ["caf\u00e9 n\u00b09", undefined, "caf\u00e9 n\u00b0#"]
])("the pattern of %j", (message, symbol, pattern) => {
  expect(patternOf(message, symbol)).toBe(pattern)
})

it("replaces each word with a digit and nothing else, as a regular expression does", () => {
  const part = FastCheck.oneof(
    FastCheck.constantFrom("a", "Z", "_", ".", ":", "-", "0", "7", " ", ",", "\n", "\u00e9", "\u0663", "\ud83d\ude00"),
    FastCheck.string()
  )
  FastCheck.assert(
    FastCheck.property(FastCheck.array(part, { maxLength: 40, size: "max" }), (parts) => {
      const text = parts.join("")
      expect(patternOf(text, undefined)).toBe(text.slice(0, 256).replace(/[\w.:-]*\d[\w.:-]*/g, "#"))
    }),
    { numRuns: 1000, seed: 1 }
  )
})
