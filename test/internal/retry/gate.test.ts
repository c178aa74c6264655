import { describe, expect, it } from "@effect/vitest"
import { FetchError } from "effect-errata"
import * as FastCheck from "effect/FastCheck"
import { Gate } from "../../../src/internal/retry/gate.js"

const limited = new FetchError.ApiRateLimit({ status: 429 })
const banned = new FetchError.ApiRateLimit({ status: 418 })

const closedAt = (gate: Gate, now: number) => gate.closed(now)?.wait

describe("Gate", () => {
  it("is open at first", () => {
    const gate = new Gate()
    expect(gate.isOpen).toBe(true)
    expect(gate.closed(0)).toBeUndefined()
    expect(gate.closings).toBe(0)
  })

  it("is closed until the time that was named, and not a millisecond longer", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 5000)
    expect(gate.isOpen).toBe(false)
    expect(gate.closed(5000)).toEqual({ error: limited, wait: 1000, turn: 1000 })
    expect(closedAt(gate, 5999)).toBe(1)
    expect(gate.isOpen).toBe(false)
    expect(closedAt(gate, 6000)).toBeUndefined()
    expect(gate.isOpen).toBe(true)
  })

  it.each([0, -1])("a wait of %d closes nothing", (wait) => {
    const gate = new Gate()
    gate.refused(banned, wait, 0, 5000)
    expect([gate.isOpen, gate.closings, closedAt(gate, 5000)]).toEqual([true, 0, undefined])
  })

  it("what is said again only extends", () => {
    const gate = new Gate()
    const again = new FetchError.ApiRateLimit({ message: "again" })
    gate.refused(limited, 1000, 0, 0)
    gate.refused(again, 300, 0, 100)
    gate.refused(again, 900, 0, 100)
    expect(gate.closed(100)).toMatchObject({ error: limited, wait: 900 })
    // Also from who was sent before it closed.
    gate.refused(again, 901, 0, 100)
    expect(gate.closed(100)).toMatchObject({ error: again, wait: 901 })
    expect(gate.closings).toBe(1)
  })

  it("a stale answer from before the cool-off changes nothing, unless it is a ban", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 0)
    gate.refused(limited, 60_000, 0, 1000)
    expect([gate.isOpen, gate.closings]).toEqual([true, 1])
    gate.refused(banned, 60_000, 0, 1000)
    expect([closedAt(gate, 1000), gate.closings]).toEqual([60_000, 2])
  })

  it("an answer from after the cool-off closes it again", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 0)
    gate.refused(limited, 2000, 1, 1000)
    expect([closedAt(gate, 1000), gate.closings]).toEqual([2000, 2])
    gate.refused(limited, 9000, 1, 3000)
    expect([closedAt(gate, 3000), gate.closings]).toEqual([undefined, 2])
  })

  it("lets one caller go on after the other, 20 ms apart, none before the time", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 0)
    const [first, second, third] = [gate.slot(0), gate.slot(0), gate.slot(0)]
    // A timer that goes off a little early must not come too early.
    expect([first, second, third]).toEqual([1002, 1022, 1042])
    expect([gate.slot(1), gate.slot(0.5)]).toEqual([1080, 1091])
    expect(gate.closed(0)).toMatchObject({ wait: 1000, turn: 1100 })
  })

  it("of slots, whatever is said meanwhile, 50 begin in a second, none while it is closed", () => {
    const event = FastCheck.oneof(
      FastCheck.record({ wait: FastCheck.integer({ min: 1, max: 3000 }) }),
      FastCheck.record({ pass: FastCheck.integer({ min: 0, max: 1500 }) }),
      FastCheck.record({ draw: FastCheck.double({ min: 0, max: 1, noNaN: true }) })
    )
    FastCheck.assert(FastCheck.property(FastCheck.array(event, { maxLength: 100 }), (events) => {
      const gate = new Gate()
      const slots: Array<number> = []
      let now = 0
      for (const event of events) {
        if ("wait" in event) gate.refused(limited, event.wait, gate.closings, now)
        else if ("pass" in event) now += event.pass
        else {
          const closed = gate.closed(now)
          if (closed === undefined) continue
          const slot = gate.slot(event.draw)
          expect(slot).toBeGreaterThan(now + closed.wait)
          expect(slot).toBeGreaterThanOrEqual(now + closed.turn)
          expect(slot).toBeLessThanOrEqual(now + closed.turn + 20)
          slots.push(slot)
        }
      }
      slots.sort((a, b) => a - b)
      for (let i = 50; i < slots.length; i++) expect(slots[i]! - slots[i - 50]!).toBeGreaterThan(960)
    }))
  })

  it("who queues when it takes a little longer keeps the place, and who comes back is the last", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 0)
    for (let i = 0; i < 100; i++) gate.slot(0)
    // A hundred answers on their way when it closed, each a little later than the one before.
    for (let i = 1; i <= 100; i++) {
      gate.refused(limited, 1000, 0, i / 10)
      expect(gate.slot(0)).toBe(1002 + (99 + i) * 20)
    }
  })

  it("who leaves the queue gives the place away", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 0)
    for (let i = 0; i < 100; i++) gate.slot(0)
    expect(gate.closed(0)?.turn).toBe(3000)
    for (let i = 0; i < 100; i++) gate.left()
    expect(gate.closed(0)?.turn).toBe(1000)
  })

  it("a queue that is over does not hold up the next one", () => {
    const gate = new Gate()
    gate.refused(limited, 1000, 0, 0)
    gate.slot(0)
    gate.refused(limited, 1000, 1, 60_000)
    expect(gate.slot(0)).toBe(61_002)
  })
})
