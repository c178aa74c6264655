/** The log line of an alert. */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as List from "effect/List"
import * as LogLevel from "effect/LogLevel"
import { visible } from "../../log/line.js"
import type { Json } from "../../safe/json.js"
import { safeText, toJson } from "../../safe/json.js"
import type { Edge } from "./alertBuilder.js"

const maxMessage = 2048

/**
 * Logs an alert: at WARNING, its end at INFO. The annotations, log spans and tracing span of the
 * fiber that logs it are not part of the line: they are about an unrelated fetch.
 */
export const log = (alert: Edge): Effect.Effect<void> =>
  Effect.logWithLevel(
    alert._tag === "Resolved" ? LogLevel.Info : LogLevel.Warning,
    visible(safeText(alert.message, maxMessage))
  ).pipe(
    Effect.locally(FiberRef.currentLogAnnotations, HashMap.fromIterable(annotations(alert))),
    Effect.locally(FiberRef.currentLogSpan, List.empty()),
    Effect.mapInputContext<never, never>(() => Context.empty())
  )

const annotations = (alert: Edge): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries({
    error_type: alert.code,
    severity: alert.severity,
    window: alert.window,
    limit: alert.limit,
    count: alert.count,
    attempts: alert.attempts,
    rule: alert.rule,
    // Its end may be noticed late.
    ...alert._tag !== "Resolved" ? {} : {
      ended_at: DateTime.formatIso(alert.at),
      duration_millis: Duration.toMillis(alert.duration),
      peak: alert.peak,
      reason: alert.reason
    }
  }).filter(([, value]) => value !== undefined).map(([name, value]) => [name, clean(value)])

/** Loggers print annotations as they are. */
const clean = (value: unknown): Json => {
  const json = toJson(value)
  return typeof json === "string" ? visible(json) : json
}
