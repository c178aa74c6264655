/** A program that fails with a planted error, in the way that its argument names. */
import { Effect, Layer, Logger } from "effect"
import { argv } from "node:process"
import { planted } from "./plantedCause.js"

const ways: Readonly<Record<string, () => void>> = {
  uncaught: () => {
    throw planted()
  },
  rejection: () => void Promise.reject(planted()),
  runPromise: () => void Effect.runPromise(Effect.fail(planted())),
  runSync: () => Effect.runSync(Effect.withSpan(Effect.die(planted()), "span")),
  printed: () => {
    console.log(planted(), { nested: [planted()] }, new Error("outer", { cause: planted() }))
    console.table([planted()])
    Effect.runSync(
      Effect.sandbox(Effect.fail(planted())).pipe(
        Effect.catchAll((cause) => Effect.zipRight(Effect.logError("failed", cause), Effect.logError(planted()))),
        Effect.provide(Layer.mergeAll(
          Logger.add(Logger.withConsoleLog(Logger.logfmtLogger)),
          Logger.add(Logger.withConsoleLog(Logger.jsonLogger)),
          Logger.add(Logger.withConsoleLog(Logger.structuredLogger)),
          Logger.add(Logger.prettyLogger({ colors: false, mode: "tty" }))
        ))
      )
    )
    Effect.runFork(Effect.fail(planted()).pipe(Effect.tapErrorCause(Effect.logError)))
  }
}

ways[argv[2] ?? ""]?.()
