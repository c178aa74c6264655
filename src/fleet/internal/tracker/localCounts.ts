/** The exact counts of this process that limits of the fleet are compared with. */
import * as Duration from "effect/Duration"
import type { Core } from "../../../internal/tracker/core.js"
import { stepOf } from "../ring.js"
import type { CountLimit } from "./fleetLimits.js"

/** The errors within the window of a limit. */
export const localCount = ({ counts }: Core, { code, limit }: CountLimit, now: number): number => {
  const window = Duration.toMillis(limit.window) * 1e6
  if (code !== undefined) return counts.codes.get(code)?.unexpected.events.count(window, now) ?? 0
  let sum = 0
  for (const { unexpected } of counts.codes.values()) sum += unexpected.events.count(window, now)
  return sum
}

/**
 * The time in milliseconds until the count of a limit is at or below the number at which its alert resolves. `others` are the
 * counts of other processes by step, newest first.
 */
export const fallsIn = (core: Core, limit: CountLimit, others: ReadonlyArray<number>, now: number): number => {
  const step = stepOf(limit.window)
  const ofOthers = (millis: number): number => {
    const left = others.length - Math.floor(millis / step)
    let sum = 0
    for (let i = 0; i < left; i++) sum += others[i]!
    return Math.max(0, sum)
  }
  const hasFallen = (millis: number): boolean =>
    localCount(core, limit, now + millis * 1e6) + ofOthers(millis) <= limit.limit.recovered
  let [low, high] = [0, limit.window + 2 * step]
  if (hasFallen(low)) return 0
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (hasFallen(middle)) high = middle
    else low = middle
  }
  return high
}
