/** The metrics of OpenTelemetry that the families of a tracker become. */
import type { FamilyName } from "../tracker/measures/family.js"
import { catalogue } from "../tracker/measures/family.js"

export interface Instrument {
  readonly name: string
  readonly description: string
  /** As UCUM writes it; what is counted stands in braces. */
  readonly unit: string
  /** The names of the attributes, for the labels of the family in their order. */
  readonly attributes: ReadonlyArray<string>
}

const outcome = "errata.outcome"

const table: {
  readonly [F in FamilyName]?: readonly [name: string, unit: string, ...attributes: ReadonlyArray<string>]
} = {
  errors: ["errata.errors", "{error}", "error.type", "errata.severity"],
  emptyData: ["errata.empty_data", "{fetch}", "errata.reason", "errata.source", "errata.expected"],
  attempts: ["errata.attempts", "{attempt}", outcome],
  calls: ["errata.calls", "{call}", outcome],
  retries: ["errata.retries", "{attempt}"],
  giveUps: ["errata.give_ups", "{call}"],
  gateWaits: ["errata.rate_limit.waits", "{wait}"],
  refusals: ["errata.refusals", "{call}"],
  openCircuits: ["errata.circuit_breaker.opens", "{event}"],
  dropped: ["errata.dropped", "{error}"],
  dimensionErrors: ["errata.dimension.errors", "{error}", "errata.dimension", "errata.value", "error.type"],
  dimensionAttempts: ["errata.dimension.attempts", "{attempt}", "errata.dimension", "errata.value", outcome],
  alertActive: ["errata.alert.active", "{alert}", "error.type", "errata.window", "errata.rule"],
  duration: ["errata.fetch.duration", "s", "errata.source", "errata.quantile"],
  dimensionDuration: ["errata.dimension.duration", "s", "errata.dimension", "errata.value", "errata.quantile"]
}

/** By the name of the family. */
export const instruments: ReadonlyMap<string, Instrument> = new Map(
  Object.entries(catalogue).flatMap(([family, { help, name }]) => {
    const row = Object.entries(table).find(([name]) => name === family)?.[1]
    if (row === undefined) return []
    const [metric, unit, ...attributes] = row
    return [[name, { name: metric, description: help, unit, attributes }] as const]
  })
)
