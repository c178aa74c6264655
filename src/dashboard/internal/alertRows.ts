/** The alerts of a frame. Pure. */
import * as DateTime from "effect/DateTime"
import type { AlertStatus } from "../../ErrorTracker.js"
import type { Frame } from "./frameModel.js"
import type { Reads } from "./trackerReads.js"

export type AlertRow = Frame["alerts"][number]

const hour = 3_600_000

/** One row for each code and each rule; of several windows, the one furthest over its limit leads. Worst first. */
export const alertRows = (statuses: ReadonlyArray<AlertStatus>): ReadonlyArray<AlertRow> => {
  const groups = new Map<string, Array<AlertStatus>>()
  for (const status of statuses) {
    const { code, rule, window } = status.alert
    const key = rule === undefined ? `code ${code}` : `rule ${rule} ${code} ${window}`
    groups.set(key, [...(groups.get(key) ?? []), status])
  }
  return [...groups.values()].map(rowOf).sort((a, b) => b.times - a.times)
}

const rowOf = (statuses: ReadonlyArray<AlertStatus>): AlertRow => {
  const [lead, ...others] = statuses.toSorted((a, b) => timesOf(b) - timesOf(a))
  const { alert, amount, escalations, since, trend } = lead!
  return {
    id: alert.id,
    name: alert.rule ?? alert.code,
    isRule: alert.rule !== undefined,
    severity: alert.severity,
    window: alert.window,
    value: amount,
    limit: alert.limit,
    isRatio: isRatio(lead!),
    times: timesOf(lead!),
    others: others.map(({ alert, amount }) => ({ window: alert.window, value: amount, limit: alert.limit })),
    by: alert.by ?? null,
    values: alert.values ?? [],
    more: alert.more ?? 0,
    escalations,
    since,
    trend
  }
}

const isRatio = ({ alert }: AlertStatus): boolean => alert.attempts !== undefined

const timesOf = (status: AlertStatus): number =>
  status.amount / (isRatio(status) ? status.alert.limit || 1 : Math.max(1, status.alert.limit))

/** The alerts that resolved within the hour, newest first; at least the last one. */
export const resolvedRows = ({ at, resolved }: Reads): Frame["resolved"] =>
  resolved
    .filter((alert, i) => i === 0 || at - DateTime.toEpochMillis(alert.at) <= hour)
    .slice(0, 12)
    .map((alert) => ({
      name: alert.rule ?? alert.code,
      window: alert.window,
      isRatio: alert.attempts !== undefined,
      peak: alert.peak,
      limit: alert.limit,
      at: alert.at,
      took: DateTime.toEpochMillis(alert.at) - DateTime.toEpochMillis(alert.since)
    }))
