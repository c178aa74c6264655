/** The number of processes of a fleet. Pure: `now` is in milliseconds of the monotonic clock. */

// A store that was emptied counts the processes anew, one after the other.
const remembered = 60_000

export class FleetSize {
  private counts: ReadonlyArray<{ readonly count: number; readonly at: number }> = []
  private last: number

  constructor(assumed: number) {
    this.last = assumed
  }

  /** The highest count of the last minute of counts. */
  get processes(): number {
    return this.last
  }

  counted(count: number, now: number): void {
    this.counts = [...this.counts.filter(({ at, count: other }) => now - at < remembered && other > count), {
      count,
      at: now
    }]
    this.last = Math.max(1, ...this.counts.map(({ count }) => count))
  }
}
