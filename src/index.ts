/**
 * What a tracker has to say unasked: a code passed one of its limits, passed it by far, or came back.
 *
 * @since 0.1.0
 */
export * as Alert from "./Alert.js"

/**
 * From anything that was thrown to one of the 17 errors: by structure first, by well-known wording last.
 *
 * @since 0.1.0
 */
export * as Classifier from "./Classifier.js"

/**
 * Is a host reachable, and if not, why not?
 *
 * @since 0.1.0
 */
export * as Connectivity from "./Connectivity.js"

/**
 * Data and error side by side, for callers who want no error channel.
 *
 * @since 0.1.0
 */
export * as DataResult from "./DataResult.js"

/**
 * Errors in the log: each with what was being fetched, why it failed, and nothing secret.
 *
 * @since 0.1.0
 */
export * as ErrorLog from "./ErrorLog.js"

/**
 * The service that counts what goes wrong: since the start, over any window up to a day, by what was being fetched.
 *
 * @since 0.1.0
 */
export * as ErrorTracker from "./ErrorTracker.js"

/**
 * Operators around a fetch: what turns an effect that fails with anything into one whose failures are classified,
 * counted once, and logged.
 *
 * @since 0.1.0
 */
export * as Fetch from "./Fetch.js"

/**
 * What was being fetched when something went wrong: the part of an error that says where to look.
 *
 * @since 0.1.0
 */
export * as FetchContext from "./FetchContext.js"

/**
 * The errors of a data fetch: a closed union of 17 tagged errors, each with a stable code, a category, a severity and
 * an answer to the question whether trying again makes sense.
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
 * What the numbers of a tracker mean: what is normal, what is not, and what comes next.
 *
 * @since 0.1.0
 */
export * as Insight from "./Insight.js"

/**
 * Retries that learn from what goes wrong, obey the server, and never make an outage worse.
 *
 * @since 0.1.0
 */
export * as RetryPolicy from "./RetryPolicy.js"

/**
 * Everything a tracker knows at one instant, as data.
 *
 * @since 0.1.0
 */
export * as Snapshot from "./Snapshot.js"

/**
 * How many errors are normal: limits per code and window.
 *
 * @since 0.1.0
 */
export * as Threshold from "./Threshold.js"
