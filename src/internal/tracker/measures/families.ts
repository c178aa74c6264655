/** The families of a tracker, made from its readings. Pure. */
import { facts } from "../../../FetchError.js"
import { emptyCode } from "../counting/classification.js"
import { other } from "../counting/dimension.js"
import type { Family, FamilyName, PlainFamily, Sample, Summary, SummaryFamily } from "./family.js"
import { catalogue } from "./family.js"
import type { CodeReading, LatencyReading, Readings, RuleReading, RuleValue, ValueReading } from "./readings.js"

const minute = 60_000
const namedWindows = [["minute", minute], ["hour", 60 * minute], ["day", 1440 * minute]] as const
/** The windows of burn rates. */
const burnWindows = [["5m", 5 * minute], ["30m", 30 * minute], ["1h", 60 * minute], ["6h", 360 * minute]] as const
/** The windows that are counted for any limits, in milliseconds. */
export const familyWindows: ReadonlyArray<number> = [...namedWindows, ...burnWindows].map(([, millis]) => millis)

// Rules on a dimension have samples for the values with the most errors.
const maxRuleValues = 20

/** The values of the dimensions that have samples of their own, by the name of the dimension. */
export type Dimensions = ReadonlyMap<string, ReadonlyArray<ValueReading>>

/** The durations by dimensions that have samples of their own, by the name of the dimension. */
export type Latencies = ReadonlyMap<string, ReadonlyArray<LatencyReading>>

/** The families with at least one sample; without `windows` not those that count windows. */
export const familiesOf = (
  readings: Readings,
  dimensions: Dimensions,
  latencies: Latencies,
  windows: boolean = true
): ReadonlyArray<Family> => {
  const { retry } = readings
  const codes = codesOf(readings)
  const families: ReadonlyArray<Family> = [
    plain("errors", codes.map(({ code, errors, severity }) => sample(errors.total, code, severity))),
    plain("emptyData", readings.empties.flatMap(emptySamples)),
    plain("attempts", attemptsOf(readings, undefined)),
    plain("calls", callsOf(readings, undefined)),
    plain("retries", [sample(retry.retries)]),
    plain("giveUps", [sample(retry.giveUps)]),
    plain("gateWaits", [sample(retry.gateWaits)]),
    plain("refusals", [sample(retry.refusals)]),
    plain("openCircuits", [sample(retry.openCircuits)]),
    plain("dropped", [sample(readings.dropped)]),
    ...dimensions.size === 0 ? [] : dimensionFamilies(dimensions),
    ...windows ? windowFamilies(readings, codes) : [],
    plain("alertActive", alertSamples(readings)),
    summary("duration", readings.latency.map((reading) => durations(reading, reading.value))),
    summary(
      "dimensionDuration",
      Array.from(latencies).flatMap(([name, values]) => values.map((value) => durations(value, name, value.value)))
    )
  ]
  return families.filter(({ samples }) => samples.length > 0)
}

export const sample = (value: number, ...labels: ReadonlyArray<string>): Sample => ({ labels, value })

type SummaryName = "duration" | "dimensionDuration"

const summary = (name: SummaryName, samples: ReadonlyArray<Summary>): SummaryFamily => ({ ...catalogue[name], samples })

export const plain = (name: Exclude<FamilyName, SummaryName>, samples: ReadonlyArray<Sample>): PlainFamily => ({
  ...catalogue[name],
  samples
})

const withWindow = (window: string, samples: ReadonlyArray<Sample>): ReadonlyArray<Sample> =>
  samples.map(({ labels, value }) => ({ labels: [...labels, window], value }))

const nothing = { total: 0, within: () => 0 }

/** The codes with an error, and the 17 that every tracker knows: a series that starts at 0 shows its first error. */
const codesOf = ({ codes }: Readings): ReadonlyArray<CodeReading> => {
  const seen = new Set(codes.map(({ code }) => code))
  const unseen = Object.values(facts).filter(({ code }) => !seen.has(code))
  return [...codes, ...unseen.map(({ code, severity }) => ({ code, severity, errors: nothing, expected: nothing }))]
}

const emptySamples = (row: Readings["empties"][number]): ReadonlyArray<Sample> => [
  ...row.expected > 0 ? [sample(row.expected, row.reason, row.source, "true")] : [],
  ...row.unexpected > 0 ? [sample(row.unexpected, row.reason, row.source, "false")] : []
]

// ---------------------------------------------------------------------------------------------------------------------
// outcomes
// ---------------------------------------------------------------------------------------------------------------------

/** Without a window: since the start. */
const callsOf = ({ calls }: Readings, millis: number | undefined): ReadonlyArray<Sample> => {
  const count = (name: keyof Readings["calls"]) => millis === undefined ? calls[name].total : calls[name].within(millis)
  const [all, recovered, refused, expected] = [count("failed"), count("recovered"), count("refused"), count("expected")]
  return [
    // Beyond 1,024 events in a window, each of the counts has an error of its own.
    sample(Math.max(0, count("made") - all - recovered - refused), "succeeded"),
    sample(recovered, "recovered"),
    sample(Math.max(0, all - expected), "failed"),
    sample(refused, "refused"),
    sample(expected, "expected_empty")
  ]
}

const attemptsOf = (
  { attempted, codes, successes }: Readings,
  millis: number | undefined
): ReadonlyArray<Sample> => {
  if (!attempted) return []
  let [failed, expected] = [0, 0]
  for (const code of codes) {
    failed += millis === undefined ? code.errors.total : code.errors.within(millis)
    expected += millis === undefined ? code.expected.total : code.expected.within(millis)
  }
  return [
    sample(millis === undefined ? successes.total : successes.within(millis), "succeeded"),
    sample(failed, "failed"),
    sample(expected, "expected_empty")
  ]
}

// ---------------------------------------------------------------------------------------------------------------------
// windows, limits, rules
// ---------------------------------------------------------------------------------------------------------------------

const windowFamilies = (readings: Readings, codes: ReadonlyArray<CodeReading>): ReadonlyArray<Family> => [
  plain("windowErrors", windowErrors(readings, codes)),
  plain("limit", readings.limits.map(({ code, limit, window }) => sample(limit, code, window))),
  plain(
    "windowCalls",
    readings.calls.made.total === 0
      ? []
      : burnWindows.flatMap(([window, millis]) => withWindow(window, callsOf(readings, millis)))
  ),
  plain(
    "windowAttempts",
    burnWindows.flatMap(([window, millis]) => withWindow(window, attemptsOf(readings, millis)))
  ),
  ...readings.rules.length === 0 ? [] : ruleFamilies(readings.rules)
]

const windowErrors = ({ codes: seen, limits }: Readings, codes: ReadonlyArray<CodeReading>): Array<Sample> => {
  const samples: Array<Sample> = []
  for (const { code, errors } of seen) {
    for (const [window, millis] of namedWindows) samples.push(sample(errors.within(millis), code, window))
  }
  const has = new Set(seen.map(({ code }) => code))
  for (const { code, millis, window } of limits) {
    if (has.has(code) && namedWindows.some(([name]) => name === window)) continue
    // A code without an error yet has its limits, and counts of 0.
    const errors = codes.find((known) => known.code === code)?.errors ?? nothing
    samples.push(sample(errors.within(millis), code, window))
  }
  return samples
}

const ruleFamilies = (rules: ReadonlyArray<RuleReading>): ReadonlyArray<Family> => {
  const values = rules.flatMap(({ by, name, values }) => shown(values()).map((value) => ({ ...value, by, name })))
  return [
    plain(
      "ruleErrors",
      values.map(({ by, errors, name, value, window }) => sample(errors, name, window, by, value))
    ),
    plain(
      "ruleAttempts",
      values.flatMap(({ attempts, by, name, value, window }) =>
        attempts === undefined ? [] : [sample(attempts, name, window, by, value)]
      )
    ),
    plain("ruleLimit", rules.map(({ limit, name, window }) => sample(limit, name, window)))
  ]
}

/** The rows of the values with the most errors. Every value has as many rows as the rule has windows. */
const shown = (rows: ReadonlyArray<RuleValue>): ReadonlyArray<RuleValue> => {
  const most = new Map<string, number>()
  for (const { errors, value } of rows) most.set(value, Math.max(errors, most.get(value) ?? 0))
  if (most.size <= maxRuleValues) return rows
  const first = Array.from(most).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, maxRuleValues)
  const names = new Set(first.map(([value]) => value))
  return rows.filter(({ value }) => names.has(value))
}

const alertSamples = ({ alerts, limits, rules }: Readings): ReadonlyArray<Sample> => {
  const keyOf = (code: string, window: string, rule: string) =>
    `${code.length}:${code}${window.length}:${window}${rule}`
  const active = new Set(alerts.map(({ code, rule = "", window }) => keyOf(code, window, rule)))
  const value = (code: string, window: string, rule: string) => active.delete(keyOf(code, window, rule)) ? 1 : 0
  return [
    ...limits.map(({ code, window }) => sample(value(code, window, ""), code, window, "")),
    ...rules.map(({ code = "*", name, window }) => sample(value(code, window, name), code, window, name)),
    // Those of a tracker that does not publish its limits.
    ...alerts.flatMap(({ code, rule = "", window }) =>
      value(code, window, rule) === 1 ? [sample(1, code, window, rule)] : []
    )
  ]
}

// ---------------------------------------------------------------------------------------------------------------------
// dimensions
// ---------------------------------------------------------------------------------------------------------------------

const dimensionFamilies = (dimensions: Dimensions): ReadonlyArray<Family> => {
  const [errors, attempts]: [Array<Sample>, Array<Sample>] = [[], []]
  for (const [name, values] of dimensions) for (const value of values) addValue(name, value, errors, attempts)
  return [plain("dimensionErrors", errors), plain("dimensionAttempts", attempts)]
}

const addValue = (
  name: string,
  { attempted, errors, expected, rest, successes, value }: ValueReading,
  errorSamples: Array<Sample>,
  attemptSamples: Array<Sample>
): void => {
  let failed = rest
  let others = rest
  for (const [code, total] of errors) {
    const count = code === emptyCode ? Math.max(0, total - expected) : total
    failed += count
    // An undeclared code beyond the cap has the same name.
    if (code === other) others += count
    else errorSamples.push(sample(count, name, value, code))
  }
  if (others > 0) errorSamples.push(sample(others, name, value, other))
  if (!attempted) return
  attemptSamples.push(sample(successes, name, value, "succeeded"), sample(failed, name, value, "failed"))
  if (expected > 0) attemptSamples.push(sample(expected, name, value, "expected_empty"))
}

const durations = (
  { count, quantiles, sumMillis }: LatencyReading,
  ...labels: ReadonlyArray<string>
): Summary => ({
  labels,
  count,
  sum: sumMillis === undefined ? undefined : sumMillis / 1000,
  quantiles: quantiles.map(([quantile, millis]) => [quantile, millis / 1000] as const)
})
