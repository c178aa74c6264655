/** Names of options in other libraries, for refusals that name the option of this one. */

type Synonym = readonly [option: string, names: string, write?: string]

const counts = "retries attempts retry maxRetries maxAttempts maxRetryAttempts numRetries retryCount tries times"
const firstDelays =
  "delay backoff base minTimeout minDelay baseDelay initialDelay initialInterval waitDuration retryDelay delayFirst"
const longestDelays = "cap maxDelay maxTimeout maxBackoff maxInterval maxRetryDelay"

/** A row applies where its option is known. The first of several applies. */
const synonyms: ReadonlyArray<Synonym> = [
  // retries
  ["rows", counts, "rows: { NETWORK_TIMEOUT: { retries: 3 } }"],
  ["rows", firstDelays, "rows: { NETWORK_TIMEOUT: { base: \"200 millis\" } }"],
  ["rows", longestDelays, "rows: { NETWORK_TIMEOUT: { cap: \"20 seconds\" } }"],
  ["breaker", "timeout perAttemptTimeout", "Fetch.timeout before Fetch.tracked"],
  ["retries", counts],
  ["base", firstDelays],
  ["cap", longestDelays],
  ["maxWait", "maxRetryTime maxElapsedTime maxRetryAfter"],
  ["onRetry", "onFailedAttempt beforeRetry notify"],
  ["budget", "retryBudget tokens"],
  ["breaker", "circuitBreaker circuit"],
  [
    "openFor",
    "resetTimeout halfOpenAfter breakDuration durationOfBreak waitDurationInOpenState cooldown coolDown sleepWindow"
  ],
  [
    "failureRate",
    "threshold failureThreshold failureRateThreshold failureRatio errorRate errorThreshold errorThresholdPercentage"
  ],
  ["minimumAttempts", "volumeThreshold minimumNumberOfCalls minimumCalls minimumThroughput minimumRequests"],
  ["retry", counts],
  // limits and reads
  ["thresholds", "limits"],
  ["minAttempts", "volumeThreshold minimumAttempts minimumThroughput minRequests"],
  ["minEvents", "volumeThreshold minimumEvents minAttempts minCalls"],
  ["ratio", "share percent percentage rate errorRate failureRate"],
  ["objective", "slo target"],
  ["limit", "max threshold top take first count size"],
  ["by", "groupBy dimension field label"],
  ["code", "type errorCode tag"],
  ["recoverAt", "resolveAt hysteresis"],
  ["step", "interval resolution bucket"],
  ["window", "range period since duration timeframe slidingWindowSize samplingDuration rollingCountTimeout"],
  ["dimensions", "labels tags groupBy"],
  ["maxValues", "maxCardinality cardinality cardinalityLimit"],
  ["recent", "maxRecent recentErrors history"],
  ["saveEvery", "saveInterval interval every"],
  ["sweepEvery", "sweepInterval cleanupInterval"],
  ["every", "interval period frequency exportInterval scrapeInterval"],
  // receivers and clients
  ["resend", "repeatInterval resendInterval interval"],
  ["minSeverity", "severity level minLevel logLevel"],
  ["maxPending", "maxQueue queueSize maxQueueSize bufferSize"],
  ["drainTimeout", "shutdownTimeout flushTimeout gracePeriod"],
  ["send", "notify handler callback onAlert deliver"],
  ["attributes", "labels tags"],
  ["labels", "tags attributes"],
  ["timeout", "deadline requestTimeout responseTimeout"],
  ["baseUrl", "url endpoint host prefixUrl"],
  ["baseUrls", "urls url baseUrl endpoints hosts"],
  ["concurrency", "parallel parallelism maxConcurrent maxConnections"],
  ["directory", "dir folder path cacheDir location"],
  ["maxAge", "ttl expiry expires staleTime"],
  ["ignore", "filter skip except"]
]

/** What to write for the option of another library: an option of this one, or more. */
export const synonymOf = (
  name: string,
  known: ReadonlyArray<string>
): { readonly option: string } | { readonly write: string } | undefined => {
  const plain = name.toLowerCase().replace(/[-_]/g, "").replace(/(?:in)?(?:ms|millis|milliseconds|seconds)$/, "")
  const found = synonyms.find(([option, names]) =>
    known.includes(option) && names.toLowerCase().split(" ").includes(plain)
  )
  if (found === undefined) return undefined
  const [option, , write] = found
  return write === undefined ? { option } : { write }
}
