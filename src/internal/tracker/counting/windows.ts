/** The windows for which counts are kept at all times, in nanoseconds. */

export type Window = "minute" | "hour" | "day"

/** One day: the longest window. */
export const horizon = 86_400e9

/** How long events are kept: the count of a day is known for each instant of the last hour. */
export const kept = horizon + 3600e9

export const windows: { readonly [W in Window]: number } = { minute: 60e9, hour: 3600e9, day: horizon }

export const windowIndex = { minute: 0, hour: 1, day: 2 } as const

/** The position of a window among those of a series. */
export type WindowIndex = (typeof windowIndex)[Window]

export const isWindow = (name: string): name is Window => Object.hasOwn(windows, name)
