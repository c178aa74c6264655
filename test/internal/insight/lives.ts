/**
 * Seeded lives of one code: errors up to now, a limit, and when the limit was exceeded in truth. Instants are minutes, and
 * now is 0. Nothing here is shared with what is tested.
 */

/** Hardly anything and then a lot, in the last hour, is sudden. */
export type Kind = "constant" | "rising" | "bursty" | "daily" | "sudden"

export interface Life {
  /** In UTC, when it is now. */
  readonly minuteOfDay: number
  /** For how long there has been somebody to count. */
  readonly age: number
  /** Errors in every hour of the clock, the oldest first; the last one is under way. */
  readonly hours: ReadonlyArray<number>
  /** The errors of the last day, the oldest first. */
  readonly errors: ReadonlyArray<number>
  readonly window: number
  readonly limit: number
  /** When the limit is exceeded, if within two days. */
  readonly crossing: number | undefined
}

const day = 1440

/** A number above 0 and below 1, and then another one (mulberry32). */
export const seeded = (seed: number) => {
  let state = Math.imul(seed, 2654435761)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32 || 2 ** -33
  }
}

/** By adding up waiting times. */
export const poisson = (random: () => number, mean: number): number => {
  let count = 0
  for (let waited = -Math.log(random()); waited < mean; waited -= Math.log(random())) count++
  return count
}

interface Process {
  /** Errors per minute in the minute that begins then. */
  readonly rate: (minute: number) => number
  /** Another future begins. */
  readonly again: () => void
}

const processOf = (kind: Kind, age: number, minuteOfDay: number, random: () => number): Process => {
  const between = (low: number, high: number) => low + (high - low) * random()
  const scale = (low: number, high: number) => low * (high / low) ** random()
  const base = scale(0.03, 1)
  const again = () => {}
  switch (kind) {
    case "constant":
      return { rate: () => base, again }
    case "rising": {
      const began = -between(20, 240)
      const most = base * between(5, 30)
      const doubling = between(20, 150)
      const growth = base * scale(0.3, 4) / 60
      const isExponential = random() < 0.5
      const rate = (minute: number) =>
        Math.min(most, isExponential ? base * 2 ** ((minute - began) / doubling) : base + growth * (minute - began))
      return { rate: (minute) => minute < began ? base : rate(minute), again }
    }
    case "bursty": {
      const [quiet, loud, factor] = [between(20, 180), between(3, 20), between(5, 30)]
      let isLoud = random() < loud / (quiet + loud)
      let left = 0
      let last = -age
      let now: readonly [boolean, number] | undefined
      // Asked for one minute after the other.
      const rate = (minute: number) => {
        for (; last <= minute; last++) {
          for (; left <= 0; isLoud = !isLoud) left -= Math.log(random()) * (isLoud ? quiet : loud)
          left--
        }
        return base / 3 * (isLoud ? factor : 1)
      }
      const again = () => {
        now ??= [isLoud, left]
        isLoud = now[0]
        left = now[1]
        last = 0
      }
      return { rate, again }
    }
    case "sudden": {
      // Hardly anything, until some minutes ago.
      const [began, lasts] = [-between(3, 60), between(0, 1)]
      let over = Infinity
      const rate = (minute: number) => minute < began || minute >= over ? base / 100 : base * 3
      return { rate, again: () => void (over = -Math.log(random()) * 300 * lasts) }
    }
    case "daily": {
      const [swing, peak] = [between(0.5, 0.95), between(0, day)]
      return {
        rate: (minute) => base * (1 + swing * Math.cos((minuteOfDay + minute - peak) / day * 2 * Math.PI)),
        again
      }
    }
  }
}

/** `into`: how many minutes of this hour are over. */
const hoursOf = (minutes: ReadonlyArray<number>, into: number): ReadonlyArray<number> => {
  const hours: Array<number> = []
  for (let end = minutes.length, length = into; end > 0; end -= length, length = 60) {
    hours.push(minutes.slice(Math.max(0, end - length), end).reduce((sum, count) => sum + count, 0))
  }
  return hours.reverse()
}

export const lifeOf = (kind: Kind, seed: number): Life => {
  const random = seeded(seed)
  const pick = <A>(values: ReadonlyArray<A>): A => values[Math.floor(random() * values.length)]!
  const window = pick([1, 60, 60, 60, day])
  const age = day * pick([0.25, 1, 2, 8, 14])
  const minuteOfDay = Math.floor(random() * day)
  const { again, rate } = processOf(kind, age, minuteOfDay, random)
  const inMinute = (minute: number) =>
    Array.from({ length: poisson(random, rate(minute)) }, () => minute + random()).sort((a, b) => a - b)

  const errors: Array<number> = []
  const minutes = Array.from({ length: age }, (_, i) => {
    if (i < age - day) return poisson(random, rate(i - age))
    const at = inMinute(i - age)
    errors.push(...at)
    return at.length
  })
  const count = errors.filter((at) => at >= -window).length

  /** Errors to come, until `done` says so. */
  const live = (until: number, done: (at: number, count: number) => boolean) => {
    again()
    const all = errors.filter((at) => at >= -window)
    let oldest = 0
    for (let minute = 0; minute < until; minute++) {
      for (const at of inMinute(minute)) {
        all.push(at)
        while (all[oldest]! < at - window) oldest++
        if (done(at, all.length - oldest)) return
      }
    }
  }

  // The limit is such that one future comes close to it; the true one is another.
  let most = count
  live((0.3 * 80 ** random()) * 60, (_, count) => {
    most = Math.max(most, count)
    return false
  })
  const limit = Math.max(1, count, Math.round(most * (0.8 + 0.25 * random())))
  let crossing: number | undefined
  live(2 * day, (at, count) => {
    if (count > limit) crossing = at
    return count > limit
  })
  return {
    minuteOfDay,
    age,
    hours: hoursOf(minutes, minuteOfDay % 60),
    errors,
    window,
    limit,
    crossing
  }
}
