/** Delivers the alerts of one outbox to its receiver: attempts, waits, and lines in the log. */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { withDeadline } from "../deadline.js"
import { redacted } from "../log/errorLine.js"
import { write, writeDetached } from "../log/write.js"
import { monotonicMillis } from "../monotonicMillis.js"
import { delayOf } from "../retry/backoff.js"
import type { DeliveryTurn } from "../tracker/deliveryTurn.js"
import { deliveryError, errorOf, isHopeless, rejectionOf, waitOf } from "./deliveryError.js"
import type { DeliveryError } from "./deliveryError.js"
import { deliveredNames, endOf } from "./edge.js"
import type { ActiveAlert, ReceiverStatus } from "./notifierModel.js"
import type { Settings } from "./notifierOptions.js"
import type { Item } from "./outbox.js"
import { Outbox } from "./outbox.js"
import * as Progress from "./progress.js"

export interface Options {
  readonly settings: Settings
  readonly store: Option.Option<KeyValueStore.KeyValueStore>
  /** The services that `send` needs. */
  readonly context: Context.Context<unknown>
  /** The turn to deliver, if other processes have the same alerts. */
  readonly turn: DeliveryTurn | undefined
  /** Asks for a new subscription: the receiver's view of the active alerts may be wrong. */
  readonly resubscribe: () => void
}

export interface Deliverer {
  readonly outbox: Outbox
  /** Restores the progress of an earlier process. */
  readonly restore: Effect.Effect<void>
  /** Starts to deliver. */
  readonly run: Effect.Effect<void>
  /** Called after an offer to the outbox. */
  readonly wake: () => void
  /** Makes a last attempt at what is pending, for a bounded time, and saves the progress. Nothing is sent afterwards. */
  readonly close: Effect.Effect<void>
  readonly status: ReceiverStatus
}

// A first failure or two are common, and not worth a line in the log.
const failuresBeforeLine = 3

// Nor is a short wait that the receiver asks for.
const waitBeforeLine = 60_000

const afterDefect = Duration.minutes(1)

// The pause between two looks at whether another process has delivered what is pending.
const turnPauseMillis = 1000

export const make = Effect.fnUntraced(function*(
  { context, resubscribe, settings, store, turn }: Options
): Effect.fn.Return<Deliverer> {
  const { maxPending, minSeverity, name } = settings
  const outbox = new Outbox({ maxPending, minSeverity })
  const progress = yield* Progress.make({ store, name, outbox, onMerged: resubscribe })
  const work = yield* Effect.makeLatch()
  // One attempt at a time: alerts stay in order, and a reminder cannot overtake the end of its alert.
  const attempting = yield* Effect.makeSemaphore(1)
  let failures = 0
  let failure = Option.none<string>()
  let attempts = { key: "", count: 0 }
  let notBefore = 0
  let isDown = false
  let isRejecting = false
  let isClosed = false
  let isElsewhere = false
  let droppedInLog = 0
  let running: Fiber.RuntimeFiber<unknown> | undefined
  let fibers: ReadonlyArray<Fiber.RuntimeFiber<unknown>> = []

  const log = (level: LogLevel.LogLevel, message: string) =>
    writeDetached(level, message, { receiver: name, pending: outbox.pending })

  // -------------------------------------------------------------------------------------------------------------------
  // turns
  // -------------------------------------------------------------------------------------------------------------------

  /** Returns when this process is to deliver. What another one has delivered leaves the queue. */
  const takeTurn: Effect.Effect<"now" | "again" | "later"> = turn === undefined
    ? Effect.succeed("now")
    : Effect.suspend(() => {
      const asked = new Set(outbox.names)
      return Effect.map(turn.take(Array.from(asked)), ({ delivered, isHeld }) => {
        if (outbox.deliveredElsewhere(delivered)) progress.change()
        isElsewhere = !isHeld
        // Another process may have delivered what came while the store answered.
        return !isHeld ? "later" : outbox.names.every((name) => asked.has(name)) ? "now" : "again"
      })
    })

  const releaseTurn = turn === undefined ? Effect.void : turn.release

  /** Lets the other processes know that an edge needs no delivery. */
  const settled = ({ alert, replaces }: Item): Effect.Effect<void> =>
    turn === undefined ? Effect.void : turn.delivered(deliveredNames(alert, replaces))

  // -------------------------------------------------------------------------------------------------------------------
  // attempts
  // -------------------------------------------------------------------------------------------------------------------

  /** Runs an attempt that `close` can interrupt, regardless of the fiber that waits for it. */
  const attempt = (send: () => Effect.Effect<unknown, unknown, unknown>): Effect.Effect<Exit.Exit<unknown, unknown>> =>
    Effect.uninterruptible(Effect.gen(function*() {
      if (isClosed) return Exit.interrupt(yield* Effect.fiberId)
      const fiber = yield* Effect.suspend(send).pipe(
        Effect.provide(context),
        Effect.interruptible,
        withDeadline({
          duration: settings.timeout,
          onTimeout: () =>
            errorOf("NETWORK_TIMEOUT", `the receiver did not answer within ${Duration.format(settings.timeout)}`)
        }),
        Effect.exit,
        Effect.locally(FiberRef.unhandledErrorLogLevel, Option.none()),
        Effect.forkDaemon
      )
      running = fiber
      const exit = yield* Fiber.await(fiber)
      running = undefined
      return Exit.flatten(exit)
    }))

  const succeeded = Effect.suspend(() => {
    const wasDown = isDown
    failures = 0
    failure = Option.none()
    notBefore = 0
    isDown = false
    isRejecting = false
    if (outbox.takeIncomplete()) resubscribe()
    return wasDown ? log(LogLevel.Info, `Alerts are delivered to ${JSON.stringify(name)} again`) : Effect.void
  })

  const failed = Effect.fnUntraced(function*(error: DeliveryError): Effect.fn.Return<number> {
    failures++
    failure = Option.some(error.message)
    const { base, cap } = settings.retry
    const curve = { base: Duration.toMillis(base), cap: Duration.toMillis(cap) }
    const asked = waitOf(error)
    if (asked > 0) notBefore = (yield* monotonicMillis) + asked
    const isRemarkable = failures >= failuresBeforeLine || asked > waitBeforeLine
    if (isRemarkable && !isDown && !isClosed) {
      isDown = true
      yield* log(
        LogLevel.Warning,
        `Alerts cannot be delivered to ${JSON.stringify(name)}: ${error.message}. ` +
          `They are retried; at most ${maxPending} are kept`
      )
    }
    // Another process may reach the receiver. A wait that the receiver asks for is one for all of them.
    if (failures >= failuresBeforeLine && asked === 0) yield* releaseTurn
    return Math.max(asked, delayOf(curve, failures, 0, yield* Random.next))
  })

  const rejected = (error: DeliveryError): Effect.Effect<void> =>
    Effect.suspend(() => {
      failure = Option.some(error.message)
      if (isRejecting) return Effect.void
      isRejecting = true
      return log(
        LogLevel.Error,
        `The receiver ${JSON.stringify(name)} rejected an alert, which is not retried: ${error.message}. ` +
          "Further rejections are not logged until it accepts one"
      )
    })

  /** Logs the number of dropped alerts, once the queue is empty. */
  const logDropped = Effect.suspend(() => {
    const dropped = outbox.counts.dropped - droppedInLog
    if (dropped === 0) return Effect.void
    droppedInLog += dropped
    const alerts = dropped === 1 ? "alert was" : "alerts were"
    return log(
      LogLevel.Warning,
      `${dropped} ${alerts} dropped: more than ${maxPending} were waiting for the receiver ${JSON.stringify(name)}`
    )
  })

  const countAttempt = ({ alert, key }: Item): number => {
    const id = `${alert.id}-${key}`
    attempts = { key: id, count: attempts.key === id ? attempts.count + 1 : 1 }
    return attempts.count
  }

  /** A defect of this program must not end the delivery. */
  const guarded = <A>(effect: Effect.Effect<A>): Effect.Effect<A | number> =>
    Effect.catchAllDefect(effect, (defect) =>
      Effect.as(
        Effect.zipRight(
          releaseTurn,
          write(
            LogLevel.Error,
            `The delivery of alerts to ${JSON.stringify(name)} failed; next attempt in 1 minute`,
            { receiver: name },
            Cause.die(redacted(defect))
          )
        ),
        Duration.toMillis(afterDefect)
      ))

  /** One attempt at the head of the queue. Returns the milliseconds to wait before the next one. */
  const deliver: Effect.Effect<number> = attempting.withPermits(1)(Effect.gen(function*() {
    // The store has what is sent: after a crash, the next process knows what the receiver may have.
    yield* progress.saveUnlessFailing
    const when = yield* takeTurn
    if (when !== "now") return when === "again" || outbox.pending === 0 ? 0 : turnPauseMillis
    const item = outbox.next()
    if (item === undefined) return yield* Effect.as(releaseTurn, 0)
    const count = countAttempt(item)
    const delivery = { key: `${item.alert.id}-${item.key}`, since: item.since, attempt: count }
    const exit = yield* attempt(() => settings.send(item.alert, delivery))
    let wait = 0
    if (Exit.isSuccess(exit)) {
      outbox.accepted()
      yield* settled(item)
      yield* succeeded
    } else if (isClosed) {
      outbox.failed()
      wait = Infinity
    } else {
      const error = yield* deliveryError(exit.cause)
      const rejection = rejectionOf(error) ?? (isHopeless(error, count) ? "alert" : undefined)
      if (rejection === undefined) {
        outbox.failed()
        wait = yield* failed(error)
      } else {
        outbox.rejected(rejection)
        if (rejection === "alert") yield* settled(item)
        yield* rejected(error)
      }
    }
    progress.change()
    yield* progress.saveUnlessFailing
    if (outbox.pending === 0) yield* Effect.zipRight(releaseTurn, logDropped)
    return wait
  })).pipe(Effect.uninterruptible)

  const deliverAll = Effect.suspend(() => {
    if (outbox.pending > 0) return guarded(deliver)
    work.unsafeClose()
    return Effect.as(work.await, 0)
  }).pipe(
    Effect.flatMap((wait) => wait > 0 ? Effect.sleep(Duration.millis(wait)) : Effect.void),
    Effect.forever
  )

  /** The active alerts that no other process has ended. Empty if this process is not to send them now. */
  const current = (all: ReadonlyArray<ActiveAlert>): Effect.Effect<ReadonlyArray<ActiveAlert>> =>
    turn === undefined || all.length === 0 ? Effect.succeed(all) : Effect.map(
      turn.take(all.map(({ alert }) => endOf(alert))),
      ({ delivered, isHeld }) => isHeld ? all.filter(({ alert }) => !delivered.has(endOf(alert))) : []
    )

  /** Repeats the active alerts, unless attempts at others fail. */
  const remind = (send: NonNullable<Settings["keepAlive"]>["send"]) =>
    attempting.withPermits(1)(Effect.gen(function*() {
      const isTrying = failures > 0 && outbox.pending > 0
      if (isTrying || (yield* monotonicMillis) < notBefore) return
      const alerts = yield* current(
        outbox.active.flatMap(({ alert, since }): ReadonlyArray<ActiveAlert> =>
          alert._tag === "Resolved" ? [] : [{ alert, since }]
        )
      )
      const exit = alerts.length === 0 ? Exit.void : yield* attempt(() => send(alerts))
      if (outbox.pending === 0) yield* releaseTurn
      if (alerts.length === 0) return
      if (Exit.isSuccess(exit)) return yield* succeeded
      const error = yield* deliveryError(exit.cause)
      yield* rejectionOf(error) === undefined ? failed(error) : rejected(error)
    })).pipe(Effect.uninterruptible, guarded, Effect.asVoid)

  const remindRegularly = settings.keepAlive === undefined
    ? Effect.never
    : Effect.forever(Effect.zipRight(Effect.sleep(settings.keepAlive.every), remind(settings.keepAlive.send)))

  // -------------------------------------------------------------------------------------------------------------------
  // the end
  // -------------------------------------------------------------------------------------------------------------------

  /** Attempts without waits, up to the first failure. */
  const drain: Effect.Effect<void> = Effect.suspend(() => outbox.pending === 0 ? Effect.succeed(1) : deliver).pipe(
    Effect.repeat({ until: (wait) => wait > 0 }),
    Effect.asVoid
  )

  const close = Effect.gen(function*() {
    yield* Effect.forEach(fibers, Fiber.interruptFork, { discard: true })
    const isAllowed = (yield* monotonicMillis) >= notBefore
    if (isAllowed && outbox.pending > 0 && !Duration.isZero(settings.drainTimeout)) {
      yield* drain.pipe(
        withDeadline({ duration: settings.drainTimeout, onTimeout: () => "too slow" }),
        Effect.ignore
      )
    }
    isClosed = true
    if (running !== undefined) yield* Fiber.interruptFork(running)
    progress.change()
    yield* progress.save
    yield* releaseTurn
    yield* logDropped
    if (outbox.pending === 0 || isElsewhere) return
    const count = outbox.pending === 1 ? "1 alert was" : `${outbox.pending} alerts were`
    const reason = Option.match(failure, { onNone: () => "", onSome: (text) => `: ${text}` })
    yield* log(
      LogLevel.Warning,
      `${count} not delivered to ${JSON.stringify(name)} before the end of the program${reason}. ` +
        (turn !== undefined
          ? "The other processes of the fleet deliver them"
          : progress.isStored()
          ? "Pending alerts are sent after a restart"
          : "Pending alerts are not stored")
    )
  })

  return {
    outbox,
    restore: progress.restore,
    run: Effect.map(
      Effect.all([
        Effect.forkDaemon(deliverAll),
        Effect.forkDaemon(progress.saveChanges),
        Effect.forkDaemon(remindRegularly),
        Effect.forkDaemon(turn?.keep ?? Effect.never)
      ]),
      (forked) => {
        fibers = forked
      }
    ),
    wake: () => {
      progress.change()
      work.unsafeOpen()
    },
    close,
    get status() {
      return { name, pending: outbox.pending, ...outbox.counts, failure }
    }
  }
})
