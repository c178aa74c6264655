/** The recent errors, in a ring. */
import type * as FetchContext from "../../../FetchContext.js"
import type { Classification } from "./classification.js"

/** The fields kept of an error, without its cause and stack, which may retain any amount of memory. */
export interface Kept {
  /** Nanoseconds since the tracker started. */
  readonly now: number
  readonly classification: Classification
  readonly message: string
  readonly context: FetchContext.FetchContext
}

export class RecentErrors {
  // Items are reused: an error allocates nothing.
  private readonly items: Array<{ -readonly [K in keyof Kept]: Kept[K] }> = []
  private next = 0
  readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  push(now: number, classification: Classification, message: string, context: FetchContext.FetchContext): void {
    if (this.capacity === 0) return
    const item = this.items[this.next]
    if (item === undefined) this.items.push({ now, classification, message, context })
    else {
      item.now = now
      item.classification = classification
      item.message = message
      item.context = context
    }
    this.next = this.next + 1 === this.capacity ? 0 : this.next + 1
  }

  /** Newest first. */
  newest(limit: number, code: string | undefined): ReadonlyArray<Kept> {
    return [...this.items.slice(this.next), ...this.items.slice(0, this.next)]
      .reverse()
      .filter(({ classification }) => code === undefined || classification.code === code)
      .slice(0, limit)
  }
}
