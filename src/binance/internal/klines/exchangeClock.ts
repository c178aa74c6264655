/**
 * The clock of an exchange, as its answers show it. The local clock may be days off, so it never decides which candles
 * exist or have closed.
 *
 * The state is an offset from a monotonic clock: steps of the local wall clock change nothing.
 */

/** Milliseconds of the epoch by the exchange, less milliseconds by the monotonic clock: the least and the most. */
interface Offset {
  readonly least: number
  readonly most: number
}

export class ExchangeClock {
  private offset: Offset | undefined = undefined
  private isWarned = false

  /**
   * Records a time that the exchange stated in an answer, in milliseconds. `resolution` is how much later it may have
   * been: 1000 for a `Date` header. `sent` and `received` are monotonic milliseconds.
   */
  heard(stated: number, resolution: number, sent: number, received: number): void {
    const heard: Offset = { least: stated - received, most: stated + resolution - sent }
    const known = this.offset
    const least = Math.max(known?.least ?? -Infinity, heard.least)
    const most = Math.min(known?.most ?? Infinity, heard.most)
    // Statements that exclude each other: the exchange has set its clock, so the latest one counts.
    this.offset = least <= most ? { least, most } : heard
  }

  /** The earliest time that the exchange's clock can show now; `undefined` before it has stated any. */
  earliest(monotonic: number): number | undefined {
    return this.offset === undefined ? undefined : this.offset.least + monotonic
  }

  /** By how many milliseconds a local clock is wrong at least: positive when it is ahead. */
  error(local: number, monotonic: number): number {
    if (this.offset === undefined) return 0
    const { least, most } = this.offset
    return local > most + monotonic
      ? local - most - monotonic
      : local < least + monotonic
      ? local - least - monotonic
      : 0
  }

  /** True the first time that the local clock is wrong by more than a minute. */
  shouldWarn(local: number, monotonic: number): boolean {
    if (this.isWarned || Math.abs(this.error(local, monotonic)) <= tolerated) return false
    this.isWarned = true
    return true
  }
}

const tolerated = 60_000
