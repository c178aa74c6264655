/** The windows in which a fleet counts, in milliseconds. */
import * as Duration from "effect/Duration"
import type { Window } from "../../../internal/tracker/counting/windows.js"
import { stepOf, steps } from "../ring.js"

export const millisOf: { readonly [W in Window]: number } = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }

/** A window without an end: all its events are in the step that began in 1970. */
export const always = 1e15

export const standard: ReadonlyArray<number> = [millisOf.minute, millisOf.hour, millisOf.day]

/** Groups of bounded size are also counted since the start. */
export const withAlways: ReadonlyArray<number> = [...standard, always]

export const isStandard = (window: number): boolean => standard.includes(window)

/** The window whose counts answer for the last `millis`, and how many of its steps, the current one included. */
export const covering = (millis: number | undefined): { readonly window: number; readonly length: number } => {
  if (millis === undefined) return { window: always, length: 1 }
  const window = standard.find((window) => millis <= window) ?? millisOf.day
  return { window, length: Math.min(steps, Math.ceil(millis / stepOf(window))) + 1 }
}

export const millis = (duration: Duration.Duration): number => Math.ceil(Duration.toMillis(duration))
