import { describe, expect, it } from "@effect/vitest"
import { ErrorTracker, Fetch, FetchError, RetryPolicy, SharedGate } from "effect-errata"
import { BinanceRest } from "effect-errata/binance"
import { FleetGate, FleetStore } from "effect-errata/fleet"
import { Fault, FaultyExchange, LogCapture } from "effect-errata/testing"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

const limited = (wait: Duration.DurationInput) =>
  new FetchError.ApiRateLimit({ message: "too many requests", status: 429, retryAfter: wait })

const banned = (wait: Duration.DurationInput) =>
  new FetchError.ApiRateLimit({ message: "banned", status: 418, retryAfter: wait })

const storeLayer = (store: FleetStore.Service) => Layer.succeed(FleetStore.FleetStore, store)

/** One process of a fleet: a policy behind its gate, and the instants of its requests. */
const processOf = Effect.fnUntraced(function*(
  store: FleetStore.Service,
  { address = "home", source = "api", spread = "1 second" }: {
    readonly address?: string
    readonly source?: string
    readonly spread?: Duration.DurationInput
  } = {}
) {
  const gate = Context.get(
    yield* Layer.build(FleetGate.layer({ address, spread }).pipe(Layer.provide(storeLayer(store)))),
    SharedGate.SharedGate
  )
  const tracker = Context.get(yield* Layer.build(ErrorTracker.layer()), ErrorTracker.ErrorTracker)
  const policy = yield* RetryPolicy.make({ source, maxWait: "10 minutes" }).pipe(
    Effect.provideService(SharedGate.SharedGate, gate),
    Effect.provideService(ErrorTracker.ErrorTracker, tracker)
  )
  const sent: Array<number> = []
  const answer: { error: FetchError.ApiRateLimit | undefined } = { error: undefined }
  const request = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    sent.push(now)
    const { error } = answer
    answer.error = undefined
    return error === undefined ? Effect.succeed(now) : Effect.fail(error)
  })
  const pausedFor = Effect.map(
    policy.state,
    ({ gate }) => Option.match(gate, { onNone: () => 0, onSome: Duration.toMillis })
  )
  return { answer, call: request.pipe(Fetch.retry(policy)), gate, pausedFor, policy, sent }
})

describe("FleetGate", () => {
  it.scoped("a rate limit of one process pauses all processes of the address and the source, and no other", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const [a, b] = [yield* processOf(yield* fleet), yield* processOf(yield* fleet)]
      const office = yield* processOf(yield* fleet, { address: "office" })
      const other = yield* processOf(yield* fleet, { source: "other" })
      a.answer.error = limited("30 seconds")
      const first = yield* Effect.fork(a.call)
      yield* TestClock.adjust(0)
      expect(yield* a.pausedFor).toBeGreaterThanOrEqual(30_000)
      expect(yield* b.pausedFor).toBeGreaterThanOrEqual(30_000)
      expect(yield* b.pausedFor).toBeLessThanOrEqual(31_000)
      expect(yield* office.pausedFor).toBe(0)
      expect(yield* other.pausedFor).toBe(0)
      const second = yield* Effect.fork(b.call)
      yield* TestClock.adjust("29 seconds")
      expect([a.sent.length, b.sent.length]).toEqual([1, 0])
      expect((yield* b.policy.state).reason).toEqual(Option.some("too many requests"))
      yield* TestClock.adjust("3 seconds")
      expect((yield* first.await)._tag).toBe("Success")
      expect((yield* second.await)._tag).toBe("Success")
      expect(Math.min(...a.sent.slice(1), ...b.sent)).toBeGreaterThan(30_000)
    }))

  it.scoped("a process that starts during a ban knows it before its first request", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const a = yield* processOf(yield* fleet)
      a.answer.error = banned("2 minutes")
      yield* Effect.fork(a.call)
      yield* TestClock.adjust("1 minute")
      const b = yield* processOf(yield* fleet)
      expect(yield* b.pausedFor).toBeGreaterThanOrEqual(60_000)
      yield* Effect.fork(b.call)
      yield* TestClock.adjust("59 seconds")
      expect(b.sent).toEqual([])
    }))

  it.scoped("the processes resume at different instants within the spread, no one early", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const processes = yield* Effect.forEach(
        Array.from({ length: 16 }, (_, i) => i),
        (i) => Effect.withRandom(Effect.flatMap(fleet, (store) => processOf(store)), Random.make(i))
      )
      const [first] = processes
      if (first === undefined) return expect.unreachable()
      first.answer.error = limited("20 seconds")
      yield* Effect.fork(first.call)
      yield* TestClock.adjust(0)
      for (const { call } of processes.slice(1)) yield* Effect.fork(call)
      yield* TestClock.adjust("22 seconds")
      const resumed = processes.map(({ sent }) => sent.at(-1) ?? 0).toSorted((a, b) => a - b)
      expect(resumed[0]).toBeGreaterThanOrEqual(20_000)
      expect(resumed.at(-1)).toBeLessThanOrEqual(21_100)
      expect((resumed.at(-1) ?? 0) - (resumed[0] ?? 0)).toBeGreaterThan(700)
      // Without the spread all of them would resume within the first 20 ms.
      const within = (millis: number) =>
        Math.max(...resumed.map((at) => resumed.filter((b) => b >= at && b < at + millis).length))
      expect(within(20)).toBeLessThanOrEqual(4)
    }))

  it.scoped("a pause that is extended by less than a second is published once", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const store = yield* fleet
      const changes: Array<number> = []
      yield* Effect.forkScoped(
        Stream.runForEach((yield* fleet).gates("home"), (gates) => Effect.sync(() => changes.push(gates.length)))
      )
      const [a, b] = [yield* processOf(store), yield* processOf(yield* fleet)]
      yield* TestClock.adjust(0)
      const [host, other] = [a.gate.host("api"), b.gate.host("api")]
      for (let i = 0; i < 9; i++) {
        const of = i % 2 === 0 ? host : other
        of.close({ error: limited("30 seconds"), until: 30_000 + 100 * i })
        yield* TestClock.adjust(0)
      }
      expect(changes).toEqual([0, 1])
      other.close({ error: limited("60 seconds"), until: 60_000 })
      yield* TestClock.adjust(0)
      expect(changes).toEqual([0, 1, 1])
      expect(yield* a.pausedFor).toBeGreaterThanOrEqual(60_000)
    }))

  it.scoped("a store that fails changes nothing for this process, and learns of the pause when it is back", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const [real, other] = [yield* fleet, yield* fleet]
      let isAway = true
      const failing: FleetStore.Service = {
        ...real,
        closeGate: (closing) =>
          isAway
            ? Effect.fail(new FleetStore.Unavailable({ operation: "closeGate", message: "away", mayBeDone: false }))
            : real.closeGate(closing),
        closedGates: () =>
          Effect.fail(new FleetStore.Unavailable({ operation: "closedGates", message: "away", mayBeDone: false })),
        gates: () => Stream.never
      }
      const [a, b] = [yield* processOf(failing), yield* processOf(other)]
      a.answer.error = banned("1 minute")
      yield* Effect.fork(a.call)
      yield* TestClock.adjust("10 seconds")
      expect(a.sent).toHaveLength(1)
      expect(yield* a.pausedFor).toBe(50_000)
      expect(yield* b.pausedFor).toBe(0)
      isAway = false
      yield* TestClock.adjust("1 second")
      expect(yield* b.pausedFor).toBeGreaterThanOrEqual(49_000)
      expect(yield* b.pausedFor).toBeLessThanOrEqual(50_000)
    }))

  it.scoped("a store that hangs delays no call", () =>
    Effect.gen(function*() {
      const real = yield* FleetStore.memoryFleet()
      const a = yield* processOf({ ...real, closeGate: () => Effect.never })
      yield* a.call
      a.answer.error = limited("5 seconds")
      const call = yield* Effect.fork(a.call)
      yield* TestClock.adjust("5100 millis")
      expect((yield* call.await)._tag).toBe("Success")
    }))

  it.scoped("a store that was emptied learns the pause from any process, also from one that has only heard of it", () =>
    Effect.gen(function*() {
      const [old, fresh] = [FleetStore.memoryFleet(), FleetStore.memoryFleet()]
      const emptied = yield* fresh
      let isEmptied = false
      const [first, second] = [yield* old, yield* old]
      const scope = yield* Scope.make()
      const a = yield* Scope.extend(processOf(first), scope)
      const b = yield* processOf({
        ...second,
        closeGate: (closing) => (isEmptied ? emptied : second).closeGate(closing)
      })
      a.answer.error = banned("1 minute")
      yield* Effect.fork(a.call)
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      isEmptied = true
      yield* TestClock.adjust("3 seconds")
      const [known] = yield* emptied.closedGates("home")
      expect(known?.wait).toBeLessThanOrEqual(56_000)
      expect(known?.wait).toBeGreaterThan(55_000)
      expect(yield* b.pausedFor).toBeLessThanOrEqual(57_000)
    }))

  it.scoped("one line says that another process was limited", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const [a, b] = [yield* processOf(yield* fleet), yield* processOf(yield* fleet)]
      a.answer.error = banned("1 minute")
      yield* Effect.fork(a.call)
      yield* TestClock.adjust("30 seconds")
      expect(yield* b.pausedFor).toBeGreaterThan(0)
      const warnings = (yield* LogCapture.entries).filter(({ level }) => level === "Warning")
      expect(warnings.map(({ message }) => message)).toEqual([
        "Rate limited by the server: requests paused for 1m: banned",
        "Banned by the server, as another process reports: requests to api paused for 1m: banned"
      ])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.scoped("clients of Binance that find the gate send nothing during a ban of another process", () =>
    Effect.gen(function*() {
      const fleet = FleetStore.memoryFleet()
      const client = (...faults: ReadonlyArray<Fault.Fault>) =>
        Effect.flatMap(fleet, (store) =>
          Layer.build(
            BinanceRest.layer().pipe(
              Layer.provideMerge(FaultyExchange.layerClient({ now: "2026-01-01", faults })),
              Layer.provide(FleetGate.layer({ address: "home" }).pipe(Layer.provide(storeLayer(store))))
            )
          ))
      const day = { symbol: "BTCUSDT", interval: "1h", start: "2024-01-01", end: "2024-01-02" } as const
      const [a, b] = [yield* client(Fault.banned("2 minutes")), yield* client()]
      const candles = (of: typeof a, market: "SPOT" | "FUTURES_USDT") =>
        Effect.exit(Context.get(of, BinanceRest.BinanceRest).klines({ ...day, market }))
      yield* candles(a, "SPOT")
      yield* TestClock.adjust(0)
      const refused = yield* candles(b, "SPOT")
      expect(Exit.isFailure(refused) && String(refused.cause)).toContain("Not sent because the exchange asks to wait")
      const requests = Effect.flatMap(
        Context.get(b, FaultyExchange.FaultyExchange).requests,
        (all) => Effect.succeed(all.length)
      )
      expect(yield* requests).toBe(0)
      // Another host has limits of its own.
      expect(Exit.isSuccess(yield* candles(b, "FUTURES_USDT"))).toBe(true)
    }))
})
