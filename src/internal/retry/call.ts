/** The state of a call between its attempts. Pure. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Option from "effect/Option"
import type * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { withEarlier } from "../error/copy.js"
import { mark } from "../error/mark.js"

/** A call before one of its attempts. Durations are in milliseconds. */
export interface Call<E> {
  /** The errors of the latest attempts, from the oldest on. */
  readonly errors: ReadonlyArray<E>
  /** The number of failed attempts by code. */
  readonly failed: ReadonlyMap<string, number>
  /** The pause before this attempt. */
  readonly delay: number
  /** The sum of the pauses that rate limits have asked for. */
  readonly waited: number
}

/** A call that has made an attempt. */
export interface Tried<E> extends Call<E> {
  readonly errors: Arr.NonEmptyReadonlyArray<E>
}

export const untried: Call<never> = { errors: [], failed: new Map(), delay: 0, waited: 0 }

export const isTried = <E>(call: Call<E>): call is Tried<E> => call.errors.length > 0

const mostErrors = 16

export const afterFailure = <E extends FetchError.Trackable>(call: Call<E>, error: E): Tried<E> => ({
  ...call,
  errors: Arr.append(call.errors.slice(1 - mostErrors), error),
  failed: new Map(call.failed).set(error.code, (call.failed.get(error.code) ?? 0) + 1)
})

export const attemptsOf = ({ failed }: Pick<Call<unknown>, "failed">): number =>
  Array.from(failed.values()).reduce((sum, n) => sum + n, 0)

export const codesOf = ({ errors }: Call<FetchError.Trackable>): string => errors.map(({ code }) => code).join(", ")

/**
 * Whether the codes allow a retry: each code as often as `retriesOf` says, and in total no more than the most patient of
 * those that have occurred.
 */
export const hasRetryLeft = (
  { errors, failed }: Tried<FetchError.Trackable>,
  retriesOf: (code: string) => number
): boolean => {
  const { code } = Arr.lastNonEmpty(errors)
  return (failed.get(code) ?? 0) <= retriesOf(code) &&
    attemptsOf({ failed }) <= Math.max(...Array.from(failed.keys(), retriesOf))
}

/**
 * The error that a call ends with: a copy of its last one, which carries the earlier ones. It is marked by the policy, which
 * has learned from it: a call that is part of another one of the same policy does not count twice.
 */
export const lastError = <E extends FetchError.Trackable>(
  call: Tried<E>,
  policy: object,
  attributes?: FetchContext.Attributes
): E => {
  const last = Arr.lastNonEmpty(call.errors)
  const copy = withEarlier(
    FetchError.withContext(last, { attempt: attemptsOf(call), attributes }),
    call.errors.slice(0, -1)
  )
  if (copy !== last) mark(copy, policy)
  return copy
}

/** The failure in a cause. A cause with defects or interruptions is not retried, even if it has failures. */
export const failureOf = <E>(cause: Cause.Cause<E>): Option.Option<E> =>
  Chunk.isEmpty(Cause.defects(cause)) ? Cause.failureOption(cause) : Option.none()
