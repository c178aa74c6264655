/** A bug in a background fiber of a tracker is logged, and the fiber goes on. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import { redacted } from "../../../internal/log/errorLine.js"
import { write } from "../../../internal/log/write.js"

export const loud = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A | void, E> =>
  Effect.catchAllDefect(
    effect,
    (defect) =>
      write(
        LogLevel.Error,
        "The tracker of the fleet failed; next attempt in 1 second",
        {},
        Cause.die(redacted(defect))
      )
  )
