/** A timeout that fits the latencies of a source. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { facts } from "../../FetchError.js"
import type * as Snapshot from "../../Snapshot.js"
import type { TimeoutSuggestion } from "./insightModel.js"
import { number, percent } from "./sentences.js"

// Samples that a 99th, and a 99.9th, percentile takes.
const forHundredth = 300
const forThousandth = 3000

// With a greater share of timeouts, the latencies of the slowest fetches are unknown.
const mostTimeouts = 0.01

/**
 * A high percentile of the latencies, with padding (Brooker: Timeouts, retries, and
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
      `not enough data: ${percent(share)} of the fetches time out, so the latencies of the slowest are unknown; ` +
        "try a longer timeout first"
    )
  }
  // Fetches that timed out were slower than all others.
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
