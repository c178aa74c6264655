/** The laws of a store, for any implementation. `process` makes the store of one more process of the same fleet. */
import { describe, expect, it } from "@effect/vitest"
import type { FleetStore } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

type Store = FleetStore.Service

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const windows = [minute, hour, day]

/** Waits until the effect, which is run every few milliseconds, returns what is expected: streams need a moment. */
const eventually = <A>(read: Effect.Effect<A, unknown>, isRight: (value: A) => boolean) =>
  Effect.gen(function*() {
    let value = yield* read
    while (!isRight(value)) {
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2)))
      value = yield* read
    }
    return value
  })

/** Collects what a stream emits, from a moment on at which it is certainly subscribed. */
const collect = <A>(stream: Stream.Stream<A>) =>
  Effect.gen(function*() {
    const seen: Array<A> = []
    const fiber = yield* Effect.forkScoped(Stream.runForEach(stream, (value) => Effect.sync(() => seen.push(value))))
    return { seen, fiber, until: (n: number) => eventually(Effect.sync(() => seen.length), (length) => length >= n) }
  })

export const storeLaws = (
  title: string,
  process: (fleet: string) => Effect.Effect<Store, unknown, Scope.Scope>
): void => {
  let count = 0
  const fleet = () => `laws-${++count}`

  /** Some processes of one fleet. */
  const law = (
    name: string,
    body: (stores: readonly [Store, Store, Store]) => Effect.Effect<void, unknown, Scope.Scope>
  ) =>
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const name = fleet()
        return yield* body([yield* process(name), yield* process(name), yield* process(name)])
      }))

  describe(`${title}: gates`, () => {
    const ban = { address: "home", host: "api", wait: 60_000, message: "banned until 12:00", isBan: true }

    law(
      "a closed gate is seen by all processes of the address, and by none of another",
      ([a, b]) =>
        Effect.gen(function*() {
          expect(yield* a.closeGate(ban)).toBe(true)
          const [seen, ...others] = yield* b.closedGates("home")
          expect(others).toEqual([])
          expect(seen).toMatchObject({ host: "api", message: "banned until 12:00", isBan: true })
          expect(seen?.wait).toBeGreaterThan(50_000)
          expect(seen?.wait).toBeLessThanOrEqual(60_000)
          expect(yield* b.closedGates("office")).toEqual([])
        })
    )

    law("shorter pauses and extensions of less than a second are ignored", ([a, b]) =>
      Effect.gen(function*() {
        const results = yield* Effect.forEach([10_000, 9_000, 10_001, 20_000, 20_001, 5], (wait, i) =>
          (i % 2 === 0 ? a : b).closeGate({ ...ban, wait }))
        expect(results).toEqual([true, false, false, true, false, false])
        const [{ wait } = { wait: 0 }] = yield* a.closedGates("home")
        expect(wait).toBeGreaterThan(15_000)
      }))

    law("a pause of less than a second closes an open gate, which opens again", ([a, b]) =>
      Effect.gen(function*() {
        expect(yield* a.closeGate({ ...ban, wait: 300 })).toBe(true)
        expect(yield* b.closedGates("home")).toHaveLength(1)
        yield* eventually(b.closedGates("home"), (gates) => gates.length === 0)
        expect(yield* b.closeGate({ ...ban, wait: 30 })).toBe(true)
      }))

    law("the stream has the state at its start, and each change", ([a, b]) =>
      Effect.gen(function*() {
        yield* a.closeGate(ban)
        const gates = yield* collect(b.gates("home"))
        yield* gates.until(1)
        expect(gates.seen[0]?.map(({ host }) => host)).toEqual(["api"])
        yield* a.closeGate({ ...ban, host: "futures", message: "two\nlines äöü", isBan: false })
        yield* gates.until(2)
        expect(gates.seen[1]?.map(({ host }) => host).toSorted()).toEqual(["api", "futures"])
        expect(gates.seen[1]?.find(({ host }) => host === "futures")).toMatchObject({
          message: "two\nlines äöü",
          isBan: false
        })
      }))
  })

  describe(`${title}: weight`, () => {
    const request = {
      address: "home",
      host: "api",
      limit: 100,
      weight: 10,
      block: 10,
      known: { minute: 0, settled: 0 }
    }
    const noWeight = { address: "home", host: "api", answered: 0, reported: 0, spent: 0, unused: 0 }

    law("processes never reserve more than the limit, and all of it", (stores) =>
      Effect.gen(function*() {
        const granted = yield* Effect.forEach(
          Array.from({ length: 30 }, (_, i) => stores[i % 3] ?? stores[0]),
          (store) => store.reserve({ ...request, weight: 7, block: 7 }),
          { concurrency: "unbounded" }
        )
        const minutes = new Set(granted.map(({ minute }) => minute))
        const sum = granted.reduce((sum, { granted }) => sum + granted, 0)
        expect(sum).toBeLessThanOrEqual(100 * minutes.size)
        expect(sum).toBeGreaterThanOrEqual(98)
        const [first] = granted
        expect(first?.left).toBeGreaterThan(0)
        expect(first?.left).toBeLessThanOrEqual(60_000)
      }))

    /** Waits for the next minute if this one is about to end. */
    const inOneMinute = (store: Store) =>
      eventually(store.reserve({ ...request, host: "probe", limit: 0 }), ({ left }) => left > 1500)

    law("a block takes what is free, at least the weight", ([a, b]) =>
      Effect.gen(function*() {
        yield* inOneMinute(a)
        expect(yield* a.reserve({ ...request, block: 70 })).toMatchObject({ granted: 70, used: 70 })
        expect(yield* b.reserve({ ...request, block: 70 })).toMatchObject({ granted: 30, used: 100 })
        expect(yield* a.reserve({ ...request, weight: 1, block: 70 })).toMatchObject({ granted: 0, used: 100 })
        expect(yield* a.reserve({ ...request, host: "other" })).toMatchObject({ granted: 10, used: 10 })
      }))

    law(
      "the report of the exchange corrects the used weight upwards, and unused weight is free again",
      ([a, b]) =>
        Effect.gen(function*() {
          yield* inOneMinute(a)
          const { epoch, minute } = yield* a.reserve({ ...request, block: 40 })
          const nothing = { ...noWeight, epoch }
          expect(yield* b.settle({ ...nothing, minute, answered: 20, reported: 55 })).toBe(true)
          expect((yield* b.reserve({ ...request, weight: 1, block: 1 })).used).toBe(55 + 20 + 1)
          yield* a.settle({ ...nothing, minute, answered: 10, reported: 30, unused: 5 })
          expect((yield* b.reserve({ ...request, weight: 1, block: 1 })).used).toBe(55 + 5 + 2)
          yield* a.settle({ ...nothing, minute, spent: 5 })
          expect((yield* b.reserve({ ...request, weight: 1, block: 1 })).used).toBe(60 + 3)
          expect(yield* a.settle({ ...nothing, minute: minute - 2, answered: 10 })).toBe(false)
          // Reservations that the store does not know free nothing, and their reports count.
          yield* a.settle({ ...nothing, epoch: epoch - 1, minute, answered: 3, reported: 61, spent: 0, unused: 5 })
          expect((yield* b.reserve({ ...request, weight: 0, block: 0 })).used).toBe(61 + 3)
          const known = { minute, settled: 80 }
          expect(yield* b.reserve({ ...request, weight: 1, block: 1, known })).toMatchObject({
            used: 80 + 4,
            settled: 80
          })
          expect((yield* a.reserve({ ...request, weight: 0, block: 0 })).settled).toBe(80)
        })
    )

    law(
      "processes of a group are counted until their time is over or they leave",
      ([a, b, c]) =>
        Effect.gen(function*() {
          expect(yield* a.join("home", 60_000)).toBe(1)
          expect(yield* a.join("home", 60_000)).toBe(1)
          expect(yield* b.join("home", 60_000)).toBe(2)
          expect(yield* c.join("home", 60_000)).toBe(3)
          yield* b.join("home", 30)
          yield* c.leave("home")
          yield* eventually(a.join("home", 60_000), (n) => n === 1)
          expect(yield* a.join("office", 60_000)).toBe(1)
        })
    )
  })

  describe(`${title}: counts`, () => {
    const batch = (seq: number, series: ReadonlyArray<FleetStore.Series>, age = 0): FleetStore.Batch => ({
      process: "p",
      seq,
      age,
      windows,
      series
    })
    const series = (field: string, count: number, group = "codes", isWanted = false): FleetStore.Series => ({
      group,
      field,
      count,
      isWanted
    })
    const countsOf = (store: Store, group: string, window: number) => store.counts({ group, window })

    law("a batch is counted once, and a missing one is noticed", ([a, b]) =>
      Effect.gen(function*() {
        expect((yield* a.flush(batch(1, [series("X", 3)])))._tag).toBe("Counted")
        expect(yield* b.flush(batch(1, [series("X", 3)]))).toMatchObject({ _tag: "Duplicate", last: 1 })
        expect(yield* a.flush(batch(3, [series("X", 3)]))).toMatchObject({ _tag: "Gap", last: 1 })
        expect((yield* a.flush(batch(2, [series("X", 2)])))._tag).toBe("Counted")
        expect(yield* a.flush({ ...batch(2, []), process: "q" })).toMatchObject({ _tag: "Gap", last: 0 })
        yield* b.resume("q", 6)
        expect((yield* a.flush({ ...batch(7, [series("X", 1)]), process: "q" }))._tag).toBe("Counted")
        for (const window of windows) expect(yield* countsOf(b, "codes", window)).toEqual(new Map([["X", 6]]))
      }))

    law("the sums of wanted series are in the order of the batch", ([a]) =>
      Effect.gen(function*() {
        yield* a.flush(batch(1, [series("X", 3), series("a\0X", 5, "symbol")]))
        const flushed = yield* a.flush(
          batch(2, [
            series("a\0X", 1, "symbol", true),
            series("X", 1, "codes", true),
            series("Y", 1),
            series("b", 2, "symbol", true),
            series("Z", 4, "codes", true)
          ])
        )
        expect(flushed).toMatchObject({ _tag: "Counted", sums: [[6, 6, 6], [4, 4, 4], [2, 2, 2], [4, 4, 4]] })
      }))

    law(
      "events leave a window after its 60 steps, and the clean-up frees their series",
      ([a, b]) =>
        Effect.gen(function*() {
          yield* a.flush(batch(1, [series("hours", 3)], 5 * hour))
          yield* a.flush(batch(2, [series("days", 5)], 3 * day))
          yield* a.flush(batch(3, [series("now", 7)]))
          expect(yield* countsOf(b, "codes", minute)).toEqual(new Map([["now", 7]]))
          expect(yield* countsOf(b, "codes", hour)).toEqual(new Map([["now", 7]]))
          expect(yield* countsOf(b, "codes", day)).toEqual(new Map([["hours", 3], ["now", 7]]))
          const freed = yield* Effect.forEach(windows, (window) => b.clean({ group: "codes", window }))
          expect(freed).toEqual([2, 2, 1])
          expect(yield* Effect.forEach(windows, (window) => b.clean({ group: "codes", window }))).toEqual([0, 0, 0])
          expect(yield* countsOf(a, "codes", day)).toEqual(new Map([["hours", 3], ["now", 7]]))
        })
    )

    law("any batches give the sums and timelines of a naive model", ([a]) =>
      Effect.gen(function*() {
        // Ages in the middle of the window of an hour, or long before it: a step may end while the test runs.
        const event = FastCheck.record({
          field: FastCheck.constantFrom("X", "Y", "symbol\0X", "ä, \"", "z".repeat(80)),
          count: FastCheck.integer({ min: 1, max: 5000 }),
          age: FastCheck.oneof(FastCheck.integer({ min: 0, max: 57 }), FastCheck.integer({ min: 70, max: 3000 }))
        })
        const samples = FastCheck.sample(FastCheck.array(FastCheck.array(event, { maxLength: 8 }), { maxLength: 25 }), {
          numRuns: 12,
          seed: 7
        })
        for (const [sample, batches] of samples.entries()) {
          const process = `p${sample}`
          const group = `g${sample}`
          const sums = new Map<string, number>()
          let seq = 0
          for (const events of batches) {
            for (const { age, count, field } of events) {
              yield* a.flush({
                process,
                seq: ++seq,
                age: age * minute,
                windows: [hour],
                series: [{ group, field, count, isWanted: false }]
              })
              if (age < 60) sums.set(field, (sums.get(field) ?? 0) + count)
            }
          }
          expect(yield* countsOf(a, group, hour)).toEqual(sums)
          const fields = Array.from(sums.keys())
          const { counts } = yield* a.timeline({ group, window: hour }, [...fields, "never"])
          expect(counts.map((line) => line.length)).toEqual([...fields, "never"].map(() => 61))
          expect(counts.map((line) => line.reduce((sum, n) => sum + n, 0))).toEqual([...sums.values(), 0])
        }
      }))

    law("a window of any length counts: of a second, and without an end", ([a, b]) =>
      Effect.gen(function*() {
        const windows = [60, 1000, 3000, 1e15]
        const flushed = yield* a.flush({
          process: "p",
          seq: 1,
          age: 0,
          windows,
          series: [{ group: "codes", field: "X", count: 3, isWanted: true }]
        })
        expect(flushed).toMatchObject({ sums: [[3, 3, 3, 3]] })
        expect(yield* countsOf(b, "codes", 1e15)).toEqual(new Map([["X", 3]]))
      }))

    law("a group of thousands of series is read whole", ([a]) =>
      Effect.gen(function*() {
        const fields = Array.from({ length: 2000 }, (_, i) => `S${i}`)
        yield* a.flush(batch(1, fields.map((field, i) => series(field, i + 1, "symbol"))))
        expect(yield* countsOf(a, "symbol", day)).toEqual(new Map(fields.map((field, i) => [field, i + 1])))
      }))
  })

  describe(`${title}: alerts`, () => {
    law(
      "of changes from the same state exactly one is made, and only its edges are published",
      (stores) =>
        Effect.gen(function*() {
          const made = yield* Effect.forEach(
            Array.from({ length: 12 }, (_, i) => i),
            (i) =>
              (stores[i % 3] ?? stores[0]).changeState({ id: "x", from: "", to: `s${i}`, edges: [`e${i}`, "more"] }),
            { concurrency: "unbounded" }
          )
          const [winner, ...others] = made.flatMap(({ isMade }, i) => isMade ? [i] : [])
          expect(others).toEqual([])
          expect(new Set(made.map(({ state }) => state))).toEqual(new Set([`s${winner}`]))
          const edges = yield* Stream.runCollect(Stream.take(stores[1].edges("0-0"), 2))
          expect(Array.from(edges, ({ edge }) => edge)).toEqual([`e${winner}`, "more"])
          expect(yield* stores[0].changeState({ id: "x", from: `s${winner}`, to: "", edges: [] })).toEqual({
            isMade: true,
            state: ""
          })
          expect((yield* stores[2].states).states).toEqual(new Map())
        })
    )

    law("states are put back without edges, and do not replace others", ([a, b]) =>
      Effect.gen(function*() {
        yield* a.changeState({ id: "x", from: "", to: "active", edges: ["fired"] })
        yield* b.restoreStates(new Map([["x", "old"], ["y", "active"]]))
        yield* b.restoreStates(new Map())
        const { last, states } = yield* a.states
        expect(states).toEqual(new Map([["x", "active"], ["y", "active"]]))
        yield* a.changeState({ id: "z", from: "", to: "active", edges: ["z fired"] })
        const edges = yield* Stream.runCollect(Stream.take(b.edges(last), 1))
        expect(Array.from(edges, ({ edge }) => edge)).toEqual(["z fired"])
      }))

    law("each process sees every edge, in order", ([a, b, c]) =>
      Effect.gen(function*() {
        const { last } = yield* a.states
        const seen = yield* Effect.forEach([a, b, c], (store) => collect(store.edges(last)))
        for (let i = 0; i < 40; i++) {
          yield* ([a, b, c][i % 3] ?? a).changeState({ id: `x${i}`, from: "", to: "s", edges: [`e${i}`] })
        }
        const all = Array.from({ length: 40 }, (_, i) => `e${i}`)
        for (const { seen: edges, until } of seen) {
          yield* until(40)
          expect(edges.map(({ edge }) => edge)).toEqual(all)
          expect(new Set(edges.map(({ id }) => id)).size).toBe(40)
          expect(edges.map(({ at }) => at)).toEqual(edges.map(({ at }) => at).toSorted((a, b) => a - b))
        }
      }))

    law(
      "each edge is delivered to one process, and that of a process that ended, to another",
      ([a, b]) =>
        Effect.gen(function*() {
          const delivered: Array<string> = []
          const deliver = (store: Store) => Stream.runForEach(store.deliver("pager", 50), ({ edge }) => record(edge))
          const record = (edge: string): Effect.Effect<unknown> =>
            Effect.suspend(() => {
              delivered.push(edge)
              return edge === "stuck" ? Effect.never : Effect.void
            })
          const [first, second] = [yield* Effect.forkScoped(deliver(a)), yield* Effect.forkScoped(deliver(b))]
          // Edges before the first use of a group are not delivered: wait until the group is known.
          yield* eventually(
            Effect.zipRight(
              Effect.flatMap(
                a.states,
                () => a.changeState({ id: `probe${++count}`, from: "", to: "s", edges: ["probe"] })
              ),
              Effect.sync(() => delivered.length)
            ),
            (n) => n > 0
          )
          for (let i = 0; i < 20; i++) yield* a.changeState({ id: `x${i}`, from: "", to: "s", edges: [`e${i}`] })
          const isEdge = (edge: string) => edge.startsWith("e")
          yield* eventually(Effect.sync(() => delivered.filter(isEdge).length), (n) => n >= 20)
          expect(delivered.filter(isEdge).toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `e${i}`).toSorted())
          yield* Fiber.interrupt(second)
          yield* a.changeState({ id: "stuck", from: "", to: "s", edges: ["stuck"] })
          yield* eventually(Effect.sync(() => delivered), (delivered) => delivered.includes("stuck"))
          yield* Fiber.interrupt(first)
          const left = yield* Stream.runHead(Stream.filter(b.deliver("pager", 50), ({ edge }) => edge === "stuck"))
          expect(left._tag).toBe("Some")
        })
    )
  })

  describe(`${title}: marks`, () => {
    law(
      "all processes see the highest number of each mark of a set, and those of no other set",
      ([a, b]) =>
        Effect.gen(function*() {
          const names = ["x", "y", "with spaces", "\0", "unknown"]
          expect(yield* a.marks("set", names)).toEqual(new Map())
          yield* a.mark("set", new Map([["x", 5], ["y", 1_700_000_000_000], ["with spaces", -1]]))
          yield* b.mark("set", new Map([["x", 4], ["y", 1_700_000_000_001], ["\0", 0]]))
          yield* b.mark("set", new Map())
          expect(yield* a.marks("set", names)).toEqual(
            new Map([["x", 5], ["y", 1_700_000_000_001], ["with spaces", -1], ["\0", 0]])
          )
          expect(yield* a.marks("set", [])).toEqual(new Map())
          expect(yield* b.marks("other", names)).toEqual(new Map())
        })
    )

    law("a set keeps the 2,000 highest marks", ([a, b]) =>
      Effect.gen(function*() {
        for (let from = 0; from < 3000; from += 500) {
          yield* a.mark("many", new Map(Array.from({ length: 500 }, (_, i) => [`n${from + i}`, from + i])))
        }
        const names = Array.from({ length: 3000 }, (_, i) => `n${i}`)
        const kept = yield* b.marks("many", names)
        expect(Array.from(kept.keys())).toEqual(names.slice(1000))
      }))
  })

  describe(`${title}: leases`, () => {
    law("one process holds a lease until it ends or is given up", ([a, b]) =>
      Effect.gen(function*() {
        expect(yield* a.lease("limits", 60_000)).toBe(true)
        expect(yield* b.lease("limits", 60_000)).toBe(false)
        expect(yield* a.lease("limits", 60_000)).toBe(true)
        yield* b.release("limits")
        expect(yield* b.lease("limits", 60_000)).toBe(false)
        yield* a.release("limits")
        expect(yield* b.lease("limits", 30)).toBe(true)
        yield* eventually(a.lease("limits", 60_000), (isHeld) => isHeld)
        expect(yield* b.lease("others", 1000)).toBe(true)
      }))
  })
}
