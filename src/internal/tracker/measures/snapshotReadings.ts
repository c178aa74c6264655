/** The readings of a snapshot. */
import * as Duration from "effect/Duration"
import type * as Snapshot from "../snapshotModel.js"
import { noEvents } from "../snapshotModel.js"
import type { Count, LatencyReading, Readings } from "./readings.js"

export const snapshotReadings = (snapshot: Snapshot.Snapshot): Readings => {
  const { alerts, calls, codes, retry } = snapshot
  const bySource = snapshot.latency.map(({ source, ...durations }) => latencyOf({ value: source, ...durations }))
  return {
    codes: codes.map(({ code, errors, expected, severity }) => ({
      code,
      severity,
      errors: countOf(errors),
      expected: countOf(expected)
    })),
    limits: snapshot.limits.map(({ code, limit, name, window }) => ({
      code,
      window: name,
      millis: Duration.toMillis(window),
      limit
    })),
    // A snapshot holds the rules whose alert is active, not the others.
    rules: [],
    alerts: alerts.map(({ alert }) => alert),
    attempted: snapshot.attempted,
    successes: countOf(snapshot.successes),
    calls: {
      made: countOf(calls.made),
      recovered: countOf(calls.recovered),
      failed: countOf(calls.failed),
      refused: countOf(calls.refused),
      expected: countOf(snapshot.expectedCalls ?? noEvents)
    },
    retry: {
      retries: retry.retries.total,
      giveUps: retry.giveUps.total,
      gateWaits: retry.gateWaits.total,
      refusals: retry.refusals.total,
      openCircuits: retry.openCircuits.total
    },
    dropped: snapshot.dropped,
    empties: snapshot.empties.map(({ expected, reason, source, unexpected }) => ({
      reason,
      source,
      expected: expected.total,
      unexpected: unexpected.total
    })),
    latency: bySource,
    dimension: (name) =>
      snapshot.dimensions.find((dimension) => dimension.name === name)?.values.map((value) => ({
        value: value.value,
        errors: value.errors.map(({ code, series }) => [code, series.total] as const),
        rest: value.rest.total,
        expected: value.expected.total,
        successes: value.successes.total,
        attempted: value.attempted
      })),
    latencyBy: (name) =>
      name === "source"
        ? bySource
        : snapshot.latencies?.find((dimension) => dimension.name === name)?.values.map(latencyOf)
  }
}

const countOf = ({ ages, total }: Snapshot.Tally): Count => ({ total, within: (millis) => countWithin(ages, millis) })

/** As `SlidingWindow.count` does: half of a bucket across the edge is inside. */
const countWithin = (levels: Snapshot.Tally["ages"], millis: number): number => {
  let sum = 0
  for (const [i, ages] of levels.entries()) {
    const events = 2 ** i
    const width = i === 0 ? 1 : 2
    const buckets = ages.length / width
    // Oldest first: the buckets whose newest event is too old.
    let [low, high] = [0, buckets]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (ages[middle * width + width - 1]! <= millis) high = middle
      else low = middle + 1
    }
    if (low === buckets) continue
    const across = ages[low * width]! <= millis ? events : events / 2
    sum += (buckets - low - 1) * events + across
  }
  return sum
}

/** Quantiles since the start: a snapshot does not say when the fetches were. */
const latencyOf = ({ counts, maxMillis, value }: Snapshot.ValueLatency): LatencyReading => {
  const count = counts.reduce((sum, { count }) => sum + count, 0)
  const quantile = (share: number): number => {
    let sum = 0
    for (const bucket of counts) if ((sum += bucket.count) >= share * count) return Math.min(bucket.millis, maxMillis)
    return maxMillis
  }
  return {
    value,
    count,
    sumMillis: counts.reduce((sum, { count, millis }) => sum + count * millis, 0),
    quantiles: [0.5, 0.9, 0.99].map((share) => [share, count === 0 ? NaN : quantile(share)] as const)
  }
}
