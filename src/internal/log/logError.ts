/** Writes the log line of an error, past the guard against storms where there is one. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as LogLevel from "effect/LogLevel"
import type * as FetchError from "../../FetchError.js"
import { annotationsOf, causeOf, sentenceOf } from "./errorLine.js"
import { isWanted, levelOf } from "./level.js"
import type { StormGuard } from "./stormGuard.js"
import { type Annotations, write } from "./write.js"

/** How a call ended that failed. */
export interface Outcome {
  /** The number of attempts that were sent. */
  readonly attempts: number
  readonly durationMillis: number
  /** The codes of the attempts before the last one, oldest first. */
  readonly earlier: ReadonlyArray<string>
  readonly gaveUp: string
  readonly refused: boolean
}

export interface ErrorEntry {
  readonly cause?: Cause.Cause<unknown> | undefined
  readonly level?: LogLevel.LogLevel | undefined
  readonly message?: string | undefined
  readonly guard?: StormGuard | undefined
  readonly outcome?: Outcome | undefined
  /** Follows the sentence about the error. */
  readonly suffix?: string | undefined
  readonly annotations?: Annotations | undefined
}

export const logError = (error: FetchError.Trackable, entry: ErrorEntry = {}): Effect.Effect<void> =>
  Effect.withFiberRuntime((fiber) => {
    const level = entry.level ?? levelOf(error)
    // A line that no logger receives is not composed.
    if (!isWanted(level, fiber)) return Effect.void
    const line = Effect.suspend(() =>
      write(
        level,
        (entry.message ?? sentenceOf(error)) + (entry.suffix ?? "") + summaryOf(entry.outcome),
        { ...annotationsOf(error), ...outcomeAnnotations(entry.outcome), ...entry.annotations },
        causeOf(error, entry.cause ?? Cause.empty)
      )
    )
    const guarded = entry.guard === undefined
      ? line
      : Effect.suspend(() => entry.guard?.admit(error, level, line) ?? line)
    return Effect.catchAllCause(guarded, () => Effect.void)
  })

/** Says what the message of the error does not: how often it was tried, for how long, and why no more. */
const summaryOf = (outcome: Outcome | undefined): string =>
  outcome === undefined || outcome.refused || (outcome.attempts === 1 && outcome.gaveUp === notRetryable)
    ? ""
    : ` (gave up after ${outcome.attempts} ${outcome.attempts === 1 ? "attempt" : "attempts"} in ${
      Duration.format(Duration.millis(Math.round(outcome.durationMillis)))
    }: ${outcome.gaveUp})`

/** The reason for giving up on an error that another attempt would meet again. */
export const notRetryable = "not retryable"

const outcomeAnnotations = (outcome: Outcome | undefined): Annotations =>
  outcome === undefined ? {} : {
    attempts: outcome.attempts,
    duration_ms: Math.round(outcome.durationMillis),
    earlier_errors: outcome.earlier.length === 0 ? undefined : outcome.earlier.join(", "),
    gave_up: outcome.gaveUp
  }
