import { describe, expect, it } from "@effect/vitest"
import { FleetStore } from "effect-errata/fleet"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { inVirtualTime, type VirtualTime } from "../virtualTime.js"
import { BreakableStore, limited, limiterOf, WeighingExchange } from "./weighing.js"

const inTime = <A, E>(name: string, body: (time: VirtualTime) => Effect.Effect<A, E, Scope.Scope>) =>
  it.live(name, () => inVirtualTime((time) => Effect.scoped(body(time))))

describe("FleetWeight", () => {
  inTime("four processes use the whole limit of each minute, and never more", ({ pass }) =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const exchange = new WeighingExchange()
      for (let i = 0; i < 4; i++) {
        const limiter = yield* limiterOf(yield* fleet, { perMinute: 200 })
        for (let fiber = 0; fiber < 5; fiber++) {
          yield* Effect.forkScoped(Effect.forever(limiter.pass(3, exchange.request(3))))
        }
      }
      yield* pass("5 minutes")
      const minutes = Array.from(exchange.byMinute.values())
      expect(minutes).toHaveLength(5)
      expect(Math.max(...minutes)).toBeLessThanOrEqual(180)
      expect(minutes.slice(0, 4).map((used) => used > 160)).toEqual([true, true, true, true])
    }))

  inTime(
    "weight that others use on the same address is known from the reports of the exchange",
    ({ pass }) =>
      Effect.gen(function*() {
        const fleet = FleetStore.memoryFleet()
        const exchange = new WeighingExchange()
        const [a, b] = [yield* limiterOf(yield* fleet), yield* limiterOf(yield* fleet)]
        yield* pass("1 second")
        exchange.arrive(70, 1000)
        yield* Effect.fork(a.pass(5, exchange.request(5)))
        yield* pass("1 second")
        yield* Effect.forkScoped(Effect.forever(b.pass(5, exchange.request(5))))
        yield* pass("50 seconds")
        expect(exchange.byMinute.get(0)).toBe(90)
        expect((yield* b.usage).used).toBe(90)
        expect((yield* a.usage).used).toBe(90)
      })
  )

  inTime(
    "the weight of calls that are interrupted, wherever they are, is not lost",
    ({ pass }) =>
      Effect.gen(function*() {
        const fleet = FleetStore.memoryFleet()
        const exchange = new WeighingExchange({ latency: 300 })
        const limiter = yield* limiterOf(yield* fleet, { perMinute: 1000 })
        const other = yield* limiterOf(yield* fleet, { perMinute: 1000 })
        for (let i = 0; i < 120; i++) {
          const fiber = yield* Effect.fork(limiter.pass(2, exchange.request(2)))
          yield* pass(i % 7)
          yield* Fiber.interrupt(fiber)
        }
        yield* pass("2 seconds")
        // What arrived is used, and nothing else.
        expect((yield* other.usage).used).toBe(exchange.byMinute.get(0))
      })
  )

  inTime("a block is used without the store, and its rest is given back", ({ pass }) =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const exchange = new WeighingExchange({ latency: 0 })
      let questions = 0
      const store = yield* fleet
      const limiter = yield* limiterOf({
        ...store,
        reserve: (request) => {
          if (request.weight > 0) questions++
          return store.reserve(request)
        }
      }, { block: 50, perMinute: 1000 })
      const other = yield* limiterOf(yield* fleet, { perMinute: 1000 })
      for (let i = 0; i < 12; i++) {
        yield* Effect.fork(limiter.pass(5, exchange.request(5)))
        yield* pass(1)
      }
      expect(questions).toBe(2)
      yield* pass("4 seconds")
      expect((yield* other.usage).used).toBe(60)
    }))

  inTime(
    "without the store each process uses its part of the limit, and all of them not more than it",
    ({ pass }) =>
      Effect.gen(function*() {
        const fleet = FleetStore.memoryFleet()
        const exchange = new WeighingExchange({ states: false })
        const stores = yield* Effect.forEach([1, 2, 3], () => Effect.map(fleet, (store) => new BreakableStore(store)))
        const limiters = yield* Effect.forEach(stores, ({ service }) => limiterOf(service))
        yield* pass("3 seconds")
        for (const store of stores) store.isAway = true
        const [first] = limiters
        if (first === undefined) return expect.unreachable()
        yield* Effect.forkScoped(Effect.forever(first.pass(1, exchange.request(1))))
        yield* pass("170 seconds")
        expect(Array.from(exchange.byMinute.values())).toEqual([30, 30, 30])
        for (const limiter of limiters) yield* Effect.forkScoped(Effect.forever(limiter.pass(1, exchange.request(1))))
        yield* pass("2 minutes")
        expect(Array.from(exchange.byMinute.values()).slice(3)).toEqual([90, 90])
      })
  )

  inTime("a store that is back knows what was used without it", ({ pass }) =>
    Effect.gen(function*() {
      for (const states of [true, false]) {
        const fleet = FleetStore.memoryFleet()
        const exchange = new WeighingExchange({ states })
        const stores = yield* Effect.forEach([1, 2], () => Effect.map(fleet, (store) => new BreakableStore(store)))
        const limiters = yield* Effect.forEach(stores, ({ service }) => limiterOf(service))
        yield* pass("2 seconds")
        for (const store of stores) store.isAway = true
        for (const limiter of limiters) yield* Effect.forkScoped(Effect.forever(limiter.pass(1, exchange.request(1))))
        yield* pass("10 seconds")
        for (const store of stores) store.isAway = false
        yield* pass("3 minutes")
        expect(exchange.most).toBeLessThanOrEqual(90)
        expect(exchange.most).toBeGreaterThanOrEqual(88)
      }
    }))

  inTime(
    "a process that has never reached the store uses the part of a fleet of the given size",
    ({ pass }) =>
      Effect.gen(function*() {
        const exchange = new WeighingExchange({ states: false })
        const store = new BreakableStore(yield* FleetStore.memoryFleet())
        store.isAway = true
        const limiter = yield* limiterOf(store.service, { processes: 9 })
        yield* Effect.forkScoped(Effect.forever(limiter.pass(2, exchange.request(2))))
        yield* pass("2 minutes")
        expect(Array.from(exchange.byMinute.values())).toEqual([10, 10])
      })
  )

  inTime("a store that is emptied in a minute does not begin at 0", ({ pass }) =>
    Effect.gen(function*() {
      const [old, fresh] = [FleetStore.memoryFleet(), FleetStore.memoryFleet()]
      const exchange = new WeighingExchange()
      const stores = yield* Effect.forEach([1, 2, 3], () => Effect.map(old, (store) => new BreakableStore(store)))
      const limiters = yield* Effect.forEach(stores, ({ service }) => limiterOf(service))
      for (const limiter of limiters) {
        yield* Effect.forkScoped(Effect.forever(Effect.delay(limiter.pass(1, exchange.request(1)), "1200 millis")))
      }
      yield* pass("25 seconds")
      for (const store of stores) store.target = yield* fresh
      yield* pass("2 minutes")
      expect(exchange.most).toBeLessThanOrEqual(90)
    }))

  inTime("the weight of a process that died is free after the next minute", ({ pass }) =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const exchange = new WeighingExchange()
      const dying = yield* fleet
      // It reserves, and never settles.
      yield* dying.reserve({
        address: "home",
        host: "api",
        limit: 90,
        weight: 60,
        block: 60,
        known: { minute: 0, settled: 0 }
      })
      const limiter = yield* limiterOf(yield* fleet)
      yield* Effect.forkScoped(Effect.forever(limiter.pass(1, exchange.request(1))))
      yield* pass("4 minutes")
      const [first, second, third] = Array.from(exchange.byMinute.values())
      expect([first, second, third]).toEqual([30, 30, 90])
    }))

  inTime(
    "a rate limit pauses the requests of the process, and a refusal reserves nothing",
    ({ pass }) =>
      Effect.gen(function*() {
        const limiter = yield* limiterOf(yield* FleetStore.memoryFleet())
        const first = yield* Effect.exit(limiter.pass(1, () => Effect.fail(limited(20_000))))
        expect(Exit.isFailure(first)).toBe(true)
        const second = yield* Effect.flip(limiter.pass(1, () => Effect.die("sent")))
        expect(second.message).toBe("Not sent because the exchange asks to wait: too many requests")
        expect((yield* limiter.usage).pausedFor).toMatchObject({ value: Duration.seconds(20) })
        yield* pass("21 seconds")
        yield* limiter.pass(1, () => Effect.void)
        yield* pass("2 seconds")
        expect((yield* limiter.usage).used).toBe(2)
      })
  )

  inTime("a process that stops gives back what it has reserved", ({ pass }) =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const scope = yield* Scope.make()
      const stopping = yield* Scope.extend(limiterOf(yield* fleet, { block: 40 }), scope)
      yield* stopping.pass(1, () => Effect.void)
      yield* Scope.close(scope, Exit.void)
      const limiter = yield* limiterOf(yield* fleet)
      yield* pass("2 seconds")
      expect((yield* limiter.usage).used).toBe(1)
    }))
})
