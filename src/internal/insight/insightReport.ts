/**
 * The answers about a snapshot, in pieces: with thousands of values, and limits to simulate, all of them take a tenth of a
 * second. `Insight` has each of them as a function.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Snapshot from "../../Snapshot.js"
import { mapped, type Pieces } from "../pauses.js"
import { anomaliesOf, baselineOf } from "./anomalies.js"
import { errorBudgetsOf } from "./errorBudgets.js"
import { type Crossing, crossings } from "./forecast.js"
import type { History } from "./history.js"
import { historyOf, usualRate } from "./history.js"
import type * as Model from "./insightModel.js"
import { offendersOf } from "./offenders.js"
import { duration, number, percent } from "./sentences.js"
import { limitsFor } from "./suggestedLimits.js"
import { timeoutFor } from "./timeouts.js"

/** A code with its history, from which all answers about it are made. */
export interface Known {
  readonly code: string
  readonly history: History
}

/** The histories of all codes. */
export const histories = (snapshot: Snapshot.Snapshot): Pieces<ReadonlyArray<Known>> =>
  mapped(snapshot.codes, 1, (code) => ({ code: code.code, history: historyOf(snapshot, code) }))

export const baselines = (known: ReadonlyArray<Known>): Pieces<ReadonlyArray<Model.Baseline>> =>
  mapped(known, 1, ({ code, history }) => baselineOf(code, history))

export function* anomalies(known: ReadonlyArray<Known>): Pieces<ReadonlyArray<Model.Anomaly>> {
  const found = yield* mapped(known, 1, ({ code, history }) => anomaliesOf(code, history))
  return found.flat().sort((a, b) => a.log - b.log).map(({ anomaly }) => anomaly)
}

export function* forecasts(
  { at, limits }: Snapshot.Snapshot,
  known: ReadonlyArray<Known>
): Pieces<ReadonlyArray<Model.Forecast>> {
  const found: Array<ForecastOf> = []
  for (const { code, history } of known) {
    const own = limits.filter((limit) => limit.code === code)
    const answers = yield* crossings(history, {
      usual: usualRate(history),
      limits: own.map(({ limit, window }) => ({ limit, window: Duration.toMinutes(window) }))
    })
    for (const [i, limit] of own.entries()) {
      const answer = answers[i]
      if (answer !== undefined) found.push({ limit, ...answer })
    }
    yield
  }
  return found.sort((a, b) => a.likely - b.likely).map((forecast) => forecastOf(at, forecast))
}

type ForecastOf = Crossing & { readonly limit: Snapshot.Limit }

const forecastOf = (
  at: DateTime.Utc,
  { count, earliest, latest, likely, limit: { code, limit, name }, probability }: ForecastOf
): Model.Forecast => {
  const after = (minutes: number) => DateTime.add(at, { millis: Math.round(minutes * 60_000) })
  const soon = likely < 1 ? "within a minute" : `in about ${duration(likely)}`
  const when = latest === undefined
    ? `not before ${duration(earliest)} from now (80 %), within a day with a probability of ${percent(probability)}`
    : `${duration(earliest)} to ${duration(latest)} from now (80 %)`
  return {
    code,
    window: name,
    limit,
    count,
    probability,
    earliest: after(earliest),
    likely: after(likely),
    latest: Option.map(Option.fromNullable(latest), after),
    message: `${code}: ${number(count)} of ${number(limit)} (${name}), exceeded ${soon}: ${when}`
  }
}

export function* suggestions(
  { limits }: Snapshot.Snapshot,
  known: ReadonlyArray<Known>
): Pieces<Model.ThresholdSuggestions> {
  const found = yield* mapped(known, 1, ({ code, history }) => ({
    code,
    ...limitsFor(history, limits.filter((limit) => limit.code === code))
  }))
  return {
    thresholds: Object.fromEntries(
      found.flatMap(({ code, limits }) => limits === undefined ? [] : [[code, limits]])
    ),
    reasons: found.map(({ code, reason }) => ({ code, message: `${code}: ${reason}` }))
  }
}

export function* offenders(
  { dimensions, recent }: Snapshot.Snapshot,
  options: Model.OffendersOptions
): Pieces<ReadonlyArray<Model.Offenders>> {
  const found: Array<Model.Offenders> = []
  for (const dimension of dimensions) {
    if (options.by === undefined || dimension.name === options.by) {
      found.push(...yield* offendersOf(dimension, recent, options))
    }
  }
  return found
}

/** All answers. */
export function* report(snapshot: Snapshot.Snapshot): Pieces<Model.Report> {
  const known = yield* histories(snapshot)
  return {
    at: snapshot.at,
    since: snapshot.since,
    baseline: yield* baselines(known),
    anomalies: yield* anomalies(known),
    forecast: yield* forecasts(snapshot, known),
    offenders: yield* offenders(snapshot, {}),
    thresholds: yield* suggestions(snapshot, known),
    timeouts: yield* mapped(snapshot.latency, 1, (latency) => timeoutFor(latency, snapshot)),
    errorBudgets: yield* errorBudgetsOf(snapshot)
  }
}
