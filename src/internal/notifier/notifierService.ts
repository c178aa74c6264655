/** The notifier of one layer: a subscription to the tracker, and a deliverer for each receiver. */
import type * as KeyValueStore from "@effect/platform/KeyValueStore"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { Service as Tracker } from "../../ErrorTracker.js"
import { reportingOf } from "../tracker/reporting.js"
import * as Deliverer from "./deliverer.js"
import type { Service } from "./notifierModel.js"
import type { Settings } from "./notifierOptions.js"
import * as Subscription from "./subscription.js"

export interface Options {
  readonly tracker: Tracker
  readonly store: Option.Option<KeyValueStore.KeyValueStore>
  readonly settings: ReadonlyArray<Settings>
  /** The services that the receivers need. */
  readonly context: Context.Context<unknown>
}

export const notifier = Effect.fnUntraced(function*(
  { context, settings, store, tracker }: Options
): Effect.fn.Return<Service, never, Scope.Scope> {
  let deliverers: ReadonlyArray<Deliverer.Deliverer> = []
  const subscription = Subscription.make(tracker, () => deliverers)
  deliverers = yield* Effect.forEach(
    settings,
    (settings) =>
      Deliverer.make({
        settings,
        store,
        context,
        turn: reportingOf(tracker).deliveryTurn?.(settings.name),
        resubscribe: subscription.renew
      })
  )
  const all = <A>(f: (deliverer: Deliverer.Deliverer) => Effect.Effect<A>) =>
    Effect.forEach(deliverers, f, { concurrency: "unbounded", discard: true })

  yield* all(({ restore }) => restore)
  yield* Effect.addFinalizer(() => all(({ close }) => close))
  const subscribed = yield* Effect.forkDaemon(subscription.run)
  yield* Effect.addFinalizer(() =>
    // Alerts of the last moment are still on their way.
    Effect.yieldNow().pipe(
      Effect.zipRight(Fiber.interrupt(subscribed)),
      Effect.zipRight(Subscription.complete(tracker, deliverers))
    )
  )
  yield* all(({ run }) => run)
  // The subscription is open when the layer is built.
  yield* Effect.yieldNow()
  return { status: Effect.sync(() => deliverers.map(({ status }) => status)) }
})
