/** Tracking: the failures of an effect are classified, counted once, logged and passed on. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import * as Classifier from "../../Classifier.js"
import { ErrorTracker } from "../../ErrorTracker.js"
import * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { chain } from "../error/causeChain.js"
import { isMarked, mark } from "../error/mark.js"
import { isWanted, levelOf } from "../log/level.js"
import { logError, type Outcome } from "../log/logError.js"
import { attempt } from "../safe/json.js"
import type { Service } from "../tracker/model.js"
import { reportingOf } from "../tracker/reporting.js"
import { Ambient } from "./ambient.js"
import { logAll, outcomeOfCall } from "./callLog.js"
import { callOf, type CallState, type Failure, nanosOf } from "./callState.js"
import type { Classified, TrackedOptions } from "./fetchModel.js"

type Runtime = Fiber.RuntimeFiber<unknown, unknown>

/** The same cause, made of other errors. */
export const rebuilt = <E, E2>(
  cause: Cause.Cause<E>,
  onFail: (error: E) => Cause.Cause<E2>,
  onDie: (defect: unknown) => Cause.Cause<E2>
): Cause.Cause<E2> =>
  Cause.match(cause, {
    onEmpty: Cause.empty,
    onFail,
    onDie,
    onInterrupt: Cause.interrupt,
    onSequential: Cause.sequential,
    onParallel: Cause.parallel
  })

/** Classifies, counts and logs the failures of an effect. See `Fetch.tracked`. */
export const track = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  input: FetchContext.Input,
  options: TrackedOptions
): Effect.Effect<A, Classified<E>, R | ErrorTracker> => {
  let context: FetchContext.FetchContext | undefined
  return Effect.catchAllCause(
    options.attempts ? countSuccess(self, input) : self,
    // The error is computed from the cause, member by member: its type is `Classified<E>`, which the compiler cannot derive
    // from a map of errors to errors.
    // oxlint-disable-next-line typescript/no-explicit-any -- see above
    (cause): Effect.Effect<never, any, ErrorTracker> => onFailure(cause, context ??= FetchContext.make(input), options)
  )
}

/** Classifies, counts and logs the cause of a failure, and fails with it. */
const onFailure = (cause: Cause.Cause<unknown>, own: FetchContext.FetchContext, options: TrackedOptions) => {
  // An Effect that asks for the fiber is one more step.
  const fiber = Fiber.getCurrentFiber()
  return Option.isSome(fiber)
    ? failed(cause, own, options, fiber.value)
    : Effect.withFiberRuntime<never, FetchError.Trackable, ErrorTracker>((fiber) => failed(cause, own, options, fiber))
}

const failed = (
  cause: Cause.Cause<unknown>,
  own: FetchContext.FetchContext,
  options: TrackedOptions,
  fiber: Runtime
): Effect.Effect<never, FetchError.Trackable, ErrorTracker> => {
  // The type of `track` demands the service, which the fiber then has.
  const environment = fiber.currentContext as Context.Context<ErrorTracker>
  const tracker = Context.get(environment, ErrorTracker)
  const context = FetchContext.merge(Context.get(environment, Ambient), own)
  return Cause.isFailType(cause) && FetchError.isTrackable(cause.error)
    ? onTrackable(cause.error, fiber, tracker, context, options)
    : onCause(cause, fiber, tracker, context, options)
}

/**
 * The most frequent cause: a single failure that is `Trackable`. `onCause` would do the same in three times the time.
 */
const onTrackable = (
  error: FetchError.Trackable,
  fiber: Runtime,
  tracker: Service,
  context: FetchContext.FetchContext,
  options: TrackedOptions
): Effect.Effect<never, FetchError.Trackable> => {
  const known = isMarked(error, tracker)
  const failure = FetchError.withContext(error, context)
  // An error that can be neither copied nor wrapped may be shared by other fetches: it counts each time.
  if (failure !== error) mark(failure, tracker)
  // `Effect.fail` adds the current span to the cause. Without a span, `failCause` is faster.
  const handOn = fiber.currentSpan === undefined ? Effect.failCause(Cause.fail(failure)) : Effect.fail(failure)
  if (known) return handOn
  if (isIgnored(failure, options)) return ignored(fiber, handOn)
  const call = callOf(fiber)
  const next = call !== undefined
    ? deferred(call, fiber, tracker, [failure], outcomeOfCall(error), handOn)
    // A line that no logger receives needs no effect.
    : isWanted(levelOf(error), fiber)
    ? logged(tracker, [failure], outcomeOfCall(error), handOn)
    : handOn
  return counted(tracker, failure, options, next)
}

const onCause = (
  cause: Cause.Cause<unknown>,
  fiber: Runtime,
  tracker: Service,
  context: FetchContext.FetchContext,
  options: TrackedOptions
): Effect.Effect<never, FetchError.Trackable> => {
  const thrown = Chunk.toReadonlyArray(Cause.failures(cause))
  const died = Chunk.toReadonlyArray(Cause.defects(cause))
  return Effect.flatMap(classifyAll(thrown, context), (failures) => {
    const asFailure = options.defects === "fail"
    const defects = new Map<unknown, FetchError.Trackable>(
      died.map((defect) => [defect, freshDefect(defect, context, asFailure)])
    )
    const handOn = Effect.failCause(rebuilt<unknown, FetchError.Trackable>(
      cause,
      // Both maps hold every error of the cause.
      (error) => Cause.fail(failures.get(error)!),
      (defect) => asFailure ? Cause.fail(defects.get(defect)!) : Cause.die(defects.get(defect)!)
    ))
    // A cause with several failures is the end of one fetch: it is counted already if one of them is.
    const known = [...thrown, ...died].some((error) => isMarked(error, tracker))
    const fresh = [...failures.values(), ...defects.values()]
    // An error that can be neither copied nor wrapped may be shared by other fetches: it counts each time.
    for (const error of fresh) if (!failures.has(error) && !defects.has(error)) mark(error, tracker)
    const [primary] = fresh
    // Interruption alone leaves nothing to count.
    const isSilent = known || primary === undefined || (died.length === 0 && thrown.every(isInterruption))
    if (isSilent) return handOn
    if (isIgnored(primary, options)) return ignored(fiber, handOn)
    const errors: Errors = failures.size > 0 ? [primary, ...defects.values()] : [primary]
    const call = callOf(fiber)
    return counted(
      tracker,
      primary,
      options,
      call === undefined
        ? logged(tracker, errors, undefined, handOn)
        : deferred(call, fiber, tracker, errors, undefined, handOn)
    )
  })
}

const isIgnored = (error: FetchError.Trackable, { ignore }: TrackedOptions): boolean =>
  ignore !== undefined && attempt(() => ignore(error)) === true

const asAttempt = { attempt: true }

/** Counts an error, and continues even if that fails: a fault of the tracker must not replace the outcome. */
const counted = <A, E>(
  tracker: Service,
  error: FetchError.Trackable,
  { attempts }: TrackedOptions,
  next: Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const goOn = () => next
  return Effect.matchCauseEffect(
    attempt(() => tracker.track(error, attempts === true ? asAttempt : undefined)) ?? Effect.void,
    { onFailure: goOn, onSuccess: goOn }
  )
}

type Errors = Failure["errors"]

/** Logs errors, and continues. */
const logged = <A, E>(
  tracker: Service,
  errors: Errors,
  outcome: Outcome | undefined,
  next: Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const { stormGuard: guard } = reportingOf(tracker)
  return errors.reduceRight(
    (next, error, i) => Effect.zipRight(logError(error, { guard, outcome: i === 0 ? outcome : undefined }), next),
    next
  )
}

/** Leaves the log lines of the errors to the call, and continues. */
const deferred = <A, E>(
  call: CallState,
  fiber: Runtime,
  tracker: Service,
  errors: Errors,
  outcome: Outcome | undefined,
  next: Effect.Effect<A, E>
): Effect.Effect<A, E> => {
  const nanos = nanosOf(fiber)
  const handled = call.takeHandled(nanos)
  call.add({
    errors,
    reporting: reportingOf(tracker),
    outcome,
    nanos,
    annotations: fiber.getFiberRef(FiberRef.currentLogAnnotations),
    spans: fiber.getFiberRef(FiberRef.currentLogSpan)
  })
  return handled.length === 0 ? next : Effect.zipRight(logAll(handled), next)
}

/** Marks the latest failure of the call as not to be logged, and continues. */
const ignored = <A, E>(fiber: Runtime, next: Effect.Effect<A, E>): Effect.Effect<A, E> => {
  const call = callOf(fiber)
  if (call !== undefined) call.trouble.logging = "ignored"
  return next
}

const classifyAll = (errors: ReadonlyArray<unknown>, context: FetchContext.FetchContext) =>
  Effect.map(
    Effect.forEach(errors, (error) =>
      FetchError.isTrackable(error)
        ? Effect.succeed<FetchError.Trackable>(FetchError.withContext(error, context))
        : Classifier.classify(error, { context })),
    (fresh) => new Map<unknown, FetchError.Trackable>(errors.map((error, i) => [error, fresh[i]!]))
  )

const freshDefect = (defect: unknown, context: FetchContext.FetchContext, asFailure: boolean): FetchError.Trackable =>
  FetchError.isTrackable(defect) && (!asFailure || (FetchError.isFetchError(defect) && defect._tag === "Internal"))
    ? FetchError.withContext(defect, context)
    : new FetchError.Internal({ message: describe(defect), context, cause: defect }, true)

const describe = (defect: unknown): string => {
  const [{ message, name } = { message: "", name: "" }] = chain(defect)
  return `${FetchError.Internal.description}: ${name}${message === "" ? "" : `: ${message}`}`
}

/** Counts a success with its duration. */
const countSuccess = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  input: FetchContext.Input
): Effect.Effect<A, E, R | ErrorTracker> => {
  const own = FetchContext.make(input)
  return Effect.clockWith((clock) => {
    const start = clock.unsafeCurrentTimeNanos()
    return Effect.tap(self, () =>
      Effect.contextWithEffect((env: Context.Context<ErrorTracker>) => {
        const context = FetchContext.merge(Context.get(env, Ambient), own)
        const duration = Duration.nanos(clock.unsafeCurrentTimeNanos() - start)
        return quietly(() => Context.get(env, ErrorTracker).succeeded(context, duration))
      }))
  })
}

/** Interruption can be a value, too: of `Effect.sandbox` or an Exit. */
const isInterruption = (error: unknown): boolean =>
  (Cause.isCause(error) && Cause.isInterruptedOnly(error)) || (Exit.isExit(error) && Exit.isInterrupted(error))

/** Ignores every failure and defect of the effect. */
const quietly = (effect: () => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.catchAllCause(Effect.suspend(effect), () => Effect.void)
