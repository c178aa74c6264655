/** Options that no compiler has looked at, those of JavaScript or of JSON: what is wrong with them, or what is meant. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { toJson } from "./safe/json.js"
import type { TimelineOptions } from "./tracker/model.js"

const show = (value: unknown): string => {
  if (Duration.isDuration(value)) return Duration.format(value)
  return Predicate.isNumber(value) || Predicate.isUndefined(value) ? String(value) : JSON.stringify(toJson(value))
}

/** Which option, what it is, and what would be right. */
export const wrong = (path: string, value: unknown, right: string): Either.Either<never, string> =>
  Either.left(`${path} is ${show(value)}: it must be ${right}`)

/** An object of names and values? A Map, which has no keys of its own, would be taken for an empty one. */
export const isRecord = (value: unknown): boolean => Predicate.isRecord(value) && !Predicate.isIterable(value)

/** Right where the value is an object with none but these keys. */
export const only = (path: string, value: object, keys: ReadonlyArray<string>): Either.Either<void, string> => {
  if (!isRecord(value)) return wrong(path, value, `an object with any of ${keys.join(", ")}`)
  const unknown = Object.keys(value).find((key) => !keys.includes(key))
  return unknown === undefined
    ? Either.void
    : Either.left(`${path} has ${show(unknown)}: what it can have is ${keys.join(", ")}`)
}

/** Reads do not fail: a window that is none is no window. */
export const durationOf = (window: unknown): Duration.Duration | undefined =>
  Option.getOrUndefined(Duration.decodeUnknown(window))

/** What a timeline is asked for: a day, and in one step, where nothing else can be read. */
export const timelineOf = (options: TimelineOptions | undefined) => ({
  window: durationOf(options?.window) ?? Duration.days(1),
  step: durationOf(options?.step) ?? Duration.days(1),
  code: options?.code
})
