/** The pressure on a source, from 0 to 1: about the share of its attempts in the last minute that failed alike. */
import * as Effect from "effect/Effect"
import type { Service } from "../tracker/model.js"

// A few failures of a few attempts say little: so many successes are assumed besides.
const assumedSuccesses = 10

/** Attempts of 0 are not counted: it is then assumed that all of them have failed. */
export const pressureOf = (errors: number, attempts: number): number =>
  errors > 0 ? errors / ((attempts > errors ? attempts : errors) + assumedSuccesses) : 0

/** Asks the tracker for the errors of a code, of one source or of all of them. A tracker that fails knows of no pressure. */
export const pressureIn = (tracker: Service, source: string | undefined, code: string): Effect.Effect<number> =>
  Effect.suspend(() =>
    source === undefined
      ? Effect.map(
        tracker.stats({ window: "1 minute" }),
        ({ attempts, byCode }) => pressureOf(byCode[code]?.count ?? 0, attempts)
      )
      : Effect.map(tracker.breakdown({ by: "source", window: "minute", code }), (rows) => {
        const row = rows.find(({ value }) => value === source)
        return row === undefined ? 0 : pressureOf(row.count, row.attempts)
      })
  ).pipe(Effect.catchAllCause(() => Effect.succeed(0)))
