/** Feeds the outboxes from the alerts of a tracker, and keeps them in line with its active alerts. */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import type { Service as Tracker } from "../../ErrorTracker.js"
import { redacted } from "../log/errorLine.js"
import { write } from "../log/write.js"
import { idOf } from "./edge.js"
import type { Outbox } from "./outbox.js"

/** An outbox, and what is to be called when something was offered to it. */
interface Target {
  readonly outbox: Outbox
  readonly wake: () => void
}

type Alerts = Pick<Tracker, "activeAlerts" | "alerts">

/** Why a subscription ends: the tracker has ended, alerts were missed or dropped, or the stream failed. */
type End = "ended" | "incomplete" | "failed"

export interface Subscription {
  /** Subscribes until the tracker ends, again where alerts were missed. */
  readonly run: Effect.Effect<void>
  /** Ends the current subscription and begins another one, whose replays are what was missed. */
  readonly renew: () => void
}

const afterFailure = Duration.seconds(10)

export const make = ({ activeAlerts, alerts }: Alerts, targets: () => ReadonlyArray<Target>): Subscription => {
  let current: Deferred.Deferred<End> | undefined

  const consume = (end: Deferred.Deferred<End>): Effect.Effect<unknown> =>
    Stream.runForEach(alerts, (alert) =>
      alert._tag === "Missed"
        ? Deferred.succeed(end, "incomplete")
        : Effect.sync(() => {
          for (const { outbox, wake } of targets()) {
            outbox.offer(alert)
            wake()
          }
        })).pipe(
        Effect.zipRight(Deferred.succeed(end, "ended")),
        Effect.catchAllDefect((defect) =>
          Effect.zipRight(
            write(
              LogLevel.Error,
              "The alerts of the error tracker cannot be read; next attempt in 10 seconds",
              {},
              Cause.die(redacted(defect))
            ),
            Deferred.succeed(end, "failed")
          )
        )
      )

  const once = Effect.gen(function*() {
    const end = yield* Deferred.make<End>()
    current = end
    const consumer = yield* Effect.fork(consume(end))
    // The subscription is open, and its replays are in the outboxes, before the active alerts are read.
    yield* Effect.yieldNow()
    yield* reconcile(activeAlerts, targets())
    const outcome = yield* Deferred.await(end)
    yield* Fiber.interrupt(consumer)
    if (outcome === "failed") yield* Effect.sleep(afterFailure)
    return outcome
  })

  return {
    run: Effect.asVoid(Effect.repeat(once, { until: (end) => end === "ended" })),
    renew: () => {
      if (current !== undefined) Deferred.unsafeDone(current, Effect.succeed("incomplete"))
    }
  }
}

/** Ends what the outboxes have as active and the tracker has not. */
const reconcile = (activeAlerts: Alerts["activeAlerts"], targets: ReadonlyArray<Target>): Effect.Effect<void> =>
  Effect.suspend(() => {
    // An alert that fires while the active ones are read is not among them.
    const before = targets.map(({ outbox }) => outbox.ids)
    return Effect.flatMap(Effect.zip(activeAlerts, DateTime.now), ([alerts, now]) =>
      Effect.sync(() => {
        const active = new Set(alerts.map(idOf))
        for (const [i, { outbox, wake }] of targets.entries()) {
          outbox.reconcile(active, before[i] ?? new Set(), now)
          if (outbox.pending > 0) wake()
        }
      }))
  }).pipe(Effect.catchAllDefect(() => Effect.void))

/** Adds the active alerts that no subscription has brought: the last ones of a program that ends. */
export const complete = ({ activeAlerts }: Alerts, targets: ReadonlyArray<Target>): Effect.Effect<void> =>
  activeAlerts.pipe(
    Effect.map((alerts) => {
      for (const { outbox } of targets) for (const alert of alerts) outbox.offer(alert, true)
    }),
    Effect.zipRight(reconcile(activeAlerts, targets)),
    Effect.catchAllDefect(() => Effect.void)
  )
