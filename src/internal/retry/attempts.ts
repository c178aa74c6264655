/** The attempts of calls that share a policy: who may be sent, what a failure teaches, who is tried again and when. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import type { Refusal, RetryPolicy } from "../../RetryPolicy.js"
import { asRefusal, withEarlier, withRetryAfter } from "../error/copy.js"
import { Ambient, HasAlternative, Probed, within } from "../fetch/ambient.js"
import type { RetryCounts, Service } from "../tracker/model.js"
import { reportingOf } from "../tracker/reporting.js"
import { delayOf, pressureOf } from "./backoff.js"
import { Budget } from "./budget.js"
import { Circuit } from "./circuit.js"
import { type Closed, Gate, namedBy } from "./gate.js"
import { healthOf, isRefusal } from "./health.js"
import type { Settings } from "./retryOptions.js"

/** A call before one of its attempts. Times are milliseconds. */
interface Call<E> {
  /** What the attempts before failed with, as far back as anybody is told. */
  readonly errors: ReadonlyArray<E>
  /** How many attempts there were, by what they failed with. */
  readonly failed: ReadonlyMap<string, number>
  /** How long it paused before this attempt. */
  readonly delay: number
  /** How long it has waited because the server said to wait. */
  readonly waited: number
}

interface Tried<E> extends Call<E> {
  readonly errors: Arr.NonEmptyReadonlyArray<E>
}

const untried: Call<never> = { errors: [], failed: new Map(), delay: 0, waited: 0 }

const maxTold = 16

/** How often gate and circuit had closed and opened when an attempt was sent: it knows nothing of what came after. */
interface Sent {
  readonly closings: number
  readonly openings: number
}

interface Lately {
  readonly count: number
  readonly attempts: number
}

const silence: Lately = { count: 0, attempts: 0 }

export const make = (settings: Settings, tracker: Service, start: number): RetryPolicy => {
  const { maxWait, onRetry, planOf, source } = settings
  const budget = new Budget(settings.budget, start)
  const circuit = new Circuit<Refusal>(settings.circuit)
  const gate = new Gate()

  // Time that does not go back.
  let latest = start
  const nowMillis = Effect.map(
    Clock.currentTimeNanos,
    (nanos) => latest = Math.max(latest, Number(nanos) / 1e6)
  )

  // What counts and tells must not become a failure.
  const quietly = (effect: () => Effect.Effect<void>) => Effect.catchAllCause(Effect.suspend(effect), () => Effect.void)
  const reporting = reportingOf(tracker)
  const count = (what: keyof RetryCounts) => quietly(() => reporting.retried(what))

  /** Errors in the last minute, of one code or of all, and attempts, where these are counted. */
  const lately = (code?: string): Effect.Effect<Lately> =>
    Effect.suspend((): Effect.Effect<Lately> =>
      source === undefined
        ? Effect.map(tracker.stats({ window: "1 minute" }), ({ attempts, byCode, total }) => ({
          count: code === undefined ? total : byCode[code]?.count ?? 0,
          attempts
        }))
        : Effect.map(
          tracker.breakdown({ by: "source", window: "minute", code }),
          (rows) => rows.find(({ value }) => value === source) ?? silence
        )
    ).pipe(Effect.catchAllCause(() => Effect.succeed(silence)))

  const log = (level: LogLevel.LogLevel, message: string, error?: FetchError.Trackable) =>
    quietly(() =>
      Effect.annotateLogs(Effect.logWithLevel(level, message), {
        ...(source === undefined ? {} : { source }),
        ...(error === undefined ? {} : { error_type: error.code })
      })
    )

  // -------------------------------------------------------------------------------------------------------------------
  // sending
  // -------------------------------------------------------------------------------------------------------------------

  const proceed = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>
  ): Effect.Effect<A, E | Refusal, R> => gate.isOpen && circuit.isClosed ? send(fetch, call) : enter(fetch, call)

  const send = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>
  ): Effect.Effect<A, E | Refusal, R> =>
    watched(numbered(fetch, call), fetch, call, { closings: gate.closings, openings: circuit.openings })

  const watched = <A, E extends FetchError.Trackable, R>(
    attempt: Effect.Effect<A, E, R>,
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    then: Sent
  ): Effect.Effect<A, E | Refusal, R> =>
    Effect.matchCauseEffect(attempt, {
      onFailure: (cause) => failed(fetch, call, then, cause),
      onSuccess: (a) => {
        circuit.well(then.openings)
        return Effect.succeed(a)
      }
    })

  /** What is made and logged inside knows which attempt it belongs to, and what went before. */
  const numbered = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    { delay, errors, failed }: Call<E>
  ): Effect.Effect<A, E, R> => {
    if (errors.length > 0) {
      return Effect.zipRight(count("retries"), fetch).pipe(within({
        attempt: madeOf(failed) + 1,
        attributes: { retry_delay_ms: delay, earlier_errors: codesOf(errors) }
      }))
    }
    budget.called()
    return fetch
  }

  /** The way past a gate that has closed, or a circuit that has opened. */
  const enter = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>
  ): Effect.Effect<A, E | Refusal, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.all([nowMillis, Probed]), ([now, probed]) => {
        const closed = gate.closed(now)
        if (closed !== undefined) return restore(queue(fetch, call, closed, now))
        const entry = probed === circuit ? "pass" : circuit.enter(now)
        if (entry === "pass") return restore(send(fetch, call))
        if (entry === "probe") return probe(fetch, call, restore)
        return restore(refuse(call, entry.error, circuitIsOpen, { open_ms: Math.round(now - entry.since) }))
      })
    )

  /** Waits until the server allows to go on. */
  const queue = Effect.fnUntraced(function*<A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    { error, turn, wait }: Closed,
    now: number
  ): Effect.fn.Return<A, E | Refusal, R> {
    const why = yield* tooLong(error, wait, call.waited + turn)
    if (why !== undefined) {
      return yield* refuse(call, withRetryAfter(error, Duration.millis(Math.ceil(wait))), why, {})
    }
    const delay = Math.ceil(gate.slot(yield* Random.next) - now)
    yield* count("gateWaits")
    yield* waiting(delay, true)
    return yield* proceed(fetch, { ...call, delay: call.delay + delay, waited: call.waited + delay })
  })

  /** Who leaves the queue at the gate gives the place to others. */
  const waiting = (millis: number, isQueued: boolean): Effect.Effect<void> =>
    isQueued ? Effect.onInterrupt(Effect.sleep(millis), () => Effect.sync(() => gate.left())) : Effect.sleep(millis)

  /** One call that shows whether the source is well again. However it ends, the circuit learns of it. */
  const probe = Effect.fnUntraced(function*<A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.fn.Return<A, E | Refusal, R> {
    const then = { closings: gate.closings, openings: circuit.openings }
    const exit = yield* Effect.exit(restore(Effect.provideService(numbered(fetch, call), Probed, circuit)))
    const now = yield* nowMillis
    const health = Exit.match(exit, {
      onFailure: (cause) => Option.match(failureOf(cause), { onNone: () => "unknown" as const, onSome: healthOf }),
      onSuccess: () => "well" as const
    })
    if (circuit.probed(health, then.openings, now)) {
      yield* log(LogLevel.Info, "The circuit is closed again: a probe has succeeded")
    }
    return Exit.isSuccess(exit) ? exit.value : yield* restore(failed(fetch, call, then, exit.cause))
  })

  // -------------------------------------------------------------------------------------------------------------------
  // failing
  // -------------------------------------------------------------------------------------------------------------------

  const failed = <A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Call<E>,
    then: Sent,
    cause: Cause.Cause<E>
  ): Effect.Effect<A, E | Refusal, R> => {
    const error = failureOf(cause)
    if (Option.isNone(error)) return Effect.failCause(cause)
    return Effect.flatMap(learn(error.value, then), (now) => {
      const { code, retryable } = error.value
      const plan = planOf(code)
      const tried: Tried<E> = {
        ...call,
        errors: Arr.append(call.errors.slice(1 - maxTold), error.value),
        failed: new Map(call.failed).set(code, (call.failed.get(code) ?? 0) + 1)
      }
      return (retryable ?? plan.isGiven) || plan.always ? again(fetch, tried, now) : end(tried)
    })
  }

  /** Closes the gate, or opens the circuit, if the error says so. What time it is by now. */
  const learn = Effect.fnUntraced(function*(error: FetchError.Trackable, { closings, openings }: Sent) {
    const now = yield* nowMillis
    const health = healthOf(error)
    if (health === "well") circuit.well(openings)
    else if (health !== "unknown" && circuit.sick(health, openings, (yield* lately()).count, now)) {
      yield* count("openCircuits")
      yield* log(LogLevel.Warning, `The circuit is open, since nothing succeeds: ${error.message}`, error)
    }
    if (error instanceof FetchError.ApiRateLimit && !isRefusal(error)) {
      const wait = namedBy(error)
      if (gate.refused(error, wait, closings, now)) {
        yield* log(LogLevel.Warning, `Nobody calls for ${told(wait)}, as the server said: ${error.message}`, error)
      }
    }
    return now
  })

  /** One more attempt, if nothing speaks against it. */
  const again = Effect.fnUntraced(function*<A, E extends FetchError.Trackable, R>(
    fetch: Effect.Effect<A, E, R>,
    call: Tried<E>,
    now: number
  ): Effect.fn.Return<A, E | Refusal, R> {
    const { errors, failed, waited } = call
    const error = Arr.lastNonEmpty(errors)
    const plan = planOf(error.code)
    const made = madeOf(failed)
    if (!isLeft(error.code, failed)) return yield* giveUp(call, "no attempts left")
    if (!circuit.isClosed) return yield* giveUp(call, circuitIsOpen)
    const closed = gate.closed(now)
    const named = Math.max(namedBy(error), closed?.wait ?? 0)
    // Where nobody has to wait, nobody is asked whether that is too long.
    const why = named > 0 ? yield* tooLong(error, named, waited + Math.max(named, closed?.turn ?? 0)) : undefined
    if (why !== undefined) return yield* giveUp(call, why)
    if (!budget.spend(now)) return yield* giveUp(call, "the budget of retries is spent")

    const { attempts, count: alike } = yield* lately(error.code)
    const backoff = delayOf(plan, made, pressureOf(alike, attempts), yield* Random.next)
    const wait = Math.max(named, closed === undefined ? 0 : gate.slot(yield* Random.next) - now)
    const delay = Math.ceil(Math.max(backoff, wait))
    const attempt = made + 1
    if (closed !== undefined) yield* count("gateWaits")
    yield* quietly(() => onRetry({ attempt, delay: Duration.millis(delay), error }))
    yield* quietly(() =>
      Effect.annotateLogs(Effect.logDebug(`Attempt ${attempt} in ${delay} ms`), {
        attempt,
        delay_ms: delay,
        ...(source === undefined ? {} : { source }),
        earlier_errors: codesOf(errors)
      })
    )
    yield* waiting(delay, closed !== undefined)
    return yield* proceed(fetch, { ...call, delay, waited: waited + wait })
  })

  /** As often as the row of its code says has the error been tried again, and no call more often than one of its errors. */
  const isLeft = (code: string, failed: ReadonlyMap<string, number>): boolean =>
    (failed.get(code) ?? 0) <= planOf(code).retries &&
    madeOf(failed) <= Math.max(...Array.from(failed.keys(), (code) => planOf(code).retries))

  /** Fails a call that is not sent: with what closed its way, or, if it was sent before, with what it failed with then. */
  const refuse = <E extends FetchError.Trackable>(
    call: Call<E>,
    error: Refusal,
    why: string,
    attributes: FetchContext.Attributes
  ): Effect.Effect<never, E | Refusal> => {
    if (isTried(call)) return giveUp(call, why, attributes)
    return Effect.zipRight(
      count("refusals"),
      Effect.flatMap(Ambient, (about) => {
        // Of the call that is not sent, nothing is known but what surrounds it.
        const own = { source: source ?? error.context.source, attributes: { refused: why, ...attributes } }
        return Effect.fail(asRefusal(error, FetchContext.merge(about, own), `Not sent, since ${why}: ${error.message}`))
      })
    )
  }

  /** Why nobody waits so long: `wait` is what the server said, `all` what it comes to. */
  const tooLong = (error: FetchError.Trackable, wait: number, all: number): Effect.Effect<string | undefined> =>
    Effect.map(HasAlternative, (hasAlternative) =>
      all > maxWait
        ? `the server said to wait for ${told(wait)}${
          all > wait ? `, which makes ${told(all)} in all` : ""
        }; maxWait is ${told(maxWait)}`
        : hasAlternative(error)
        ? `the server said to wait for ${told(wait)}, and another source can be asked`
        : undefined)

  const giveUp = <E extends FetchError.Trackable>(
    call: Tried<E>,
    why: string,
    attributes: FetchContext.Attributes = {}
  ) => Effect.zipRight(count("giveUps"), end(call, { gave_up: why, ...attributes }))

  return {
    run: <A, E extends FetchError.Trackable, R>(fetch: Effect.Effect<A, E, R>) => {
      let then: Sent = { closings: gate.closings, openings: circuit.openings }
      let first = watched(fetch, fetch, untried, then)
      return Effect.suspend(() => {
        if (!gate.isOpen || !circuit.isClosed) return enter(fetch, untried)
        // Most calls succeed, and nothing has closed or opened since the one before: it need not be made anew.
        if (then.closings !== gate.closings || then.openings !== circuit.openings) {
          then = { closings: gate.closings, openings: circuit.openings }
          first = watched(fetch, fetch, untried, then)
        }
        budget.called()
        return first
      })
    },
    state: Effect.map(nowMillis, (now) => ({
      circuit: circuit.status,
      gate: Option.map(Option.fromNullable(gate.closed(now)), ({ wait }) => Duration.millis(Math.ceil(wait))),
      budget: Option.liftPredicate(budget.left(now), Number.isFinite)
    }))
  }
}

/** Fails with the last error, which knows of the others. */
const end = <E extends FetchError.Trackable>(
  { errors, failed }: Tried<E>,
  attributes?: FetchContext.Attributes
): Effect.Effect<never, E> => {
  const last = FetchError.withContext(Arr.lastNonEmpty(errors), { attempt: madeOf(failed), attributes })
  return Effect.fail(withEarlier(last, errors.slice(0, -1)))
}

const isTried = <E>(call: Call<E>): call is Tried<E> => call.errors.length > 0

const madeOf = (failed: ReadonlyMap<string, number>): number =>
  Array.from(failed.values()).reduce((sum, n) => sum + n, 0)

/** Bugs and interruptions are not tried again, and teach nothing, whatever failed besides. */
const failureOf = <E>(cause: Cause.Cause<E>): Option.Option<E> =>
  Chunk.isEmpty(Cause.defects(cause)) ? Cause.failureOption(cause) : Option.none()

const codesOf = (errors: ReadonlyArray<FetchError.Trackable>): string => errors.map(({ code }) => code).join(", ")

const circuitIsOpen = "the circuit is open"

/** In whole seconds, or in milliseconds where it is less than one. */
const told = (millis: number): string =>
  Duration.format(millis < 1000 ? Duration.millis(Math.ceil(millis)) : Duration.seconds(Math.ceil(millis / 1000)))
