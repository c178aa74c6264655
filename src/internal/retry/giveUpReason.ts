/** The reasons for which a call is given up, or is not sent, as they appear in `gave_up` and `refused`. */
import * as Duration from "effect/Duration"

export const noAttemptsLeft = "no attempts left"

export const notIdempotent = "the request is not idempotent"

export const circuitOpen = "the circuit is open"

export const budgetSpent = "the budget of retries is spent"

/** `wait` is what the server asks for, `all` the sum of the waits of the call, `maxWait` the option, in milliseconds. */
export const tooLong = (wait: number, all: number, maxWait: number): string =>
  `the server asks to wait for ${durationText(wait)}${
    all > wait ? ` (${durationText(all)} in all)` : ""
  }, longer than maxWait, ${durationText(maxWait)}`

export const alternative = (wait: number): string =>
  `the server asks to wait for ${durationText(wait)}, and there is another source`

/** In whole seconds, or in milliseconds below one second. */
export const durationText = (millis: number): string =>
  Duration.format(millis < 1000 ? Duration.millis(Math.ceil(millis)) : Duration.seconds(Math.ceil(millis / 1000)))
