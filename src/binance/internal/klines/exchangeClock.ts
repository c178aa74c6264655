/**
 * The clock of an exchange, estimated from its answers. The local clock may be wrong by days, so it never decides which
 * candles exist or have closed.
 *
 * The state is an offset from a monotonic clock: changes of the local wall clock have no effect.
 */

/** The bounds of the offset: milliseconds of the epoch by the exchange, minus milliseconds of the monotonic clock. */
interface Offset {
  readonly least: number
  readonly most: number
}

export class ExchangeClock {
  private offset: Offset | undefined = undefined
  private isWarned = false

  /**
   * Records a time that the exchange stated in an answer, in milliseconds. The true time may be later by up to
   * `resolution`: 1000 for a `Date` header. `sent` and `received` are monotonic milliseconds.
   */
  heard(stated: number, resolution: number, sent: number, received: number): void {
    const heard: Offset = { least: stated - received, most: stated + resolution - sent }
    const known = this.offset
    const least = Math.max(known?.least ?? -Infinity, heard.least)
    const most = Math.min(known?.most ?? Infinity, heard.most)
    // Contradictory bounds: the exchange has adjusted its clock, so the latest statement is used.
    this.offset = least <= most ? { least, most } : heard
  }

  /** The earliest possible time of the exchange now; `undefined` before its first statement. */
  earliest(monotonic: number): number | undefined {
    return this.offset === undefined ? undefined : this.offset.least + monotonic
  }

  /** The minimum error of a local clock in milliseconds: positive when it is ahead. */
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
