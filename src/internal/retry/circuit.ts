/** Open while the source is sick, so that it is left alone and nobody waits for it. Instants are milliseconds. */

export interface CircuitSettings {
  /** After how many failures in a row it opens. */
  readonly failures: number
  /** For how long nothing may have succeeded, in milliseconds: a moment of failure is what retries are for. */
  readonly lasting: number
  /** For how long before each probe, in milliseconds. */
  readonly openFor: number
}

/** What opened it, or kept it open, and since when. */
export interface Opened<E> {
  readonly error: E
  readonly since: number
}

interface Open<E> extends Opened<E> {
  readonly until: number
  /** Is a probe under way? Then `until` is when it has taken too long to be waited for. */
  readonly isProbed: boolean
}

export class Circuit<E extends object> {
  private readonly settings: CircuitSettings
  // So many failures since anything succeeded, and since when.
  private failures = 0
  private failing = 0
  private open: Open<E> | undefined
  /** How often it has opened: what was sent before is told by it. */
  openings = 0

  constructor(settings: CircuitSettings) {
    this.settings = settings
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
    if (now < this.open.until) return this.open
    this.open = { ...this.open, isProbed: true, until: now + this.settings.openFor }
    return "probe"
  }

  /** The source answered a call that was sent when the circuit had opened so many times. */
  well(openings: number): void {
    if (this.isClosed && openings === this.openings) this.failures = 0
  }

  /**
   * It did not, which opens the circuit if that was one too many for too long, and if as many of the last minute are known
   * of. What was sent before the circuit opened last is no news.
   */
  sick(error: E, openings: number, lately: number, now: number): boolean {
    if (!this.isClosed || openings !== this.openings) return false
    if (this.failures++ === 0) this.failing = now
    const { failures, lasting, openFor } = this.settings
    const isOften = this.failures >= failures && lately >= failures
    if (!isOften || now - this.failing < lasting) return false
    this.openings++
    this.open = { error, since: now, until: now + openFor, isProbed: false }
    return true
  }

  /**
   * How a probe ended that was sent when the circuit had opened so many times: one that tells nothing is followed by
   * another. Has that closed it?
   */
  probed(ended: "well" | "unknown" | E, openings: number, now: number): boolean {
    if (this.open === undefined || openings !== this.openings) return false
    if (ended === "well") {
      this.open = undefined
      this.failures = 0
    } else if (ended === "unknown") {
      this.open = { ...this.open, isProbed: false, until: now }
    } else {
      this.open = { error: ended, since: this.open.since, until: now + this.settings.openFor, isProbed: false }
    }
    return this.isClosed
  }
}
