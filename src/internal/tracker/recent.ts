/** The last so many items. */
export class Recent<A> {
  private readonly items: Array<A> = []
  private next = 0
  private readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  push(item: A): void {
    if (this.capacity === 0) return
    this.items[this.next] = item
    this.next = (this.next + 1) % this.capacity
  }

  /** Newest first. */
  newest(limit: number, where: (item: A) => boolean): ReadonlyArray<A> {
    return [...this.items.slice(this.next), ...this.items.slice(0, this.next)].reverse().filter(where).slice(0, limit)
  }
}
