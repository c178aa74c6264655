/**
 * The alerts that one receiver has yet to get, and those that it knows. A state machine without effects.
 *
 * The queue is in the order of the edges. Its head is sent until the receiver accepts or rejects it. Beyond `maxPending`
 * edges are dropped, the least informative ones first. What is dropped or rejected can make the receiver's view of the
 * active alerts wrong: `takeIncomplete` then asks for a new subscription, whose replays correct it.
 */
import type * as DateTime from "effect/DateTime"
import type { Severity } from "../../FetchError.js"
import type { Active, Course, Edge } from "./edge.js"
import { amountOf, endOf, isAtLeast, isDelivered, keyOf, nameOf, safeEdge, unobservedEnd } from "./edge.js"

/** An edge in the queue, with the course of its alert so far. */
export interface Item extends Course {
  readonly alert: Edge
  readonly key: string
  /** The keys of earlier edges that it replaces. */
  readonly replaces: ReadonlyArray<string>
  /** True if it was sent, in this process or perhaps in an earlier one. */
  readonly isSent?: boolean
}

/** An alert whose end the receiver has not accepted. */
export interface Open extends Course {
  /** The newest edge. */
  readonly alert: Active
  /** The keys of the edges that were accepted or rejected, or replaced by one of these. */
  readonly done: ReadonlyArray<string>
  /** True if the receiver may know the alert: an edge of it was accepted, or sent with an unknown outcome. */
  readonly isKnown: boolean
  /** True if the newest edge is its end, in the queue. */
  readonly isEnding: boolean
}

/** The state that outlives a process. */
export interface Saved {
  readonly open: ReadonlyArray<Open>
  readonly queue: ReadonlyArray<Item>
}

export interface Counts {
  readonly delivered: number
  readonly dropped: number
  readonly rejected: number
}

export interface Settings {
  readonly maxPending: number
  readonly minSeverity: Severity
}

/** `alert`: the receiver cannot use this alert. `receiver`: it refuses every alert. */
export type Rejection = "alert" | "receiver"

// The count of an escalating alert doubles with each edge.
const maxDone = 64
// The number of edges that another process is asked about at a time.
const maxAsked = 256

export class Outbox {
  private readonly settings: Settings
  private readonly alerts = new Map<string, Open>()
  private queue: Array<Item> = []
  // The alerts whose replay found no place in the queue.
  private readonly postponed = new Set<string>()
  private isSending = false
  // Whether the receiver knew the alert before the edge that is being sent.
  private wasKnown = false
  private incomplete = false
  private totals = { delivered: 0, dropped: 0, rejected: 0 }

  constructor(settings: Settings) {
    this.settings = settings
  }

  get pending(): number {
    return this.queue.length
  }

  get counts(): Counts {
    return { ...this.totals }
  }

  /** The ids of the alerts that the receiver knows or is going to know. */
  get ids(): ReadonlySet<string> {
    return new Set(this.alerts.keys())
  }

  /** The alerts that the receiver knows to be active, each as its newest edge. */
  get active(): ReadonlyArray<Item> {
    return Array.from(this.alerts.values())
      .filter(({ isEnding, isKnown }) => isKnown && !isEnding)
      .map((open) => itemOf(open.alert, open))
  }

  // -------------------------------------------------------------------------------------------------------------------
  // alerts
  // -------------------------------------------------------------------------------------------------------------------

  /** Adds an edge to the queue, unless the receiver needs no such edge. A replay is one that may have been added before. */
  offer(alert: Edge, isReplay: boolean = alert._tag !== "Resolved" && alert.replayed): void {
    const edge = safeEdge(alert)
    if (edge._tag === "Resolved") this.offerEnd(edge)
    else this.offerActive(edge, isReplay)
  }

  private offerActive(alert: Active, isReplay: boolean): void {
    const { id, severity } = alert
    if (isReplay) this.withdrawEnd(id)
    const open = this.alerts.get(id)
    if (open === undefined) {
      if (!isAtLeast(severity, this.settings.minSeverity)) return
    } else if (!open.isEnding && (isReplay ? this.hasSeen(alert, open) : isRepeated(alert, open))) return
    if (isReplay && this.queue.length >= this.settings.maxPending) {
      // A later subscription has it too, unless it ends before.
      this.incomplete = true
      this.postponed.add(id)
      return
    }
    this.postponed.delete(id)
    const course = { since: open?.since ?? alert.at, peak: Math.max(open?.peak ?? 0, amountOf(alert)) }
    // After an end, which may have arrived, the receiver needs the alert again.
    const { done, isKnown } = open === undefined || open.isEnding ? { done: [], isKnown: open !== undefined } : open
    this.alerts.set(id, { alert, ...course, done, isKnown, isEnding: false })
    this.push(itemOf(alert, course))
  }

  /** Removes the end of an alert that is active after all, in a tracker that continues from an older snapshot. */
  private withdrawEnd(id: string): void {
    const open = this.alerts.get(id)
    const i = this.queue.findLastIndex(({ alert }) => alert.id === id)
    const end = this.queue[i]
    if (open === undefined || !open.isEnding || end?.alert._tag !== "Resolved" || end.isSent === true) return
    this.queue.splice(i, 1)
    // It may have replaced edges that the receiver needs now.
    this.alerts.set(id, { ...open, isEnding: false })
  }

  private hasSeen(alert: Active, { done }: Open): boolean {
    const key = keyOf(alert)
    return done.includes(key) ||
      this.queue.some((item) => item.alert.id === alert.id && (item.key === key || item.replaces.includes(key)))
  }

  private offerEnd(alert: Edge): void {
    const open = this.alerts.get(alert.id)
    if (this.postponed.delete(alert.id)) this.totals.dropped++
    // The receiver does not know an alert below its severity, and has got an end already.
    if (open === undefined || open.isEnding) return
    this.alerts.set(alert.id, { ...open, isEnding: true })
    this.push(itemOf(alert, open))
  }

  /** Ends the alerts of `before` that are not active. */
  reconcile(active: ReadonlySet<string>, before: ReadonlySet<string>, now: DateTime.Utc): void {
    for (const id of this.postponed) {
      if (!active.has(id) && this.postponed.delete(id)) this.totals.dropped++
    }
    for (const open of Array.from(this.alerts.values())) {
      const { alert, isEnding } = open
      if (before.has(alert.id) && !active.has(alert.id) && !isEnding) this.offerEnd(unobservedEnd(alert, open, now))
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // delivery
  // -------------------------------------------------------------------------------------------------------------------

  /** The edge to send, which stays in the queue until its outcome is known. */
  next(): Item | undefined {
    for (let head = this.queue[0]; head !== undefined; head = this.queue[0]) {
      const open = this.alerts.get(head.alert.id)
      if (open !== undefined && (head.alert._tag !== "Resolved" || open.isKnown)) {
        this.isSending = true
        this.queue[0] = { ...head, isSent: true }
        this.wasKnown = open.isKnown
        this.alerts.set(head.alert.id, { ...open, isKnown: true })
        return head
      }
      // The end of an alert that the receiver has rejected.
      this.queue.shift()
      this.settled(head)
    }
    return undefined
  }

  /** The names of the first edges of the queue among those that other processes may have delivered. */
  get names(): ReadonlyArray<string> {
    return this.queue.slice(0, maxAsked).flatMap(({ alert }) => [nameOf(alert), endOf(alert)])
  }

  /** Removes the edges that another process has delivered. Returns whether there were any. */
  deliveredElsewhere(delivered: ReadonlyMap<string, number>): boolean {
    const items = delivered.size === 0 ? [] : this.queue.filter(({ alert }) => isDelivered(alert, delivered))
    this.queue = this.queue.filter((item) => !items.includes(item))
    for (const item of items) {
      const open = this.alerts.get(item.alert.id)
      if (open !== undefined) this.alerts.set(item.alert.id, { ...open, isKnown: true })
      this.settled(item)
    }
    return items.length > 0
  }

  accepted(): void {
    const item = this.done()
    if (item === undefined) return
    this.totals.delivered++
    this.settled(item)
  }

  failed(): void {
    this.isSending = false
  }

  rejected(reason: Rejection): void {
    const item = this.done()
    if (item === undefined) return
    this.totals.rejected++
    const { id } = item.alert
    const open = this.alerts.get(id)
    if (open === undefined) return
    if (reason === "receiver") {
      this.incomplete = true
      this.alerts.set(id, { ...open, isKnown: this.wasKnown })
      this.lose(item)
    } else {
      this.alerts.set(id, { ...open, isKnown: this.wasKnown })
      this.settled(item)
    }
  }

  /** True, once, if the receiver accepts alerts and its view of the active ones may be wrong. */
  takeIncomplete(): boolean {
    if (!this.incomplete || this.queue.length > 0) return false
    this.incomplete = false
    return true
  }

  private done(): Item | undefined {
    this.isSending = false
    return this.queue.shift()
  }

  private settled({ alert, key, replaces }: Item): void {
    const open = this.alerts.get(alert.id)
    if (open === undefined) return
    if (alert._tag !== "Resolved") {
      this.alerts.set(alert.id, { ...open, done: [...open.done, ...replaces, key].slice(-maxDone) })
    } else if (open.isEnding) this.alerts.delete(alert.id)
    // It has become active again since.
    else this.alerts.set(alert.id, { ...open, done: [], isKnown: false })
  }

  // -------------------------------------------------------------------------------------------------------------------
  // overflow
  // -------------------------------------------------------------------------------------------------------------------

  private push(item: Item): void {
    this.queue.push(item)
    while (this.queue.length > this.settings.maxPending && this.dropOne()) continue
  }

  private dropOne(): boolean {
    const droppable = this.queue.slice(this.isSending ? 1 : 0)
    // An alert that has ended before the receiver knew it.
    const over = droppable.find(({ alert }) => {
      const open = this.alerts.get(alert.id)
      return open !== undefined && open.isEnding && !open.isKnown
    })
    if (over !== undefined) {
      this.drop(droppable.filter(({ alert }) => alert.id === over.alert.id))
      this.alerts.delete(over.alert.id)
      return true
    }
    // An edge that a later one of the same alert replaces.
    for (const [i, item] of droppable.entries()) {
      const later = droppable.slice(i + 1).find(({ alert }) => alert.id === item.alert.id)
      if (later === undefined) continue
      this.drop([item])
      const replaces = [...item.replaces, item.key, ...later.replaces]
      this.queue[this.queue.indexOf(later)] = { ...later, replaces }
      return true
    }
    const [oldest] = droppable
    if (oldest === undefined) return false
    this.drop([oldest])
    this.incomplete = true
    this.lose(oldest)
    return true
  }

  private drop(items: ReadonlyArray<Item>): void {
    this.queue = this.queue.filter((item) => !items.includes(item))
    this.totals.dropped += items.length
  }

  /** Makes the alert of an edge that is gone look as before the edge, so that a new subscription adds the edge again. */
  private lose({ alert, isSent }: Item): void {
    const open = this.alerts.get(alert.id)
    if (open === undefined) return
    // The receiver may have got the end from an earlier process: if the alert is active again, it needs a new edge.
    if (alert._tag === "Resolved") {
      this.alerts.set(alert.id, { ...open, isEnding: false, ...isSent === true ? { done: [] } : {} })
    } else if (!open.isKnown && !this.queue.some((item) => item.alert.id === alert.id)) this.alerts.delete(alert.id)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // restarts
  // -------------------------------------------------------------------------------------------------------------------

  get saved(): Saved {
    return { open: Array.from(this.alerts.values()), queue: [...this.queue] }
  }

  /** Adds the state of an earlier process, whose edges come before those of this one. */
  restore({ open, queue }: Saved): void {
    const isDone = new Set(open.flatMap(({ alert, done }) => done.map((key) => `${alert.id} ${key}`)))
    // The head of the queue may have been sent without its outcome being saved.
    const [head, ...rest] = queue
    const saved = head === undefined ? [] : [{ ...head, isSent: true }, ...rest]
    const sent = new Set(queue.map(({ alert }) => alert.id))
    const earlier = saved.filter((item) => {
      const present = this.alerts.get(item.alert.id)
      return present === undefined || (item.alert._tag !== "Resolved" && !this.queue.some(isSame(item)))
    })
    for (const before of open) {
      const { id } = before.alert
      const present = this.alerts.get(id)
      this.alerts.set(id, {
        ...before,
        ...present,
        since: before.since,
        peak: Math.max(before.peak, present?.peak ?? 0),
        done: Array.from(new Set([...before.done, ...present?.done ?? []])).slice(-maxDone),
        isKnown: before.isKnown || sent.has(id) || present?.isKnown === true
      })
    }
    const sending = this.queue.slice(0, this.isSending ? 1 : 0)
    const news = this.queue.slice(sending.length).filter(({ alert, key }) => !isDone.has(`${alert.id} ${key}`))
    this.queue = [...sending, ...earlier, ...news]
    while (this.queue.length > this.settings.maxPending && this.dropOne()) continue
  }
}

const itemOf = (alert: Edge, { peak, since }: Course): Item => ({
  alert,
  key: keyOf(alert),
  replaces: [],
  since,
  peak
})

const isSame = ({ alert, key }: Item) => (other: Item): boolean => other.alert.id === alert.id && other.key === key

/**
 * Returns whether the receiver has been sent a count at least as high under the same limit. A tracker that continues from a
 * snapshot older than its last escalation escalates once more.
 */
const isRepeated = (alert: Active, { alert: { limit }, peak }: Open): boolean =>
  alert._tag === "Escalated" && alert.by === undefined && alert.attempts === undefined && alert.limit === limit &&
  alert.count <= peak
