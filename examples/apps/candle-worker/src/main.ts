/**
 * Fills the cache in the folder `CACHE` every minute (`EVERY` changes that) with the candles of `SYMBOLS`, until it is ended.
 * It may be killed at any time: a file of the cache is whole or not there.
 */
import { NodeRuntime } from "@effect/platform-node"
import { Config, Console, Duration, Effect, Layer, Schedule } from "effect"
import { ErrorLog, ErrorTracker } from "effect-errata"
import { Candles, round } from "./worker.ts"

const program = Effect.gen(function*() {
  const every = yield* Config.withDefault(Config.duration("EVERY"), Duration.minutes(1))
  const fill = Effect.flatMap(
    round,
    (results) =>
      Effect.forEach(
        results,
        ({ errors, missing, rows, symbol }) =>
          Console.log(`${symbol}: ${rows} candles, ${missing.length} gaps, ${errors.length} errors`)
      )
  )
  yield* Effect.repeat(fill, Schedule.fixed(every))
})

NodeRuntime.runMain(
  program.pipe(
    Effect.provide(Candles.pipe(Layer.provideMerge(ErrorTracker.layer()), Layer.provideMerge(ErrorLog.layerText)))
  )
)
