/** The receivers that the library has: a webhook and Alertmanager. */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Check from "../options.js"
import { alertmanagerAlert } from "./alertmanagerAlert.js"
import { documentOf } from "./document.js"
import type { Labels } from "./document.js"
import type { Edge } from "./edge.js"
import type { Delivery, Receiver, ReceiverOptions } from "./notifierModel.js"
import { alertsUrl, headers, receiverChecks, textsByName, webhookUrl } from "./notifierOptions.js"
import { post } from "./post.js"
import { slackMessage } from "./slackMessage.js"

interface HttpOptions extends ReceiverOptions {
  /** Headers of the requests, such as `authorization`. They appear in no log and no error. */
  readonly headers?: { readonly [name: string]: string | Redacted.Redacted } | undefined
}

/** Makes the body of a request, which is written as JSON. */
type Format = (alert: Edge, delivery: Delivery, labels: Labels) => unknown

export interface WebhookOptions extends HttpOptions {
  /**
   * The body: `json`, a {@link Document}; `slack`, a message for an incoming webhook of Slack; or a function that makes it.
   * Default: `json`.
   */
  readonly format?: "json" | "slack" | Format | undefined
  /** Labels that each alert carries, such as the name of the service. */
  readonly labels?: Labels | undefined
}

export interface AlertmanagerOptions extends HttpOptions {
  /**
   * Labels of each alert, such as the name of the service; they replace those of the same names. Alerts of several processes
   * with the same labels are one alert to Alertmanager.
   */
  readonly labels?: Labels | undefined
  /**
   * How often active alerts are sent again. Alertmanager ends an alert that has not been sent again for four times as long.
   * Default: 1 minute.
   */
  readonly resend?: Duration.DurationInput | undefined
}

/** A label that Alertmanager accepts. */
const isLabelName = (name: string): boolean => /^[a-zA-Z_]\w*$/.test(name)

const format: Check.Check<"json" | "slack" | Format> = (path, value) =>
  typeof value === "function" ? Check.fn<Format>()(path, value) : Check.oneOf("format", ["json", "slack"])(path, value)

const httpChecks = {
  ...receiverChecks,
  headers: Check.withDefault(headers, {})
} satisfies Check.Checks<HttpOptions>

const webhookChecks = Check.struct(
  {
    ...httpChecks,
    name: Check.withDefault(Check.text, "webhook"),
    format: Check.withDefault(format, "json"),
    labels: Check.withDefault(textsByName("a text that is not empty", (name) => name !== ""), {})
  } satisfies Check.Checks<WebhookOptions>
)

const alertmanagerChecks = Check.struct(
  {
    ...httpChecks,
    name: Check.withDefault(Check.text, "alertmanager"),
    labels: Check.withDefault(textsByName("letters, digits and _", isLabelName), {}),
    resend: Check.withDefault(Check.duration(), "1 minute")
  } satisfies Check.Checks<AlertmanagerOptions>
)

const bodyOf = (format: "json" | "slack" | Format): Format =>
  format === "json"
    ? documentOf
    : format === "slack"
    ? (alert, _delivery, labels) => slackMessage(alert, labels)
    : format

export const webhook = (url: string | Redacted.Redacted, options: WebhookOptions): Receiver<HttpClient.HttpClient> => {
  const owner = "Notifier.webhook"
  const { format, headers, labels, ...rest } = Check.orThrow(owner, webhookChecks("", options))
  const target = { url: Check.orThrow(owner, webhookUrl("url", url)), headers }
  const body = bodyOf(format)
  return {
    ...rest,
    send: (alert, delivery) => Effect.suspend(() => post(target, body(alert, delivery, labels), delivery.key))
  }
}

export const alertmanager = (
  url: string | Redacted.Redacted,
  options: AlertmanagerOptions
): Receiver<HttpClient.HttpClient> => {
  const owner = "Notifier.alertmanager"
  const { headers, labels, resend, ...rest } = Check.orThrow(owner, alertmanagerChecks("", options))
  const target = { url: Check.orThrow(owner, alertsUrl("url", url)), headers }
  const lifetime = Duration.times(resend, 4)
  const send = (alerts: ReadonlyArray<{ readonly alert: Edge; readonly since: DateTime.Utc }>) =>
    Effect.flatMap(
      DateTime.now,
      (now) =>
        post(target, alerts.map(({ alert, since }) => alertmanagerAlert(alert, { since, now, lifetime }, labels)))
    )
  return {
    ...rest,
    send: (alert, { since }) => send([{ alert, since }]),
    keepAlive: { every: resend, send }
  }
}
