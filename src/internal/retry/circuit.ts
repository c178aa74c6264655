/** A circuit breaker. Pure: the time is an argument, in milliseconds of a clock that does not go back. */
import { type FailureLimit, FailureWindow } from "./failureWindow.js"

export interface CircuitSettings extends FailureLimit {
  /** The span of the window, in milliseconds. */
  readonly window: number
  /** The time from opening to the first probe, and from a failed probe to the next one, in milliseconds. */
  readonly openFor: number
}

/** The latest failure of the source, and when the circuit opened. */
export interface Opened<E> {
  readonly error: E
  readonly since: number
}

interface Open<E> extends Opened<E> {
  /** When the next probe may be sent. While a probe is in flight: when it counts as hung. */
  readonly until: number
  readonly isProbed: boolean
}

/** How the source fared in an attempt. `ignored`: the attempt says nothing of the source. */
export type Outcome<E> = "succeeded" | "ignored" | { readonly failed: E }

export class Circuit<E> {
  private readonly settings: CircuitSettings
  private readonly window: FailureWindow
  private open: Open<E> | undefined
  /** How often it has opened and closed. An attempt keeps the number it was sent at: a result with another one is late. */
  epoch = 0
  /** How often a probe was admitted: the number of the latest one. */
  probes = 0

  constructor(settings: CircuitSettings) {
    this.settings = settings
    this.window = new FailureWindow(settings.window)
  }

  get isClosed(): boolean {
    return this.open === undefined
  }

  get status(): "closed" | "open" | "half-open" {
    return this.open === undefined ? "closed" : this.open.isProbed ? "half-open" : "open"
  }

  /** The failure that keeps the circuit open, the time since it opened, and the time until the next probe; undefined if closed. */
  opened(
    now: number
  ): { readonly error: E; readonly openFor: number; readonly probeIn: number | undefined } | undefined {
    if (this.open === undefined) return undefined
    const { error, isProbed, since, until } = this.open
    return { error, openFor: Math.max(0, now - since), probeIn: isProbed ? undefined : Math.max(0, until - now) }
  }

  /** The attempts and failures in the window. */
  recent(now: number): { readonly attempts: number; readonly failures: number } {
    return this.window.recent(now)
  }

  /** Admits an attempt, as a probe the first one after the open time; the result of a probe goes to `probed`. */
  enter(now: number): "pass" | "probe" | Opened<E> {
    if (this.open === undefined) return "pass"
    if (now < this.open.until) return this.open
    this.open = { ...this.open, isProbed: true, until: now + this.settings.openFor }
    this.probes++
    return "probe"
  }

  succeeded(isRetry: boolean, epoch: number): void {
    if (this.isClosed && epoch === this.epoch) this.window.succeeded(isRetry)
  }

  /** Returns whether this failure has opened the circuit. */
  failed(error: E, isRetry: boolean, epoch: number, now: number): boolean {
    if (!this.isClosed || epoch !== this.epoch) return false
    this.window.failed(isRetry, now)
    if (!this.window.exceeds(this.settings, now)) return false
    this.epoch++
    this.open = { error, since: now, until: now + this.settings.openFor, isProbed: false }
    this.window.clear()
    return true
  }

  /**
   * Takes the result of the probe of that number. One that is ignored is followed by another probe at once. Once a probe has
   * counted as hung, only its success is of interest: the next one decides. Returns whether the circuit has closed.
   */
  probed(outcome: Outcome<E>, epoch: number, probe: number, now: number): boolean {
    if (this.open === undefined || epoch !== this.epoch) return false
    if (outcome === "succeeded") {
      this.open = undefined
      this.epoch++
      return true
    }
    if (probe !== this.probes) return false
    if (outcome === "ignored") {
      this.open = { ...this.open, isProbed: false, until: now }
    } else {
      const { since } = this.open
      this.open = { error: outcome.failed, since, until: now + this.settings.openFor, isProbed: false }
    }
    return false
  }
}
