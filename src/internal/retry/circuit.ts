/** Open while the source is sick, so that it is left alone and nobody waits for it. Instants are milliseconds. */

export interface CircuitSettings {
  /** How many failures open it. */
  readonly failures: number
  /** As what share of the last answers, above 0 and at most 1. */
  readonly ratio: number
  /** For how long at first, in milliseconds; each probe that fails doubles it. */
  readonly openFor: number
}

// The longest it stays open between two probes, unless it is told to stay open longer from the beginning.
const longest = 60_000

export const maxFailures = 1000

/** What opened it, or kept it open, and since when. */
export interface Opened<E> {
  readonly error: E
  readonly since: number
}

interface Open<E> extends Opened<E> {
  readonly until: number
  /** For how long it was open last. */
  readonly wait: number
  /** Is a probe under way? */
  readonly isProbed: boolean
}

export class Circuit<E extends object> {
  private readonly settings: CircuitSettings
  // Which of the last answers were failures, coming round and round.
  private readonly last: Uint8Array
  private next = 0
  private failures = 0
  private open: Open<E> | undefined
  /** How often it has opened: what was sent before is told by it. */
  openings = 0

  constructor(settings: CircuitSettings) {
    this.settings = settings
    this.last = new Uint8Array(Math.ceil(Math.min(settings.failures, maxFailures) / settings.ratio))
  }

  get isClosed(): boolean {
    return this.open === undefined
  }

  get status(): "closed" | "open" | "half-open" {
    return this.open === undefined ? "closed" : this.open.isProbed ? "half-open" : "open"
  }

  /** May a call pass? The first that comes when the time is over is a probe: `probed` has to be told how it ended. */
  enter(now: number): "pass" | "probe" | Opened<E> {
    if (this.open === undefined) return "pass"
    if (this.open.isProbed || now < this.open.until) return this.open
    this.open = { ...this.open, isProbed: true }
    return "probe"
  }

  /** The source answered a call that was sent when the circuit had opened so many times. */
  well(openings: number): void {
    if (this.isClosed && openings === this.openings) this.push(0)
  }

  /**
   * It did not, which opens the circuit if that was one too many, and if as many of the last minute are known of. What was
   * sent before the circuit opened last is no news.
   */
  sick(error: E, openings: number, lately: number, now: number): boolean {
    if (!this.isClosed || openings !== this.openings) return false
    this.push(1)
    if (Math.min(this.failures, lately) < this.settings.failures) return false
    this.trip(error, now, now, this.settings.openFor)
    return true
  }

  /** How the probe ended: one that tells nothing is followed by another. */
  probed(ended: "well" | "unknown" | E, now: number): void {
    if (this.open === undefined) return
    const { since, wait } = this.open
    if (ended === "well") {
      this.open = undefined
      this.last.fill(0)
      this.failures = 0
    } else if (ended === "unknown") {
      this.open = { ...this.open, isProbed: false, until: now }
    } else {
      this.trip(ended, since, now, Math.min(2 * wait, Math.max(longest, this.settings.openFor)))
    }
  }

  private trip(error: E, since: number, now: number, wait: number): void {
    this.openings++
    this.open = { error, since, until: now + wait, wait, isProbed: false }
  }

  private push(failed: 0 | 1): void {
    this.failures += failed - this.last[this.next]!
    this.last[this.next] = failed
    this.next = (this.next + 1) % this.last.length
  }
}
