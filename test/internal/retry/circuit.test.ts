import { describe, expect, it } from "@effect/vitest"
import { Circuit, type CircuitSettings } from "../../../src/internal/retry/circuit.js"

const fault = (n: number) => ({ n })

const circuitOf = (settings: Partial<CircuitSettings> = {}) =>
  new Circuit<{ readonly n: number }>({
    failureRate: 0.8,
    minimumAttempts: 3,
    minimumDuration: 1000,
    window: 30_000,
    openFor: 5000,
    ...settings
  })

const fail = (circuit: ReturnType<typeof circuitOf>, n: number, epoch: number, now: number) =>
  circuit.failed(fault(n), false, epoch, now)

/** A circuit that three failures have opened at 0. */
const opened = () => {
  const circuit = circuitOf({ minimumDuration: 0 })
  for (let i = 0; i < 3; i++) fail(circuit, i, 0, 0)
  return circuit
}

describe("Circuit, closed", () => {
  it("admits every attempt", () => {
    const circuit = circuitOf()
    expect([circuit.isClosed, circuit.status, circuit.enter(0), circuit.epoch]).toEqual([true, "closed", "pass", 0])
  })

  it("opens at the failure that is one too many for too long, with its error", () => {
    const circuit = circuitOf()
    expect([100, 600, 1100].map((now) => fail(circuit, now, 0, now))).toEqual([false, false, true])
    expect([circuit.isClosed, circuit.status, circuit.epoch]).toEqual([false, "open", 1])
    expect(circuit.enter(1100)).toMatchObject({ error: fault(1100), since: 1100 })
  })

  it("a success never opens it", () => {
    const circuit = circuitOf({ failureRate: 0.1 })
    fail(circuit, 1, 0, 0)
    fail(circuit, 2, 0, 900)
    for (let i = 0; i < 10; i++) circuit.succeeded(false, 0)
    expect(circuit.isClosed).toBe(true)
  })

  it("switched off, never opens", () => {
    const circuit = circuitOf({ failureRate: 1, minimumAttempts: Infinity, minimumDuration: 0, window: 1, openFor: 1 })
    for (let i = 0; i < 5000; i++) expect(fail(circuit, i, 0, i)).toBe(false)
  })
})

describe("Circuit, open", () => {
  it("admits no call until the time is over, then one", () => {
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
    expect(fail(circuit, 9, 0, 1000)).toBe(false)
    circuit.succeeded(false, 0)
    expect(circuit.enter(4999)).toMatchObject({ error: fault(2), since: 0 })
    expect(circuit.epoch).toBe(1)
    expect(circuit.enter(5000)).toBe("probe")
    circuit.probed("succeeded", 1, circuit.probes, 5001)
    for (let i = 0; i < 100; i++) expect(fail(circuit, i, 0, 5002)).toBe(false)
    // Nor what was sent while it was open.
    for (let i = 0; i < 100; i++) expect(fail(circuit, i, 1, 5002)).toBe(false)
    expect([circuit.isClosed, circuit.epoch]).toEqual([true, 2])
    // They do not add to what follows, nor take away from it.
    expect([1, 2].map((n) => fail(circuit, n, 2, 5003))).toEqual([false, false])
    for (let i = 0; i < 100; i++) circuit.succeeded(false, i % 2)
    expect(fail(circuit, 3, 2, 5003)).toBe(true)
  })

  it("what was sent while it was open does not count, but for probes", () => {
    const circuit = opened()
    expect(fail(circuit, 9, 1, 1000)).toBe(false)
    circuit.succeeded(false, 1)
    expect([circuit.isClosed, circuit.epoch]).toEqual([false, 1])
  })

  it("a probe that is answered closes it, and what was before is forgotten", () => {
    const circuit = opened()
    circuit.enter(5000)
    circuit.probed("succeeded", 1, circuit.probes, 5100)
    expect([circuit.isClosed, circuit.status, circuit.enter(5100), circuit.epoch]).toEqual([
      true,
      "closed",
      "pass",
      2
    ])
    expect([1, 2, 3].map((n) => fail(circuit, n, 2, 6000))).toEqual([false, false, true])
    expect([circuit.epoch, circuit.enter(10_999)]).toMatchObject([3, { since: 6000 }])
    expect(circuit.enter(11_000)).toBe("probe")
  })

  it("each probe that fails keeps it open for as long again; it is as old as it is, with the latest error", () => {
    const circuit = opened()
    for (let now = 5000; now < 1_000_000; now += 5000) {
      expect(circuit.enter(now - 1)).toMatchObject({ since: 0 })
      expect(circuit.enter(now)).toBe("probe")
      expect(circuit.probed({ failed: fault(now) }, 1, circuit.probes, now)).toBe(false)
      expect([circuit.status, circuit.epoch, circuit.enter(now)]).toMatchObject([
        "open",
        1,
        { error: fault(now), since: 0 }
      ])
    }
  })

  it("a probe that is ignored is followed by another at once", () => {
    const circuit = opened()
    expect(circuit.enter(7000)).toBe("probe")
    expect(circuit.probed("ignored", 1, circuit.probes, 7100)).toBe(false)
    expect([circuit.isClosed, circuit.status, circuit.epoch]).toEqual([false, "open", 1])
    expect(circuit.enter(7100)).toBe("probe")
    circuit.probed({ failed: fault(9) }, 1, circuit.probes, 7200)
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
    circuit.probed("succeeded", 1, 2, 12_000)
    expect(circuit.isClosed).toBe(true)
    // The one that hung ends at last: the circuit is closed, and remains so.
    circuit.probed({ failed: fault(9) }, 1, 1, 13_000)
    expect(circuit.isClosed).toBe(true)
  })

  it.each(["ignored", { failed: fault(9) }] as const)(
    "a probe that hung, and ends in %o while the next one is in flight, admits none besides",
    (ended) => {
      const circuit = opened()
      circuit.enter(6000)
      expect(circuit.enter(11_000)).toBe("probe")
      expect(circuit.probed(ended, 1, 1, 11_500)).toBe(false)
      expect(circuit.status).toBe("half-open")
      expect(circuit.enter(11_500)).toMatchObject({ error: fault(2), since: 0 })
      expect(circuit.enter(15_999)).toMatchObject({ error: fault(2), since: 0 })
      circuit.probed("succeeded", 1, 2, 16_000)
      expect(circuit.isClosed).toBe(true)
    }
  )

  it("a probe that hung, and succeeds while the next one is in flight, closes it", () => {
    const circuit = opened()
    circuit.enter(6000)
    circuit.enter(11_000)
    expect(circuit.probed("succeeded", 1, 1, 11_500)).toBe(true)
    expect(circuit.probed({ failed: fault(9) }, 1, 2, 12_000)).toBe(false)
    expect(circuit.isClosed).toBe(true)
  })

  it.each(["succeeded", "ignored", { failed: fault(9) }] as const)(
    "the result of a probe of an earlier open time is ignored: %o",
    (ended) => {
      const circuit = opened()
      circuit.enter(6000)
      circuit.enter(11_000)
      circuit.probed("succeeded", 1, circuit.probes, 12_000)
      for (let i = 0; i < 3; i++) fail(circuit, i, 2, 20_000)
      circuit.probed(ended, 1, circuit.probes, 20_500)
      expect([circuit.status, circuit.epoch]).toEqual(["open", 3])
      expect(circuit.enter(24_999)).toMatchObject({ error: fault(2), since: 20_000 })
      expect(circuit.enter(25_000)).toBe("probe")
    }
  )
})

describe("Circuit, what is read of it", () => {
  it("closed, nothing keeps it open", () => {
    expect(circuitOf().opened(1000)).toBeUndefined()
    const circuit = opened()
    circuit.enter(5000)
    circuit.probed("succeeded", 1, circuit.probes, 5100)
    expect(circuit.opened(6000)).toBeUndefined()
  })

  it.each([
    { now: 1000, openFor: 1000, probeIn: 4000 },
    { now: 5000, openFor: 5000, probeIn: 0 },
    // The next call is the probe, however late it comes.
    { now: 90_000, openFor: 90_000, probeIn: 0 },
    // A time that was read before the circuit opened.
    { now: -20, openFor: 0, probeIn: 5020 }
  ])(
    "open since 0 for 5 s: at $now it has been open for $openFor, and a probe is due in $probeIn",
    ({ now, ...expected }) => {
      expect(opened().opened(now)).toEqual({ error: fault(2), ...expected })
    }
  )

  it("the open time counts from when it opened, not from 0", () => {
    const circuit = circuitOf({ minimumDuration: 0 })
    for (let i = 0; i < 3; i++) fail(circuit, i, 0, 70_000)
    expect(circuit.opened(71_000)).toEqual({ error: fault(2), openFor: 1000, probeIn: 4000 })
  })

  it("half-open, no probe is due; after a failed one, the latest error and the whole time", () => {
    const circuit = opened()
    circuit.enter(6000)
    expect(circuit.opened(7000)).toEqual({ error: fault(2), openFor: 7000, probeIn: undefined })
    circuit.probed({ failed: fault(9) }, 1, circuit.probes, 8000)
    expect(circuit.opened(9000)).toEqual({ error: fault(9), openFor: 9000, probeIn: 4000 })
  })

  it("the attempts and failures in the window, none once it has opened", () => {
    const circuit = circuitOf({ minimumAttempts: 100 })
    fail(circuit, 1, 0, 1000)
    circuit.succeeded(false, 0)
    fail(circuit, 2, 0, 20_000)
    expect(circuit.recent(20_000)).toEqual({ attempts: 3, failures: 2 })
    expect(circuit.recent(31_000)).toEqual({ attempts: 1, failures: 1 })
    expect(opened().recent(0)).toEqual({ attempts: 0, failures: 0 })
  })
})
