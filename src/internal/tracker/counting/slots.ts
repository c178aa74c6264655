/**
 * Counts of thousands of series over the last minute, hour and day, in steps of one sixtieth of the window: a second, a
 * minute and 24 minutes. Instants are nanoseconds since the tracker started.
 *
 * A step is open at its start: the step that ends at t holds the events after the end of the step before, up to and
 * including t. A window is the current step and the 60 before it, which is at most one sixtieth of a window too much.
 */
import type { Series } from "../snapshotModel.js"
import type { WindowIndex } from "./windows.js"
import { windowIndex } from "./windows.js"

const { day, hour, minute } = windowIndex

const widths = [1, 60, 1440] as const
const names = ["minute", "hour", "day"] as const
const kept = 61
const perSeries = kept * widths.length
const perBlock = 64
const limit = 2 ** 16

/** The number of minutes that `Slots.minutes` distinguishes: a day and an hour. */
export const minutesKept = 1500

/** The current second, which has not ended yet; shared by all series. */
export class CurrentSecond {
  second = 0
  private ends = 0

  turn(now: number): void {
    if (now <= this.ends) return
    this.second = Math.ceil(now / 1e9)
    this.ends = this.second * 1e9
  }
}

/**
 * The series of one dimension, 386 bytes each. Every index into the arrays is that of a series returned by `make`. Each has
 * an owner, which says what it counts.
 */
export class Slots<Owner = unknown> {
  private readonly owners: Array<Owner> = []
  // The totals at the last call of `changes`; empty until then.
  private reported = new Float64Array(0)
  // In blocks, which are never copied.
  private readonly blocks: Array<Uint16Array> = []
  // The counts of steps beyond 16 bits, which are rare.
  private readonly carry = new Map<number, number>()
  // The count of the second of the last event; it is added to the steps and the total when that second is over.
  private pending = new Uint32Array(perBlock)
  private last = new Float64Array(perBlock)
  private totals = new Float64Array(perBlock)
  private readonly free: Array<number> = []
  private readonly hands: CurrentSecond
  private size = 0

  constructor(hands: CurrentSecond) {
    this.hands = hands
  }

  /** An independent copy, as of now. */
  copy(): Slots<Owner> {
    const hands = new CurrentSecond()
    hands.second = this.hands.second
    const copy = new Slots<Owner>(hands)
    for (const block of this.blocks) copy.blocks.push(block.slice())
    for (const [slot, count] of this.carry) copy.carry.set(slot, count)
    copy.pending = this.pending.slice()
    copy.last = this.last.slice()
    copy.totals = this.totals.slice()
    copy.size = this.size
    return copy
  }

  get bytes(): number {
    return this.blocks.length * perBlock * perSeries * 2 +
      this.pending.byteLength + this.last.byteLength + this.totals.byteLength
  }

  make(owner: Owner): number {
    const series = this.free.pop() ?? this.size++
    if (series === this.blocks.length * perBlock) this.grow()
    this.owners[series] = owner
    this.last[series] = this.hands.second
    return series
  }

  release(series: number): void {
    for (let step = 0; step < perSeries; step++) this.put(series, step, 0)
    this.pending[series] = 0
    this.totals[series] = 0
    if (series < this.reported.length) this.reported[series] = 0
    this.free.push(series)
  }

  /** Adds the count of a series to another one, and frees it. */
  move(from: number, to: number): void {
    this.addTotal(to, this.total(from))
    if (this.reported.length > Math.max(from, to)) this.reported[to] = this.reported[to]! + this.reported[from]!
    this.release(from)
  }

  /** The number of series, free ones included. */
  get length(): number {
    return this.size
  }

  /** Calls `f` with what each series from `first` to before `end` has counted since the last call. */
  changes(first: number, end: number, f: (owner: Owner, count: number) => void): void {
    if (this.reported.length < this.last.length) {
      const grown = new Float64Array(this.last.length)
      grown.set(this.reported)
      this.reported = grown
    }
    for (let series = first; series < Math.min(end, this.size); series++) {
      const total = this.total(series)
      const count = total - this.reported[series]!
      if (count === 0) continue
      this.reported[series] = total
      f(this.owners[series]!, count)
    }
  }

  add(series: number): void {
    if (this.last[series]! !== this.hands.second) this.advance(series)
    this.pending[series] = this.pending[series]! + 1
  }

  total(series: number): number {
    return this.totals[series]! + this.pending[series]!
  }

  /** Adds to the total only. */
  addTotal(series: number, count: number): void {
    this.totals[series] = this.totals[series]! + count
  }

  /** The count of a window at a second not before the last event. */
  sum(series: number, window: WindowIndex, second = this.hands.second): number {
    const [first, last] = this.counted(series, window, second)
    if (last < first) return 0
    const block = this.block(series)
    const base = this.base(series) + window * kept
    let sum = this.pending[series]!
    for (let step = first, i = first % kept; step <= last; step++) {
      sum += block[base + i]!
      i = i + 1 === kept ? 0 : i + 1
    }
    if (this.carry.size === 0) return sum
    for (let step = first; step <= last; step++) sum += this.carried(series, slot(window, step))
    return sum
  }

  /**
   * Adds `sign` times the count of each minute up to a second not before the last event, oldest first. The last 61 minutes
   * are exact; before them, the events of a step of 24 minutes are spread evenly.
   */
  minutes(series: number, second: number, sign: number, counts: Float64Array): void {
    const current = Math.ceil(second / widths[hour])
    const exact = this.stepsOf(series, hour, second)
    const add = (minute: number, count: number) => {
      const i = counts.length - 1 - (current - minute)
      if (i >= 0 && i < counts.length) counts[i] = counts[i]! + sign * count
    }
    for (const [minute, count] of exact) add(minute, count)
    const perStep = widths[day] / widths[hour]
    const firstExact = Math.max(0, current - kept + 1)
    for (const [step, count] of this.stepsOf(series, day, second)) {
      // The minutes of the step that are older than the exact ones share the rest of its events.
      const first = (step - 1) * perStep + 1
      const last = Math.min(step * perStep, firstExact - 1)
      if (last < first) continue
      let rest = count
      for (let minute = last + 1; minute <= step * perStep; minute++) rest -= exact.get(minute) ?? 0
      for (let minute = first; minute <= last; minute++) add(minute, Math.max(0, rest) / (last - first + 1))
    }
  }

  /** The counts of a window by the number of the step. */
  private stepsOf(series: number, window: WindowIndex, second: number): ReadonlyMap<number, number> {
    const [first, last] = this.counted(series, window, second)
    const counts = new Map<number, number>()
    for (let step = first; step <= last; step++) {
      const count = this.read(series, slot(window, step)) + (step === last ? this.pending[series]! : 0)
      if (count > 0) counts.set(step, count)
    }
    return counts
  }

  /**
   * The count of so many minutes before a second: of whole minutes up to an hour, beyond of steps of 24 minutes, which is at
   * most one step too much. Events after the second do not count, unless one is more than a minute newer.
   */
  within(series: number, minutes: number, second: number): number {
    const window = minutes * 60 <= widths[hour] * (kept - 1) ? hour : day
    const width = widths[window]
    const current = Math.ceil(second / width)
    const length = Math.min(kept, Math.ceil(minutes * 60 / width) + (second % width === 0 ? 0 : 1))
    const last = Math.ceil(this.last[series]! / width)
    const first = Math.max(0, current - length + 1)
    if (last < first) return 0
    const block = this.block(series)
    const base = this.base(series) + window * kept
    const end = Math.min(current, last)
    let sum = last <= current ? this.pending[series]! : 0
    for (let step = first, i = first % kept; step <= end; step++) {
      sum += block[base + i]!
      i = i + 1 === kept ? 0 : i + 1
    }
    if (this.carry.size > 0) {
      for (let step = first; step <= end; step++) sum += this.carried(series, slot(window, step))
    }
    return window === day && this.last[series]! > second ? sum - this.newer(series, second) : sum
  }

  /** The count after a second, in the step of 24 minutes that contains the second. */
  private newer(series: number, second: number): number {
    const last = Math.ceil(this.last[series]! / widths[hour])
    const end = Math.ceil(second / widths[day]) * widths[day] / widths[hour]
    let sum = last <= end ? this.pending[series]! : 0
    for (let step = Math.ceil(second / widths[hour]) + 1; step <= Math.min(last, end); step++) {
      sum += this.read(series, slot(hour, step))
    }
    return sum
  }

  /** Adds `sign` times the count of each of the last minutes before a second, at most an hour, newest first. */
  lastMinutes(series: number, second: number, sign: number, counts: Float64Array): void {
    const current = Math.ceil(second / widths[hour])
    const last = Math.ceil(this.last[series]! / widths[hour])
    for (let i = Math.max(0, current - last); i < Math.min(counts.length, current + 1); i++) {
      const step = current - i
      const count = this.read(series, slot(hour, step)) + (step === last ? this.pending[series]! : 0)
      counts[i] = counts[i]! + sign * count
    }
  }

  /** True if the last event is older than the longest window. */
  isSilent(series: number): boolean {
    return this.hands.second - this.last[series]! > kept * widths[day]
  }

  snapshot(series: number): Series {
    const block = this.block(series)
    const base = this.base(series)
    const steps = (window: WindowIndex): ReadonlyArray<number> => {
      const current = Math.ceil(this.hands.second / widths[window])
      const [first, last] = this.counted(series, window, this.hands.second)
      const counts: Array<number> = []
      for (let step = first; step <= last; step++) {
        const at = slot(window, step)
        const carried = this.carry.size === 0 ? 0 : this.carried(series, at)
        const count = block[base + at]! + carried + (step === last ? this.pending[series]! : 0)
        if (count > 0 || counts.length > 0) counts.push(count)
      }
      if (counts.length === 0) return counts
      // Up to the step that is under way.
      for (let step = last; step < current; step++) counts.push(0)
      return counts
    }
    return { total: this.total(series), minute: steps(minute), hour: steps(hour), day: steps(day) }
  }

  /** Adds the counts of a series that ends with the current step. */
  addSeries(series: number, { total, ...steps }: Series): void {
    this.advance(series)
    this.addTotal(series, total)
    for (const window of [minute, hour, day] as const) {
      const current = Math.ceil(this.hands.second / widths[window])
      const counts = steps[names[window]].slice(-Math.min(kept, current + 1))
      for (const [i, count] of counts.entries()) {
        const at = slot(window, current - counts.length + 1 + i)
        this.put(series, at, this.read(series, at) + count)
      }
    }
  }

  /** The first step of a window, and the last step that can have a count. */
  private counted(series: number, window: WindowIndex, second: number): readonly [number, number] {
    const width = widths[window]
    const current = Math.ceil(second / width)
    return [Math.max(0, current - kept + 1), Math.ceil(this.last[series]! / width)]
  }

  /** Adds what is pending to its steps, and clears the steps that have begun since. */
  private advance(series: number): void {
    const { second } = this.hands
    const last = this.last[series]!
    const pending = this.pending[series]!
    for (const window of [minute, hour, day] as const) {
      const width = widths[window]
      const then = Math.ceil(last / width)
      const current = Math.ceil(second / width)
      if (pending > 0) this.put(series, slot(window, then), this.read(series, slot(window, then)) + pending)
      for (let step = Math.max(then, current - kept) + 1; step <= current; step++) {
        this.put(series, slot(window, step), 0)
      }
    }
    this.addTotal(series, pending)
    this.pending[series] = 0
    this.last[series] = second
  }

  private read(series: number, slot: number): number {
    return this.block(series)[this.base(series) + slot]! + this.carried(series, slot)
  }

  private carried(series: number, slot: number): number {
    return this.carry.get(series * perSeries + slot) ?? 0
  }

  private put(series: number, slot: number, count: number): void {
    const low = count % limit
    this.block(series)[this.base(series) + slot] = low
    if (count > low) this.carry.set(series * perSeries + slot, count - low)
    else if (this.carry.size > 0) this.carry.delete(series * perSeries + slot)
  }

  private base(series: number): number {
    return (series % perBlock) * perSeries
  }

  private block(series: number): Uint16Array {
    return this.blocks[Math.floor(series / perBlock)]!
  }

  private grow(): void {
    this.blocks.push(new Uint16Array(perBlock * perSeries))
    if (this.size <= this.last.length) return
    const grown = <A extends Uint32Array | Float64Array>(from: A, to: A): A => (to.set(from), to)
    const length = this.last.length * 2
    this.pending = grown(this.pending, new Uint32Array(length))
    this.last = grown(this.last, new Float64Array(length))
    this.totals = grown(this.totals, new Float64Array(length))
  }
}

const slot = (window: WindowIndex, step: number): number => window * kept + step % kept
