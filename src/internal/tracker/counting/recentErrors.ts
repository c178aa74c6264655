/**
 * The recent errors: the last ones of all, in a ring, and the last one of each kind. A storm of one kind of error fills the
 * ring, but does not displace errors of other kinds.
 */
import * as Predicate from "effect/Predicate"
import type * as FetchContext from "../../../FetchContext.js"
import { causes, link } from "../../error/causeChain.js"
import { heldCause } from "../../error/protocol.js"
import { attempt, bounded } from "../../safe/json.js"
import type { Classification } from "./classification.js"
import type { Kept, Kind, Numbered } from "./recentKinds.js"
import { RecentKinds } from "./recentKinds.js"

const maxCauses = 8
const maxCause = 256
// Reading causes costs as much as counting a hundred errors.
const readsPerSecond = 16
const maxKnown = 64

/** Items of the ring are reused: most errors allocate nothing. */
type Slot = { -readonly [K in keyof Numbered]: Numbered[K] } & { kind: Kind }

export class RecentErrors {
  private readonly ring: Array<Slot> = []
  private readonly codes: Array<RecentKinds> = []
  private next = 0
  private total = 0
  private readsLeft = readsPerSecond
  private refillAt = 0
  // The causes read last, by code and message.
  private readonly known = new Map<string, ReadonlyArray<string>>()
  readonly capacity: number
  /** Causes of errors before this instant are not read: too many have been read within a second. */
  causesFrom = 0

  constructor(capacity: number) {
    this.capacity = capacity
    if (capacity === 0) this.causesFrom = Infinity
  }

  /** The kinds of a further code. */
  addCode(): RecentKinds {
    const kinds = new RecentKinds()
    this.codes.push(kinds)
    return kinds
  }

  push(
    kinds: RecentKinds,
    now: number,
    classification: Classification,
    message: string,
    context: FetchContext.FetchContext,
    expected: boolean,
    causes: ReadonlyArray<string> | undefined
  ): void {
    if (this.capacity === 0) return
    const index = this.total++
    // Most errors of a code are of the kind of the one before.
    const { latest } = kinds
    const kind = latest !== undefined && latest.message === message && latest.source === context.source &&
        latest.expected === expected
      ? latest
      : kinds.find(message, context, expected)
    kind.last = index
    kind.kept = undefined
    const slot = this.ring[this.next]
    if (slot === undefined) this.ring.push({ index, now, classification, message, context, expected, causes, kind })
    else {
      if (slot.kind.last === slot.index) slot.kind.kept = { ...slot }
      slot.index = index
      slot.now = now
      slot.classification = classification
      slot.message = message
      slot.context = context
      slot.expected = expected
      slot.causes = causes
      slot.kind = kind
    }
    this.next = this.next + 1 === this.capacity ? 0 : this.next + 1
  }

  /** The causes of an error at or after `causesFrom`. */
  causesOf(error: object, code: string, message: string, now: number): ReadonlyArray<string> {
    if (now >= this.refillAt) {
      this.refillAt = now + 1e9
      this.readsLeft = readsPerSecond
    }
    if (--this.readsLeft === 0) this.causesFrom = this.refillAt
    if (attempt(() => hasCause(error)) === false) return none
    const read = causes(error).slice(1, 1 + maxCauses).map((cause) => {
      const { message, name } = link(cause)
      return bounded(message === "" ? name : `${name}: ${message}`, maxCause)
    })
    const key = keyOf(code, message)
    this.known.delete(key)
    this.known.set(key, read)
    const [oldest] = this.known.keys()
    if (this.known.size > maxKnown && oldest !== undefined) this.known.delete(oldest)
    return read
  }

  /** Newest first. */
  newest(limit: number, code: string | undefined): ReadonlyArray<Kept & { readonly causes: ReadonlyArray<string> }> {
    return [...this.ring, ...this.codes.flatMap((kinds) => kinds.kept)]
      .filter(({ classification }) => code === undefined || classification.code === code)
      .sort((a, b) => b.index - a.index)
      .slice(0, limit)
      .map((item) => ({
        ...item,
        causes: item.causes ?? this.known.get(keyOf(item.classification.code, item.message)) ?? []
      }))
  }
}

const none: ReadonlyArray<string> = []

// The cause of one of the 17 errors is looked for where it is held: its `cause` is made when it is read.
const hasCause = (error: object): boolean =>
  heldCause(error) !== undefined || Predicate.hasProperty(error, "errors") ||
  (Predicate.hasProperty(error, "cause") && error.cause !== undefined)

const keyOf = (code: string, message: string): string => `${code} ${message}`
