/** The counts of one series in one window, by step. Pure: the memory store counts with it; the scripts of Redis do the same. */

/** The number of steps of a window. One more is kept, since the newest one has only begun. */
export const steps = 60
const kept = steps + 1

/** The duration of a step, in milliseconds. */
export const stepOf = (window: number): number => Math.max(1, Math.ceil(window / steps))

export interface Ring {
  /** The number of the newest step. */
  readonly newest: number
  /** Newest first. */
  readonly counts: ReadonlyArray<number>
}

/** Adds to the count of a step. One that is older than the window is lost. */
export const add = (ring: Ring | undefined, step: number, n: number): Ring => {
  const ahead = ring === undefined ? kept : step - ring.newest
  if (ring === undefined || ahead >= kept) return { newest: step, counts: [n] }
  if (ahead > 0) {
    return { newest: step, counts: [n, ...zeros(ahead - 1), ...ring.counts].slice(0, kept) }
  }
  if (-ahead >= kept) return ring
  const counts = [...ring.counts]
  while (counts.length <= -ahead) counts.push(0)
  counts[-ahead] = (counts[-ahead] ?? 0) + n
  return { newest: ring.newest, counts }
}

const zeros = (length: number): Array<number> => Array.from({ length }, () => 0)

/** The counts by step, newest first, as of a step. */
export const timeline = (ring: Ring | undefined, now: number): ReadonlyArray<number> => {
  const counts = zeros(kept)
  if (ring === undefined) return counts
  // A clock that went back makes the newest step the current one.
  const ahead = Math.max(0, now - ring.newest)
  ring.counts.forEach((count, i) => {
    if (i + ahead < kept) counts[i + ahead] = count
  })
  return counts
}

/** The count in the window as of a step. */
export const sum = (ring: Ring | undefined, now: number): number =>
  timeline(ring, now).reduce((sum, count) => sum + count, 0)
