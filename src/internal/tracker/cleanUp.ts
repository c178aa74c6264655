/** The schedule of the clean-up, which resolves alerts and frees memory. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import * as Schedule from "effect/Schedule"
import { redacted } from "../log/errorLine.js"
import { write } from "../log/write.js"

// The longest time between two clean-ups: freeing memory is not urgent.
const idle = Duration.days(1)

const afterFailure = Duration.minutes(1)

/**
 * Repeats the clean-up, which returns the time until the next edge can be due. Alerts that are published in between open
 * `changed`, and the schedule starts again: they may resolve sooner. A clean-up that dies is logged and repeated a minute
 * later.
 */
export const repeatCleanUp = (
  cleanUp: Effect.Effect<Duration.Duration>,
  { changed, every }: { readonly changed: Effect.Latch; readonly every: Duration.Duration }
): Effect.Effect<never> =>
  cleanUp.pipe(
    Effect.catchAllDefect((defect) =>
      Effect.as(
        write(
          LogLevel.Error,
          "The clean-up of the error tracker failed; next attempt in 1 minute",
          {},
          Cause.die(redacted(defect))
        ),
        afterFailure
      )
    ),
    // A new alert interrupts the wait, not the clean-up itself.
    Effect.uninterruptible,
    Effect.repeat(
      Schedule.identity<Duration.Duration>().pipe(
        Schedule.addDelay((untilDue) => Duration.max(every, Duration.min(untilDue, idle)))
      )
    ),
    Effect.raceFirst(changed.await),
    Effect.zipRight(changed.close),
    Effect.forever
  )
