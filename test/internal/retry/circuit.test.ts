import { describe, expect, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { Circuit, type CircuitSettings } from "../../../src/internal/retry/circuit.js"

const fault = (n: number) => ({ n })

const circuitOf = (settings: Partial<CircuitSettings> = {}) =>
  new Circuit<{ readonly n: number }>({ failures: 3, lasting: 1000, openFor: 5000, ...settings })

/** What the tracker knows of the last minute: enough. */
const many = 1_000_000

/** One that three failures in a row opened at 0. */
const opened = () => {
  const circuit = circuitOf({ lasting: 0 })
  for (let i = 0; i < 3; i++) circuit.sick(fault(i), 0, many, 0)
  return circuit
}

describe("Circuit, closed", () => {
  it("lets everything pass", () => {
    const circuit = circuitOf()
    expect([circuit.isClosed, circuit.status, circuit.enter(0), circuit.openings]).toEqual([true, "closed", "pass", 0])
  })

  it("opens at the last failure that is one too many for too long, with that error", () => {
    const circuit = circuitOf()
    expect([100, 600, 1100].map((now) => circuit.sick(fault(now), 0, many, now))).toEqual([false, false, true])
    expect([circuit.isClosed, circuit.status, circuit.openings]).toEqual([false, "open", 1])
    expect(circuit.enter(1100)).toMatchObject({ error: fault(1100), since: 1100 })
  })

  it("however many failures there are, they have to last", () => {
    const circuit = circuitOf()
    for (let i = 0; i < 1000; i++) expect(circuit.sick(fault(i), 0, many, 500 + i % 2 * 999)).toBe(false)
    expect(circuit.sick(fault(9), 0, many, 1500)).toBe(true)
  })

  it("however long they last, there have to be enough of them", () => {
    const circuit = circuitOf()
    expect([0, 60_000, 60_001].map((now) => circuit.sick(fault(now), 0, many, now))).toEqual([false, false, true])
  })

  it("needs as many failures in the tracker's last minute, too", () => {
    const circuit = circuitOf()
    for (let i = 0; i < 100; i++) expect(circuit.sick(fault(i), 0, 2, i * 1000)).toBe(false)
    expect(circuit.sick(fault(100), 0, NaN, 100_000)).toBe(false)
    expect(circuit.sick(fault(100), 0, 3, 100_000)).toBe(true)
  })

  it("any success starts count and time anew", () => {
    const circuit = circuitOf()
    circuit.sick(fault(1), 0, many, 0)
    circuit.sick(fault(2), 0, many, 900)
    circuit.well(0)
    expect([1000, 1500, 1999].map((now) => circuit.sick(fault(now), 0, many, now))).toEqual([false, false, false])
    expect(circuit.sick(fault(2000), 0, many, 2000)).toBe(true)
  })

  it("switched off, never opens", () => {
    const circuit = circuitOf({ failures: Infinity, lasting: 0, openFor: 1 })
    for (let i = 0; i < 5000; i++) expect(circuit.sick(fault(i), 0, Infinity, i)).toBe(false)
  })

  it("is open when nothing succeeded for so long and so often, and only then", () => {
    const answer = FastCheck.record({ isWell: FastCheck.boolean(), wait: FastCheck.integer({ min: 0, max: 800 }) })
    FastCheck.assert(FastCheck.property(
      FastCheck.integer({ min: 1, max: 6 }),
      FastCheck.constantFrom(0, 1, 500, 1000),
      FastCheck.array(answer, { maxLength: 60 }),
      (failures, lasting, answers) => {
        const circuit = circuitOf({ failures, lasting })
        let now = 0
        let since: Array<number> = []
        for (const { isWell, wait } of answers) {
          now += wait
          if (isWell) {
            circuit.well(0)
            since = []
            continue
          }
          since.push(now)
          const due = since.length >= failures && now - since[0]! >= lasting
          expect(circuit.sick(fault(now), 0, many, now)).toBe(due)
          if (due) return
        }
      }
    ))
  })
})

describe("Circuit, open", () => {
  it("lets nobody pass until the time is over, then one", () => {
    const circuit = opened()
    expect(circuit.enter(0)).toMatchObject({ error: fault(2), since: 0 })
    expect(circuit.enter(4999)).toMatchObject({ since: 0 })
    expect(circuit.status).toBe("open")
    expect(circuit.enter(5000)).toBe("probe")
    expect(circuit.status).toBe("half-open")
    expect(circuit.enter(5000)).toMatchObject({ error: fault(2), since: 0 })
    expect(circuit.isClosed).toBe(false)
  })

  it("late results from before it opened neither extend it, nor close it, nor open it again", () => {
    const circuit = opened()
    expect(circuit.sick(fault(9), 0, many, 1000)).toBe(false)
    circuit.well(0)
    expect(circuit.enter(4999)).toMatchObject({ error: fault(2), since: 0 })
    expect(circuit.openings).toBe(1)
    expect(circuit.enter(5000)).toBe("probe")
    circuit.probed("well", 1, 5001)
    for (let i = 0; i < 100; i++) expect(circuit.sick(fault(i), 0, many, 5002)).toBe(false)
    expect([circuit.isClosed, circuit.openings]).toEqual([true, 1])
    // And they do not count together with what follows, nor against it.
    expect([1, 2].map((n) => circuit.sick(fault(n), 1, many, 5003))).toEqual([false, false])
    for (let i = 0; i < 100; i++) circuit.well(0)
    expect(circuit.sick(fault(3), 1, many, 5003)).toBe(true)
  })

  it("what was sent while it was open tells nothing but as a probe", () => {
    const circuit = opened()
    expect(circuit.sick(fault(9), 1, many, 1000)).toBe(false)
    circuit.well(1)
    expect([circuit.isClosed, circuit.openings]).toEqual([false, 1])
  })

  it("a probe that is answered closes it, and what was before is forgotten", () => {
    const circuit = opened()
    circuit.enter(5000)
    circuit.probed("well", 1, 5100)
    expect([circuit.isClosed, circuit.status, circuit.enter(5100), circuit.openings]).toEqual([
      true,
      "closed",
      "pass",
      1
    ])
    expect([1, 2, 3].map((n) => circuit.sick(fault(n), 1, many, 6000))).toEqual([false, false, true])
    expect([circuit.openings, circuit.enter(10_999)]).toMatchObject([2, { since: 6000 }])
    expect(circuit.enter(11_000)).toBe("probe")
  })

  it("each probe that fails keeps it open for as long again; it is as old as it is, with the latest error", () => {
    const circuit = opened()
    for (let now = 5000; now < 1_000_000; now += 5000) {
      expect(circuit.enter(now - 1)).toMatchObject({ since: 0 })
      expect(circuit.enter(now)).toBe("probe")
      circuit.probed(fault(now), 1, now)
      expect([circuit.status, circuit.openings, circuit.enter(now)]).toMatchObject([
        "open",
        1,
        { error: fault(now), since: 0 }
      ])
    }
  })

  it("a probe that tells nothing is followed by another at once", () => {
    const circuit = opened()
    expect(circuit.enter(7000)).toBe("probe")
    circuit.probed("unknown", 1, 7100)
    expect([circuit.isClosed, circuit.status, circuit.openings]).toEqual([false, "open", 1])
    expect(circuit.enter(7100)).toBe("probe")
    circuit.probed(fault(9), 1, 7200)
    expect(circuit.enter(12_199)).toMatchObject({ error: fault(9), since: 0 })
    expect(circuit.enter(12_200)).toBe("probe")
  })

  it("a probe that hangs is followed by another when it took as long as the circuit was open", () => {
    const circuit = opened()
    expect(circuit.enter(6000)).toBe("probe")
    expect(circuit.enter(10_999)).toMatchObject({ since: 0 })
    expect(circuit.status).toBe("half-open")
    expect(circuit.enter(11_000)).toBe("probe")
    expect(circuit.enter(11_000)).toMatchObject({ since: 0 })
    circuit.probed("well", 1, 12_000)
    expect(circuit.isClosed).toBe(true)
    // The one that hung ends at last: the circuit is closed, and remains so.
    circuit.probed(fault(9), 1, 13_000)
    expect(circuit.isClosed).toBe(true)
  })

  it.each(["well", "unknown", fault(9)] as const)(
    "a probe of an earlier time when it was open tells nothing: %o",
    (ended) => {
      const circuit = opened()
      circuit.enter(6000)
      circuit.enter(11_000)
      circuit.probed("well", 1, 12_000)
      for (let i = 0; i < 3; i++) circuit.sick(fault(i), 1, many, 20_000)
      circuit.probed(ended, 1, 20_500)
      expect([circuit.status, circuit.openings]).toEqual(["open", 2])
      expect(circuit.enter(24_999)).toMatchObject({ error: fault(2), since: 20_000 })
      expect(circuit.enter(25_000)).toBe("probe")
    }
  )
})
