/** The instant at which a count within a window will exceed its limit, by simulation. */
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

// High limits are simulated in batches: the number of batches that fill the window up to its limit.
const batches = 128
const mostBatches = 1500

/**
 * Undefined if no crossing is to be expected within a day, or the limit is exceeded already. Four of five simulations
 * cross between `earliest` and `latest`, or after `earliest` if there is no `latest`.
 *
 * `usual` is the usual rate in events per minute, by the number of minutes from now.
 */
export const crossing = (
  { minutes, nth }: Past,
  { limit, usual, window }: {
    readonly usual: (minute: number) => number
    /** In minutes. */
    readonly window: number
    /** Exceeded by one more event. */
    readonly limit: number
  }
): Crossing | undefined => {
  if (nth(limit + 1) >= -window) return undefined
  const size = variability(minutes)
  const perBlock = minutes.reduce((sum, count) => sum + count, 0) / Math.max(1, minutes.length) * block
  const now = trend(minutes, { usual, dispersion: 1 + perBlock / size })
  const length = Math.min(limit + 1, batches)
  const batch = (limit + 1) / length
  const marks = Float64Array.from({ length }, (_, i) => i === 0 ? 0 : nth(Math.ceil(i * batch)))
  const simulate = simulator({ marks, batch, usual, window, size, now, draws: new Draws() })

  const crossings = Array.from({ length: simulations / 5 }, simulate)
  if (crossings.filter((at) => at < Infinity).length < crossings.length / 4) return undefined
  while (crossings.length < simulations) crossings.push(simulate())
  crossings.sort((a, b) => a - b)
  const at = (share: number) => crossings[Math.floor(share * simulations)] ?? Infinity
  if (at(0.5) === Infinity) return undefined
  const isOpen = at(0.9) === Infinity
  return {
    count: countOf(nth, window, limit),
    probability: crossings.filter((at) => at < Infinity).length / simulations,
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

/** Each call simulates one future and returns the instant of the crossing, in minutes. */
const simulator = ({ batch, draws, marks, now, size, usual, window }: {
  /** At index i, the instant of the event that was the newest one i batches ago. */
  readonly marks: Float64Array
  /** Events per batch. */
  readonly batch: number
  readonly usual: (minute: number) => number
  readonly window: number
  readonly size: number
  readonly now: Trend
  readonly draws: Draws
}): () => number => {
  const rates = Array.from({ length: horizon / block }, (_, i) => usual((i + 0.5) * block))
  const { length } = marks
  const ring = new Float64Array(length)
  return () => {
    const first = draws.normal()
    const level = now.level + Math.sqrt(now.varLevel) * first
    const rest = Math.sqrt(Math.max(0, now.varSlope - now.covariance ** 2 / now.varLevel))
    const slope = now.slope + now.covariance / Math.sqrt(now.varLevel) * first + rest * draws.normal()
    const over = lasting * draws.exponential()
    const usually = Math.exp(doubt * draws.normal())
    let done = 0
    // The events left until the next batch is full.
    let missing = draws.gamma(batch)
    for (const [i, rate] of rates.entries()) {
      const start = i * block
      const gone = slope * persistence / 60 * -Math.expm1(-(start + block / 2) / persistence)
      const factor = start < over ? Math.exp(Math.min(level + gone, 50)) : usually
      const speed = rate * factor * draws.gamma(size) / size
      let time = start
      while (time + missing / speed < start + block) {
        time += missing / speed
        done++
        const oldest = done < length ? marks[length - done] ?? -Infinity : ring[(done + 1) % length] ?? -Infinity
        if (length === 1 || time - oldest <= window) return time
        if (done === mostBatches) return Infinity
        ring[done % length] = time
        missing = draws.gamma(batch)
      }
      missing -= (start + block - time) * speed
    }
    return Infinity
  }
}
