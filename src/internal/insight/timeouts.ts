/** Which timeout would fit how long the fetches from a source take. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { facts } from "../../FetchError.js"
import type { TimeoutSuggestion } from "../../Insight.js"
import type * as Snapshot from "../../Snapshot.js"
import { number, percent } from "./sentences.js"

// To see what one in a hundred, or one in a thousand, does takes some of them.
const forHundredth = 300
const forThousandth = 3000

// Where more than that times out, what the slowest would have taken is not known.
const mostTimeouts = 0.01

/**
 * From the quantile that as few may exceed as may be given up by mistake, with padding (Brooker: Timeouts, retries, and
 * backoff with jitter, Amazon Builders' Library, 2019).
 */
export const timeoutFor = ({ counts, source }: Snapshot.Latency, snapshot: Snapshot.Snapshot): TimeoutSuggestion => {
  const samples = counts.reduce((sum, { count }) => sum + count, 0)
  const answer = (timeout: number | undefined, reason: string): TimeoutSuggestion => ({
    source,
    samples,
    timeout: Option.map(Option.fromNullable(timeout), Duration.millis),
    message: `${source}: ${reason}`
  })
  if (samples < forHundredth) {
    return answer(undefined, `not enough data: ${number(samples)} of ${forHundredth} successful fetches`)
  }
  const timeouts = timeoutsOf(snapshot, source)
  const share = timeouts / (timeouts + samples)
  if (share > mostTimeouts) {
    return answer(
      undefined,
      `not enough data: ${percent(share)} of the fetches time out, and nobody knows how long they would have taken; ` +
        "try a longer timeout first"
    )
  }
  // Those that timed out were slower than all that did not.
  const quantile = (of: number) => quantileOf(counts, Math.min(1, of / (1 - share)) * samples)
  const [most, padding] = samples < forThousandth ? [0.99, 2] : [0.999, 1.5]
  const [median, slow] = [quantile(0.5), quantile(most)]
  const timeout = rounded(Math.max(padding * slow, 3 * median))
  return answer(
    timeout,
    `${millis(timeout)}: of ${number(samples)} fetches, half took up to ${millis(median)} and ${percent(most)} up to ` +
      millis(slow) + (timeouts === 0 ? "" : `; ${number(timeouts)} timed out`)
  )
}

const quantileOf = (counts: Snapshot.Latency["counts"], rank: number): number => {
  let seen = 0
  const found = counts.find(({ count }) => (seen += count) >= rank)
  return (found ?? counts.at(-1))?.millis ?? 0
}

const timeoutsOf = (snapshot: Snapshot.Snapshot, source: string): number => {
  const values = snapshot.dimensions.find(({ name }) => name === "source")?.values
  const errors = values?.find(({ value }) => value === source)?.errors
  return errors?.find(({ code }) => code === facts.NetworkTimeout.code)?.series.total ?? 0
}

/** Up, to two digits. */
const rounded = (millis: number): number => {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, millis))) - 1)
  return Math.max(1, Math.ceil(millis / unit)) * unit
}

const millis = (n: number): string => n < 1000 ? `${number(n)} ms` : `${number(n / 1000)} s`
