/** The attempts of the calls that share a policy: admission, the outcome, the retry. */
import * as Arr from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import { asRefusal, withRetryAfter } from "../error/copy.js"
import { hasMark } from "../error/mark.js"
import { Ambient, HasAlternative, Probed, Repeatable, within } from "../fetch/ambient.js"
import { asCall, attemptFailed, type FirstAttempt, gaveUp } from "../fetch/callLog.js"
import { writeDetached } from "../log/write.js"
import { monotonicMillis } from "../monotonicMillis.js"
import type { RetryCounts, Service } from "../tracker/model.js"
import { reportingOf } from "../tracker/reporting.js"
import { delayOf } from "./backoff.js"
import { Budget } from "./budget.js"
import { afterFailure, attemptsOf, type Call, codesOf, failureOf, hasRetryLeft, isTried } from "./call.js"
import { lastError, type Tried, untried } from "./call.js"
import { Circuit } from "./circuit.js"
import { type Closed, Gate, type Place } from "./gate.js"
import * as reason from "./giveUpReason.js"
import { namedBy, outcomeOf, rateLimitOf } from "./outcome.js"
import type { Refusal, RetryPolicy } from "./policyModel.js"
import { stateOf } from "./policyState.js"
import { pressureIn } from "./pressure.js"
import type { Settings } from "./retryOptions.js"
import type { Host as SharedHost } from "./sharedGateModel.js"

/** The states of the gate and the circuit, by their numbers, when an attempt was sent. */
interface Sent {
  readonly closings: number
  readonly epoch: number
}

/** Makes an effect as interruptible as the call was when it entered the region. */
type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

export const make = (settings: Settings, tracker: Service, start: number, shared?: SharedHost): RetryPolicy => {
  const { maxWait, name, onRetry, planOf, source } = settings
  const budget = new Budget(settings.budget, start)
  const circuit = new Circuit<Refusal>(settings.circuit)
  const gate = new Gate(shared)

  // A clock of a test, or of an old runtime, may go back all the same.
  let latest = start
  const nowMillis = Effect.map(monotonicMillis, (now) => latest = Math.max(latest, now))

  // Counting and reporting must not fail a call.
  const quietly = (effect: () => Effect.Effect<void>) => Effect.catchAllCause(Effect.suspend(effect), () => Effect.void)
  const reporting = reportingOf(tracker)
  const count = (what: keyof RetryCounts) => quietly(() => reporting.retried(what))

  /** Logs a change of the policy: a line about all its calls, not about the one that is running. */
  const log = (level: LogLevel.LogLevel, message: string, error?: FetchError.Trackable) =>
    writeDetached(level, message, { source, error_type: error?.code })

  const sentNow = (): Sent => ({ closings: gate.closings, epoch: circuit.epoch })

  // -------------------------------------------------------------------------------------------------------------------
  // admission
  // -------------------------------------------------------------------------------------------------------------------

  /** Admits a call past the gate and the circuit, and makes its next attempt. Runs in an uninterruptible region. */
  const enter = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    restore: Restore
  ): Effect.Effect<A, E | Refusal, R> =>
    Effect.flatMap(Effect.all([nowMillis, Probed]), ([now, probed]) => {
      const closed = gate.closed(now)
      if (closed !== undefined) return queue(fetch, call, closed, now, restore)
      const entry = probed === circuit ? "pass" : circuit.enter(now)
      if (entry === "pass") return send(fetch, call, restore)
      if (entry === "probe") return probe(fetch, call, restore)
      return refuse(call, entry.error, reason.circuitOpen, { open_ms: Math.round(now - entry.since) })
    })

  /** Waits for a place behind the closed gate. */
  const queue = Effect.fnUntraced(function*<A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    { error, turn, wait }: Closed,
    now: number,
    restore: Restore
  ): Effect.fn.Return<A, E | Refusal, R> {
    const why = yield* tooLong(error, wait, call.waited + turn)
    if (why !== undefined) {
      return yield* refuse(call, withRetryAfter(error, Duration.millis(Math.ceil(wait))), why, {})
    }
    const place = gate.enqueue(yield* Random.next, now, now)
    const delay = Math.ceil(place.at - now)
    yield* Effect.onInterrupt(
      restore(Effect.zipRight(count("gateWaits"), Effect.sleep(delay))),
      () => Effect.sync(() => release(isTried(call), place))
    )
    return yield* enter(fetch, { ...call, delay: call.delay + delay, waited: call.waited + delay }, restore)
  })

  /** Gives back what a retry that is not sent has taken from the budget, and its place in the queue. */
  const release = (isRetry: boolean, place: Place | undefined): void => {
    if (isRetry) budget.refund()
    if (place !== undefined) gate.leave(place)
  }

  // -------------------------------------------------------------------------------------------------------------------
  // attempts
  // -------------------------------------------------------------------------------------------------------------------

  /** The first attempt of a call when neither gate nor circuit is in the way, as most are. */
  const first = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    sent: Sent
  ): FirstAttempt<A, E, E | Refusal, R> => ({
    fetch,
    onFailure: (cause) => failed(fetch, untried, sent, cause),
    onSuccess: () => circuit.succeeded(false, sent.epoch)
  })

  const send = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    restore: Restore
  ): Effect.Effect<A, E | Refusal, R> => {
    const sent = sentNow()
    return Effect.flatMap(attempt(fetch, call, restore), (exit) => {
      if (Exit.isFailure(exit)) return restore(failed(fetch, call, sent, exit.cause))
      circuit.succeeded(isTried(call), sent.epoch)
      return exit
    })
  }

  /** A single attempt while the circuit is open. The circuit receives its outcome in any case. */
  const probe = Effect.fnUntraced(function*<A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    restore: Restore
  ): Effect.fn.Return<A, E | Refusal, R> {
    const sent = sentNow()
    const number = circuit.probes
    const exit = yield* Effect.provideService(attempt(fetch, call, restore), Probed, circuit)
    const now = yield* nowMillis
    const outcome = Exit.match(exit, {
      onFailure: (cause) => Option.match(failureOf(cause), { onNone: () => "ignored" as const, onSome: outcomeOf }),
      onSuccess: () => "succeeded" as const
    })
    if (circuit.probed(outcome, sent.epoch, number, now)) {
      yield* log(LogLevel.Info, "Circuit breaker closed: a probe has succeeded")
    }
    return Exit.isSuccess(exit) ? exit.value : yield* restore(failed(fetch, call, sent, exit.cause))
  })

  /** Runs the fetch with the number of the attempt in its context. A retry that is interrupted before it starts keeps its token. */
  const attempt = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    restore: Restore
  ): Effect.Effect<Exit.Exit<A, E>, never, R> => {
    if (!isTried(call)) {
      budget.called()
      return Effect.exit(restore(fetch))
    }
    let isStarted = false
    const numbered = Effect.suspend(() => {
      isStarted = true
      return Effect.zipRight(count("retries"), fetch)
    }).pipe(within({
      attempt: attemptsOf(call) + 1,
      attributes: { retry_delay_ms: call.delay, earlier_errors: codesOf(call) }
    }))
    return Effect.exit(restore(numbered)).pipe(
      Effect.tap(() => Effect.sync(() => isStarted ? undefined : budget.refund()))
    )
  }

  // -------------------------------------------------------------------------------------------------------------------
  // failures
  // -------------------------------------------------------------------------------------------------------------------

  const failed = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    sent: Sent,
    cause: Cause.Cause<E>
  ): Effect.Effect<A, E | Refusal, R> => {
    const error = failureOf(cause)
    if (Option.isNone(error)) return Effect.failCause(cause)
    return Effect.flatMap(learn(error.value, isTried(call), sent), (now) => {
      const { code, retryable } = error.value
      const plan = planOf(code)
      const tried = afterFailure(call, error.value)
      return (retryable ?? plan.isInOptions) || plan.always ? retry(fetch, tried, now) : end(tried)
    })
  }

  /** Passes the error on to the gate and the circuit, unless a call inside of this one has done so. Returns the time. */
  const learn = Effect.fnUntraced(function*(error: FetchError.Trackable, isRetry: boolean, sent: Sent) {
    const now = yield* nowMillis
    if (hasMark(error, circuit)) return now
    const outcome = outcomeOf(error)
    if (outcome === "succeeded") circuit.succeeded(isRetry, sent.epoch)
    else if (outcome !== "ignored" && circuit.failed(outcome.failed, isRetry, sent.epoch, now)) {
      yield* count("openCircuits")
      yield* log(LogLevel.Warning, `Circuit breaker open: ${error.message}`, error)
    }
    const limit = rateLimitOf(error)
    if (limit !== undefined && gate.close(limit, namedBy(error), sent.closings, now)) {
      const wait = gate.closed(now)?.wait ?? 0
      yield* log(
        LogLevel.Warning,
        `Rate limited by the server: requests paused for ${reason.durationText(wait)}: ${error.message}`,
        error
      )
    }
    return now
  })

  /** Makes one more attempt after a pause, unless there is a reason to give up. */
  const retry = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Tried<E>,
    now: number
  ): Effect.Effect<A, E | Refusal, R> =>
    Effect.flatMap(Effect.zip(reasonToGiveUp(call, now), Repeatable), ([why, isRepeatable]) => {
      if (!isRepeatable(Arr.lastNonEmpty(call.errors))) return giveUp(call, reason.notIdempotent)
      if (why !== undefined) return giveUp(call, why)
      return Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          if (!budget.spend(now)) return restore(giveUp(call, reason.budgetSpent))
          const held: Held = { place: undefined }
          return restore(pause(call, held, now)).pipe(
            Effect.onInterrupt(() => Effect.sync(() => release(true, held.place))),
            Effect.flatMap((paused) => enter(fetch, paused, restore))
          )
        })
      )
    })

  const reasonToGiveUp = (
    call: Tried<FetchError.Trackable>,
    now: number
  ): Effect.Effect<string | undefined> => {
    if (!hasRetryLeft(call, (code) => planOf(code).retries)) return Effect.succeed(reason.noAttemptsLeft)
    if (!circuit.isClosed) return Effect.succeed(reason.circuitOpen)
    const error = Arr.lastNonEmpty(call.errors)
    const closed = gate.closed(now)
    const named = Math.max(namedBy(error), closed?.wait ?? 0)
    // Without a wait there is no need to look for an alternative.
    return named > 0
      ? tooLong(error, named, call.waited + Math.max(named, closed?.turn ?? 0))
      : Effect.succeed(undefined)
  }

  /** The pause before a retry. A place in the queue is put into `held`. */
  const pause = Effect.fnUntraced(function*<E extends FetchError.Trackable>(call: Tried<E>, held: Held, now: number) {
    const error = Arr.lastNonEmpty(call.errors)
    const made = attemptsOf(call)
    const pressure = yield* pressureIn(reporting.local ?? tracker, source, error.code)
    const backoff = delayOf(planOf(error.code), made, pressure, yield* Random.next)
    const named = namedBy(error)
    const draw = yield* Random.next
    const closed = gate.closed(now)
    let [delay, waited] = [Math.max(backoff, named), named]
    if (closed !== undefined) {
      const place = held.place = gate.enqueue(draw, now + delay, now)
      delay = place.at - now
      waited = Math.max(named, closed.turn + place.at - place.start)
      yield* count("gateWaits")
    }
    delay = Math.ceil(delay)
    yield* quietly(() => onRetry({ attempt: made + 1, delay: Duration.millis(delay), error }))
    yield* attemptFailed(error, `; attempt ${made} failed, next one in ${Duration.format(Duration.millis(delay))}`, {
      source: source ?? error.context.source,
      attempt: made,
      delay_ms: delay,
      earlier_errors: made === 1 ? undefined : codesOf({ ...call, errors: call.errors.slice(0, -1) })
    })
    yield* sleepUntil(now + delay, held)
    return { ...call, delay, waited: call.waited + waited }
  })

  /** Sleeps until the time of a retry, which may have passed while `onRetry` ran: its place is then another one. */
  const sleepUntil = Effect.fnUntraced(function*(at: number, held: Held) {
    const now = yield* nowMillis
    if (held.place === undefined || held.place.at >= now) return yield* Effect.sleep(Math.max(0, Math.ceil(at - now)))
    gate.leave(held.place)
    held.place = gate.enqueue(yield* Random.next, now, now)
    yield* Effect.sleep(Math.ceil(held.place.at - now))
  })

  // -------------------------------------------------------------------------------------------------------------------
  // the end of a call
  // -------------------------------------------------------------------------------------------------------------------

  /** Fails a call instead of sending it: with what is in its way, or with its last error if it has made an attempt. */
  const refuse = <E extends FetchError.Trackable>(
    call: Call<E>,
    error: Refusal,
    why: string,
    attributes: FetchContext.Attributes
  ): Effect.Effect<never, E | Refusal> => {
    if (isTried(call)) {
      budget.refund()
      return giveUp(call, why, attributes, false)
    }
    return Effect.zipRight(
      Effect.zipRight(count("refusals"), gaveUp(why, false)),
      Effect.flatMap(Ambient, (about) => {
        // All that is known of a call that was not sent is what surrounds it.
        const own = { source: source ?? error.context.source, attributes: { refused: why, ...attributes } }
        return Effect.fail(
          asRefusal(error, FetchContext.merge(about, own), `Not sent because ${why}: ${error.message}`)
        )
      })
    )
  }

  const giveUp = <E extends FetchError.Trackable>(
    call: Tried<E>,
    why: string,
    attributes: FetchContext.Attributes = {},
    isSent = true
  ) =>
    Effect.zipRight(
      Effect.zipRight(count("giveUps"), gaveUp(why, isSent)),
      end(call, { gave_up: why, ...attributes })
    )

  const end = <E extends FetchError.Trackable>(call: Tried<E>, attributes?: FetchContext.Attributes) =>
    Effect.fail(lastError(call, circuit, attributes))

  /** The reason not to wait, if there is one: `wait` is what the server asks for, `all` the sum of the waits of the call. */
  const tooLong = (error: FetchError.Trackable, wait: number, all: number): Effect.Effect<string | undefined> =>
    Effect.map(HasAlternative, (hasAlternative) =>
      all > maxWait
        ? reason.tooLong(wait, all, maxWait)
        : hasAlternative(error)
        ? reason.alternative(wait)
        : undefined)

  return {
    run: <A, E extends FetchError.Trackable, R>(fetch: Effect.Effect<A, E, R>) => {
      let sent = sentNow()
      let attempt = first(fetch, sent)
      return asCall(reporting)(() => {
        if (!gate.isOpen || !circuit.isClosed) {
          return Effect.uninterruptibleMask((restore) => enter(fetch, untried, restore))
        }
        // Most calls succeed, and neither gate nor circuit has changed since the one before: its effect can be run again.
        if (sent.closings !== gate.closings || sent.epoch !== circuit.epoch) {
          sent = sentNow()
          attempt = first(fetch, sent)
        }
        budget.called()
        return attempt
      })
    },
    state: Effect.map(nowMillis, (now) => stateOf({ name, source, budget, circuit, gate }, now))
  }
}

/** What a retry takes while it waits. */
interface Held {
  place: Place | undefined
}
