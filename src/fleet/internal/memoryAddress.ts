/** The gates and weights of a fleet in memory. Pure: `now` is the time in milliseconds. The scripts of Redis do the same. */
import type * as Model from "./storeModel.js"

/** A shorter extension of a closed gate is ignored: every call that meets a ban names its end a little differently. */
export const leastExtension = 1000

/** The most hosts of an address whose gates are closed at the same time. */
export const maxHosts = 1000

export class Gates {
  private readonly closed = new Map<
    string,
    { readonly until: number; readonly message: string; readonly isBan: boolean }
  >()

  close({ host, isBan, message, wait }: Model.GateClosing, now: number): boolean {
    const until = this.closed.get(host)?.until ?? -Infinity
    if (until > now && until - now + leastExtension > wait) return false
    if (!this.closed.has(host) && this.closed.size >= maxHosts) {
      for (const [host, { until }] of this.closed) if (until <= now) this.closed.delete(host)
      if (this.closed.size >= maxHosts) return false
    }
    this.closed.set(host, { until: now + wait, message, isBan })
    return true
  }

  list(now: number): ReadonlyArray<Model.ClosedGate> {
    return Array.from(this.closed).flatMap(([host, { isBan, message, until }]) =>
      until > now ? [{ host, wait: until - now, message, isBan }] : []
    )
  }
}

const millisPerMinute = 60_000

export class Weight {
  private minute = -Infinity
  private used = 0
  /** Reserved in this minute and not settled. */
  private pending = 0
  /** Reserved in the minute before and not settled. */
  private before = 0
  /** The time of the first use. */
  private epoch: number | undefined

  reserve({ block, known, limit, weight }: Model.WeightRequest, now: number): Model.WeightReservation {
    this.roll(now)
    if (known.minute === this.minute) this.used = Math.max(this.used, known.settled)
    const free = Math.floor(limit - this.used - this.pending - this.before)
    const granted = free >= weight ? Math.min(free, block) : 0
    this.pending += granted
    return {
      granted,
      used: this.used + this.pending + this.before,
      settled: this.used,
      minute: this.minute,
      left: (this.minute + 1) * millisPerMinute - now,
      epoch: this.epoch ?? now
    }
  }

  settle({ answered, epoch, minute, reported, spent, unused }: Model.WeightSettlement, now: number): boolean {
    this.roll(now)
    // Reservations of another epoch are not counted here.
    const ended = epoch === this.epoch ? answered + spent + unused : 0
    if (minute === this.minute) {
      this.pending = Math.max(0, this.pending - ended)
      this.used = Math.max(this.used, reported) + spent
    } else if (minute === this.minute - 1) {
      // An answer to a request of the minute before may state the weight of that minute; the request may count in this one.
      this.before = Math.max(0, this.before - ended)
      this.used += answered + spent
    } else return false
    return true
  }

  private roll(now: number): void {
    this.epoch ??= now
    const minute = Math.floor(now / millisPerMinute)
    // A clock that went back continues with the newest minute.
    if (minute === this.minute || (this.minute > minute && this.minute - minute < 3)) return
    this.before = this.minute === minute - 1 ? this.pending : 0
    this.minute = minute
    this.used = 0
    this.pending = 0
  }
}
