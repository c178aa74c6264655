/** The history of one code in a snapshot, and its normal range. */
import * as DateTime from "effect/DateTime"
import * as SlidingWindow from "../../SlidingWindow.js"
import * as Snapshot from "../../Snapshot.js"
import type { Normal } from "./baseline.js"
import { normals } from "./baseline.js"

const minute = 60_000
const hour = 3_600_000
const day = 86_400_000

// In seconds: the tracker ran for nearly all of the hour.
const wholeHour = 3540

// Less history than this gives no answer for a minute, or for an hour.
const leastMinutes = 30
export const leastHours = 6
// From this number of hours on, the mean of all hours is a better estimate for a minute than the minutes of the last day.
const hoursForMinutes = 24
const daysForHoursOfDay = 7

/** A completed hour throughout which the tracker ran, before the last 60 minutes. */
interface Hour {
  readonly count: number
  readonly hourOfDay: number
}

export interface History {
  /** Counts per minute, oldest first, the last one up to now. At most a day, back to the last gap of the tracker. */
  readonly minutes: ReadonlyArray<number>
  /** Oldest first. */
  readonly hours: ReadonlyArray<Hour>
  /** The minute of the day in UTC, with its fraction. */
  readonly now: number
  /** The normal count of an hour; undefined with too few hours. */
  readonly usual: Usual | undefined
  /** The instant of the n-th newest error, in minutes from now. */
  readonly nth: (n: number) => number
}

/** The normal count of an hour, by the minute of the day. */
export interface Usual {
  readonly byHourOfDay: boolean
  readonly at: (minuteOfDay: number) => Normal
}

export const historyOf = (snapshot: Snapshot.Snapshot, { code, errors, hours }: Snapshot.Code): History => {
  const at = DateTime.toEpochMillis(snapshot.at)
  const { watched } = snapshot
  const window = SlidingWindow.restore({ horizon: day, snapshot: errors.ages, now: 0 })
  const hourNow = Math.floor(at / hour)
  const whole = watched.slice(0, -2).flatMap((seconds, i) => {
    const age = watched.length - 1 - i
    const count = hours[hours.length - 1 - age] ?? 0
    return seconds < wholeHour ? [] : [{ count, hourOfDay: modulo(hourNow - age, 24) }]
  })
  return {
    minutes: Snapshot.minutes(snapshot, code).slice(-Math.max(1, Math.floor(attended(watched, at) / minute))),
    hours: whole,
    now: modulo(at, day) / minute,
    usual: usualOf(whole),
    nth: (n) => window.nth(n) / minute
  }
}

/** The time that the tracker has run without a gap, in milliseconds. */
const attended = (watched: ReadonlyArray<number>, at: number): number => {
  let sum = 0
  for (let age = 0; age < watched.length; age++) {
    const seconds = watched[watched.length - 1 - age] ?? 0
    sum += seconds * 1000
    if (seconds < (age === 0 ? modulo(at, hour) / 1000 - 60 : wholeHour)) break
  }
  return sum
}

const usualOf = (hours: ReadonlyArray<Hour>): Usual | undefined => {
  if (hours.length < leastHours) return undefined
  const byHourOfDay = hours.length >= daysForHoursOfDay * 24
  const groups = Array.from(
    { length: byHourOfDay ? 24 : 1 },
    (_, i) => hours.flatMap(({ count, hourOfDay }) => hourOfDay === i || !byHourOfDay ? [count] : [])
  )
  const answers = normals(groups)
  return {
    byHourOfDay,
    // There is an answer for each group.
    at: (minuteOfDay) => answers[byHourOfDay ? modulo(Math.floor(minuteOfDay / 60), 24) : 0]!
  }
}

/** The normal count of the 60 minutes before a minute of the day, a mean of two hours of the day. */
export const lastHour = (usual: Usual, minuteOfDay: number): Normal => {
  const share = modulo(minuteOfDay, 60) / 60
  const [before, running] = [usual.at(minuteOfDay - 60), usual.at(minuteOfDay)]
  return {
    mean: running.mean * share + before.mean * (1 - share),
    size: running.size,
    samples: Math.min(running.samples, before.samples)
  }
}

/** The normal count of a minute at present; undefined with too few minutes. */
export const usualMinute = ({ hours, minutes, now, usual }: History): Normal | undefined => {
  const [before] = normals([minutes.slice(0, -1)])
  if (before === undefined || minutes.length < leastMinutes) return undefined
  if (usual === undefined || hours.length < hoursForMinutes) return before
  return { ...before, mean: usual.at(now).mean / 60 }
}

/** The usual rate in errors per minute, by the number of minutes from now. */
export const usualRate = ({ minutes, now, usual }: History): (minute: number) => number => {
  const [ofMinutes] = normals([minutes])
  return usual === undefined
    ? () => ofMinutes?.mean ?? 0
    : (minute) => usual.at(now + minute).mean / 60
}

const modulo = (n: number, by: number): number => ((n % by) + by) % by
