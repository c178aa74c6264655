/**
 * The outbox in random histories: edges of a tracker, answers of a receiver, saves, crashes at any point, restarts with an
 * older tracker. What must hold is read from what the receiver got, and from the true history of edges.
 */
import { describe, expect, it } from "@effect/vitest"
import * as Alert from "effect-errata/Alert"
import type { Active, Edge } from "effect-errata/internal/notifier/edge"
import { keyOf } from "effect-errata/internal/notifier/edge"
import type { Saved } from "effect-errata/internal/notifier/outbox"
import { Outbox } from "effect-errata/internal/notifier/outbox"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"

/** A generator of Lehmer: the same numbers for the same seed. */
const random = (seed: number) => {
  let state = seed * 48_271 % 2_147_483_647 || 1
  const next = () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647
  return { below: (n: number) => Math.floor(next() * n), chance: (share: number) => next() < share }
}

const unchecked = { disableValidation: true }

type Random = ReturnType<typeof random>

interface Receipt {
  readonly alert: Edge
  /** How often edges of each kind had been lost when it arrived. */
  readonly at: number
}

/** A tracker: the true active alerts, and every edge in order. */
class Tracker {
  active = new Map<string, Active>()
  readonly edges: Array<string> = []
  private time = 0
  private ids = 0

  instant() {
    return DateTime.unsafeMake(++this.time)
  }

  private edge<A extends Edge>(alert: A): A {
    this.edges.push(`${alert.id} ${keyOf(alert)}`)
    return alert
  }

  fire(r: Random): Edge {
    const alert = new Alert.Fired({
      id: `a${this.ids++}`,
      code: "C",
      window: "minute",
      limit: 10,
      count: 11,
      severity: r.chance(0.7) ? "ERROR" : "INFO",
      at: this.instant(),
      replayed: false
    }, unchecked)
    this.active.set(alert.id, alert)
    return this.edge(alert)
  }

  private some(r: Random): Active | undefined {
    return Array.from(this.active.values())[r.below(this.active.size)]
  }

  escalate(r: Random): Edge | undefined {
    const before = this.some(r)
    if (before === undefined || before.count > 1e6) return undefined
    const { _tag, ...fields } = before
    const alert = new Alert.Escalated(
      { ...fields, replayed: false, count: before.count * 2, at: this.instant() },
      unchecked
    )
    this.active.set(alert.id, alert)
    return this.edge(alert)
  }

  resolve(r: Random): Edge | undefined {
    const before = this.some(r)
    if (before === undefined) return undefined
    this.active.delete(before.id)
    const { _tag, replayed: _replayed, ...fields } = before
    const at = this.instant()
    const ended = { count: 1, at, since: before.at, duration: Duration.zero, peak: 1, reason: "recovered" as const }
    return this.edge(new Alert.Resolved({ ...fields, ...ended }, unchecked))
  }

  replays(): ReadonlyArray<Active> {
    return Array.from(
      this.active.values(),
      (alert) =>
        alert._tag === "Fired"
          ? new Alert.Fired({ ...alert, replayed: true }, unchecked)
          : new Alert.Escalated({ ...alert, replayed: true }, unchecked)
    )
  }
}

class World {
  readonly tracker = new Tracker()
  readonly received: Array<Receipt> = []
  /** Edges that were accepted, and are so in the store. */
  readonly remembered = new Set<string>()
  private readonly accepted = new Set<string>()
  /** Alerts that the tracker forgot or brought back, or the receiver rejected: their edges may repeat or be absent. */
  readonly exempt = new Set<string>()
  readonly rejected = new Set<string>()
  /** Alerts that the receiver cannot use. */
  readonly refused = new Set<string>()
  offered: Array<Edge> = []
  crashes = 0
  private isDirty = false
  private saved: Saved = { open: [], queue: [] }
  private older: ReadonlyMap<string, Active> = new Map()
  outbox: Outbox
  private readonly r: Random
  readonly maxPending: number

  constructor(r: Random) {
    this.r = r
    this.maxPending = 3 + r.below(12)
    this.outbox = this.empty()
  }

  private empty() {
    return new Outbox({ maxPending: this.maxPending, minSeverity: "ERROR" })
  }

  private offer(alert: Edge | undefined) {
    if (alert === undefined) return
    this.isDirty = true
    this.outbox.offer(alert)
    this.offered.push(alert)
  }

  step(isUp: boolean) {
    const { r, tracker } = this
    const kind = r.below(20)
    if (kind < 3) this.offer(tracker.fire(r))
    else if (kind < 6) this.offer(tracker.escalate(r))
    else if (kind < 9) this.offer(tracker.resolve(r))
    else if (kind < 15) this.send(isUp)
    else if (kind < 18) this.save()
    else if (kind === 18 && r.chance(0.3)) this.crash()
    else if (r.chance(0.1)) this.miss()
    else if (r.chance(0.2)) this.older = new Map(tracker.active)
  }

  /** One attempt, with an outcome that may be lost on the way back. */
  send(isUp: boolean) {
    const item = this.outbox.next()
    if (item === undefined) return
    // The state is in the store before an edge is sent.
    if (this.isDirty) this.save()
    const isRejected = !isUp && this.r.chance(0.1)
    const arrives = !isRejected && (isUp || this.r.chance(0.1))
    if (arrives) this.received.push({ alert: item.alert, at: this.received.length })
    // The process dies before it hears of the outcome, or the connection does.
    if (this.r.chance(0.03)) return this.crash()
    this.isDirty = true
    if (isRejected) {
      const reason = this.r.chance(0.5) ? "receiver" : "alert"
      this.rejected.add(item.alert.id)
      if (reason === "alert") this.refused.add(item.alert.id)
      return this.outbox.rejected(reason)
    }
    if (!arrives || this.r.chance(0.1)) return this.outbox.failed()
    this.outbox.accepted()
    this.accepted.add(`${item.alert.id} ${item.key}`)
    if (this.outbox.takeIncomplete()) this.subscribe()
  }

  save() {
    this.isDirty = false
    this.saved = structuredCloneOf(this.outbox.saved)
    for (const key of this.accepted) this.remembered.add(key)
  }

  private subscribe() {
    const before = this.outbox.ids
    for (const alert of this.tracker.replays()) this.offer(alert)
    this.outbox.reconcile(new Set(this.tracker.active.keys()), before, this.tracker.instant())
  }

  private crash() {
    const { r, tracker } = this
    this.crashes++
    const kept = new Set(this.saved.queue.map(({ alert, key }) => `${alert.id} ${key}`))
    this.offered = this.offered.filter((alert) => kept.has(`${alert.id} ${keyOf(alert)}`))
    // What was accepted without being saved is not known to the next process.
    this.accepted.clear()
    for (const key of this.remembered) this.accepted.add(key)
    if (r.chance(0.4)) {
      const { active } = tracker
      tracker.active = new Map(this.older)
      for (const id of [...active.keys(), ...this.older.keys()]) this.exempt.add(id)
    } else {
      for (let n = r.below(3); n > 0; n--) tracker.resolve(r)
      if (r.chance(0.3)) tracker.fire(r)
    }
    this.outbox = this.empty()
    this.outbox.restore(this.saved)
    this.subscribe()
  }

  private miss() {
    for (let n = this.r.below(4); n > 0; n--) {
      if (this.r.chance(0.5)) this.tracker.fire(this.r)
      else this.tracker.resolve(this.r)
    }
    this.subscribe()
  }

  /** The receiver answers, and no further edges come. */
  drain() {
    for (let n = 0; this.outbox.pending > 0 || this.outbox.takeIncomplete(); n++) {
      if (n > 10_000) throw new Error("never done")
      if (this.outbox.pending === 0) this.subscribe()
      const item = this.outbox.next()
      if (item === undefined) continue
      this.received.push({ alert: item.alert, at: this.received.length })
      this.outbox.accepted()
    }
  }
}

/** As the store does: nothing is shared. */
const structuredCloneOf = ({ open, queue }: Saved): Saved => ({
  open: open.map((alert) => ({ ...alert, done: [...alert.done] })),
  queue: queue.map((item) => ({ ...item }))
})

const nameOf = ({ alert }: Receipt) => `${alert.id} ${keyOf(alert)}`

/** A world after a random history, and what was seen of it on the way. */
const history = (seed: number) => {
  const r = random(seed)
  const world = new World(r)
  const again: Array<string> = []
  let read = 0
  let longest = 0
  const look = () => {
    const { exempt, outbox, received, remembered } = world
    longest = Math.max(longest, outbox.pending - world.maxPending)
    const known = received.slice(read).filter((receipt) => before.has(nameOf(receipt)) && !exempt.has(receipt.alert.id))
    again.push(...known.map(nameOf))
    read = received.length
    before = new Set(remembered)
  }
  let before = new Set<string>()
  let isUp = true
  for (let i = 0; i < 150; i++) {
    if (r.chance(0.08)) isUp = !isUp
    world.step(isUp)
    look()
  }
  world.drain()
  look()
  return { seed, world, again, longest }
}

const seeds = Array.from({ length: 300 }, (_, i) => i + 1)

describe("Outbox: random histories", () => {
  const histories = seeds.map(history)

  it("have crashes, losses and rejections", () => {
    const some = (holds: (world: World) => boolean) => histories.filter(({ world }) => holds(world)).length
    expect(some(({ crashes }) => crashes > 0)).toBeGreaterThan(100)
    expect(some(({ outbox }) => outbox.counts.dropped > 0)).toBeGreaterThan(100)
    expect(some(({ refused, rejected }) => rejected.size > refused.size)).toBeGreaterThan(50)
  })

  it("the receiver ends with the active alerts of the tracker", () => {
    for (const { seed, world: { received, refused, tracker } } of histories) {
      const last = new Map(received.map(({ alert }) => [alert.id, alert._tag !== "Resolved"]))
      const believed = Array.from(last).filter(([id, isActive]) => isActive && !refused.has(id)).map(([id]) => id)
      const active = Array.from(tracker.active.values())
        .filter(({ id, severity }) => severity === "ERROR" && !refused.has(id)).map(({ id }) => id)
      expect(believed.sort(), `seed ${seed}`).toEqual(active.sort())
    }
  })

  it("the queue is bounded", () => {
    for (const { longest, seed } of histories) expect(longest, `seed ${seed}`).toBeLessThanOrEqual(0)
  })

  it("an edge that was accepted and remembered does not arrive again", () => {
    for (const { again, seed } of histories) expect(again, `seed ${seed}`).toEqual([])
  })

  it("the edges of one alert arrive in their order", () => {
    for (const { seed, world: { exempt, received, rejected, tracker } } of histories) {
      const order = new Map(tracker.edges.map((name, i) => [name, i]))
      const last = new Map<string, number>()
      const seen = new Set<string>()
      for (const receipt of received) {
        const { id } = receipt.alert
        const name = nameOf(receipt)
        const position = order.get(name)
        // Ends that were found are no edges of the tracker.
        if (position === undefined || seen.has(name) || exempt.has(id) || rejected.has(id)) continue
        seen.add(name)
        expect(position, `seed ${seed}: ${name}`).toBeGreaterThan(last.get(id) ?? -1)
        last.set(id, position)
      }
    }
  })

  it("every edge that was offered, or survived the crash, arrives or is counted", () => {
    for (const { seed, world: { exempt, offered, outbox, received, rejected } } of histories) {
      const arrived = new Set(received.map(nameOf))
      const known = new Set(received.map(({ alert }) => alert.id))
      const absent = offered
        .filter(({ id, severity }) => severity === "ERROR" && !exempt.has(id) && !rejected.has(id))
        // The end of an alert that was dropped is not sent.
        .filter(({ _tag, id }) => _tag !== "Resolved" || known.has(id))
        // A replay that finds no place may be replaced by a later edge of its alert.
        .filter((alert) => alert._tag === "Resolved" || !alert.replayed || !known.has(alert.id))
        .map((alert) => `${alert.id} ${keyOf(alert)}`)
        .filter((name) => !arrived.has(name))
      expect(new Set(absent).size, `seed ${seed}: ${absent.join("; ")}`).toBeLessThanOrEqual(outbox.counts.dropped)
    }
  })

  it("without crashes and losses, all edges arrive once, in the order of the tracker", () => {
    for (const seed of seeds.slice(0, 100)) {
      const r = random(seed)
      const tracker = new Tracker()
      const outbox = new Outbox({ maxPending: 1000, minSeverity: "INFO" })
      const received: Array<string> = []
      for (let i = 0; i < 100; i++) {
        const edge = [() => tracker.fire(r), () => tracker.escalate(r), () => tracker.resolve(r)][r.below(3)]!()
        if (edge !== undefined) outbox.offer(edge)
        const item = r.chance(0.5) ? outbox.next() : undefined
        if (item === undefined) continue
        if (r.chance(0.3)) outbox.failed()
        else {
          outbox.accepted()
          received.push(`${item.alert.id} ${item.key}`)
        }
      }
      for (let item = outbox.next(); item !== undefined; item = outbox.next()) {
        outbox.accepted()
        received.push(`${item.alert.id} ${item.key}`)
      }
      expect(received, `seed ${seed}`).toEqual(tracker.edges)
      expect(outbox.counts).toEqual({ delivered: received.length, dropped: 0, rejected: 0 })
    }
  })
})
