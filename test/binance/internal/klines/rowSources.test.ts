import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as rowSources from "../../../../src/binance/internal/klines/rowSources.js"

type Source = "cache" | "vision" | "rest"

const source = FastCheck.constantFrom<Source>("cache", "vision", "rest")

const plainCount = (sources: ReadonlyArray<Source>) => ({
  cache: sources.filter((source) => source === "cache").length,
  vision: sources.filter((source) => source === "vision").length,
  rest: sources.filter((source) => source === "rest").length
})

describe("rowSources", () => {
  it("repeats, slices and counts as plain arrays do", () =>
    FastCheck.assert(FastCheck.property(
      FastCheck.array(FastCheck.tuple(source, FastCheck.nat(5)), { maxLength: 5 }),
      FastCheck.nat(25),
      FastCheck.nat(25),
      (runs, from, length) => {
        const lists = runs.map(([source, length]) => rowSources.repeated(source, length))
        const plain = runs.map(([source, length]) => Array<Source>(length).fill(source))
        expect(lists).toEqual(plain)
        for (const [i, list] of [...lists, plain.flat()].entries()) {
          const expected = plain[i] ?? plain.flat()
          const [start, end] = [Math.min(from, list.length), Math.min(from + length, list.length)]
          const part = rowSources.part(list, start, end)
          expect(part).toEqual(expected.slice(start, end))
          expect(rowSources.count(part)).toEqual(plainCount(part))
          expect(rowSources.count(list)).toEqual(plainCount(list))
        }
      }
    )))

  it("shares lists, which cannot be changed", () => {
    const list = rowSources.repeated("rest", 7)
    expect(rowSources.repeated("rest", 7)).toBe(list)
    expect(rowSources.repeated("cache", 7)).not.toBe(list)
    expect(Object.isFrozen(list)).toBe(true)
    expect(rowSources.repeated("cache", 0)).toBe(rowSources.repeated("vision", 0))
  })

  it("a part that is all of a list is that list, and a part of a shared list is shared", () => {
    const list = rowSources.repeated("rest", 9)
    expect(rowSources.part(list, 0, 9)).toBe(list)
    expect(rowSources.part(list, 2, 5)).toBe(rowSources.repeated("rest", 3))
    const mixed: ReadonlyArray<Source> = ["rest", "cache"]
    expect(rowSources.part(mixed, 0, 2)).toBe(mixed)
  })
})
