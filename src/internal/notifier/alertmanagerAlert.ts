/** An alert as the API v2 of Alertmanager takes it: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type { Labels } from "./document.js"
import type { Edge } from "./edge.js"

export interface Times {
  readonly since: DateTime.Utc
  readonly now: DateTime.Utc
  /** The time after which an alert that is not repeated ends. */
  readonly lifetime: Duration.Duration
}

/**
 * Labels are the identity of an alert: they hold nothing that differs between processes with the same limit. Numbers and
 * values are annotations.
 */
export const alertmanagerAlert = (alert: Edge, { lifetime, now, since }: Times, labels: Labels): unknown => {
  const { by, code, count, id, limit, rule, severity, values, window } = alert
  const end = alert._tag === "Resolved" ? alert.at : DateTime.addDuration(now, lifetime)
  return {
    labels: {
      alertname: rule ?? code,
      ...code === "*" ? {} : { code },
      window,
      severity,
      ...by === undefined ? {} : { dimension: by },
      ...labels
    },
    annotations: {
      summary: alert.message,
      count: String(count),
      limit: String(limit),
      ...values === undefined ? {} : { values: values.join(", ") },
      alert_id: id
    },
    startsAt: DateTime.formatIso(since),
    // An end before the start, by a clock that was set, is refused.
    endsAt: DateTime.formatIso(DateTime.max(end, since))
  }
}
