/**
 * The delivery of alerts to people: by a function, a webhook, Slack or Alertmanager.
 *
 * Guide: [Notifications](../docs/notifications.md).
 *
 * @since 0.1.0
 * @module
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Alert from "./Alert.js"
import { ErrorTracker } from "./ErrorTracker.js"
import * as deliveryError from "./internal/notifier/deliveryError.js"
import type * as Model from "./internal/notifier/notifierModel.js"
import { receivers } from "./internal/notifier/notifierOptions.js"
import { notifier } from "./internal/notifier/notifierService.js"
import * as own from "./internal/notifier/receivers.js"
import { orDie } from "./internal/options.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * An alert that is delivered: it fired, escalated or resolved. Secrets in its texts are masked.
 *
 * @since 0.1.0
 * @category models
 */
export type Edge = Exclude<Alert.Alert, Alert.Missed>

/**
 * Facts about the delivery of an alert, besides the alert itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Delivery extends Model.Delivery {}

/**
 * An alert that was delivered and has not resolved.
 *
 * @since 0.1.0
 * @category models
 */
export interface ActiveAlert extends Model.ActiveAlert {}

/**
 * A repetition of the active alerts.
 *
 * @since 0.1.0
 * @category models
 */
export interface KeepAlive<out R = never> extends Model.KeepAlive<R> {}

/**
 * The options of every receiver. Each has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReceiverOptions extends Model.ReceiverOptions {}

/**
 * A receiver of alerts: a function that delivers one alert, and options.
 *
 * @since 0.1.0
 * @category models
 */
export interface Receiver<out R = never> extends Model.Receiver<R> {}

/**
 * The options of {@link webhook}.
 *
 * @since 0.1.0
 * @category models
 */
export interface WebhookOptions extends own.WebhookOptions {}

/**
 * The options of {@link alertmanager}.
 *
 * @since 0.1.0
 * @category models
 */
export interface AlertmanagerOptions extends own.AlertmanagerOptions {}

/**
 * The progress of a receiver.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReceiverStatus extends Model.ReceiverStatus {}

/**
 * The service.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service extends Model.Service {}

export {
  /**
   * The JSON document that {@link webhook} sends, version 1. Later versions add fields only; another `version` is a change
   * that breaks readers.
   *
   * - `key`: identifies the edge. It is also the header `Idempotency-Key`. The document can arrive more than once.
   * - `message`: one line for people.
   * - `since`: when the alert fired.
   * - `labels`: those of the options.
   * - `alert`: the alert, in the JSON of the schemas of `Alert`. `_tag` is `Fired`, `Escalated` or `Resolved`, and `id` is the
   *   same for all edges of an alert.
   *
   * @example
   * import { Notifier } from "effect-errata"
   * import { Schema } from "effect"
   *
   * const body = {
   *   version: 1,
   *   key: "lx2v8k1c-1f3a9-Fired-1717171717000-11",
   *   message: "THRESHOLD EXCEEDED: API_FORMAT occurred 11 times in the last minute (threshold: 10)",
   *   since: "2024-05-31T16:08:37.000Z",
   *   labels: { service: "prices" },
   *   alert: {
   *     _tag: "Fired",
   *     id: "lx2v8k1c-1f3a9",
   *     code: "API_FORMAT",
   *     window: "minute",
   *     limit: 10,
   *     count: 11,
   *     severity: "ERROR",
   *     at: "2024-05-31T16:08:37.000Z",
   *     replayed: false
   *   }
   * }
   *
   * const { alert } = Schema.decodeUnknownSync(Notifier.Document)(body)
   * assert.strictEqual(alert._tag, "Fired")
   *
   * @since 0.1.0
   * @category schemas
   */
  Document
} from "./internal/notifier/document.js"

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The failure of {@link webhook} or {@link alertmanager} to deliver an alert. It holds neither the address nor the headers
 * of the request.
 *
 * @since 0.1.0
 * @category errors
 */
export const DeliveryError = deliveryError.DeliveryError

/**
 * The failure of an attempt to deliver an alert.
 *
 * @since 0.1.0
 * @category errors
 */
export type DeliveryError = deliveryError.DeliveryError

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The tag of the notifier. Provide it with {@link layer}.
 *
 * @since 0.1.0
 * @category tags
 */
export class Notifier extends Context.Tag("effect-errata/Notifier")<Notifier, Service>() {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A receiver that posts each alert as JSON to an address. An answer with a status from 200 to 299 accepts the alert.
 * Redirects are not followed.
 *
 * The address may be a secret, as those of Slack are: it appears in no log, no error and no trace.
 *
 * Throws an `IllegalArgumentException` if the address or an option is wrong.
 *
 * @example
 * import { FetchHttpClient } from "@effect/platform"
 * import { ErrorTracker, Notifier } from "effect-errata"
 * import { Config, Effect, Layer } from "effect"
 *
 * const slack = Effect.map(
 *   Config.redacted("SLACK_WEBHOOK_URL"),
 *   (url) => Notifier.layer(Notifier.webhook(url, { format: "slack", minSeverity: "ERROR" }))
 * )
 *
 * const Live = Layer.unwrapEffect(slack).pipe(
 *   Layer.provideMerge(Layer.merge(ErrorTracker.layer(), FetchHttpClient.layer))
 * )
 *
 * @since 0.1.0
 * @category constructors
 */
export const webhook = (
  url: string | Redacted.Redacted,
  options: WebhookOptions = {}
): Receiver<HttpClient.HttpClient> => own.webhook(url, options)

/**
 * A receiver that posts alerts to an Alertmanager, by version 2 of its API. Active alerts are sent again regularly; the
 * alerts of a process that dies end by themselves. `url` is the address of the Alertmanager.
 *
 * The labels of an alert are `alertname` (the name of the rule, or the code), `code`, `window`, `severity`, `dimension` and
 * those of the options. They are the same in every process with the same limit, so that Alertmanager sends one notification
 * for all of them. The end of the alert in one process ends it until another process sends it again; give each process a
 * label of its own, such as `instance`, to keep them apart.
 *
 * Throws an `IllegalArgumentException` if the address or an option is wrong.
 *
 * @example
 * import { Notifier } from "effect-errata"
 *
 * const pages = Notifier.alertmanager("http://127.0.0.1:9093", { labels: { service: "prices" } })
 * assert.strictEqual(pages.name, "alertmanager")
 *
 * @since 0.1.0
 * @category constructors
 */
export const alertmanager = (
  url: string | Redacted.Redacted,
  options: AlertmanagerOptions = {}
): Receiver<HttpClient.HttpClient> => own.alertmanager(url, options)

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Delivers the alerts of the tracker to one or more receivers. Each has its own progress: one that fails delays no other.
 *
 * - **Delivery.** Each receiver gets each alert at least once, and the alerts in their order. The next alert is sent when
 *   the one before it was accepted. An attempt that fails is repeated with back-off, after the wait that the receiver asks
 *   for. An alert that the receiver rejects for good (status 400, 401, 403, 404, 410 and the like) is not repeated; the
 *   first such rejection is logged. An alert whose `send` dies five times in a row is rejected too.
 * - **Bounds.** At most `maxPending` alerts wait for a receiver. Beyond that, alerts that have ended in the meantime are
 *   dropped first, then edges that a later one of the same alert replaces, then the oldest ones. Their number is logged. When
 *   the receiver accepts alerts again, it gets what it needs to know about the active ones.
 * - **Restarts.** With a `KeyValueStore` in the context, the progress is stored. After a restart, what was not delivered is
 *   sent, and nothing that was accepted is sent again. An alert that is no longer active by then is resolved with the reason
 *   `unobserved`. Without a store, a new process sends all active alerts. Use `ErrorTracker.layerPersisted` with it, so that
 *   alerts keep their ids.
 * - **Crashes.** A process that dies between the answer of the receiver and the write to the store sends that alert again:
 *   its `key` is the same.
 * - **A fleet.** With a `FleetTracker`, each edge is delivered by one process of the fleet. Receivers of the same name are one
 *   receiver. If the process that delivers dies or cannot reach the receiver, another one continues: at the latest 11 seconds
 *   after a death. An alert is delivered twice only if a process dies between the answer of the receiver and its record in
 *   Redis; its `key` is the same. While Redis is not available, each process delivers its own alerts.
 * - **A store that fails.** Stored progress that is damaged or of a newer version is logged, left in place and not used.
 *   Alerts are delivered in any case.
 * - **The end of the layer.** What is pending gets a last attempt, for at most `drainTimeout`.
 *
 * Dies with an `IllegalArgumentException` if an option is wrong.
 *
 * @example
 * import { Effect, Layer } from "effect"
 * import { ErrorTracker, FetchError, Notifier } from "effect-errata"
 *
 * const sent: Array<string> = []
 *
 * const Live = Notifier.layer({ send: ({ _tag, code }) => Effect.sync(() => sent.push(`${_tag} ${code}`)) }).pipe(
 *   Layer.provideMerge(ErrorTracker.layer({ thresholds: { NETWORK_DNS: { perMinute: 2 } } }))
 * )
 *
 * const program = Effect.gen(function*() {
 *   const tracker = yield* ErrorTracker.ErrorTracker
 *   yield* Effect.repeatN(tracker.track(new FetchError.NetworkDns()), 2)
 * })
 *
 * Effect.runPromise(Effect.provide(program, Live)).then(() => assert.deepStrictEqual(sent, ["Fired NETWORK_DNS"]))
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Receivers extends ReadonlyArray<Receiver<unknown>>>(
  ...all: Receivers
): Layer.Layer<
  Notifier,
  never,
  ErrorTracker | Requirements<Receivers[number]>
> =>
  Layer.scoped(
    Notifier,
    Effect.gen(function*() {
      const settings = yield* orDie("Notifier", receivers(all))
      const context = yield* Effect.context<Requirements<Receivers[number]>>()
      return yield* notifier({
        tracker: yield* ErrorTracker,
        store: yield* Effect.serviceOption(KeyValueStore.KeyValueStore),
        settings,
        // The type of the layer requires all services that the receivers use.
        context: context as Context.Context<unknown>
      })
    })
  )

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

type Requirements<R> = R extends Receiver<infer Services> ? Services : never
