/**
 * The budget of retries: each one takes a token. Every call brings a share of a token, and time brings a few more, so that
 * retries stay a share of the calls, for any failures (Finagle's RetryBudget, and the throttling of gRPC, proposal A6). Pure:
 * the time is an argument, in milliseconds of a clock that does not go back.
 */
export interface BudgetSettings {
  /** The share of a token that a call brings. */
  readonly ratio: number
  /** The number of tokens that a second brings. */
  readonly perSecond: number
}

// What time brings is saved up for so many seconds.
const seconds = 10
// What calls bring is saved up to so many tokens: more would feed a retry storm.
const mostSaved = 100
// Ten tenths do not quite make one.
const rounding = 1e-6

export class Budget {
  private readonly settings: BudgetSettings
  private readonly mostIdle: number
  /** The number of tokens when it is full. */
  readonly capacity: number
  private tokens: number
  private refilled: number

  constructor(settings: BudgetSettings, now: number) {
    this.settings = settings
    this.mostIdle = settings.perSecond > 0 ? Math.max(1, settings.perSecond * seconds) : 0
    this.capacity = Math.max(mostSaved, this.mostIdle)
    this.tokens = this.mostIdle
    this.refilled = now
  }

  called(): void {
    this.tokens = Math.min(this.capacity, this.tokens + this.settings.ratio)
  }

  /** The number of whole tokens. */
  left(now: number): number {
    const earned = (now - this.refilled) / 1000 * this.settings.perSecond
    if (this.tokens < this.mostIdle) this.tokens = Math.min(this.mostIdle, this.tokens + earned)
    this.refilled = now
    return Math.floor(this.tokens + rounding)
  }

  /** Takes a token. Returns false if there is none. */
  spend(now: number): boolean {
    if (this.left(now) < 1) return false
    this.tokens--
    return true
  }

  /** Gives a token back: its retry was not sent. */
  refund(): void {
    this.tokens = Math.min(this.capacity, this.tokens + 1)
  }
}
