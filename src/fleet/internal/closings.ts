/**
 * The pauses of hosts that this process knows: its own, and those of other processes. Pure: times are milliseconds of the
 * monotonic clock.
 */
import type * as FetchError from "../../FetchError.js"
import type { Closing } from "../../internal/retry/sharedGateModel.js"
import { leastExtension, maxHosts } from "./memoryAddress.js"

/** The longest pause of another process that is believed: one day, as in the gate of a policy. */
const longest = 86_400_000

/** One pause. */
export interface Pause extends Closing {
  /** Whether this process has met the rate limit itself. */
  readonly isOwn: boolean
}

export class Closings {
  private readonly pauses = new Map<string, Pause>()

  /** Records a pause that this process has met. */
  met(host: string, { error, until }: Closing, now: number): void {
    this.set(host, { error, until, isOwn: true }, now)
  }

  /**
   * Records a pause that another process has met, and returns it if it is new. It is not if it ends within a second after the
   * known one: the store states the time that is left anew each time.
   */
  heard(host: string, wait: number, error: () => FetchError.ApiRateLimit, now: number): Pause | undefined {
    const until = now + Math.min(wait, longest)
    const known = this.get(host, now)
    if (known !== undefined && until < known.until + leastExtension) {
      if (!known.isOwn) return undefined
      // From now on it is a pause of the fleet.
      const shared = { ...known, isOwn: false }
      this.set(host, shared, now)
      return shared
    }
    const pause = { error: error(), until, isOwn: false }
    this.set(host, pause, now)
    return pause
  }

  /** The pause of a host, unless it is over. */
  get(host: string, now: number): Pause | undefined {
    const pause = this.pauses.get(host)
    return pause !== undefined && pause.until > now ? pause : undefined
  }

  /** The pauses that are not over. */
  active(now: number): ReadonlyArray<readonly [host: string, pause: Pause]> {
    for (const [host, { until }] of this.pauses) if (until <= now) this.pauses.delete(host)
    return Array.from(this.pauses)
  }

  private set(host: string, pause: Pause, now: number): void {
    const known = this.pauses.get(host)
    if (known !== undefined && known.until > pause.until) return
    if (known === undefined && this.pauses.size >= maxHosts && this.active(now).length >= maxHosts) return
    this.pauses.set(host, pause)
  }
}
