import type * as HttpClient from "@effect/platform/HttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import { Cause, DateTime, Duration, Effect, Exit, Layer, Option, Scope, Stream, TestClock } from "effect"
import * as Alert from "effect-errata/Alert"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as FetchError from "effect-errata/FetchError"
import * as Notifier from "effect-errata/Notifier"
import { LogCapture } from "effect-errata/testing"

// ---------------------------------------------------------------------------------------------------------------------
// helpers
// ---------------------------------------------------------------------------------------------------------------------

const dns = new FetchError.NetworkDns()
const auth = new FetchError.ApiAuth()

const thresholds = {
  NETWORK_DNS: { perMinute: 2 },
  API_AUTH: { perMinute: 1 },
  NETWORK_TIMEOUT: { perMinute: 1 }
}

const track = (error: FetchError.FetchError, times: number) =>
  Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => Effect.repeatN(tracker.track(error), times - 1))

const status = Effect.flatMap(Notifier.Notifier, ({ status }) => status)

const lines = Effect.map(
  LogCapture.entries,
  (entries) =>
    entries.filter(({ message }) => !message.startsWith("THRESHOLD")).map(({ level, message }) => `${level} ${message}`)
)

type Answer = Effect.Effect<unknown, unknown>

/** A receiver that records what it is sent, and answers as the test asks. */
const recorder = (options: Partial<Notifier.Receiver> = {}) => {
  const received: Array<string> = []
  const alerts: Array<Notifier.Edge> = []
  const deliveries: Array<Notifier.Delivery> = []
  const state: { answer: Answer } = { answer: Effect.void }
  const receiver: Notifier.Receiver = {
    ...options,
    send: (alert, delivery) =>
      Effect.suspend(() => {
        received.push(`${alert._tag} ${alert.code}`)
        alerts.push(alert)
        deliveries.push(delivery)
        return state.answer
      })
  }
  return { receiver, received, alerts, deliveries, state }
}

/** A store over a map. */
const makeStore = () => {
  const values = new Map<string, string>()
  const state = { fails: false, hangs: false }
  const answer = <A>(effect: Effect.Effect<A>) =>
    Effect.suspend(() => state.hangs ? Effect.never : state.fails ? Effect.die(new Error("disk on fire")) : effect)
  const store = KeyValueStore.makeStringOnly({
    get: (key) => answer(Effect.sync(() => Option.fromNullable(values.get(key)))),
    set: (key, value) => answer(Effect.sync(() => values.set(key, value))),
    remove: (key) => Effect.sync(() => values.delete(key)),
    clear: Effect.sync(() => values.clear()),
    size: Effect.sync(() => values.size)
  })
  return { values, state, layer: Layer.succeed(KeyValueStore.KeyValueStore, store) }
}

const live = <A, E, R>(receivers: ReadonlyArray<Notifier.Receiver>, body: Effect.Effect<A, E, R>) =>
  Effect.provide(body, Notifier.layer(...receivers).pipe(Layer.provideMerge(ErrorTracker.layer({ thresholds }))))

/** One run of a process whose tracker and notifier share a store. */
const liveWith = <A, E, E2>(
  store: Layer.Layer<KeyValueStore.KeyValueStore, E2>,
  receiver: Notifier.Receiver,
  body: Effect.Effect<A, E, Notifier.Notifier | ErrorTracker.ErrorTracker>
) =>
  Effect.provide(
    body,
    Notifier.layer(receiver).pipe(
      Layer.provideMerge(ErrorTracker.layerPersisted({ thresholds })),
      Layer.provide(store)
    )
  )

const settle = TestClock.adjust(0)

const unavailable = Effect.fail(new FetchError.ApiFormat({ status: 503 }))

// ---------------------------------------------------------------------------------------------------------------------
// delivery
// ---------------------------------------------------------------------------------------------------------------------

describe("Notifier: delivery", () => {
  it.effect("delivers each edge once, in order, with one id", () => {
    const { alerts, deliveries, received, receiver } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        yield* track(dns, 5)
        yield* settle
        expect(received).toEqual(["Fired NETWORK_DNS", "Escalated NETWORK_DNS"])
        yield* TestClock.adjust("2 minutes")
        expect(received).toEqual(["Fired NETWORK_DNS", "Escalated NETWORK_DNS", "Resolved NETWORK_DNS"])
        expect(new Set(alerts.map(({ id }) => id)).size).toBe(1)
        expect(new Set(deliveries.map(({ key }) => key)).size).toBe(3)
        expect(deliveries.map(({ attempt, since }) => [attempt, DateTime.toEpochMillis(since)])).toEqual([
          [1, 0],
          [1, 0],
          [1, 0]
        ])
        expect(yield* status).toEqual([
          { name: "notifier", pending: 0, delivered: 3, dropped: 0, rejected: 0, failure: Option.none() }
        ])
      })
    )
  })

  it.effect("repeats an attempt with back-off until it succeeds, and keeps the order", () => {
    const { deliveries, received, receiver, state } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        state.answer = unavailable
        yield* track(dns, 3)
        yield* track(auth, 2)
        yield* settle
        expect(received).toEqual(["Fired NETWORK_DNS"])
        yield* TestClock.adjust("1 second")
        expect(received.length).toBe(2)
        yield* TestClock.adjust("20 minutes")
        // The delays double up to a minute, half of each being jitter.
        expect(received.length).toBeGreaterThan(20)
        expect(received.length).toBeLessThan(50)
        expect(new Set(received)).toEqual(new Set(["Fired NETWORK_DNS"]))
        expect(new Set(deliveries.map(({ key }) => key)).size).toBe(1)
        expect(deliveries.at(-1)?.attempt).toBe(received.length)
        state.answer = Effect.void
        received.length = 0
        yield* TestClock.adjust("1 minute")
        expect(received).toEqual(["Fired NETWORK_DNS", "Fired API_AUTH", "Resolved NETWORK_DNS", "Resolved API_AUTH"])
        expect(yield* lines).toEqual([
          "Warning Alerts cannot be delivered to \"notifier\": API response format error (status 503). They are retried; at most 256 are kept",
          "Info Alerts are delivered to \"notifier\" again"
        ])
      })
    ).pipe(Effect.provide(LogCapture.layer))
  })

  it.effect.each([400, 401, 403, 404, 410, 302])("status %i: the alert is rejected once, with one line", (status) => {
    const { received, receiver, state } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        state.answer = Effect.fail({ status, message: "no_service" })
        yield* track(dns, 3)
        yield* track(auth, 2)
        yield* TestClock.adjust("30 seconds")
        expect(received).toEqual(["Fired NETWORK_DNS", "Fired API_AUTH"])
        const rejections = (yield* lines).filter((line) => line.startsWith("Error"))
        expect(rejections.length).toBe(1)
        expect(rejections[0]).toContain("no_service")
        const [{ pending, rejected } = { pending: -1, rejected: -1 }] = yield* Effect.flatMap(
          Notifier.Notifier,
          ({ status }) => status
        )
        expect([pending, rejected]).toEqual([0, 2])
      })
    ).pipe(Effect.provide(LogCapture.layer))
  })

  it.effect("a receiver that accepts alerts again gets the active ones it had refused", () => {
    const { received, receiver, state } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        state.answer = Effect.fail({ status: 401 })
        yield* track(dns, 3)
        yield* settle
        state.answer = Effect.void
        received.length = 0
        yield* track(auth, 2)
        yield* settle
        expect(received).toEqual(["Fired API_AUTH", "Fired NETWORK_DNS"])
        yield* TestClock.adjust("2 minutes")
        expect(received.slice(2).sort()).toEqual(["Resolved API_AUTH", "Resolved NETWORK_DNS"])
      })
    )
  })

  it.effect("waits as long as the receiver asks", () => {
    const { received, receiver, state } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        state.answer = Effect.fail({ status: 429, headers: { "retry-after": "45" } })
        yield* track(dns, 3)
        yield* TestClock.adjust("44 seconds")
        expect(received.length).toBe(1)
        state.answer = Effect.void
        yield* TestClock.adjust("2 seconds")
        expect(received.length).toBe(2)
      })
    )
  })

  it.effect("a receiver that is down or hangs delays no other", () => {
    const up = recorder({ name: "up" })
    const down = recorder({ name: "down" })
    const hanging = recorder({ name: "hanging" })
    down.state.answer = unavailable
    hanging.state.answer = Effect.never
    return live(
      [down.receiver, hanging.receiver, up.receiver],
      Effect.gen(function*() {
        yield* track(dns, 3)
        yield* settle
        yield* track(auth, 2)
        yield* settle
        expect(up.received).toEqual(["Fired NETWORK_DNS", "Fired API_AUTH"])
        expect((yield* status).map(({ name, pending }) => [name, pending])).toEqual([
          ["down", 2],
          ["hanging", 2],
          ["up", 0]
        ])
        yield* TestClock.adjust("15 seconds")
        expect(hanging.received.length).toBe(2)
        hanging.state.answer = Effect.void
        yield* TestClock.adjust("15 seconds")
        expect(hanging.received).toEqual([
          "Fired NETWORK_DNS",
          "Fired NETWORK_DNS",
          "Fired NETWORK_DNS",
          "Fired API_AUTH"
        ])
      })
    )
  })

  it.effect("a receiver gets alerts of its severity and above", () => {
    const errors = recorder({ name: "errors", minSeverity: "ERROR" })
    const all = recorder({ name: "all" })
    return live(
      [errors.receiver, all.receiver],
      Effect.gen(function*() {
        yield* track(new FetchError.NetworkTimeout(), 2)
        yield* track(auth, 2)
        yield* TestClock.adjust("2 minutes")
        expect(errors.received).toEqual(["Fired API_AUTH", "Resolved API_AUTH"])
        expect(all.received.length).toBe(4)
      })
    )
  })

  it.effect("active alerts are repeated, and failures to do so are logged once", () => {
    const { receiver, received } = recorder()
    const repeated: Array<string> = []
    let answer: Answer = Effect.void
    const send = (alerts: ReadonlyArray<Notifier.ActiveAlert>) =>
      Effect.suspend(() => {
        repeated.push(alerts.map(({ alert }) => `${alert._tag} ${alert.code}`).join())
        return answer
      })
    return live(
      [{ ...receiver, keepAlive: { every: "10 seconds", send } }],
      Effect.gen(function*() {
        yield* TestClock.adjust("15 seconds")
        expect(repeated).toEqual([])
        yield* track(dns, 5)
        yield* TestClock.adjust("20 seconds")
        expect(repeated).toEqual(["Escalated NETWORK_DNS", "Escalated NETWORK_DNS"])
        answer = unavailable
        yield* TestClock.adjust("30 seconds")
        answer = Effect.void
        yield* TestClock.adjust("10 seconds")
        expect(repeated.length).toBe(6)
        yield* TestClock.adjust("1 minute")
        expect(received.at(-1)).toBe("Resolved NETWORK_DNS")
        const before = repeated.length
        yield* TestClock.adjust("10 minutes")
        expect(repeated.length).toBe(before)
        expect(yield* lines).toEqual([
          "Warning Alerts cannot be delivered to \"notifier\": API response format error (status 503). They are retried; at most 256 are kept",
          "Info Alerts are delivered to \"notifier\" again"
        ])
      })
    ).pipe(Effect.provide(LogCapture.layer))
  })

  it.effect("a send that dies is repeated five times, and does not hold up the next alert for ever", () => {
    const { received, receiver, state } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        state.answer = Effect.die(new TypeError("undefined is not a function"))
        yield* track(dns, 3)
        yield* TestClock.adjust("1 minute")
        expect(received.filter((name) => name === "Fired NETWORK_DNS").length).toBe(5)
        state.answer = Effect.void
        yield* track(auth, 2)
        yield* settle
        expect(received.at(-1)).toBe("Fired API_AUTH")
      })
    )
  })

  it.effect("a send that was interrupted or fails with anything is repeated", () => {
    const { received, receiver, state } = recorder()
    return live(
      [receiver],
      Effect.gen(function*() {
        const answers: Array<Answer> = [
          Effect.interrupt,
          Effect.fail("no"),
          Effect.fail(undefined),
          Effect.tryPromise(() => Promise.reject(new Error("boom"))),
          Effect.fail(new FetchError.NetworkConnection())
        ]
        state.answer = Effect.suspend(() => answers.shift() ?? Effect.void)
        yield* track(dns, 3)
        yield* TestClock.adjust("50 seconds")
        expect(received.length).toBe(6)
        expect((yield* status)[0]?.delivered).toBe(1)
      })
    )
  })

  it.effect("secrets in the texts of an alert are masked", () => {
    const { alerts, receiver } = recorder()
    return Effect.gen(function*() {
      const key = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
      const error = new FetchError.NetworkDns({ context: { symbol: `apiKey=${key}` } })
      yield* track(error, 3)
      yield* settle
      expect(alerts.length).toBe(1)
      expect(JSON.stringify(alerts)).not.toContain(key)
      expect(alerts[0]?.message).not.toContain(key)
    }).pipe(
      Effect.provide(
        Notifier.layer(receiver).pipe(Layer.provideMerge(ErrorTracker.layer({
          rules: [{ name: "symbols", by: "symbol", window: "minute", limit: 2 }],
          thresholds: {}
        })))
      )
    )
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// bounds
// ---------------------------------------------------------------------------------------------------------------------

const edgeOf = (n: number) => ({
  id: `a${n}`,
  code: `C${n}`,
  window: "minute",
  limit: 1,
  count: 2,
  severity: "ERROR" as const,
  at: DateTime.unsafeMake(n)
})

/** A tracker that publishes what a test pushes. */
const scripted = () => {
  const active = new Map<string, Alert.Fired>()
  const listeners = new Set<(alert: Alert.Alert) => void>()
  let subscriptions = 0
  const publish = (alert: Alert.Alert) => {
    if (alert._tag === "Fired") active.set(alert.id, alert)
    if (alert._tag === "Resolved") active.delete(alert.id)
    for (const listener of listeners) listener(alert)
  }
  const service = {
    ...Effect.runSync(Effect.provide(ErrorTracker.ErrorTracker, ErrorTracker.layerNoop)),
    activeAlerts: Effect.sync(() => Array.from(active.values())),
    alerts: Stream.asyncPush<Alert.Alert>((emit) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          subscriptions++
          for (const alert of active.values()) emit.single(new Alert.Fired({ ...alert, replayed: true }))
          const listener = (alert: Alert.Alert) => void emit.single(alert)
          listeners.add(listener)
          return listener
        }),
        (listener) => Effect.sync(() => listeners.delete(listener))
      )
    )
  }
  return {
    active,
    publish,
    subscriptions: () => subscriptions,
    layer: Layer.succeed(ErrorTracker.ErrorTracker, service),
    fire: (n: number) => publish(new Alert.Fired(edgeOf(n))),
    resolve: (n: number) =>
      publish(
        new Alert.Resolved({ ...edgeOf(n), count: 0, since: edgeOf(n).at, duration: Duration.millis(5), peak: 2 })
      )
  }
}

describe("Notifier: bounds", () => {
  it.effect("what is dropped is counted and logged in one line, and the end state is right", () => {
    const { alerts, receiver, state } = recorder({ maxPending: 10 })
    const tracker = scripted()
    return Effect.gen(function*() {
      state.answer = unavailable
      for (let n = 0; n < 300; n++) {
        tracker.fire(n)
        if (n % 10 !== 0) tracker.resolve(n)
      }
      yield* settle
      expect((yield* status)[0]?.pending).toBeLessThanOrEqual(10)
      state.answer = Effect.void
      yield* TestClock.adjust("10 minutes")
      const last = new Map(alerts.map(({ _tag, id }) => [id, _tag]))
      const believed = Array.from(last).filter(([, tag]) => tag !== "Resolved").map(([id]) => id)
      expect(new Set(believed)).toEqual(new Set(tracker.active.keys()))
      const [{ dropped, pending } = { dropped: 0, pending: -1 }] = yield* status
      expect(pending).toBe(0)
      expect(dropped).toBeGreaterThan(500)
      expect((yield* lines).filter((line) => line.includes("dropped")).length).toBe(1)
    }).pipe(
      Effect.provide(
        Notifier.layer(receiver).pipe(Layer.provideMerge(tracker.layer), Layer.provideMerge(LogCapture.layer))
      )
    )
  })

  it.effect("after Missed the alerts are those that are active", () => {
    const { received, receiver } = recorder()
    const tracker = scripted()
    return Effect.gen(function*() {
      yield* settle
      tracker.fire(1)
      yield* settle
      // The subscriber is behind: the end of 1 and the start of 2 are lost.
      tracker.active.delete("a1")
      tracker.active.set("a2", new Alert.Fired(edgeOf(2)))
      tracker.publish(new Alert.Missed({ count: 2 }))
      yield* settle
      expect(received.slice().sort()).toEqual(["Fired C1", "Fired C2", "Resolved C1"])
      expect(tracker.subscriptions()).toBe(2)
      tracker.resolve(2)
      yield* settle
      expect(received.at(-1)).toBe("Resolved C2")
    }).pipe(Effect.provide(Notifier.layer(receiver).pipe(Layer.provideMerge(tracker.layer))))
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// restarts
// ---------------------------------------------------------------------------------------------------------------------

describe("Notifier: restarts", () => {
  it.effect("what was accepted is not sent again, what was not is", () =>
    Effect.gen(function*() {
      const { layer } = makeStore()
      const first = recorder()
      yield* liveWith(
        layer,
        first.receiver,
        Effect.gen(function*() {
          yield* track(dns, 3)
          yield* settle
          first.state.answer = unavailable
          yield* track(auth, 2)
          yield* settle
        })
      )
      expect(first.received.slice(0, 2)).toEqual(["Fired NETWORK_DNS", "Fired API_AUTH"])
      const second = recorder()
      yield* liveWith(
        layer,
        second.receiver,
        Effect.gen(function*() {
          yield* settle
          expect(second.received).toEqual(["Fired API_AUTH"])
          expect(second.deliveries[0]?.key).toBe(first.deliveries[1]?.key)
          yield* TestClock.adjust("2 minutes")
          expect(second.received.slice(1).sort()).toEqual(["Resolved API_AUTH", "Resolved NETWORK_DNS"])
          expect(second.alerts.map(({ id }) => id)).toContain(first.alerts[0]?.id)
        })
      )
    }))

  it.effect("an alert that ended while no process ran is resolved, as unobserved", () =>
    Effect.gen(function*() {
      const { layer } = makeStore()
      const first = recorder()
      yield* liveWith(layer, first.receiver, Effect.zipRight(track(dns, 5), settle))
      yield* TestClock.adjust("10 minutes")
      const second = recorder()
      yield* liveWith(layer, second.receiver, settle)
      expect(second.received).toEqual(["Resolved NETWORK_DNS"])
      const [end] = second.alerts
      expect(end?.id).toBe(first.alerts[0]?.id)
      expect(end?._tag === "Resolved" && [end.reason, end.peak, Duration.toMinutes(end.duration)]).toEqual([
        "unobserved",
        5,
        10
      ])
      expect(end?.message).toBe(
        "THRESHOLD RESOLVED: the alert of NETWORK_DNS in the last minute ended while it was not observed (threshold: 2, peak: 5)"
      )
      const third = recorder()
      yield* liveWith(layer, third.receiver, settle)
      expect(third.received).toEqual([])
    }))

  it.effect("a process that is killed after the answer, before the write: the alert is sent again with its key", () =>
    Effect.gen(function*() {
      const store = makeStore()
      const first = recorder()
      const scope = yield* Scope.make()
      let before = new Map<string, string>()
      first.state.answer = Effect.sync(() => {
        before = new Map(store.values)
      })
      const context = yield* Layer.buildWithScope(
        Notifier.layer(first.receiver).pipe(
          Layer.provideMerge(ErrorTracker.layer({ thresholds })),
          Layer.provide(store.layer)
        ),
        scope
      )
      yield* Effect.provide(track(dns, 3), context)
      yield* settle
      const after = new Map(store.values)
      yield* Scope.close(scope, Exit.void)
      const restart = (values: ReadonlyMap<string, string>) =>
        Effect.gen(function*() {
          const again = makeStore()
          for (const [key, value] of values) again.values.set(key, value)
          const { deliveries, received, receiver } = recorder()
          yield* liveWith(again.layer, receiver, settle)
          return { received, keys: deliveries.map(({ key }) => key) }
        })
      // The tracker has forgotten the alert.
      expect(yield* restart(before)).toMatchObject({ received: ["Fired NETWORK_DNS", "Resolved NETWORK_DNS"] })
      expect((yield* restart(before)).keys[0]).toBe(first.deliveries[0]?.key)
      expect((yield* restart(after)).received).toEqual(["Resolved NETWORK_DNS"])
    }))

  it.effect.each(
    [
      ["damaged", "{\"format\":\"effect-errata notif"],
      ["foreign", "[1,2,3]"],
      ["of a newer version", "{\"format\":\"effect-errata notifier\",\"version\":2,\"number\":7}"]
    ] as const
  )("stored progress that is %s is left in place, and alerts are delivered", ([, text]) =>
    Effect.gen(function*() {
      const { layer, values } = makeStore()
      values.set("notifier.notifier.0", text)
      const { received, receiver } = recorder()
      yield* liveWith(layer, receiver, Effect.zipRight(track(dns, 3), settle))
      expect(received).toEqual(["Fired NETWORK_DNS"])
      expect(values.get("notifier.notifier.0")).toBe(text)
      expect((yield* lines).filter((line) => line.includes("left in place")).length).toBe(1)
      const second = recorder()
      yield* liveWith(layer, second.receiver, settle)
      expect(second.received).toEqual([])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("a file that a killed process left empty is written over, however often", () =>
    Effect.gen(function*() {
      const { layer, values } = makeStore()
      for (let kill = 0; kill < 20; kill++) {
        const { received, receiver } = recorder()
        yield* liveWith(layer, receiver, kill === 0 ? Effect.zipRight(track(dns, 3), settle) : settle)
        expect(received).toEqual(kill === 0 ? ["Fired NETWORK_DNS"] : [])
        const keys = Array.from(values.keys()).filter((key) => key.startsWith("notifier"))
        expect(keys.length).toBeLessThanOrEqual(2)
        // The write that was interrupted is one to the older of two slots.
        const numbers = keys.map((key) => Number(/"number":(\d+)/.exec(values.get(key) ?? "")?.[1] ?? -1))
        const older = keys[numbers.indexOf(Math.min(...numbers))]
        if (keys.length === 2 && older !== undefined) values.set(older, "")
      }
      expect((yield* lines).filter((line) => !line.startsWith("Debug"))).toEqual([])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect.each(["fails", "hangs"] as const)("a store that %s blocks no alert", (how) =>
    Effect.gen(function*() {
      const { layer, state } = makeStore()
      const { received, receiver } = recorder()
      const context = yield* Layer.build(
        Notifier.layer(receiver).pipe(
          Layer.provideMerge(ErrorTracker.layer({ thresholds })),
          Layer.provide(layer)
        )
      )
      state[how] = true
      yield* Effect.provide(track(dns, 3), context)
      yield* TestClock.adjust("5 seconds")
      expect(received).toEqual(["Fired NETWORK_DNS"])
      yield* TestClock.adjust("10 seconds")
      yield* Effect.provide(track(auth, 2), context)
      yield* settle
      expect(received).toEqual(["Fired NETWORK_DNS", "Fired API_AUTH"])
      state[how] = false
      yield* TestClock.adjust("2 minutes")
    }).pipe(Effect.scoped))

  it.effect("without a store a new process sends the active alerts, marked as replayed", () =>
    Effect.gen(function*() {
      const { layer } = makeStore()
      const tracker = ErrorTracker.layerPersisted({ thresholds }).pipe(Layer.provide(layer))
      const run = (receiver: Notifier.Receiver, body: Effect.Effect<void, never, ErrorTracker.ErrorTracker>) =>
        Effect.provide(body, Notifier.layer(receiver).pipe(Layer.provideMerge(tracker)))
      const first = recorder()
      yield* run(first.receiver, Effect.zipRight(track(dns, 3), settle))
      const second = recorder()
      yield* run(second.receiver, settle)
      expect(second.received).toEqual(["Fired NETWORK_DNS"])
      expect(second.alerts[0]?.id).toBe(first.alerts[0]?.id)
      expect(second.alerts.map((alert) => alert._tag === "Fired" && alert.replayed)).toEqual([true])
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// the end of the layer
// ---------------------------------------------------------------------------------------------------------------------

describe("Notifier: the end of the layer", () => {
  it.effect("a program that ends at once delivers its alerts", () =>
    Effect.gen(function*() {
      const { received, receiver } = recorder()
      yield* live([receiver], track(dns, 5))
      expect(received).toEqual(["Fired NETWORK_DNS", "Escalated NETWORK_DNS"])
    }))

  it.effect("a receiver that fails gets one last attempt, and what is left is logged", () =>
    Effect.gen(function*() {
      const { received, receiver, state } = recorder()
      yield* live(
        [receiver],
        Effect.gen(function*() {
          state.answer = unavailable
          yield* track(dns, 3)
          yield* track(auth, 2)
          yield* settle
          expect(received.length).toBe(1)
        })
      )
      expect(received.length).toBe(2)
      expect(yield* lines).toEqual([
        "Warning 2 alerts were not delivered to \"notifier\" before the end of the program: API response format error (status 503). Pending alerts are not stored"
      ])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.live("a receiver that hangs is given up after the drain timeout", () =>
    Effect.gen(function*() {
      const { received, receiver, state } = recorder({ drainTimeout: "100 millis" })
      let interrupted = 0
      state.answer = Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      const [took] = yield* Effect.timed(live([receiver], track(dns, 3)))
      expect(received).toEqual(["Fired NETWORK_DNS"])
      expect(Duration.toMillis(took)).toBeGreaterThanOrEqual(90)
      expect(Duration.toMillis(took)).toBeLessThan(3000)
      yield* Effect.sleep("10 millis")
      expect(interrupted).toBe(1)
    }))

  it.live("an attempt that has begun is finished, not repeated", () =>
    Effect.gen(function*() {
      const { received, receiver, state } = recorder()
      state.answer = Effect.sleep("50 millis")
      yield* live([receiver], Effect.zipRight(track(dns, 3), Effect.sleep("10 millis")))
      expect(received).toEqual(["Fired NETWORK_DNS"])
    }))

  it.live("without a drain timeout nothing is sent at the end", () =>
    Effect.gen(function*() {
      const { received, receiver, state } = recorder({ drainTimeout: 0 })
      state.answer = Effect.fail("down")
      yield* live([receiver], Effect.zipRight(track(dns, 3), Effect.sleep("10 millis")))
      expect(received.length).toBe(1)
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("while the receiver has asked for a wait, nothing is sent at the end", () =>
    Effect.gen(function*() {
      const { received, receiver, state } = recorder()
      state.answer = Effect.fail({ status: 429, headers: { "retry-after": "60" } })
      yield* live([receiver], Effect.zipRight(track(dns, 3), settle))
      expect(received).toEqual(["Fired NETWORK_DNS"])
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// options
// ---------------------------------------------------------------------------------------------------------------------

describe("Notifier: options", () => {
  it("the layer requires what its receivers require", () => {
    const both = Notifier.layer(Notifier.webhook("https://x.example/hook"), { send: () => Effect.void })
    expectTypeOf(both).toEqualTypeOf<
      Layer.Layer<Notifier.Notifier, never, ErrorTracker.ErrorTracker | HttpClient.HttpClient>
    >()
    const own = Notifier.layer({ send: () => Effect.void })
    expectTypeOf(own).toEqualTypeOf<Layer.Layer<Notifier.Notifier, never, ErrorTracker.ErrorTracker>>()
  })

  const send = () => Effect.void
  const refused = (...receivers: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      // As a caller without a compiler would.
      const exit = yield* Effect.exit(live(receivers as ReadonlyArray<Notifier.Receiver>, Effect.void))
      return Exit.isFailure(exit) ? Cause.pretty(exit.cause).split("\n")[0] : "accepted"
    })

  it.effect.each<[ReadonlyArray<unknown>, string]>([
    [[], "there is no receiver"],
    [[[{ send: () => Effect.void }]], "pass each receiver as an argument, Notifier.layer(first, second)"],
    [[{}], "send is undefined: it must be a function"],
    [[{ send, sevrity: "ERROR" }], "unknown option \"sevrity\""],
    [[{ send, minSeverity: "error" }], "minSeverity: unknown severity \"error\", did you mean \"ERROR\"?"],
    [[{ send, timeout: "5 mins" }], "write \"5 minutes\""],
    [[{ send, maxPending: 0 }], "maxPending is 0"],
    [[{ send, retry: { base: "2 minutes" } }], "retry.base is 2m: it must be at most as long as the cap, 1m"],
    [[{ send }, { send }], "two receivers have the name \"notifier\""]
  ])("%#: are refused when the layer is built", ([receivers, message]) =>
    Effect.gen(function*() {
      expect(yield* refused(...receivers)).toContain(message)
    }))
})
