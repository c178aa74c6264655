import { describe, expect, it } from "@effect/vitest"
import { FetchError } from "effect-errata"
import * as FastCheck from "effect/FastCheck"
import { Gate, type Place } from "../../../src/internal/retry/gate.js"
import type * as Shared from "../../../src/internal/retry/sharedGateModel.js"

const limited = new FetchError.ApiRateLimit({ status: 429 })
const banned = new FetchError.ApiRateLimit({ status: 418 })

/** When a caller may pass that joins the queue now. */
const slot = (gate: Gate, draw: number, now = 0) => gate.enqueue(draw, now, now).at

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
    gate.close(limited, 1000, 0, 5000)
    expect(gate.isOpen).toBe(false)
    expect(gate.closed(5000)).toEqual({ error: limited, wait: 1000, turn: 1000 })
    expect(closedAt(gate, 5999)).toBe(1)
    expect(gate.isOpen).toBe(false)
    expect(closedAt(gate, 6000)).toBeUndefined()
    expect(gate.isOpen).toBe(true)
  })

  it.each([0, -1, NaN])("a wait of %d closes nothing", (wait) => {
    const gate = new Gate()
    expect(gate.close(banned, wait, 0, 5000)).toBe(false)
    expect([gate.isOpen, gate.closings, closedAt(gate, 5000)]).toEqual([true, 0, undefined])
  })

  it("what is said again only extends", () => {
    const gate = new Gate()
    const again = new FetchError.ApiRateLimit({ message: "again" })
    gate.close(limited, 1000, 0, 0)
    gate.close(again, 300, 0, 100)
    gate.close(again, 900, 0, 100)
    expect(gate.closed(100)).toMatchObject({ error: limited, wait: 900 })
    // Also by the answer to a call that was sent before it closed.
    gate.close(again, 901, 0, 100)
    expect(gate.closed(100)).toMatchObject({ error: again, wait: 901 })
    expect(gate.closings).toBe(1)
  })

  it("a stale answer from before the cool-off changes nothing, unless it is a ban", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    expect(gate.close(limited, 60_000, 0, 1000)).toBe(false)
    expect([gate.isOpen, gate.closings]).toEqual([true, 1])
    expect(gate.close(banned, 60_000, 0, 1000)).toBe(true)
    expect([closedAt(gate, 1000), gate.closings]).toEqual([60_000, 2])
  })

  it("an answer from after the cool-off closes it again", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    gate.close(limited, 2000, 1, 1000)
    expect([closedAt(gate, 1000), gate.closings]).toEqual([2000, 2])
    gate.close(limited, 9000, 1, 3000)
    expect([closedAt(gate, 3000), gate.closings]).toEqual([undefined, 2])
  })

  it("admits one caller every 20 ms, none early", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    const [first, second, third] = [slot(gate, 0), slot(gate, 0), slot(gate, 0)]
    // A timer that goes off a little early must not come too early.
    expect([first, second, third]).toEqual([1002, 1022, 1042])
    expect([slot(gate, 1), slot(gate, 0.5)]).toEqual([1080, 1091])
    expect(gate.closed(0)).toMatchObject({ wait: 1000, turn: 1100 })
  })

  it("at most 50 slots begin in a second, none while it is closed, for any reports in between", () => {
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
        if ("wait" in event) gate.close(limited, event.wait, gate.closings, now)
        else if ("pass" in event) now += event.pass
        else {
          const closed = gate.closed(now)
          if (closed === undefined) continue
          const at = slot(gate, event.draw, now)
          expect(at).toBeGreaterThan(now + closed.wait)
          expect(at).toBeGreaterThanOrEqual(now + closed.turn)
          expect(at).toBeLessThanOrEqual(now + closed.turn + 20)
          slots.push(at)
        }
      }
      slots.sort((a, b) => a - b)
      for (let i = 50; i < slots.length; i++) expect(slots[i]! - slots[i - 50]!).toBeGreaterThan(960)
    }))
  })

  it("a call keeps its place when the pause becomes a little longer, and queues at the end when it comes back", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    for (let i = 0; i < 100; i++) slot(gate, 0)
    // A hundred answers on their way when it closed, each a little later than the one before.
    for (let i = 1; i <= 100; i++) {
      gate.close(limited, 1000, 0, i / 10)
      expect(slot(gate, 0)).toBe(1002 + (99 + i) * 20)
    }
  })

  it("a call that leaves the queue frees its own place, and no other", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    const places = Array.from({ length: 100 }, () => gate.enqueue(0, 0, 0))
    gate.leave(places[40]!)
    gate.leave(places[7]!)
    // Twice is once.
    gate.leave(places[7]!)
    expect(gate.closed(0)?.turn).toBe(1140)
    expect([slot(gate, 0), slot(gate, 0), slot(gate, 0)]).toEqual([1142, 1802, 3002])
    for (const place of places) gate.leave(place)
    expect(gate.closed(0)?.turn).toBe(1000)
  })

  it("a place is no earlier than it has to be, and takes none away from others", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    expect(gate.enqueue(0, 5000, 0)).toEqual({ start: 5000, at: 5002 })
    expect(gate.enqueue(0, 4990, 0)).toEqual({ start: 5020, at: 5022 })
    expect(gate.enqueue(0, 4970, 0)).toEqual({ start: 4970, at: 4972 })
    expect(slot(gate, 0)).toBe(1002)
  })

  it("however many join and leave, there is one call to a place, and the first free one is taken", () => {
    const event = FastCheck.oneof(
      { weight: 4, arbitrary: FastCheck.record({ join: FastCheck.nat(3000) }) },
      { weight: 3, arbitrary: FastCheck.record({ leave: FastCheck.nat(100) }) },
      { weight: 1, arbitrary: FastCheck.record({ close: FastCheck.integer({ min: 1, max: 1000 }) }) },
      { weight: 1, arbitrary: FastCheck.record({ pass: FastCheck.nat(300) }) }
    )
    FastCheck.assert(
      FastCheck.property(FastCheck.array(event, { maxLength: 120 }), (events) => {
        const gate = new Gate()
        let now = 0
        let until = 0
        let queued: Array<Place> = []
        for (const event of events) {
          if ("pass" in event) {
            now += event.pass
            queued = queued.filter(({ start }) => start + 20 > now)
          } else if ("close" in event) {
            gate.close(limited, event.close, gate.closings, now)
            until = Math.max(until, now + event.close)
          } else if ("leave" in event) {
            for (const place of queued.splice(event.leave % (queued.length + 1), 1)) gate.leave(place)
          } else if (gate.closed(now) !== undefined) {
            const earliest = now + Math.max(0, event.join - 2000)
            const place = gate.enqueue(0.5, earliest, now)
            const from = Math.max(until, earliest)
            // The first free place is at the earliest time, or right behind another one.
            const candidates = [from, ...queued.map(({ start }) => start + 20)].filter((start) =>
              start >= from && queued.every((other) => Math.abs(other.start - start) >= 20)
            )
            expect(place.start).toBe(Math.min(...candidates))
            queued.push(place)
          }
        }
      }),
      { seed: 11, numRuns: 300 }
    )
  })

  it.each([Infinity, 1_700_000_000_000, 86_400_001])("a wait of %d ms is believed for a day", (wait) => {
    const gate = new Gate()
    expect(gate.close(banned, wait, 0, 5000)).toBe(true)
    expect(closedAt(gate, 5000)).toBe(86_400_000)
    expect(closedAt(gate, 5000 + 86_400_000)).toBeUndefined()
  })

  it("a queue that is over does not hold up the next one", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    slot(gate, 0)
    gate.close(limited, 1000, 1, 60_000)
    expect(slot(gate, 0, 60_000)).toBe(61_002)
  })

  it("the calls in the queue are those whose turn has not come", () => {
    const gate = new Gate()
    expect(gate.waiting(0)).toBe(0)
    gate.close(limited, 1000, 0, 0)
    const places = Array.from({ length: 3 }, () => gate.enqueue(0, 0, 0))
    // The places end at 1020, 1040 and 1060.
    expect([0, 1019, 1020, 1039, 1040, 1060].map((now) => gate.waiting(now))).toEqual([3, 3, 2, 2, 1, 0])
    gate.leave(places[2]!)
    expect(gate.waiting(1000)).toBe(2)
  })

  it("a call that comes while places are due queues behind them", () => {
    const gate = new Gate()
    gate.close(limited, 1000, 0, 0)
    gate.enqueue(0, 0, 0)
    gate.enqueue(0, 0, 0)
    expect(gate.enqueue(0, 1001, 1001).start).toBe(1040)
  })

  it("places that are over are not kept", () => {
    const gate = new Gate()
    for (let now = 0; now < 10_000; now += 100) gate.enqueue(0, now, now)
    expect(Reflect.get(gate, "taken")).toHaveLength(1)
  })
})

describe("Gate, shared by processes", () => {
  const ofOthers = new FetchError.ApiRateLimit({ message: "of another process" })

  const sharing = () => {
    const reported: Array<Shared.Closing> = []
    const host: { closing: Shared.Closing | undefined; close: Shared.Host["close"] } = {
      closing: undefined,
      close: (closing) => {
        reported.push(closing)
      }
    }
    return { reported, host, gate: new Gate(host) }
  }

  it("closes for a pause of others, once, and until its end", () => {
    const { gate, host, reported } = sharing()
    expect([gate.isOpen, gate.closed(0)]).toEqual([true, undefined])
    host.closing = { error: ofOthers, until: 1000 }
    expect(gate.isOpen).toBe(false)
    expect(gate.closed(400)).toEqual({ error: ofOthers, wait: 600, turn: 600 })
    expect(gate.closed(999)).toMatchObject({ wait: 1 })
    expect([gate.closed(1000), gate.isOpen, gate.closings]).toEqual([undefined, true, 1])
    // What comes from others is not reported to them.
    expect(reported).toEqual([])
  })

  it.each([0, 1, 4999])("a pause of others that ended %d ms ago closes nothing", (age) => {
    const { gate, host } = sharing()
    host.closing = { error: ofOthers, until: 5000 - age }
    expect([gate.closed(5000), gate.isOpen, gate.closings]).toEqual([undefined, true, 0])
  })

  it("a pause of others is extended by its own, and not shortened by a later one of others", () => {
    const { gate, host } = sharing()
    host.closing = { error: ofOthers, until: 1000 }
    expect(gate.close(limited, 2000, 0, 0)).toBe(false)
    expect(gate.closed(0)).toMatchObject({ error: limited, wait: 2000 })
    host.closing = { error: ofOthers, until: 1500 }
    expect(gate.closed(100)).toMatchObject({ error: limited, wait: 1900 })
    host.closing = undefined
    expect(gate.closed(100)).toMatchObject({ error: limited, wait: 1900 })
    expect(gate.closings).toBe(1)
  })

  it("reports its own pauses, and extensions of them, with their end; not what changes nothing", () => {
    const { gate, reported } = sharing()
    gate.close(limited, 1000, 0, 500)
    gate.close(banned, 200, 0, 600)
    gate.close(banned, 0, 0, 600)
    gate.close(banned, 5000, 0, 600)
    expect(reported).toEqual([{ error: limited, until: 1500 }, { error: banned, until: 5600 }])
  })

  it("believes others for a day, too", () => {
    const { gate, host } = sharing()
    host.closing = { error: ofOthers, until: Infinity }
    expect(closedAt(gate, 1000)).toBe(86_400_000)
    expect(closedAt(gate, 2000)).toBe(86_399_000)
  })
})
