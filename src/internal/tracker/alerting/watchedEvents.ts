/**
 * A stream of events and the limits on it: the errors of one code, or of all codes. Limits are evaluated only when an event
 * can cause an edge. The events in between are counted as skipped, which costs a fraction of an evaluation.
 */
import type { Limit } from "./edges.js"
import type { Counted, Source } from "./limitWatch.js"
import { LimitWatch } from "./limitWatch.js"
import type { Watched } from "./watch.js"

// Events are skipped at most this often, also without limits: the number stays a small integer.
const maxSpare = 2 ** 30

export class WatchedEvents implements Source {
  readonly events: Counted
  readonly limits: Array<Watched<LimitWatch>> = []
  // The events since the last evaluation. Up to `spare` of them cause no edge until `spareUntil`.
  private skipped = 0
  private spare = maxSpare
  private spareUntil = Infinity

  constructor(events: Counted) {
    this.events = events
  }

  add(limit: Limit, rule: string | undefined, code: string | undefined): void {
    this.limits.push({ watch: new LimitWatch(limit, this), rule, code, alert: undefined })
    this.wake()
  }

  clear(): void {
    this.limits.length = 0
  }

  /** Skips an event that cannot cause an edge. False if the event can: the limits must be evaluated. */
  skip(now: number): boolean {
    if (this.skipped >= this.spare || now > this.spareUntil) return false
    this.skipped++
    return true
  }

  catchUp(): void {
    if (this.skipped === 0) return
    for (const { watch } of this.limits) watch.skipped(this.skipped)
    this.spare -= this.skipped
    this.skipped = 0
  }

  wake(): void {
    this.catchUp()
    this.spare = 0
  }

  /** Plans the next evaluation. Must follow every evaluation. */
  plan(now: number): void {
    this.spare = maxSpare
    this.spareUntil = Infinity
    for (const { watch } of this.limits) {
      this.spare = Math.min(this.spare, watch.spare(now))
      if (this.spare <= 0) return
      this.spareUntil = Math.min(this.spareUntil, watch.spareUntil)
    }
  }
}
