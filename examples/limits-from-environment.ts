/**
 * Limits from environment variables, which override the default limits, and a change of limits at run time.
 *
 *     THRESHOLDS_NETWORK_DNS_PER_MINUTE=2 THRESHOLDS_NETWORK_DNS_RECOVER_AT=0.5 node limits-from-environment.js
 */
import { ConfigProvider, Console, Effect, Layer } from "effect"
import { ErrorLog, ErrorTracker, FetchError } from "effect-errata"

const environment = ConfigProvider.fromEnv()
const defaults = ConfigProvider.fromMap(new Map([["THRESHOLDS_NETWORK_DNS_PER_MINUTE", "2"]]))

const program = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  yield* Effect.repeatN(tracker.track(new FetchError.NetworkDns()), 4)
  yield* Console.log(yield* tracker.verdict("NETWORK_DNS"))

  // Reads the limits again. An alert that does not exceed its new limit resolves; one that does stays active.
  const limits = yield* ErrorTracker.config().pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["THRESHOLDS_NETWORK_DNS_PER_MINUTE", "100"]])))
  )
  yield* tracker.setLimits(limits)
  yield* Console.log(yield* tracker.verdict("NETWORK_DNS"))
})

// An invalid number is a ConfigError with the name of its variable.
const Live = ErrorTracker.layerConfig().pipe(
  Layer.provide(Layer.setConfigProvider(ConfigProvider.orElse(environment, () => defaults))),
  Layer.provideMerge(ErrorLog.layerText)
)

await Effect.runPromise(Effect.provide(program, Live))
