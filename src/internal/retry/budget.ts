/**
 * What may be spent on retries: a token for each. Every call brings a share of one, and time a few more, so that retries
 * stay a share of the calls, whatever fails (Finagle's RetryBudget and the throttling of gRPC, proposal A6).
 */
export interface BudgetSettings {
  /** The share of a token that a call brings. */
  readonly ratio: number
  /** Tokens that a second brings. */
  readonly perSecond: number
}

// What a second brings is saved up for so many seconds.
const seconds = 10
// What was saved in good times must not feed a storm.
const most = 100
// Ten tenths are not quite one.
const rounding = 1e-6

export class Budget {
  private readonly settings: BudgetSettings
  private readonly idle: number
  private readonly brim: number
  private tokens: number
  private refilled: number

  /** `now` is milliseconds of any clock that does not go back. */
  constructor(settings: BudgetSettings, now: number) {
    this.settings = settings
    this.idle = settings.perSecond > 0 ? Math.max(1, settings.perSecond * seconds) : 0
    this.brim = Math.max(most, this.idle)
    this.tokens = this.idle
    this.refilled = now
  }

  called(): void {
    this.tokens = Math.min(this.brim, this.tokens + this.settings.ratio)
  }

  /** How many whole tokens there are. */
  left(now: number): number {
    const earned = (now - this.refilled) / 1000 * this.settings.perSecond
    if (this.tokens < this.idle) this.tokens = Math.min(this.idle, this.tokens + earned)
    this.refilled = now
    return Math.floor(this.tokens + rounding)
  }

  /** Takes a token, if there is one. */
  spend(now: number): boolean {
    if (this.left(now) < 1) return false
    this.tokens--
    return true
  }
}
