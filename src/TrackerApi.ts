/**
 * The reads of a tracker over HTTP, as plain JSON: a group of routes for any `HttpApi`, described by OpenAPI.
 *
 * Guide: [The live page](../docs/page.md).
 *
 * @since 0.1.0
 * @module
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpServer from "@effect/platform/HttpServer"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Alert from "./Alert.js"
import * as ErrorTracker from "./ErrorTracker.js"
import * as Insight from "./Insight.js"
import * as Query from "./internal/api/query.js"
import { report } from "./internal/insight/insightReport.js"
import { withPauses } from "./internal/pauses.js"
import { safeText } from "./internal/safe/json.js"
import { pausedSnapshot } from "./internal/tracker/reporting.js"
import * as RetryPolicy from "./RetryPolicy.js"

// ---------------------------------------------------------------------------------------------------------------------
// endpoints
// ---------------------------------------------------------------------------------------------------------------------

const { Instant, Length, Text, Window, limit, noQuery, optional, query } = Query

const window = { window: optional(Length) }

const endpoint = <const Name extends string, Success extends Schema.Schema.Any>(
  name: Name,
  success: Success,
  description: string
) => HttpApiEndpoint.get(name, `/${name}`).addSuccess(success).annotate(OpenApi.Description, description)

const stats = endpoint("stats", ErrorTracker.Stats, "Counts within a window, by default since the start.")
  .setUrlParams(query(window))

const rates = endpoint("rates", ErrorTracker.Rates, "Errors in the last minute, hour and day, by code.")
  .setUrlParams(noQuery)

const breakdown = endpoint(
  "breakdown",
  Schema.Array(ErrorTracker.BreakdownRow),
  "Errors by the values of a dimension, highest count first."
).setUrlParams(query({
  by: Text,
  window: optional(Window),
  code: optional(Text),
  limit: optional(limit(1000))
}))

const worst = endpoint(
  "worst",
  ErrorTracker.Worst,
  "The values of a dimension with the highest failure rates, compared with the others."
).setUrlParams(query({ by: Text, window: optional(Window), limit: optional(limit(100)) }))

const steps = { window: optional(Length), step: optional(Length) }

const timeline = endpoint(
  "timeline",
  Schema.Array(ErrorTracker.TimelineStep),
  "Errors over time, oldest step first. By default the last hour by the minute; at most 1,440 steps: shorter steps are lengthened."
).setUrlParams(query({ ...steps, code: optional(Text) }))

const calls = endpoint(
  "calls",
  Schema.Array(ErrorTracker.CallStep),
  "Calls over time by their outcome, oldest step first. By default the last hour by the minute; at most 1,440 steps: shorter steps are lengthened."
).setUrlParams(query(steps))

const alerts = endpoint(
  "alerts",
  Schema.Struct({ active: Schema.Array(ErrorTracker.AlertStatus), resolved: Schema.Array(Alert.Resolved) }),
  "Active alerts, furthest over their limits first, and alerts that resolved, newest first: since an instant, by default in the last hour; at most 64 of the last day."
).setUrlParams(query({ since: optional(Instant), code: optional(Text) }))

const limits = endpoint("limits", Schema.Array(ErrorTracker.LimitRow), "The limits and rules in force.")
  .setUrlParams(noQuery)

const budgets = endpoint(
  "budgets",
  Schema.Array(Insight.ErrorBudget),
  "The error budgets of the objectives over the last day."
).setUrlParams(noQuery)

const recent = endpoint(
  "recent",
  Schema.Array(ErrorTracker.RecentError),
  "Recent errors, newest first. By default at most 20."
).setUrlParams(query({
  limit: optional(limit(100)),
  code: optional(Text),
  symbol: optional(Text),
  source: optional(Text),
  since: optional(Instant)
}))

const latency = endpoint(
  "latency",
  Schema.Array(ErrorTracker.LatencyRow),
  "Durations of successful attempts by the values of a dimension, highest 99th percentile first: by default by source, since the start. Durations are milliseconds."
).setUrlParams(query({ by: optional(Text), window: optional(Window), limit: optional(limit(1000)) }))

const emptyData = endpoint(
  "emptyData",
  ErrorTracker.EmptyData,
  "Fetches without data by reason and source, by default since the start."
).setUrlParams(query(window))

const policies = endpoint("policies", Schema.Array(RetryPolicy.State), "The states of retry policies.")
  .setUrlParams(noQuery)

const insight = endpoint(
  "insight",
  Insight.Report,
  "Normal ranges, anomalies, forecasts, offenders, and limits and timeouts that fit. At most 10 seconds old."
).setUrlParams(noQuery)

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The routes, for any `HttpApi`; {@link layer} handles them.
 *
 * | route | parameters | JSON of |
 * |---|---|---|
 * | `GET /api/stats` | `window` | `ErrorTracker.Stats` |
 * | `GET /api/rates` | | `ErrorTracker.Rates` |
 * | `GET /api/breakdown` | `by`, `window`, `code`, `limit` | a list of `ErrorTracker.BreakdownRow` |
 * | `GET /api/worst` | `by`, `window`, `limit` | `ErrorTracker.Worst` |
 * | `GET /api/timeline` | `window`, `step`, `code` | a list of `ErrorTracker.TimelineStep` |
 * | `GET /api/calls` | `window`, `step` | a list of `ErrorTracker.CallStep` |
 * | `GET /api/alerts` | `since`, `code` | `active`: a list of `ErrorTracker.AlertStatus`; `resolved`: a list of `Alert.Resolved` |
 * | `GET /api/limits` | | a list of `ErrorTracker.LimitRow` |
 * | `GET /api/budgets` | | a list of `Insight.ErrorBudget` |
 * | `GET /api/recent` | `limit`, `code`, `symbol`, `source`, `since` | a list of `ErrorTracker.RecentError` |
 * | `GET /api/latency` | `by`, `window`, `limit` | a list of `ErrorTracker.LatencyRow` |
 * | `GET /api/emptyData` | `window` | `ErrorTracker.EmptyData` |
 * | `GET /api/policies` | | a list of `RetryPolicy.State` |
 * | `GET /api/insight` | | `Insight.Report` |
 *
 * `window` is a duration of at most one day (`90s`, `5m`, `1h`, `1d`); of `breakdown`, `worst` and `latency` it is `minute`,
 * `hour` or `day`. Instants are ISO 8601. In answers, instants are ISO 8601, durations milliseconds, ratios from 0 to 1, and
 * a field without a value is absent. A parameter that is unknown or not valid gets status 400 with a message that says what
 * is valid. Answers are bounded, and redacted like logs.
 *
 * @example
 * import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpServer } from "@effect/platform"
 * import { ErrorTracker, TrackerApi } from "effect-errata"
 * import { Effect, Layer } from "effect"
 *
 * // An API of your own, with the routes of the tracker in it.
 * const own = HttpApiGroup.make("own").add(HttpApiEndpoint.get("ping", "/ping"))
 * const api = HttpApi.make("mine").add(own).add(TrackerApi.group)
 * const live = HttpApiBuilder.api(api).pipe(
 *   Layer.provide(HttpApiBuilder.group(api, "own", (own) => own.handle("ping", () => Effect.void))),
 *   Layer.provide(TrackerApi.layer(api)),
 *   Layer.provide(ErrorTracker.layer())
 * )
 *
 * const { dispose, handler } = HttpApiBuilder.toWebHandler(Layer.merge(live, HttpServer.layerContext))
 * const response = await handler(new Request("http://localhost/api/stats?window=1h"))
 * const { at, ...json } = await response.json()
 * assert.deepStrictEqual(json, {
 *   window: 3_600_000,
 *   total: 0,
 *   attempts: 0,
 *   dropped: 0,
 *   byCode: {},
 *   bySeverity: { INFO: 0, WARNING: 0, ERROR: 0 },
 *   byCategory: {},
 *   retry: { retries: 0, giveUps: 0, gateWaits: 0, refusals: 0, openCircuits: 0 },
 *   calls: { made: 0, recovered: 0, failed: 0, refused: 0 }
 * })
 * assert.strictEqual(new Date(at).toISOString(), at)
 *
 * const refused = await handler(new Request("http://localhost/api/stats?window=5+parsecs"))
 * assert.strictEqual(refused.status, 400)
 * assert.strictEqual(
 *   (await refused.json()).message,
 *   "window: \"5 parsecs\" must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d"
 * )
 * await dispose()
 *
 * @since 0.1.0
 * @category constructors
 */
export const group = HttpApiGroup.make("tracker")
  .add(stats)
  .add(rates)
  .add(breakdown)
  .add(worst)
  .add(timeline)
  .add(calls)
  .add(alerts)
  .add(limits)
  .add(budgets)
  .add(recent)
  .add(latency)
  .add(emptyData)
  .add(policies)
  .add(insight)
  .addError(HttpApiError.HttpApiDecodeError)
  .prefix("/api")
  .annotate(OpenApi.Title, "Error tracker")

/**
 * An API with the routes of the tracker and no others, for example for `OpenApi.fromApi` and `HttpApiClient.make`.
 *
 * @example
 * import { OpenApi } from "@effect/platform"
 * import { TrackerApi } from "effect-errata"
 *
 * const { paths } = OpenApi.fromApi(TrackerApi.api)
 *
 * assert.ok(paths["/api/stats"]?.get)
 *
 * @since 0.1.0
 * @category constructors
 */
export const api = HttpApi.make("effect-errata").add(group).annotate(OpenApi.Title, "effect-errata")

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Handles the routes of {@link group} in an API that it was added to, with the tracker of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id extends string, Groups extends HttpApiGroup.HttpApiGroup.Any, E, R>(
  api: HttpApi.HttpApi<Id, Groups | typeof group, E, R>
): Layer.Layer<HttpApiGroup.ApiGroup<Id, "tracker">, never, ErrorTracker.ErrorTracker> =>
  // The handlers depend on the group only: the other groups, whose types are not known here, are those of the caller.
  HttpApiBuilder.group(api as unknown as HttpApi.HttpApi<Id, typeof group>, "tracker", (handlers) =>
    Effect.map(
      Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) =>
        Effect.map(
          Effect.cachedWithTTL(pausedReport(tracker), "10 seconds"),
          (insight) => ({ insight, tracker })
        )),
      ({ insight, tracker }) =>
        handlers
          .handle("stats", ({ urlParams }) => tracker.stats(urlParams))
          .handle("rates", () => tracker.rates)
          .handle("breakdown", ({ urlParams }) => ofDimension(tracker.breakdown({ limit: 100, ...urlParams })))
          .handle("worst", ({ urlParams }) => ofDimension(tracker.worst(urlParams)))
          .handle("timeline", ({ urlParams }) => tracker.timeline({ ...stepsOf(urlParams), code: urlParams.code }))
          .handle("calls", ({ urlParams }) => tracker.callTimeline(stepsOf(urlParams)))
          .handle("alerts", ({ urlParams: { code, since } }) => {
            const isAsked = (alert: Alert.Fired | Alert.Escalated | Alert.Resolved) =>
              code === undefined || alert.code === code
            return Effect.zipWith(
              tracker.alertStatus,
              tracker.resolvedAlerts(since === undefined ? {} : { window: "1 day" }),
              (active, resolved) => ({
                active: active.filter(({ alert }) => isAsked(alert)),
                resolved: resolved.filter((alert) =>
                  isAsked(alert) && (since === undefined || DateTime.greaterThanOrEqualTo(alert.at, since))
                )
              })
            )
          })
          .handle("limits", () => tracker.limits)
          .handle("budgets", () => tracker.errorBudgets)
          .handle("recent", ({ urlParams: { code, limit = 20, since, source, symbol } }) =>
            Effect.map(tracker.recent({ code }), (errors) =>
              errors.filter(({ at, context }) =>
                (symbol === undefined || context.symbol === symbol) &&
                (source === undefined || context.source === source) &&
                (since === undefined || DateTime.greaterThanOrEqualTo(at, since))
              ).slice(0, limit)))
          .handle("latency", ({ urlParams }) => ofDimension(tracker.latency(urlParams)))
          .handle("emptyData", ({ urlParams }) => tracker.emptyData(urlParams))
          .handle("policies", () => Effect.provideService(RetryPolicy.states, ErrorTracker.ErrorTracker, tracker))
          .handle("insight", () => insight)
    ))

/**
 * The routes as a function from requests to responses, for servers without an `HttpApi`. It ends with the scope.
 *
 * @example
 * import { ErrorTracker, TrackerApi } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const handler = yield* TrackerApi.toWebHandler
 *   return yield* Effect.promise(() => handler(new Request("http://localhost/api/rates")))
 * })
 *
 * const response = await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(ErrorTracker.layer())))
 * assert.deepStrictEqual(await response.json(), { minute: {}, hour: {}, day: {} })
 *
 * @since 0.1.0
 * @category constructors
 */
export const toWebHandler: Effect.Effect<
  (request: Request) => Promise<Response>,
  never,
  ErrorTracker.ErrorTracker | Scope.Scope
> = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() =>
        HttpApiBuilder.toWebHandler(
          HttpApiBuilder.api(api).pipe(
            Layer.provide(layer(api)),
            Layer.provide(Layer.succeed(ErrorTracker.ErrorTracker, tracker)),
            Layer.merge(HttpServer.layerContext)
          )
        )
      ),
      ({ dispose }) => Effect.promise(dispose)
    ),
    ({ handler }) => (request) => handler(request)
  ))

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const pausedReport = (tracker: ErrorTracker.Service): Effect.Effect<Insight.Report> =>
  Effect.flatMap(pausedSnapshot(tracker), (snapshot) => withPauses(() => report(snapshot)))

const hour = Duration.hours(1)

const stepsOf = ({ step, window = hour }: {
  readonly window?: Duration.Duration | undefined
  readonly step?: Duration.Duration | undefined
}) => ({ window, step: step ?? Duration.times(window, 1 / 60) })

/** A dimension that is not kept is a mistake of the request. The defect of the tracker names those that are. */
const ofDimension = <A>(read: Effect.Effect<A>): Effect.Effect<A, HttpApiError.HttpApiDecodeError> =>
  Effect.catchSomeDefect(
    read,
    (defect) =>
      Cause.isIllegalArgumentException(defect) && defect.message.includes("unknown dimension")
        ? Option.some(refused(safeText(defect.message.replace(/^[\w.]+: /, ""), maxMessage)))
        : Option.none()
  )

/** The answer to a wrong parameter, in the shape that the decoding of parameters gives it. */
const refused = (message: string) =>
  new HttpApiError.HttpApiDecodeError({ issues: [{ _tag: "Composite", path: [], message }], message })

const maxMessage = 512
