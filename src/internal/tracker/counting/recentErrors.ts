/** The recent errors, in a ring. */
import type * as FetchContext from "../../../FetchContext.js"
import { causes, link } from "../../error/causeChain.js"
import { bounded } from "../../safe/json.js"
import type { Classification } from "./classification.js"

const maxCauses = 8
const maxCause = 256
// Reading causes costs as much as counting a hundred errors.
const readsPerSecond = 16
const maxKnown = 64

/** The fields kept of an error, without its cause and stack, which may retain any amount of memory. */
export interface Kept {
  /** Nanoseconds since the tracker started. */
  readonly now: number
  readonly classification: Classification
  readonly message: string
  readonly context: FetchContext.FetchContext
  /** Undefined: not read. */
  readonly causes: ReadonlyArray<string> | undefined
}

export class RecentErrors {
  // Items are reused: an error allocates nothing.
  private readonly items: Array<{ -readonly [K in keyof Kept]: Kept[K] }> = []
  private next = 0
  private second = -1
  private readsLeft = 0
  // The causes read last, by code and message.
  private readonly known = new Map<string, ReadonlyArray<string>>()
  readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  push(
    now: number,
    classification: Classification,
    message: string,
    context: FetchContext.FetchContext,
    causes: ReadonlyArray<string> | undefined
  ): void {
    if (this.capacity === 0) return
    const item = this.items[this.next]
    if (item === undefined) this.items.push({ now, classification, message, context, causes })
    else {
      item.now = now
      item.classification = classification
      item.message = message
      item.context = context
      item.causes = causes
    }
    this.next = this.next + 1 === this.capacity ? 0 : this.next + 1
  }

  /** The causes of an error; undefined if too many have been read in this second. */
  causesOf(error: unknown, code: string, message: string, now: number): ReadonlyArray<string> | undefined {
    const second = Math.floor(now / 1e9)
    if (second !== this.second) {
      this.second = second
      this.readsLeft = readsPerSecond
    }
    if (this.readsLeft === 0 || this.capacity === 0) return undefined
    this.readsLeft--
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
    return [...this.items.slice(this.next), ...this.items.slice(0, this.next)]
      .reverse()
      .filter(({ classification }) => code === undefined || classification.code === code)
      .slice(0, limit)
      .map((item) => ({
        ...item,
        causes: item.causes ?? this.known.get(keyOf(item.classification.code, item.message)) ?? []
      }))
  }
}

const keyOf = (code: string, message: string): string => `${code} ${message}`
