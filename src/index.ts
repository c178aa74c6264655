/**
 * The alerts of a tracker: a limit is exceeded, the count doubles, the count recovers.
 *
 * @since 0.1.0
 */
export * as Alert from "./Alert.js"

/**
 * The classification of any cause as one of the 17 errors: by its structure first, by well-known wording last.
 *
 * @since 0.1.0
 */
export * as Classifier from "./Classifier.js"

/**
 * The reachability of a host, and the reason if it is not reachable.
 *
 * @since 0.1.0
 */
export * as Connectivity from "./Connectivity.js"

/**
 * Data and error in one value, for callers that use no error channel.
 *
 * @since 0.1.0
 */
export * as DataResult from "./DataResult.js"

/**
 * Log lines of errors: with the context of the fetch and the reason of the failure, and without secrets.
 *
 * @since 0.1.0
 */
export * as ErrorLog from "./ErrorLog.js"

/**
 * The counts of a tracker as Effect metrics, named by the conventions of OpenTelemetry, for any exporter of metrics.
 *
 * @since 0.1.0
 */
export * as ErrorMetrics from "./ErrorMetrics.js"

/**
 * The service that counts errors and attempts: since the start, over any window up to a day, and by dimension.
 *
 * @since 0.1.0
 */
export * as ErrorTracker from "./ErrorTracker.js"

/**
 * The operators around a fetch: they classify, count and log its failures, and add timeouts, retries and failover.
 *
 * @since 0.1.0
 */
export * as Fetch from "./Fetch.js"

/**
 * The context of a fetch, which its errors and log lines carry: symbol, source, range, URL and attributes.
 *
 * @since 0.1.0
 */
export * as FetchContext from "./FetchContext.js"

/**
 * The errors of a data fetch: a closed union of 17 tagged errors, each with a stable code, a category, a severity and a
 * `retryable` flag.
 *
 * @since 0.1.0
 */
export * as FetchError from "./FetchError.js"

/**
 * Counts of events over any window, in memory that does not grow with their number.
 *
 * @since 0.1.0
 */
export * as SlidingWindow from "./SlidingWindow.js"

/**
 * The delivery of alerts to people: by a function, a webhook, Slack or Alertmanager.
 *
 * @since 0.1.0
 */
export * as Notifier from "./Notifier.js"

/**
 * Statistics on a snapshot of a tracker: the normal range, anomalies, forecasts, offenders, and limits and timeouts that
 * fit.
 *
 * @since 0.1.0
 */
export * as Insight from "./Insight.js"

/**
 * The counts of a tracker for Prometheus: a page to scrape, and the alert rules that go with it.
 *
 * @since 0.1.0
 */
export * as Prometheus from "./Prometheus.js"

/**
 * Retries with back-off, a budget, a rate-limit gate and a circuit breaker.
 *
 * @since 0.1.0
 */
export * as RetryPolicy from "./RetryPolicy.js"

/**
 * The rate-limit gate that several processes share: a service that is optional.
 *
 * @since 0.1.0
 */
export * as SharedGate from "./SharedGate.js"

/**
 * The state of a tracker at one instant as plain data, for a restart and for `Insight`.
 *
 * @since 0.1.0
 */
export * as Snapshot from "./Snapshot.js"

/**
 * Limits on the number of errors per code and window, and the edges of a limit.
 *
 * @since 0.1.0
 */
export * as Threshold from "./Threshold.js"

/**
 * The reads of a tracker over HTTP, as plain JSON: a group of routes for any `HttpApi`, described by OpenAPI.
 *
 * @since 0.1.0
 */
export * as TrackerApi from "./TrackerApi.js"

/**
 * An `HttpClient` whose requests are classified, counted and retried.
 *
 * @since 0.1.0
 */
export * as TrackedClient from "./TrackedClient.js"

/**
 * Spans by the conventions of OpenTelemetry and without secrets, whatever the tracer.
 *
 * @since 0.1.0
 */
export * as Tracing from "./Tracing.js"
