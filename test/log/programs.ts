/**
 * Programs that log one error with loggers of Effect and layers of ours, in the orders in which programs combine them.
 * Bundled and started by process.test.ts. `argv` names the runner.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as ErrorLog from "../../src/ErrorLog.js"
import * as FetchError from "../../src/FetchError.js"

const error = ErrorLog.log(new FetchError.NetworkDns({ context: { symbol: "BTCUSDT" } }))

const { layerJson, layerText } = ErrorLog

const programs: ReadonlyArray<readonly [string, Effect.Effect<void>]> = [
  ["layerText", Effect.provide(error, layerText)],
  ["layerJson", Effect.provide(error, layerJson)],
  ["layerText, nested in itself", error.pipe(Effect.provide(layerText), Effect.provide(layerText))],
  ["layerText, merged with itself", Effect.provide(error, Layer.merge(layerText, layerText))],
  ["layerText inside of layerJson", error.pipe(Effect.provide(layerText), Effect.provide(layerJson))],
  ["layerJson inside of layerText", error.pipe(Effect.provide(layerJson), Effect.provide(layerText))],
  ["layerText inside of Logger.pretty", error.pipe(Effect.provide(layerText), Effect.provide(Logger.pretty))],
  ["layerText beside other layers", Effect.provide(error, [Layer.empty, layerText])],
  ["layerText in a ManagedRuntime", Effect.promise(() => ManagedRuntime.make(layerText).runPromise(error))],
  [
    "layerText and a logger of the program's own",
    error.pipe(Effect.provide(Logger.add(Logger.make(() => console.log("own")))), Effect.provide(layerText))
  ]
]

const runs: Readonly<Record<string, (effect: Effect.Effect<void>) => unknown>> = {
  "runMain": (effect) => NodeRuntime.runMain(effect),
  "runMain without the pretty logger": (effect) => NodeRuntime.runMain(effect, { disablePrettyLogger: true }),
  "runFork": (effect) => Effect.runFork(effect)
}

for (const [name, program] of programs) {
  console.log(`# ${name}`)
  await new Promise<void>((resolve) => runs[process.argv[2]!]!(Effect.ensuring(program, Effect.sync(resolve))))
}
