/** When a count within a window will exceed its limit: by playing what may happen from here on many times over. */
import { Draws } from "./draws.js"
import type { Trend } from "./trend.js"
import { trend } from "./trend.js"

/** In minutes from now. */
export interface Crossing {
  /** How many events are in the window now. */
  readonly count: number
  /** That it happens within a day: at least 0.5. */
  readonly probability: number
  readonly earliest: number
  readonly likely: number
  /** None, if it happens within a day in less than nine of ten futures. */
  readonly latest: number | undefined
}

/** What happened, in minutes: the last one ends now, at 0. */
export interface Past {
  /** Events in every minute, the oldest comes first. */
  readonly minutes: ReadonlyArray<number>
  /** The instant of the n-th newest event; `-Infinity` if there are fewer. */
  readonly nth: (n: number) => number
}

const futures = 200
const horizon = 1440

// How a rate varies that neither the time of day nor a trend explains shows from one half-hour to the next.
const block = 30
// As if there had been some more half-hours, of a rate that varies by half.
const assumedBlocks = 4
const assumedVariation = 0.5

// In minutes: how long a trend goes on, and after how long, on average, what is unusual now is over. The rate is the usual
// one then, as far as that is known.
const persistence = 120
const lasting = 240
const doubt = 0.3

// Many events are played in batches: so many of them fill the window up to its limit.
const batches = 128
const mostBatches = 1500

/**
 * None if it is not to be expected within a day, or has happened already. Else it happens between `earliest` and `latest`
 * in four of five futures; if there is no `latest`, after `earliest`.
 *
 * `usual` is the usual rate, in events per minute, a number of minutes from now on.
 */
export const crossing = (
  { minutes, nth }: Past,
  { limit, usual, window }: {
    readonly usual: (minute: number) => number
    /** In minutes. */
    readonly window: number
    /** Exceeded by one event more. */
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
  const play = player({ marks, batch, usual, window, size, now, draws: new Draws() })

  const crossings = Array.from({ length: futures / 5 }, play)
  if (crossings.filter((at) => at < Infinity).length < crossings.length / 4) return undefined
  while (crossings.length < futures) crossings.push(play())
  crossings.sort((a, b) => a - b)
  const at = (share: number) => crossings[Math.floor(share * futures)] ?? Infinity
  if (at(0.5) === Infinity) return undefined
  const isOpen = at(0.9) === Infinity
  return {
    count: countOf(nth, window, limit),
    probability: crossings.filter((at) => at < Infinity).length / futures,
    earliest: at(isOpen ? 0.2 : 0.1),
    likely: at(0.5),
    latest: isOpen ? undefined : at(0.9)
  }
}

/** How many events are in the window: not more than the limit. */
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
 * As for `Counts`. By the squared differences of neighbours (von Neumann: Distribution of the ratio of the mean square
 * successive difference to the variance, 1941), so that no trend is taken for it.
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

/** Plays one future after another: when does the count exceed the limit? */
const player = ({ batch, draws, marks, now, size, usual, window }: {
  /** At index i, the instant of the event that i batches ago was the newest one. */
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
    // What is to come until the next batch is full, in events that the rate has to bring.
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
