/**
 * Counts of very many series over the last minute, hour and day, at one sixtieth of the window: steps of a second, a
 * minute and 24 minutes. Instants are nanoseconds since the tracker started.
 *
 * A step is open to the left: the step that ends at t holds what happened after the step before ended, up to and
 * including t. The current step and the 60 before it are counted: all that is inside the window, and at most one
 * sixtieth of a window too much.
 */

export const minute = 0
export const hour = 1
export const day = 2

export type WindowIndex = typeof minute | typeof hour | typeof day

const seconds = [1, 60, 1440] as const
const kept = 61
const perSeries = kept * seconds.length
const carried = 2 ** 16

/** Where the hands of the clock stand: the current step of each of the three windows, once for all series. */
export class Hands {
  second = 0
  atMinute = 0
  atHour = kept
  atDay = 2 * kept

  turn(now: number): void {
    const second = Math.ceil(now / 1e9)
    if (second === this.second) return
    this.second = second
    this.atMinute = second % kept
    this.atHour = kept + Math.ceil(second / 60) % kept
    this.atDay = 2 * kept + Math.ceil(second / 1440) % kept
  }
}

// Every index into the arrays below is that of a series that `make` gave out.
const at = (numbers: Uint16Array | Float64Array, index: number): number => numbers[index]!

/** The series of one dimension, side by side: 378 bytes each, whatever they count. */
export class Slots {
  private counts = new Uint16Array(perSeries * 8)
  private last = new Float64Array(8)
  private totals = new Float64Array(8)
  private readonly free: Array<number> = []
  // What a step has counted beyond 16 bits. Seldom needed, so that 16 bits are enough everywhere else.
  private readonly carry = new Map<number, number>()
  private readonly hands: Hands
  size = 0

  constructor(hands: Hands) {
    this.hands = hands
  }

  get bytes(): number {
    return this.counts.byteLength + this.last.byteLength + this.totals.byteLength
  }

  make(): number {
    const series = this.free.pop() ?? this.size++
    if (series === this.last.length) this.grow()
    this.last[series] = this.hands.second
    return series
  }

  release(series: number): void {
    this.clear(series * perSeries, (series + 1) * perSeries)
    this.totals[series] = 0
    this.free.push(series)
  }

  add(series: number): void {
    const { atDay, atHour, atMinute, second } = this.hands
    if (at(this.last, series) !== second) this.advance(series, second)
    const base = series * perSeries
    this.increment(base + atMinute)
    this.increment(base + atHour)
    this.increment(base + atDay)
    this.totals[series] = at(this.totals, series) + 1
  }

  total(series: number): number {
    return at(this.totals, series)
  }

  /** For what is counted elsewhere from now on, or was before. */
  addTotal(series: number, count: number): void {
    this.totals[series] = at(this.totals, series) + count
  }

  sum(series: number, window: WindowIndex): number {
    const width = seconds[window]
    const current = Math.ceil(this.hands.second / width)
    const last = Math.ceil(at(this.last, series) / width)
    const base = series * perSeries + window * kept
    let sum = 0
    for (let step = Math.max(0, current - kept + 1); step <= last; step++) sum += this.read(base + step % kept)
    return sum
  }

  /** Has nothing been counted for longer than the longest window? */
  isSilent(series: number): boolean {
    return this.hands.second - at(this.last, series) > kept * seconds[day]
  }

  private read(index: number): number {
    return at(this.counts, index) + (this.carry.size === 0 ? 0 : this.carry.get(index) ?? 0)
  }

  private increment(index: number): void {
    const count = at(this.counts, index) + 1
    this.counts[index] = count
    if (count === carried) this.carry.set(index, (this.carry.get(index) ?? 0) + carried)
  }

  /** Empties the steps that have passed since the series was last counted. */
  private advance(series: number, second: number): void {
    const last = at(this.last, series)
    for (const [window, width] of seconds.entries()) {
      const base = series * perSeries + window * kept
      const current = Math.ceil(second / width)
      for (let step = Math.max(Math.ceil(last / width), current - kept) + 1; step <= current; step++) {
        this.clear(base + step % kept, base + step % kept + 1)
      }
    }
    this.last[series] = second
  }

  private clear(from: number, to: number): void {
    this.counts.fill(0, from, to)
    if (this.carry.size > 0) { for (let index = from; index < to; index++) this.carry.delete(index) }
  }

  private grow(): void {
    const counts = new Uint16Array(this.counts.length * 2)
    counts.set(this.counts)
    this.counts = counts
    const last = new Float64Array(this.last.length * 2)
    last.set(this.last)
    this.last = last
    const totals = new Float64Array(this.totals.length * 2)
    totals.set(this.totals)
    this.totals = totals
  }
}
