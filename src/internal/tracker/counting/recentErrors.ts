/** The recent errors, in a ring. */
import type * as FetchContext from "../../../FetchContext.js"
import type { Kind } from "./classification.js"

/** What is kept of an error. Its cause and stack are not: they may retain any amount of memory. */
export interface Kept {
  /** Nanoseconds since the tracker started. */
  readonly now: number
  readonly kind: Kind
  readonly message: string
  readonly context: FetchContext.FetchContext
}

export class Recent {
  // Items are reused, so that an error leaves no garbage.
  private readonly items: Array<{ -readonly [K in keyof Kept]: Kept[K] }> = []
  private next = 0
  readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  push(now: number, kind: Kind, message: string, context: FetchContext.FetchContext): void {
    if (this.capacity === 0) return
    const item = this.items[this.next]
    if (item === undefined) this.items.push({ now, kind, message, context })
    else {
      item.now = now
      item.kind = kind
      item.message = message
      item.context = context
    }
    this.next = this.next + 1 === this.capacity ? 0 : this.next + 1
  }

  /** Newest first. */
  newest(limit: number, code: string | undefined): ReadonlyArray<Kept> {
    return [...this.items.slice(this.next), ...this.items.slice(0, this.next)]
      .reverse()
      .filter(({ kind }) => code === undefined || kind.code === code)
      .slice(0, limit)
  }
}
