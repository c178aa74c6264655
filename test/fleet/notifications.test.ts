/** The notifiers of several processes of one fleet, over a store in memory. `notifications.processes.test.ts` kills real ones. */
import { describe, expect, it } from "@effect/vitest"
import { ErrorTracker, FetchError, Notifier } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"

interface Sent {
  readonly process: number
  readonly edge: string
  readonly id: string
  readonly key: string
}

type Link = "up" | "away" | "readOnly" | "dead"

/** A process: its tracker, and what can happen to it. */
interface Process {
  readonly tracker: ErrorTracker.Service
  readonly notifier: Notifier.Service
  /** Cuts the process off from the store, or makes it do nothing more. */
  link: Link
  /** How late the process hears of edges. It hears later still of what others have delivered. */
  late: Duration.DurationInput
  /** What its receiver does with an alert before it counts as sent. */
  receive: Effect.Effect<void, string>
  readonly end: Effect.Effect<void>
}

const unavailable = new FleetStore.Unavailable({ operation: "any", message: "away", mayBeDone: false })

/** A store that follows the state of a link. */
const linked = (
  store: FleetStore.Service,
  link: () => Link,
  late: () => Duration.DurationInput
): FleetStore.Service => {
  const through = <A>(effect: Effect.Effect<A, FleetStore.Unavailable>): Effect.Effect<A, FleetStore.Unavailable> =>
    Effect.suspend(() =>
      link() === "up" || link() === "readOnly" ? effect : link() === "away" ? Effect.fail(unavailable) : Effect.never
    )
  return {
    ...store,
    flush: (batch) => through(store.flush(batch)),
    resume: (process, seq) => through(store.resume(process, seq)),
    counts: (key) => through(store.counts(key)),
    timeline: (key, fields) => through(store.timeline(key, fields)),
    changeState: (change) => through(store.changeState(change)),
    restoreStates: (states) => through(store.restoreStates(states)),
    states: through(store.states),
    join: (group, ttl) => through(store.join(group, ttl)),
    leave: (group) => through(store.leave(group)),
    lease: (name, ttl) => through(store.lease(name, ttl)),
    release: (name) => through(store.release(name)),
    mark: (set, marks) =>
      through(Effect.suspend(() => link() === "readOnly" ? Effect.fail(unavailable) : store.mark(set, marks))),
    marks: (set, names) => Effect.tap(through(store.marks(set, names)), () => Effect.sleep(Duration.times(late(), 2))),
    edges: (after) => Stream.tap(store.edges(after), () => Effect.sleep(late()))
  }
}

const burst = { custom: [{ name: "burst", window: "3 seconds", limit: 3 }] } as const
const thresholds = { NETWORK_DNS: burst, NETWORK_TIMEOUT: burst }
// Alerts are resolved, and what is pending is delivered.
const quiet = "8 seconds"

/** Starts processes one after the other; all send to one receiver. */
const fleetOf = (options: Partial<Notifier.Receiver> = {}) => {
  const fleet = FleetStore.memoryFleet()
  const sent: Array<Sent> = []
  const processes: Array<Process> = []
  const start = Effect.gen(function*() {
    const number = processes.length
    let process: Process | undefined
    const link = () => process?.link ?? "up"
    const late = () => process?.late ?? 0
    // A process that died does not end in good order.
    const scope = yield* Effect.acquireRelease(
      Scope.make(),
      (scope, exit) => link() === "dead" ? Effect.void : Scope.close(scope, exit)
    )
    const store = yield* fleet
    const receiver: Notifier.Receiver = {
      retry: { base: "1 second", cap: "1 second" },
      ...options,
      send: (alert, { key }) =>
        Effect.suspend(() => process?.receive ?? Effect.void).pipe(
          Effect.tap(() =>
            link() === "dead"
              ? Effect.never
              : Effect.sync(() => {
                sent.push({ process: number, edge: `${alert._tag} ${alert.code}`, id: alert.id, key })
              })
          )
        )
    }
    const services = yield* Layer.buildWithScope(
      Notifier.layer(receiver).pipe(
        Layer.provideMerge(FleetTracker.layer({ thresholds })),
        Layer.provide(Layer.succeed(FleetStore.FleetStore, linked(store, link, late))),
        Layer.provide(Logger.remove(Logger.defaultLogger))
      ),
      scope
    )
    process = {
      tracker: Context.get(services, ErrorTracker.ErrorTracker),
      notifier: Context.get(services, Notifier.Notifier),
      link: "up",
      late: 0,
      receive: Effect.void,
      end: Scope.close(scope, Exit.void)
    }
    processes.push(process)
    return process
  })
  /** The keys of all edges that a process hears which notifies nobody. */
  const listen = Effect.gen(function*() {
    const heard: Array<string> = []
    const services = yield* Layer.build(
      FleetTracker.layer({ thresholds }).pipe(Layer.provide(Layer.effect(FleetStore.FleetStore, fleet)))
    )
    yield* Context.get(services, ErrorTracker.ErrorTracker).alerts.pipe(
      Stream.runForEach((alert) =>
        Effect.sync(() => {
          if (alert._tag === "Missed") return
          heard.push(`${alert.id}-${alert._tag}-${alert.at.epochMillis}-${alert.count}`)
        })
      ),
      Effect.forkScoped
    )
    return heard
  })
  return { sent, start, listen, edges: () => sent.map(({ edge }) => edge) }
}

const isDeep = process.env.MODE === "fleet"

const dns = new FetchError.NetworkDns()
const timeout = new FetchError.NetworkTimeout()
const fail = ({ tracker }: Process, times = 1, error: FetchError.FetchError = dns) =>
  Effect.repeatN(tracker.track(error), times - 1)

const course = ["Fired NETWORK_DNS", "Escalated NETWORK_DNS", "Resolved NETWORK_DNS"]

describe("Notifier of a fleet", () => {
  it.scoped("each edge of three processes is delivered once, in order", () =>
    Effect.gen(function*() {
      const { edges, start } = fleetOf()
      const all = [yield* start, yield* start, yield* start]
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("2 seconds")
      expect(edges()).toEqual(course.slice(0, 1))
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust(quiet)
      expect(edges()).toEqual(course)
      const status = yield* Effect.forEach(all, ({ notifier }) => notifier.status)
      expect(status.flat().map(({ pending }) => pending)).toEqual([0, 0, 0])
      expect(status.flat().reduce((sum, { delivered }) => sum + delivered, 0)).toBe(3)
    }))

  it.scoped("an alert that a process took and did not deliver before it died is delivered by another one", () =>
    Effect.gen(function*() {
      const { edges, sent, start } = fleetOf()
      const all = [yield* start, yield* start, yield* start]
      let taken: Process | undefined
      for (const process of all) {
        process.receive = Effect.suspend(() => {
          if (taken !== undefined) return Effect.void
          taken = process
          process.link = "dead"
          return Effect.never
        })
      }
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("2 seconds")
      expect(edges()).toEqual([])
      yield* TestClock.adjust("12 seconds")
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
      expect(sent.map(({ process }) => all[process])).not.toContain(taken)
    }))

  it.scoped("a process that delivered and died before it said so: another one delivers the same key again", () =>
    Effect.gen(function*() {
      const { sent, start } = fleetOf()
      const all = [yield* start, yield* start]
      for (const process of all) yield* fail(process, 3)
      for (const process of all) {
        process.receive = Effect.sync(() => {
          if (sent.length > 0) return
          const { edge, id, key } = { edge: "Fired NETWORK_DNS", id: "", key: "" }
          sent.push({ process: all.indexOf(process), edge, id, key })
          process.link = "dead"
        })
      }
      yield* TestClock.adjust("14 seconds")
      expect(sent.map(({ edge }) => edge)).toEqual([
        "Fired NETWORK_DNS",
        "Fired NETWORK_DNS",
        "Resolved NETWORK_DNS"
      ])
      expect(sent[1]?.process).not.toBe(sent[0]?.process)
    }))

  it.scoped("a process that starts during an alert sends nothing again, and delivers its end", () =>
    Effect.gen(function*() {
      const { edges, sent, start } = fleetOf()
      const first = yield* start
      yield* fail(first, 4)
      yield* TestClock.adjust("1 second")
      expect(edges()).toEqual(["Fired NETWORK_DNS"])
      yield* start
      yield* first.end
      yield* TestClock.adjust(quiet)
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
      expect(sent.map(({ process }) => process)).toEqual([0, 1])
      expect(new Set(sent.map(({ id }) => id)).size).toBe(1)
    }))

  it.scoped("a process that cannot reach the receiver leaves its turn to the others", () =>
    Effect.gen(function*() {
      const { edges, sent, start } = fleetOf()
      const all = [yield* start, yield* start, yield* start]
      const [first, second] = all
      for (const process of [first, second]) if (process) process.receive = Effect.fail("no route")
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("30 seconds")
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
      expect(new Set(sent.map(({ process }) => process))).toEqual(new Set([2]))
    }))

  it.scoped("a receiver that was down gets each alert once when it is back", () =>
    Effect.gen(function*() {
      const { edges, start } = fleetOf()
      const all = [yield* start, yield* start, yield* start]
      for (const process of all) process.receive = Effect.fail("status 503")
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("20 seconds")
      expect(edges()).toEqual([])
      for (const process of all) process.receive = Effect.void
      yield* TestClock.adjust("10 seconds")
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
    }))

  it.scoped("a delivery that takes longer than a turn lasts is not repeated by another process", () =>
    Effect.gen(function*() {
      const { edges, start } = fleetOf({ timeout: "1 minute" })
      const all = [yield* start, yield* start]
      for (const process of all) process.receive = Effect.sleep("25 seconds")
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("1 minute")
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
    }))

  it.scoped("a process that hears late delivers nothing that another one has delivered in the meantime", () =>
    Effect.gen(function*() {
      const { edges, start } = fleetOf()
      const all = [yield* start, yield* start]
      // Whichever of the two decides and delivers: the other one is late.
      for (const [first, second] of [all, all.toReversed()]) {
        if (first === undefined || second === undefined) continue
        first.late = 0
        second.late = "1500 millis"
        yield* fail(first, 4)
        yield* TestClock.adjust("700 millis")
        yield* fail(first, 4, timeout)
        yield* TestClock.adjust("12 seconds")
      }
      const one = ["Fired NETWORK_DNS", "Fired NETWORK_TIMEOUT", "Resolved NETWORK_DNS", "Resolved NETWORK_TIMEOUT"]
      expect(edges()).toEqual([...one, ...one])
    }))

  it.scoped("deliveries that could not be marked are marked before another process has its turn", () =>
    Effect.gen(function*() {
      const { edges, start } = fleetOf()
      const all = [yield* start, yield* start]
      for (const process of all) process.receive = Effect.sync(() => void (process.link = "readOnly"))
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("2 seconds")
      expect(edges()).toEqual(["Fired NETWORK_DNS"])
      for (const process of all) {
        process.link = "up"
        process.receive = Effect.void
      }
      yield* TestClock.adjust("14 seconds")
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
    }))

  it.scoped("without the store each process delivers its own alerts, and afterwards nothing again", () =>
    Effect.gen(function*() {
      const { edges, sent, start } = fleetOf()
      const all = [yield* start, yield* start]
      yield* TestClock.adjust("1 second")
      for (const process of all) process.link = "away"
      for (let i = 0; i < 8; i++) {
        for (const process of all) {
          yield* fail(process, 2)
          yield* TestClock.adjust("500 millis")
        }
      }
      expect(edges()).toContain("Fired NETWORK_DNS")
      expect(new Set(sent.map(({ process }) => process)).size).toBe(2)
      for (const process of all) {
        process.link = "up"
        process.receive = Effect.void
      }
      yield* TestClock.adjust("14 seconds")
      expect(new Set(sent.map(({ key }) => key)).size).toBe(sent.length)
      // Each alert has its end.
      const ends = sent.filter(({ edge }) => edge.startsWith("Resolved")).map(({ id }) => id)
      expect(ends.toSorted()).toEqual(Array.from(new Set(sent.map(({ id }) => id))).toSorted())
    }))

  it.scoped("receivers of other names are delivered to by themselves", () =>
    Effect.gen(function*() {
      const [one, other] = [fleetOf({ name: "one" }), fleetOf({ name: "other" })]
      for (const { start } of [one, other]) yield* fail(yield* start, 4)
      yield* TestClock.adjust("1 second")
      expect([one.edges(), other.edges()]).toEqual([["Fired NETWORK_DNS"], ["Fired NETWORK_DNS"]])
    }))

  it.scoped("active alerts are repeated until the end was delivered, whichever process delivered it", () =>
    Effect.gen(function*() {
      const repeated: Array<string> = []
      const { edges, start } = fleetOf({
        keepAlive: {
          every: "1 second",
          send: (alerts) =>
            Effect.sync(() => repeated.push(...alerts.map(({ alert }) => `${alert._tag} after ${edges().length}`)))
        }
      })
      const all = [yield* start, yield* start, yield* start]
      for (const process of all) yield* fail(process, 2)
      yield* TestClock.adjust("20 seconds")
      expect(edges()).toEqual(["Fired NETWORK_DNS", "Resolved NETWORK_DNS"])
      expect(repeated.length).toBeGreaterThan(0)
      expect(new Set(repeated)).toEqual(new Set(["Fired after 1"]))
    }))

  // A random course of errors, deaths, starts and failures of the receiver.
  for (const seed of Array.from({ length: isDeep ? 40 : 2 }, (_, i) => i)) {
    it.scoped(`every edge arrives, twice only after a death, and those of an alert in order: seed ${seed}`, () =>
      Effect.gen(function*() {
        const { listen, sent, start } = fleetOf()
        const heard = yield* listen
        const all = [yield* start, yield* start, yield* start]
        const hasDeaths = seed % 2 === 1
        let deaths = 0
        for (let step = 0; step < 15; step++) {
          const living = all.filter(({ link }) => link === "up")
          const process = living[yield* Random.nextIntBetween(0, living.length)]
          if (process === undefined) continue
          const roll = yield* Random.nextIntBetween(0, 12)
          if (roll < 9) yield* fail(process, 1 + roll % 3, roll % 2 === 0 ? dns : timeout)
          else if (roll === 9 && hasDeaths && living.length > 1) {
            process.link = "dead"
            deaths++
          } else if (roll === 10 && all.length < 5) all.push(yield* start)
          else {
            const fails = yield* Random.nextBoolean
            process.receive = fails ? Effect.fail("no route") : Effect.void
          }
          yield* TestClock.adjust(`${yield* Random.nextIntBetween(1, 900)} millis`)
        }
        for (const process of all) process.receive = Effect.void
        yield* TestClock.adjust("25 seconds")
        const byAlert = new Map<string, Array<Sent>>()
        for (const one of sent) byAlert.set(one.id, [...byAlert.get(one.id) ?? [], one])
        const keys = sent.map(({ key }) => key)
        const repeated = keys.length - new Set(keys).size
        expect(repeated).toBeLessThanOrEqual(deaths)
        for (const edges of byAlert.values()) {
          const inOrder = edges.map(({ key }) => key).filter((key, i, all) => all.indexOf(key) === i)
          expect(inOrder).toEqual(heard.filter((key) => inOrder.includes(key)))
        }
        expect(Array.from(new Set(keys)).toSorted()).toEqual(heard.toSorted())
        expect(heard.filter((key) => key.includes("Resolved"))).toHaveLength(byAlert.size)
      }).pipe(Effect.withRandom(Random.make(`fleet ${seed}`))))
  }
})
