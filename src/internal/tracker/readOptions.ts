/**
 * The options of the reads of a tracker, checked in one place. A wrong option is a bug of the program: the read dies, with a
 * message that names the option and what it accepts. An answer about another window would pass for the right one.
 */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Check from "../options.js"
import type * as Model from "./model.js"

// Longer than a day counts as a day: the documentation of the reads says so.
const duration = Check.duration({ least: Duration.zero, most: Duration.infinity })

const windowName = Check.oneOf("window", ["minute", "hour", "day"])

/** A maximum number of rows. */
const limit = Check.number("a number of at least 0", (n) => n >= 0)

const code: Check.Check<string> = (path, value) =>
  Predicate.isString(value) ? Either.right(value) : Check.wrong(path, value, "a code, as in \"NETWORK_DNS\"")

/** A dimension that the tracker keeps. A tracker that keeps its counts elsewhere checks the name itself. */
const dimension = (kept: ReadonlyArray<string> | undefined): Check.Check<string> =>
  kept === undefined ? Check.text : Check.oneOf("dimension", kept)

export const windowed = Check.struct({ window: Check.optional(duration) })

export const timeline = Check.struct(
  { window: duration, step: duration, code: Check.optional(code) } satisfies Check.Checks<Model.TimelineOptions>
)

export const callTimeline = Check.struct(
  { window: duration, step: duration } satisfies Check.Checks<Model.CallTimelineOptions>
)

export const breakdown = (kept?: ReadonlyArray<string>) =>
  Check.struct(
    {
      by: dimension(kept),
      window: Check.optional(windowName),
      code: Check.optional(code),
      limit: Check.optional(limit)
    } satisfies Check.Checks<Model.BreakdownOptions>
  )

export const worst = (kept?: ReadonlyArray<string>) =>
  Check.struct(
    {
      by: dimension(kept),
      window: Check.optional(windowName),
      limit: Check.optional(limit),
      minAttempts: Check.optional(limit)
    } satisfies Check.Checks<Model.WorstOptions>
  )

export const latency = (kept?: ReadonlyArray<string>) =>
  Check.struct(
    {
      by: Check.optional(dimension(kept)),
      window: Check.optional(windowName),
      limit: Check.optional(limit)
    } satisfies Check.Checks<Model.LatencyOptions>
  )

export const recent = Check.struct({ limit: Check.optional(limit), code: Check.optional(code) })

/** Runs a read with its checked options, or dies of a wrong one. No options are an object without any. */
export const read = <Options, A>(
  name: string,
  check: Check.Check<Options>,
  options: unknown,
  run: (options: Options) => Effect.Effect<A>
): Effect.Effect<A> => {
  const checked = check("", options === undefined ? {} : options)
  return Either.isLeft(checked) ? Check.orDie(`ErrorTracker.${name}`, Either.left(checked.left)) : run(checked.right)
}
