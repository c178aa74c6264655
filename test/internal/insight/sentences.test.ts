import { describe, expect, it } from "@effect/vitest"
import { duration, list, number, percent, probability, range } from "../../../src/internal/insight/sentences.js"

describe("numbers in messages", () => {
  it.each([
    [0, "0"],
    [0.04, "0"],
    [0.06, "0.1"],
    [9.94, "9.9"],
    [10, "10"],
    [10.5, "11"],
    [12_345.6, "12,346"]
  ])("number %d: %s", (n, text) => expect(number(n)).toBe(text))

  it.each([
    [0, "0 %"],
    [0.014, "1.4 %"],
    [0.0999, "10 %"],
    [0.1, "10 %"],
    [0.104, "10 %"],
    [0.81, "81 %"],
    [0.99, "99 %"],
    [0.985, "99 %"],
    [0.9912, "99.1 %"],
    [0.9996, "100 %"],
    [1, "100 %"]
  ])("percent %d: %s", (share, text) => expect(percent(share)).toBe(text))

  it.each([
    [3, 9, "3 to 9"],
    [4, 4, "4"],
    [0, 1200, "0 to 1,200"]
  ])("range from %d to %d: %s", (low, high, text) => expect(range(low, high)).toBe(text))

  it.each([
    [1e-12, "1e-12"],
    [0.03, "3e-2"],
    [0.0049, "5e-3"],
    // Rounded up to the next power of ten.
    [0.0097, "1e-2"],
    [1, "1e0"]
  ])("probability %d: %s", (p, text) => expect(probability(Math.log(p))).toBe(text))

  it("a probability that is no number any more", () => expect(probability(-1000 * Math.LN10 + 0.7)).toBe("2e-1000"))

  it.each([
    [0, "less than a minute"],
    [0.99, "less than a minute"],
    [1, "a minute"],
    [1.49, "a minute"],
    [1.5, "2 minutes"],
    [89.4, "89 minutes"],
    [90, "1.5 hours"],
    [720, "12 hours"]
  ])("duration of %d minutes: %s", (minutes, text) => expect(duration(minutes)).toBe(text))

  it.each([
    [[], ""],
    [["a"], "a"],
    [["a", "b"], "a and b"],
    [["a", "b", "c"], "a, b and c"],
    [["a", "b", "c", "d"], "a, b, c and d"],
    [["a", "b", "c", "d", "e"], "a, b, c and 2 more"],
    [Array.from({ length: 20 }, (_, i) => String(i)), "0, 1, 2 and 17 more"]
  ])("list of %o: %s", (names, text) => expect(list(names)).toBe(text))
})
