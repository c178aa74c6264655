import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { Dimension } from "../../../../src/internal/tracker/counting/dimension.js"
import { reader } from "../../../../src/internal/tracker/counting/dimensionReader.js"
import { CurrentSecond, Slots } from "../../../../src/internal/tracker/counting/slots.js"
import { windowIndex } from "../../../../src/internal/tracker/counting/windows.js"

const { day, hour, minute } = windowIndex

const second = 1e9

const widths = [
  { window: minute, span: 60 * second, step: second },
  { window: hour, span: 3600 * second, step: 60 * second },
  { window: day, span: 86_400 * second, step: 1440 * second }
] as const

describe("Slots", () => {
  it("Law 6: a window counts everything inside, and at most one sixtieth more", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(FastCheck.oneof(
          FastCheck.integer({ min: 0, max: 2 * second }),
          FastCheck.integer({ min: 0, max: 4000 * second }),
          FastCheck.constantFrom(0, second, 60 * second, 61 * second, 86_400 * second, 90_000 * second)
        )),
        FastCheck.integer({ min: 0, max: 90_000 * second }),
        (gaps, later) => {
          const hands = new CurrentSecond()
          const slots = new Slots(hands)
          slots.make(undefined)
          const series = slots.make(undefined)
          let now = 0
          const stamps = gaps.map((gap) => {
            hands.turn(now += gap)
            slots.add(series)
            return now
          })
          for (const at of [now, now + later]) {
            hands.turn(at)
            for (const { span, step, window } of widths) {
              const counted = slots.sum(series, window)
              expect(counted).toBeGreaterThanOrEqual(stamps.filter((stamp) => at - stamp <= span).length)
              expect(counted).toBeLessThanOrEqual(stamps.filter((stamp) => at - stamp < span + step).length)
            }
          }
          expect(slots.total(series)).toBe(stamps.length)
        }
      ),
      { numRuns: 200 }
    )
  })

  it("Law 5: an event exactly as old as the window is inside, one step later it is not", () => {
    for (const { span, step, window } of widths) {
      const hands = new CurrentSecond()
      const slots = new Slots(hands)
      const series = slots.make(undefined)
      slots.add(series)
      hands.turn(span)
      expect(slots.sum(series, window)).toBe(1)
      hands.turn(span + 1)
      expect(slots.sum(series, window)).toBe(0)
      hands.turn(span + 10 * step)
      expect(slots.sum(series, window)).toBe(0)
    }
  })

  it("a step with more than 65,535 events is exact, and expires", () => {
    const hands = new CurrentSecond()
    const slots = new Slots(hands)
    const [first, series] = [slots.make(undefined), slots.make(undefined)]
    for (let i = 0; i < 200_000; i++) slots.add(series)
    expect(slots.sum(series, minute)).toBe(200_000)
    expect(slots.sum(series, day)).toBe(200_000)
    expect(slots.sum(first, day)).toBe(0)
    hands.turn(61 * second)
    slots.add(series)
    expect(slots.sum(series, minute)).toBe(1)
    expect(slots.sum(series, hour)).toBe(200_001)
  })

  it("a released series is empty when it is used again", () => {
    const hands = new CurrentSecond()
    const slots = new Slots(hands)
    const series = slots.make(undefined)
    for (let i = 0; i < 70_000; i++) slots.add(series)
    slots.release(series)
    expect(slots.make(undefined)).toBe(series)
    expect([slots.total(series), slots.sum(series, minute), slots.sum(series, day)]).toEqual([0, 0, 0])
  })
})

const failed = (dimension: Dimension, name: string, code: string, expected: boolean, attempt = false) =>
  dimension.failed(name, dimension.of(code), expected, attempt)

describe("Dimension", () => {
  it("Law 6: a value takes at most 2 kB, and the number of values is capped", () => {
    const hands = new CurrentSecond()
    const dimension = new Dimension(2000, hands)
    for (let i = 0; i < 20_000; i++) {
      failed(dimension, `S${i}`, `CODE_${i % 3}`, i % 2 === 0)
      failed(dimension, `S${i}`, `CODE_${(i + 1) % 3}`, false)
      dimension.succeeded(`S${i}`)
    }
    expect(dimension.size).toBe(2001)
    expect(dimension.bytes / 2000).toBeLessThan(2048)
    const rows = dimension.rows(undefined, undefined)
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(40_000)
    expect(rows.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(60_000)
    expect(rows.reduce((sum, { expected }) => sum + expected, 0)).toBe(10_000)
    for (const code of ["CODE_0", "CODE_1", "CODE_2"]) {
      const sum = dimension.rows(minute, code).reduce((sum, { count }) => sum + count, 0)
      expect(Math.abs(sum - 40_000 / 3)).toBeLessThan(1)
    }
  })

  it("by code: a value without this code has no row", () => {
    const dimension = new Dimension(10, new CurrentSecond())
    failed(dimension, "A", "X", false)
    failed(dimension, "B", "Y", false)
    failed(dimension, "B", "X", false)
    failed(dimension, "B", "X", false)
    dimension.succeeded("C")
    const byCode = (code: string | undefined) => dimension.rows(hour, code).map(({ count, value }) => [value, count])
    expect(byCode("X")).toEqual([["A", 1], ["B", 2]])
    expect(byCode("Y")).toEqual([["B", 1]])
    expect(byCode("Z")).toEqual([])
    expect(byCode(undefined)).toEqual([["A", 1], ["B", 3], ["C", 0]])
  })

  it("pairs beyond the cap: the value keeps its count, by code it is other", () => {
    const hands = new CurrentSecond()
    const dimension = new Dimension(2, hands)
    const told = ["X", "Y", "Z"].flatMap((code) => ["A", "B"].map((name) => failed(dimension, name, code, false)))
    expect(told).toEqual([true, true, true, true, false, false])
    const rows = (code: string | undefined) => dimension.rows(minute, code).map(({ count, value }) => [value, count])
    expect(rows(undefined)).toEqual([["A", 3], ["B", 3]])
    expect(rows("Y")).toEqual([["A", 1], ["B", 1]])
    expect(rows("Z")).toEqual([["other", 2]])
    failed(dimension, "C", "Z", false)
    expect(rows(undefined)).toEqual([["A", 3], ["B", 3], ["other", 1]])
    expect(rows("Z")).toEqual([["other", 3]])
    // Silent for a day: all of it moves to other, and the places are free.
    hands.turn(90_000 * second)
    dimension.evict()
    expect(["X", "Y"].map((code) => failed(dimension, "D", code, false))).toEqual([true, true])
    expect(rows("Y")).toEqual([["D", 1]])
    const totals = dimension.rows(undefined, undefined)
    expect(totals.map(({ count, value }) => [value, count])).toEqual([["other", 7], ["D", 2]])
    expect(dimension.rows(undefined, "Z").map(({ count, value }) => [value, count])).toEqual([["other", 3]])
  })

  it("at the cap, values without an event for a day are merged into other; totals stay exact", () => {
    const hands = new CurrentSecond()
    const dimension = new Dimension(3, hands)
    for (const name of ["A", "B", "C", "D"]) failed(dimension, name, "X", false)
    dimension.succeeded("A")
    dimension.evict()
    expect(dimension.rows(undefined, undefined).map(({ value }) => value)).toEqual(["A", "B", "C", "other"])
    hands.turn(90_000 * second)
    expect(failed(dimension, "B", "X", false)).toBe(true)
    dimension.evict()
    expect(failed(dimension, "E", "Y", true)).toBe(true)
    expect(failed(dimension, "F", "X", false)).toBe(true)
    expect(failed(dimension, "G", "X", false)).toBe(false)
    const rows = dimension.rows(undefined, undefined)
    expect(rows.map(({ count, value }) => [value, count])).toEqual([["B", 2], ["other", 4], ["E", 1], ["F", 1]])
    expect(rows[1]?.attempts).toBe(5)
    expect(dimension.rows(undefined, "X").map(({ count, value }) => [value, count])).toEqual([
      ["B", 2],
      ["other", 4],
      ["F", 1]
    ])
    expect(dimension.rows(day, undefined).map(({ count, value }) => [value, count])).toEqual([
      ["B", 1],
      ["other", 1],
      ["E", 1],
      ["F", 1]
    ])
  })

  it("a merged value that returns starts from zero, and its old series is not shared", () => {
    const hands = new CurrentSecond()
    const dimension = new Dimension(1, hands)
    failed(dimension, "A", "X", false)
    failed(dimension, "A", "X", false)
    hands.turn(90_000 * second)
    dimension.evict()
    expect(failed(dimension, "B", "X", false)).toBe(true)
    hands.turn(90_001 * second)
    expect(failed(dimension, "A", "X", false)).toBe(false)
    const rows = dimension.rows(undefined, undefined)
    expect(rows.map(({ count, value }) => [value, count])).toEqual([["other", 3], ["B", 1]])
  })

  it("merging a value frees all its series", () => {
    const hands = new CurrentSecond()
    const dimension = new Dimension(2, hands)
    const fill = (names: ReadonlyArray<string>) =>
      names.flatMap((name) => ["X", "Y"].map((code) => failed(dimension, name, code, false)))
    for (let day = 0; day < 5; day++) {
      hands.turn(day * 90_000 * second)
      dimension.evict()
      expect(fill([`A${day}`, `B${day}`])).toEqual([true, true, true, true])
    }
  })

  it("a long name is cut, and stays one value", () => {
    const dimension = new Dimension(10, new CurrentSecond())
    for (let i = 0; i < 3; i++) failed(dimension, "x".repeat(5000), "X", false)
    const [row] = dimension.rows(minute, undefined)
    expect(row?.value.length).toBe(128)
    expect(row?.count).toBe(3)
  })
})

/** What a dimension is asked to do. */
type Deed =
  | { readonly _tag: "failed"; readonly name: string; readonly code: string; readonly expected: boolean }
  | { readonly _tag: "succeeded"; readonly name: string }
  | { readonly _tag: "wait"; readonly seconds: number }
  | { readonly _tag: "sweep" }
  | { readonly _tag: "restore" }

const everyWindow = [undefined, minute, hour, day] as const

const deeds = FastCheck.array(
  FastCheck.oneof(
    {
      weight: 8,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("failed" as const),
        name: FastCheck.constantFrom("A", "B", "C", "D", "E", "__proto__", "constructor", "other", "toString", ""),
        code: FastCheck.constantFrom("X", "Y", "Z", "__proto__"),
        expected: FastCheck.boolean()
      })
    },
    {
      weight: 3,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("succeeded" as const),
        name: FastCheck.constantFrom("A", "B", "F", "constructor")
      })
    },
    {
      weight: 3,
      arbitrary: FastCheck.record({
        _tag: FastCheck.constant("wait" as const),
        seconds: FastCheck.constantFrom(0.1, 1, 30, 61, 1440, 3600, 86_400, 90_000)
      })
    },
    FastCheck.constant<Deed>({ _tag: "sweep" }),
    FastCheck.constant<Deed>({ _tag: "restore" })
  ),
  { maxLength: 120 }
)

describe("Dimension against a model", () => {
  const sum = (rows: ReadonlyArray<{ readonly count: number }>) => rows.reduce((sum, { count }) => sum + count, 0)

  it.each([2, 3, 100])("totals are exact, windows as good as stated, snapshots whole: %d values", (maxValues) => {
    FastCheck.assert(
      FastCheck.property(deeds, (deeds) => {
        const hands = new CurrentSecond()
        let dimension = new Dimension(maxValues, hands)
        const errors: Array<{ readonly name: string; readonly code: string; readonly at: number }> = []
        const all = new Map<string, number>()
        let [now, expected, lost, successes] = [0, 0, 0, 0]
        for (const deed of deeds) {
          switch (deed._tag) {
            case "failed": {
              if (!failed(dimension, deed.name, deed.code, deed.expected)) lost++
              errors.push({ ...deed, at: now })
              all.set(deed.name, (all.get(deed.name) ?? 0) + 1)
              if (deed.expected) expected++
              break
            }
            case "succeeded": {
              if (!dimension.succeeded(deed.name)) lost++
              successes++
              break
            }
            case "wait": {
              hands.turn(now += deed.seconds * second)
              break
            }
            case "sweep": {
              dimension.evict()
              break
            }
            case "restore": {
              const before = everyWindow.flatMap((window) =>
                [undefined, "X", "__proto__"].map((code) => dimension.rows(window, code))
              )
              const restored = new Dimension(maxValues, hands)
              restored.restore(JSON.parse(JSON.stringify(dimension.snapshot())))
              dimension = restored
              expect(
                everyWindow.flatMap((window) =>
                  [undefined, "X", "__proto__"].map((code) => dimension.rows(window, code))
                )
              ).toEqual(before)
              break
            }
          }
        }
        const rows = dimension.rows(undefined, undefined)
        expect(rows.length).toBeLessThanOrEqual(maxValues + 1)
        expect(sum(rows)).toBe(errors.length)
        expect(rows.reduce((sum, row) => sum + row.expected, 0)).toBe(expected)
        expect(rows.reduce((sum, row) => sum + row.attempts, 0)).toBeGreaterThanOrEqual(successes)
        for (const code of ["X", "Y", "Z", "__proto__"]) {
          expect(sum(dimension.rows(undefined, code))).toBe(errors.filter((error) => error.code === code).length)
        }
        for (const { span, step, window } of widths) {
          const counted = sum(dimension.rows(window, undefined))
          const byCode = ["X", "Y", "Z", "__proto__"].reduce((all, code) => all + sum(dimension.rows(window, code)), 0)
          expect(counted).toBeGreaterThanOrEqual(errors.filter(({ at }) => now - at <= span).length)
          expect(counted).toBeLessThanOrEqual(errors.filter(({ at }) => now - at < span + step).length)
          expect(byCode).toBe(counted)
        }
        // As long as nothing was lost, every value is what it was; what was lost is told.
        if (maxValues === 100) {
          expect(lost).toBe(all.get("other") ?? 0)
          for (const { count, value } of rows) expect(count).toBe(all.get(value) ?? 0)
        }
      }),
      { numRuns: 150 }
    )
  })
})

describe("reader", () => {
  it("reads a field of the context or an attribute", () => {
    const context = { symbol: "A", operation: "read", attributes: { endpoint: "klines", shard: 3, constructor: true } }
    expect(reader("symbol")(context)).toBe("A")
    expect(reader("operation")(context)).toBe("read")
    expect(reader("source")(context)).toBeUndefined()
    expect(reader("endpoint")(context)).toBe("klines")
    expect(reader("shard")(context)).toBe("3")
    expect(reader("constructor")(context)).toBe("true")
    expect(reader("constructor")({ attributes: {} })).toBeUndefined()
    expect(reader("endpoint")({})).toBeUndefined()
  })
})
