/**
 * The failure rate of the recent attempts, in at most ten buckets. Pure: the time is an argument, in milliseconds of a clock
 * that does not go back.
 *
 * A bucket starts with a failure and takes in everything up to the first failure that is at least a tenth of the window
 * later. So it is known exactly what has happened since the start of each bucket, and a success needs no time: it belongs to
 * the latest bucket. Where nothing has failed in the window there is no bucket, and nothing to count.
 */

/** When a failure rate is too high. */
export interface FailureLimit {
  /** The least failure rate, from above 0 to 1. */
  readonly failureRate: number
  /** The least number of attempts. */
  readonly minimumAttempts: number
  /** The least duration of the failures, in milliseconds. Shorter ones are left to retries. */
  readonly minimumDuration: number
}

/** Attempts, retries included, and the first attempts of calls among them. */
interface Counts {
  attempts: number
  failures: number
  firstAttempts: number
  firstFailures: number
}

interface Bucket extends Counts {
  readonly start: number
}

const buckets = 10

export class FailureWindow {
  private readonly window: number
  // From the oldest to the latest.
  private kept: Array<Bucket> = []

  /** `window` is in milliseconds. */
  constructor(window: number) {
    this.window = window
  }

  succeeded(isRetry: boolean): void {
    const latest = this.kept.at(-1)
    if (latest === undefined) return
    latest.attempts++
    if (!isRetry) latest.firstAttempts++
  }

  failed(isRetry: boolean, now: number): void {
    while (this.kept[0] !== undefined && now - this.kept[0].start >= this.window) this.kept.shift()
    const latest = this.kept.at(-1)
    const isFull = latest === undefined || now - latest.start >= this.window / buckets
    const bucket = isFull ? { start: now, attempts: 0, failures: 0, firstAttempts: 0, firstFailures: 0 } : latest
    if (isFull) this.kept.push(bucket)
    bucket.attempts++
    bucket.failures++
    if (isRetry) return
    bucket.firstAttempts++
    bucket.firstFailures++
  }

  /**
   * Whether the failure rate has been too high since the start of any of the buckets. The rate is the lower one of two:
   * that of all attempts, and that of first attempts. The first alone would let one failing endpoint of several, whose calls
   * make most of the retries, speak for all; the second alone would not see that retries succeed.
   */
  exceeds({ failureRate, minimumAttempts, minimumDuration }: FailureLimit, now: number): boolean {
    const since: Counts = { attempts: 0, failures: 0, firstAttempts: 0, firstFailures: 0 }
    for (let i = this.kept.length - 1; i >= 0; i--) {
      const bucket = this.kept[i]!
      since.attempts += bucket.attempts
      since.failures += bucket.failures
      since.firstAttempts += bucket.firstAttempts
      since.firstFailures += bucket.firstFailures
      if (
        now - bucket.start >= minimumDuration && since.attempts >= minimumAttempts && rateOf(since) >= failureRate
      ) return true
    }
    return false
  }

  /** The attempts and failures of the buckets that have not left the window. */
  recent(now: number): { readonly attempts: number; readonly failures: number } {
    const inside = this.kept.filter(({ start }) => now - start < this.window)
    return {
      attempts: inside.reduce((sum, { attempts }) => sum + attempts, 0),
      failures: inside.reduce((sum, { failures }) => sum + failures, 0)
    }
  }

  clear(): void {
    this.kept = []
  }
}

const rateOf = ({ attempts, failures, firstAttempts, firstFailures }: Counts): number =>
  firstAttempts === 0 ? 0 : Math.min(failures / attempts, firstFailures / firstAttempts)
