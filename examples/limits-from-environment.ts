/**
 * What is normal depends on where a program runs: limits from environment variables over the default ones, and new ones
 * while it runs.
 *
 *     THRESHOLDS_NETWORK_DNS_PER_MINUTE=2 THRESHOLDS_NETWORK_DNS_RECOVER_AT=0.5 node limits-from-environment.js
 */
import { ConfigProvider, Console, Effect, Layer } from "effect"
import { ErrorLog, ErrorTracker, FetchError } from "effect-errata"

const environment = ConfigProvider.fromEnv()
const otherwise = ConfigProvider.fromMap(new Map([["THRESHOLDS_NETWORK_DNS_PER_MINUTE", "2"]]))

const program = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  yield* Effect.repeatN(tracker.track(new FetchError.NetworkDns()), 4)
  yield* Console.log(yield* tracker.verdict("NETWORK_DNS"))

  // Read again, with other values: what does not exceed its new limit is over, what does goes on and is not told twice.
  const limits = yield* ErrorTracker.config().pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["THRESHOLDS_NETWORK_DNS_PER_MINUTE", "100"]])))
  )
  yield* tracker.setLimits(limits)
  yield* Console.log(yield* tracker.verdict("NETWORK_DNS"))
})

// A number that makes no sense is a ConfigError with the name of its variable.
const Live = ErrorTracker.layerConfig().pipe(
  Layer.provide(Layer.setConfigProvider(ConfigProvider.orElse(environment, () => otherwise))),
  Layer.provideMerge(ErrorLog.layerText)
)

await Effect.runPromise(Effect.provide(program, Live))
