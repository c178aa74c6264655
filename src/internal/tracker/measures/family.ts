/** The metric families of a tracker: named lists of samples, from which metrics and Prometheus pages are made. */

export type FamilyType = "counter" | "gauge" | "summary"

/** One value of a family, with the values of its labels in their order. An empty label value stands for no label. */
export interface Sample {
  readonly labels: ReadonlyArray<string>
  readonly value: number
}

/** The count, the sum and the quantiles of a summary. */
export interface Summary {
  readonly labels: ReadonlyArray<string>
  readonly count: number
  /** Undefined where only quantiles are known. */
  readonly sum: number | undefined
  readonly quantiles: ReadonlyArray<readonly [quantile: number, value: number]>
}

interface Common {
  /** Of a counter without the suffix `_total`, which its samples have. */
  readonly name: string
  /** One sentence. */
  readonly help: string
  /** The base unit of the values, where they have one. The name ends in it. */
  readonly unit?: string | undefined
  readonly labels: ReadonlyArray<string>
}

export interface PlainFamily extends Common {
  readonly type: "counter" | "gauge"
  readonly samples: ReadonlyArray<Sample>
}

export interface SummaryFamily extends Common {
  readonly type: "summary"
  readonly samples: ReadonlyArray<Summary>
}

export type Family = PlainFamily | SummaryFamily

/** The name, type, help and labels of every family of a tracker. */
export const catalogue = {
  errors: {
    name: "errata_errors",
    type: "counter",
    help: "Errors by code, expected empties excluded.",
    labels: ["error_type", "severity"]
  },
  emptyData: {
    name: "errata_empty_data",
    type: "counter",
    help: "Fetches without data by reason and source.",
    labels: ["reason", "source", "expected"]
  },
  attempts: {
    name: "errata_attempts",
    type: "counter",
    help: "Attempts by outcome, where attempts are counted.",
    labels: ["outcome"]
  },
  calls: { name: "errata_calls", type: "counter", help: "Calls by outcome.", labels: ["outcome"] },
  retries: {
    name: "errata_retries",
    type: "counter",
    help: "Attempts made because an earlier one had failed.",
    labels: []
  },
  giveUps: { name: "errata_give_ups", type: "counter", help: "Calls that ended with a retryable error.", labels: [] },
  gateWaits: { name: "errata_gate_waits", type: "counter", help: "Waits for a rate limit to pass.", labels: [] },
  refusals: {
    name: "errata_refusals",
    type: "counter",
    help: "Calls that were not sent: open circuit, or too long a wait for a rate limit.",
    labels: []
  },
  openCircuits: {
    name: "errata_circuit_opens",
    type: "counter",
    help: "The number of times that a circuit breaker opened.",
    labels: []
  },
  dropped: {
    name: "errata_dropped",
    type: "counter",
    help: "Errors that lost detail because a code or a value found no place of its own.",
    labels: []
  },
  dimensionErrors: {
    name: "errata_dimension_errors",
    type: "counter",
    help: "Errors by the values of a dimension, expected empties excluded.",
    labels: ["dimension", "value", "error_type"]
  },
  dimensionAttempts: {
    name: "errata_dimension_attempts",
    type: "counter",
    help: "Attempts by the values of a dimension, where attempts are counted.",
    labels: ["dimension", "value", "outcome"]
  },
  omittedValues: {
    name: "errata_dimension_values_omitted",
    type: "gauge",
    help: "The number of values of a dimension beyond the cap, which have no samples.",
    labels: ["dimension"]
  },
  windowErrors: {
    name: "errata_window_errors",
    type: "gauge",
    help: "Errors in a sliding window, expected empties excluded.",
    labels: ["error_type", "window"]
  },
  limit: {
    name: "errata_limit",
    type: "gauge",
    help: "The limit on the errors of a window. A greater count exceeds it.",
    labels: ["error_type", "window"]
  },
  windowCalls: {
    name: "errata_window_calls",
    type: "gauge",
    help: "Calls in a sliding window by outcome.",
    labels: ["outcome", "window"]
  },
  windowAttempts: {
    name: "errata_window_attempts",
    type: "gauge",
    help: "Attempts in a sliding window by outcome, where attempts are counted.",
    labels: ["outcome", "window"]
  },
  ruleErrors: {
    name: "errata_rule_errors",
    type: "gauge",
    help: "Errors that a rule counts, in its window and, for a ratio, the longer ones.",
    labels: ["rule", "window", "dimension", "value"]
  },
  ruleAttempts: {
    name: "errata_rule_attempts",
    type: "gauge",
    help: "Attempts that a rule on a ratio counts, in its window and the longer ones.",
    labels: ["rule", "window", "dimension", "value"]
  },
  ruleLimit: {
    name: "errata_rule_limit",
    type: "gauge",
    help: "The limit of a rule: a count, or a share of the attempts. A greater value exceeds it.",
    labels: ["rule", "window"]
  },
  alertActive: {
    name: "errata_alert_active",
    type: "gauge",
    help: "1 while the alert of a limit or rule is active, else 0.",
    labels: ["error_type", "window", "rule"]
  },
  duration: {
    name: "errata_fetch_duration_seconds",
    type: "summary",
    unit: "seconds",
    help: "Durations of successful fetches by source, within 2 %. Quantiles are those of the last hour.",
    labels: ["source"]
  },
  dimensionDuration: {
    name: "errata_dimension_duration_seconds",
    type: "summary",
    unit: "seconds",
    help:
      "Durations of successful fetches by the values of a dimension, within 2 %. Quantiles are those of the last hour.",
    labels: ["dimension", "value"]
  }
} as const satisfies Readonly<Record<string, Common & { readonly type: FamilyType }>>

export type FamilyName = keyof typeof catalogue

/** The families whose first two labels are a dimension and one of its values. */
export const familiesByDimension: ReadonlySet<string> = new Set([
  catalogue.dimensionErrors.name,
  catalogue.dimensionAttempts.name,
  catalogue.dimensionDuration.name
])
