/** The instant at which a count within a window will exceed its limit, by simulation. */
import type { Pieces } from "../pauses.js"
import { Draws } from "./draws.js"
import type { Trend } from "./trend.js"
import { trend } from "./trend.js"

/** In minutes from now. */
export interface Crossing {
  /** The number of events in the window now. */
  readonly count: number
  /** The probability of a crossing within a day: at least 0.5. */
  readonly probability: number
  readonly earliest: number
  readonly likely: number
  /** Undefined if fewer than nine of ten simulations have a crossing within a day. */
  readonly latest: number | undefined
}

/** The past, in minutes: now is 0. */
export interface Past {
  /** Events per minute, oldest first. */
  readonly minutes: ReadonlyArray<number>
  /** The instant of the n-th newest event; `-Infinity` if there are fewer. */
  readonly nth: (n: number) => number
}

const simulations = 200
const horizon = 1440
// About two milliseconds.
const eventsPerPiece = 10_000

// Half-hours show how much a rate varies beyond the time of the day and the trend.
const block = 30
// The prior: some more half-hours, of a rate that varies by half.
const assumedBlocks = 4
const assumedVariation = 0.5

// In minutes: the decay time of a trend, and the mean time until an unusual rate returns to the usual one, which itself is
// uncertain by the factor e to the power of `doubt`.
const persistence = 120
const lasting = 240
const doubt = 0.3

export interface Limit {
  /** In minutes. */
  readonly window: number
  /** Exceeded by one more event. */
  readonly limit: number
}

/**
 * One answer for each limit: undefined if no crossing is to be expected within a day, or the limit is exceeded already. Four
 * of five simulations cross between `earliest` and `latest`, or after `earliest` if there is no `latest`.
 *
 * All limits see the same simulated futures, which do not depend on the limits: of two limits on a window, the higher one is
 * never reached sooner.
 *
 * `usual` is the usual rate in events per minute, by the number of minutes from now.
 */
export function* crossings(
  { minutes, nth }: Past,
  { limits, usual }: { readonly usual: (minute: number) => number; readonly limits: ReadonlyArray<Limit> }
): Pieces<ReadonlyArray<Crossing | undefined>> {
  const size = variability(minutes)
  const perBlock = minutes.reduce((sum, count) => sum + count, 0) / Math.max(1, minutes.length) * block
  const now = trend(minutes, { usual, dispersion: 1 + perBlock / size })
  const rates = Array.from({ length: horizon / block }, (_, i) => usual((i + 0.5) * block))
  const watches = limits.map((limit) => new LimitCrossings(limit, nth))
  let events = 0
  let left = watches.filter(({ isExceeded }) => !isExceeded)
  for (let i = 0; i < simulations && left.length > 0; i++) {
    if (i === simulations / 5) left = left.filter((watch) => watch.share >= 1 / 4)
    const future = new Future({ rates, size, now, draws: new Draws(i) })
    follow(future, left)
    events += future.times.length
    if (events < eventsPerPiece) continue
    events = 0
    yield
  }
  return watches.map((watch) => left.includes(watch) ? answerOf(watch, nth) : undefined)
}

/** Follows a future until each limit is exceeded, for a day at most. */
const follow = (future: Future, watches: ReadonlyArray<LimitCrossings>): void => {
  for (const watch of watches) watch.start()
  let left = watches.length
  while (left > 0 && future.next()) {
    for (const watch of watches) if (watch.exceeds(future)) left--
  }
  for (const watch of watches) watch.end()
}

const answerOf = ({ instants, limit, share, window }: LimitCrossings, nth: Past["nth"]): Crossing | undefined => {
  const sorted = instants.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(share * simulations)] ?? Infinity
  if (at(0.5) === Infinity) return undefined
  const isOpen = at(0.9) === Infinity
  return {
    count: countOf(nth, window, limit),
    probability: share,
    earliest: at(isOpen ? 0.2 : 0.1),
    likely: at(0.5),
    latest: isOpen ? undefined : at(0.9)
  }
}

/** The number of events in the window, at most the limit. */
const countOf = (nth: Past["nth"], window: number, limit: number): number => {
  let low = 0
  let high = limit
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (nth(middle) >= -window) low = middle
    else high = middle - 1
  }
  return low
}

/**
 * The `size` of `Counts`, by the squared differences of neighbours (von Neumann: Distribution of the ratio of the mean square
 * successive difference to the variance, 1941), so that a trend does not count as variation.
 */
const variability = (minutes: ReadonlyArray<number>): number => {
  const counts = Array.from({ length: Math.floor(minutes.length / block) }, (_, i) => {
    const end = minutes.length - i * block
    return minutes.slice(end - block, end).reduce((sum, count) => sum + count, 0)
  })
  const mean = (counts.reduce((sum, count) => sum + count, 0) + 0.5) / Math.max(1, counts.length)
  let squares = assumedBlocks * mean ** 2
  let excess = squares * assumedVariation ** 2
  for (const [i, count] of counts.entries()) {
    const next = counts[i + 1]
    if (next === undefined) break
    squares += ((count + next) / 2) ** 2
    excess += ((count - next) ** 2 - (count + next)) / 2
  }
  return Math.min(squares / Math.max(excess, 0), 1000)
}

/** The crossings of one limit. */
class LimitCrossings implements Limit {
  readonly window: number
  readonly limit: number
  /** In minutes: one instant for each simulation. */
  readonly instants: Array<number> = []
  private readonly nth: Past["nth"]
  // By the position of an event: the instant of the past event that is so many events older. They do not depend on the future.
  private readonly past: Array<number> = []
  private instant = Infinity
  // The position of the oldest event that counts together with the latest one.
  private oldest = 0

  constructor({ limit, window }: Limit, nth: Past["nth"]) {
    this.window = window
    this.limit = limit
    this.nth = nth
  }

  get isExceeded(): boolean {
    return this.nth(this.limit + 1) >= -this.window
  }

  /** The share of simulations with a crossing. */
  get share(): number {
    return this.instants.filter((at) => at < Infinity).length / Math.max(1, this.instants.length)
  }

  start(): void {
    this.instant = Infinity
    this.oldest = 0
  }

  end(): void {
    this.instants.push(this.instant)
  }

  /** Whether the latest event exceeds the limit, for the first time in this simulation. */
  exceeds({ times }: Future): boolean {
    if (this.instant < Infinity) return false
    const latest = times.length - 1
    const time = times[latest]!
    if (time - this.before(latest, times) > this.window) return false
    this.instant = time
    return true
  }

  /** The instant of the event that is `limit` events older than the one at a position; between two known ones, in proportion. */
  private before(position: number, times: ReadonlyArray<number>): number {
    const number = numberAt(position) - this.limit
    if (number <= 0) return this.past[position] ??= this.nth(1 - number)
    while (numberAt(this.oldest + 1) <= number) this.oldest++
    const [known, time] = [numberAt(this.oldest), times[this.oldest]!]
    if (known === number) return time
    const share = (number - known) / (numberAt(this.oldest + 1) - known)
    return time + share * (times[this.oldest + 1]! - time)
  }
}

// Each of the first events of a future is simulated, of the later ones every second, every fourth and so on, as their
// number doubles: a crossing is late by less than 1/512 of the events before it.
const each = 1024
const half = each / 2

/** The level of detail: the events at a level are 2 to the power of the level apart. */
const levelAt = (position: number): number => position < each ? 0 : 1 + Math.floor((position - each) / half)

// The same for all futures.
const numbers: Array<number> = []

/** The number of an event by its position among the simulated ones. Increases. */
const numberAt = (position: number): number => {
  while (numbers.length <= position) numbers.push((numbers.at(-1) ?? 0) + 2 ** levelAt(numbers.length))
  return numbers[position]!
}

/** A simulated future of one day: it depends on the history and the draws only. */
class Future {
  /** The instants of the simulated events, in minutes. */
  readonly times: Array<number> = []
  private readonly draws: Draws
  private readonly rates: ReadonlyArray<number>
  private readonly size: number
  private readonly level: number
  private readonly slope: number
  private readonly over: number
  private readonly usually: number
  private block = -1
  private time = 0
  private speed = 0

  constructor({ draws, now, rates, size }: {
    readonly draws: Draws
    readonly now: Trend
    /** By half-hour. */
    readonly rates: ReadonlyArray<number>
    readonly size: number
  }) {
    this.draws = draws
    this.rates = rates
    this.size = size
    const first = draws.normal()
    const rest = Math.sqrt(Math.max(0, now.varSlope - now.covariance ** 2 / now.varLevel))
    this.level = now.level + Math.sqrt(now.varLevel) * first
    this.slope = now.slope + now.covariance / Math.sqrt(now.varLevel) * first + rest * draws.normal()
    this.over = lasting * draws.exponential()
    this.usually = Math.exp(doubt * draws.normal())
    this.nextBlock()
  }

  /** Simulates the next event. False at the end of the day. */
  next(): boolean {
    let missing = this.draws.gamma(2 ** levelAt(this.times.length))
    for (;;) {
      const end = (this.block + 1) * block
      const time = this.time + missing / this.speed
      if (time < end) {
        this.time = time
        this.times.push(time)
        return true
      }
      missing -= (end - this.time) * this.speed
      if (!this.nextBlock()) return false
    }
  }

  private nextBlock(): boolean {
    const rate = this.rates[++this.block]
    if (rate === undefined) return false
    const start = this.block * block
    const gone = this.slope * persistence / 60 * -Math.expm1(-(start + block / 2) / persistence)
    const factor = start < this.over ? Math.exp(Math.min(this.level + gone, 50)) : this.usually
    this.speed = rate * factor * this.draws.gamma(this.size) / this.size
    this.time = start
    return true
  }
}
