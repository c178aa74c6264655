/** Runs a call, reports its outcome, and logs it in one line. See `callState.ts`. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as FetchError from "../../FetchError.js"
import { AttemptLevel } from "../log/level.js"
import { type ErrorEntry, logError, notRetryable, type Outcome } from "../log/logError.js"
import type { Annotations } from "../log/write.js"
import { attempt } from "../safe/json.js"
import { isExpectedEmpty } from "../tracker/counting/classification.js"
import type { CallOutcome, Reporting } from "../tracker/reporting.js"
import { callOf, type CallState, enterCall, type Failure, leaveCall, nanosOf, withCell } from "./callState.js"
import { reportCall } from "./spanReport.js"

/**
 * Runs an effect as a call. The outermost call is counted, and logs the failures without a line. `lastReason` is the
 * reason for giving up where the attempts have none.
 */
export const asCall =
  (reporting: Reporting, lastReason: string = notRetryable) =>
  <A, E, E2, R>(self: () => Effect.Effect<A, E, R> | FirstAttempt<A, E2, E, R>): Effect.Effect<A, E, R> => {
    const settings = { reporting, lastReason }
    const onFailure = (cause: Cause.Cause<E>) =>
      Effect.withFiberRuntime<A, E>((fiber) => failed(leaveCall(fiber, settings), cause, fiber))
    const onSuccess = (a: A) => {
      // An Effect that asks for the fiber costs as much as all the rest of a success.
      const fiber = Fiber.getCurrentFiber()
      return Option.isSome(fiber)
        ? succeeded(leaveCall(fiber.value, settings), a, fiber.value)
        : Effect.withFiberRuntime<A>((fiber) => succeeded(leaveCall(fiber, settings), a, fiber))
    }
    const watch = (effect: Effect.Effect<A, E, R> | FirstAttempt<A, E2, E, R>) =>
      Effect.isEffect(effect)
        ? Effect.matchCauseEffect(effect, { onFailure, onSuccess })
        : Effect.matchCauseEffect(effect.fetch, {
          onFailure: (cause) => Effect.matchCauseEffect(effect.onFailure(cause), { onFailure, onSuccess }),
          onSuccess: (a) => {
            effect.onSuccess()
            return onSuccess(a)
          }
        })
    // Most calls run the same effect as the one before: it is wrapped once.
    let last: readonly [object, Effect.Effect<A, E, R>] | undefined
    const call: Effect.Effect<A, E, R> = Effect.withFiberRuntime((fiber) => {
      const entered = enterCall(fiber, settings)
      if (entered === undefined) return Effect.zipRight(withCell(fiber), call)
      const effect = self()
      if (last?.[0] !== effect) last = [effect, watch(effect)]
      const handled = entered.parent?.takeHandled(entered.nanos) ?? none
      return handled.length === 0 ? last[1] : Effect.zipRight(logAll(handled), last[1])
    })
    return call
  }

/** The first attempt of a call, of which most succeed: watched together with the call, which saves a step. */
export interface FirstAttempt<A, E, E2, R> {
  readonly fetch: Effect.Effect<A, E, R>
  readonly onSuccess: () => void
  readonly onFailure: (cause: Cause.Cause<E>) => Effect.Effect<A, E2, R>
}

const none: ReadonlyArray<Failure> = []

const succeeded = <A>(
  call: CallState | undefined,
  a: A,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
): Effect.Effect<A> => {
  const next = Effect.succeed(a)
  if (call === undefined) return next
  const { isPlain, parent } = call
  if (isPlain) return parent === undefined ? successReported(call, next) : next
  const { attempts, earlier, isRecovered } = call.trouble
  if (attempts > 0) reportCall(fiber, () => ({ attempts: attempts + 1, earlier, gaveUp: undefined, refused: false }))
  if (parent !== undefined && (attempts > 0 || isRecovered)) parent.trouble.isRecovered = true
  // Failures that the program has handled itself are not part of the success.
  const logged = Effect.zipRight(logAll(call.takeAll()), next)
  if (parent !== undefined) return logged
  return attempts > 0 || isRecovered ? reported(call, "recovered", logged) : successReported(call, logged)
}

const failed = <E>(
  call: CallState | undefined,
  cause: Cause.Cause<E>,
  fiber: Fiber.RuntimeFiber<unknown, unknown>
): Effect.Effect<never, E> => {
  const next = Effect.failCause(cause)
  if (call === undefined) return next
  const { parent, settings: { reporting } } = call
  const failures = call.takeAll()
  if (Cause.isInterruptedOnly(cause)) return Effect.zipRight(logAll(failures), next)
  const thrown: unknown = Option.getOrUndefined(Cause.failureOption(cause))
  const [last, others] = lastOf(failures, thrown)
  const error = FetchError.isTrackable(thrown) ? thrown : last?.errors[0]
  // A defect that was not tracked inside is not logged here.
  if (error === undefined) return parent === undefined ? reported(call, "failed", next) : next
  const nanos = nanosOf(fiber)
  const outcome = outcomeOf(call, last, cause, nanos)
  reportCall(fiber, () => outcome)
  const lines = others.map((failure) => logFailure(failure, { level: attemptLevelOf(fiber) }))
  if (call.trouble.logging === "owed" || outcome.refused) {
    const failure: Failure = {
      errors: [error, ...last?.errors.slice(1) ?? []],
      reporting,
      nanos,
      annotations: last?.annotations ?? fiber.getFiberRef(FiberRef.currentLogAnnotations),
      spans: last?.spans ?? fiber.getFiberRef(FiberRef.currentLogSpan),
      outcome
    }
    if (parent === undefined) lines.push(logFailure(failure))
    else parent.add(failure)
  } else {
    outcomes.set(Cause.originalError(error), outcome)
    if (parent !== undefined && call.trouble.logging === "ignored") parent.trouble.logging = "ignored"
  }
  const logged = Effect.zipRight(inTurn(lines), next)
  return parent === undefined
    ? reported(call, outcome.refused ? "refused" : isExpectedEmpty(error) ? "empty" : "failed", logged)
    : logged
}

const outcomeOf = (
  { nanos: start, settings, trouble }: CallState,
  last: Failure | undefined,
  cause: Cause.Cause<unknown>,
  nanos: bigint
): Outcome => {
  const { attempts, earlier, gaveUp, isSent } = trouble
  const inner = last?.outcome
  const isDefect = Option.isNone(Cause.failureOption(cause))
  return {
    attempts: attempts + (isSent ? inner?.attempts ?? 1 : 0),
    durationMillis: Number(nanos - start) / 1e6,
    earlier: [...earlier, ...inner?.earlier ?? []],
    gaveUp: gaveUp ?? inner?.gaveUp ?? (isDefect ? "a defect" : settings.lastReason),
    refused: attempts === 0 && (!isSent || inner?.refused === true)
  }
}

/** The outcome of a call that ended with an error that nothing inside has tracked. */
export const outcomeOfCall = (error: object): Outcome | undefined => outcomes.get(Cause.originalError(error))

const outcomes = new WeakMap<object, Outcome>()

/** The failure that an effect failed with, and the others. */
const lastOf = (
  failures: ReadonlyArray<Failure>,
  error: unknown
): readonly [Failure | undefined, ReadonlyArray<Failure>] => {
  const same = failures.findLastIndex(({ errors: [own] }) =>
    own === error ||
    (FetchError.isTrackable(error) && own.code === error.code && own.message === error.message)
  )
  const last = failures.at(same)
  return [last, failures.filter((failure) => failure !== last)]
}

// ---------------------------------------------------------------------------------------------------------------------
// attempts
// ---------------------------------------------------------------------------------------------------------------------

/** Logs a failed attempt that is followed by another one, at `ErrorLog.AttemptLevel`. */
export const attemptFailed = (
  error: FetchError.Trackable,
  suffix: string,
  annotations: Annotations
): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    const call = callOf(fiber)
    if (call === undefined) return Effect.void
    const [last, others] = lastOf(call.takeAll(), error)
    const level = attemptLevelOf(fiber)
    call.attemptFailed(error, last?.outcome?.attempts ?? 1)
    const lines = others.map((failure) => logFailure(failure, { level }))
    if (call.trouble.logging !== "ignored") {
      const line = { level, suffix, annotations, guard: call.settings.reporting.stormGuard }
      lines.push(last === undefined ? logError(error, line) : logFailure({ ...last, errors: [error] }, line))
    }
    return inTurn(lines)
  })

/** Records the reason for giving up, and whether its last error is that of an attempt. */
export const gaveUp = (reason: string, isSent: boolean): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    const call = callOf(fiber)
    if (call !== undefined) {
      call.trouble.gaveUp = reason
      call.trouble.isSent = isSent
    }
    return Effect.void
  })

// ---------------------------------------------------------------------------------------------------------------------
// lines
// ---------------------------------------------------------------------------------------------------------------------

const attemptLevelOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Context.get(fiber.currentContext, AttemptLevel)

/** Logs a failure with the annotations and log spans of where it happened. */
const logFailure = (failure: Failure, entry: ErrorEntry = {}): Effect.Effect<void> => {
  const { annotations, errors: [error, ...beside], outcome, reporting: { stormGuard: guard }, spans } = failure
  return Effect.zipRight(
    logError(error, { guard, outcome, ...entry }),
    inTurn(beside.map((error) => logError(error, { guard, level: entry.level })))
  ).pipe(
    Effect.locally(FiberRef.currentLogAnnotations, annotations),
    Effect.locally(FiberRef.currentLogSpan, spans)
  )
}

export const logAll = (failures: ReadonlyArray<Failure>): Effect.Effect<void> =>
  inTurn(failures.map((failure) => logFailure(failure)))

const inTurn = (effects: ReadonlyArray<Effect.Effect<void>>): Effect.Effect<void> =>
  effects.length === 0 ? Effect.void : Effect.all(effects, { discard: true })

/** Counts a call that succeeded, and continues. */
const successReported = <A>({ settings: { reporting } }: CallState, next: Effect.Effect<A>): Effect.Effect<A> => {
  attempt(reporting.callSucceeded)
  return next
}

/** Counts a call, and continues even if that fails. */
const reported = <A, E>(
  { settings: { reporting } }: CallState,
  outcome: CallOutcome,
  next: Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const goOn = () => next
  return Effect.matchCauseEffect(reporting.called(outcome), { onFailure: goOn, onSuccess: goOn })
}
