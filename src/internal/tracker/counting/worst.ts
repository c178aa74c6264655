/** The values of a dimension with the highest failure rates. Pure. */
import * as Option from "effect/Option"
import type * as Model from "../model.js"
import type { Dimension, Row } from "./dimension.js"
import { other } from "./dimension.js"
import { errorsOf } from "./views.js"
import { windowIndex } from "./windows.js"

interface Candidate {
  readonly value: string
  readonly failures: number
  readonly attempts: number
}

const bins = 10
const defaultRows = 8
const defaultMinAttempts = 20

/** What is worst where nothing is counted. */
export const noWorst: Model.Worst = {
  rows: [],
  errorRatio: Option.none(),
  values: 0,
  leftOut: 0,
  histogram: Array.from({ length: bins }, () => 0)
}

/** The worst values of a dimension that is kept. */
export const worstIn = (
  { counts }: { readonly counts: { readonly of: (dimension: string) => Dimension | undefined } },
  options: Model.WorstOptions
): Model.Worst => {
  const dimension = counts.of(options.by)
  const window = windowIndex[options.window ?? "hour"]
  return dimension === undefined
    ? noWorst
    : worstOf(dimension.rows(window, undefined), options, (value) => dimension.mostly(value, window))
}

/** `mostly` returns the code of most of the errors of a value. */
export const worstOf = (
  all: ReadonlyArray<Row>,
  { limit = defaultRows, minAttempts = defaultMinAttempts }: Pick<Model.WorstOptions, "limit" | "minAttempts">,
  mostly: (value: string) => string | undefined
): Model.Worst => {
  const known = all.filter(({ value }) => value !== other)
    .map((row): Candidate => ({ value: row.value, failures: errorsOf(row, undefined), attempts: row.attempts }))
  const isAttempted = known.some(({ attempts }) => attempts > 0)
  const compared = known.filter(({ attempts }) => !isAttempted || attempts >= Math.max(1, minAttempts))
  const exposureOf = ({ attempts }: Candidate): number => isAttempted ? attempts : 1
  const rateOf = (candidate: Candidate): number => candidate.failures / exposureOf(candidate)
  const failures = sumOf(compared, (candidate) => candidate.failures)
  const exposure = sumOf(compared, exposureOf)
  const histogram = Array.from({ length: bins }, () => 0)
  for (const candidate of isAttempted ? compared : []) {
    const bin = Math.max(0, Math.min(bins, Math.ceil(rateOf(candidate) * bins)) - 1)
    histogram[bin] = (histogram[bin] ?? 0) + 1
  }
  return {
    rows: compared
      .filter((candidate) => candidate.failures > 0)
      .toSorted((a, b) => rateOf(b) - rateOf(a) || b.failures - a.failures || (a.value < b.value ? -1 : 1))
      .slice(0, Math.max(0, limit))
      .map((candidate) => ({
        ...candidate,
        errorRatio: isAttempted ? Option.some(rateOf(candidate)) : Option.none(),
        timesTheRest: compared.length < 2 ? Option.none() : Option.some(
          rateOf(candidate) * (exposure - exposureOf(candidate)) / (failures - candidate.failures + 0.5)
        ),
        mostly: Option.fromNullable(mostly(candidate.value))
      })),
    errorRatio: isAttempted && exposure > 0 ? Option.some(failures / exposure) : Option.none(),
    values: compared.length,
    leftOut: known.length - compared.length,
    histogram
  }
}

const sumOf = <A>(items: ReadonlyArray<A>, f: (item: A) => number): number =>
  items.reduce((sum, item) => sum + f(item), 0)
