/** The alerts of a frame. Pure. */
import * as DateTime from "effect/DateTime"
import type * as Alert from "../../Alert.js"
import type { Frame } from "./frameModel.js"
import type { BarRow } from "./minuteBars.js"
import type { Reads } from "./trackerReads.js"

export type AlertRow = Frame["alerts"][number]

const hour = 3_600_000

/** One row for each code and each rule; of several windows, the one furthest over its limit leads. Worst first. */
export const alertRows = (reads: Reads): ReadonlyArray<AlertRow> => {
  const groups = new Map<string, Array<Alert.Fired | Alert.Escalated>>()
  for (const alert of reads.alerts) {
    const key = alert.rule === undefined ? `code ${alert.code}` : `rule ${alert.rule} ${alert.code} ${alert.window}`
    groups.set(key, [...(groups.get(key) ?? []), alert])
  }
  return [...groups.values()].map((alerts) => rowOf(alerts, reads)).sort((a, b) => b.times - a.times)
}

const rowOf = (alerts: ReadonlyArray<Alert.Fired | Alert.Escalated>, reads: Reads): AlertRow => {
  const [lead, ...others] = alerts
    .map((alert) => ({ alert, value: valueOf(alert, reads) }))
    .sort((a, b) => timesOf(b) - timesOf(a))
  const { alert, value } = lead!
  const active = reads.slow.active.get(alert.id)
  const since = active === undefined ? reads.fired.get(alert.id) : DateTime.toEpochMillis(active.since)
  return {
    id: alert.id,
    name: alert.rule ?? alert.code,
    isRule: alert.rule !== undefined,
    severity: alert.severity,
    window: alert.window,
    value,
    limit: alert.limit,
    isRatio: alert.attempts !== undefined,
    times: timesOf(lead!),
    others: others.map(({ alert, value }) => ({ window: alert.window, value, limit: alert.limit })),
    by: alert.by ?? null,
    values: alert.values ?? [],
    more: alert.more ?? 0,
    escalations: active?.escalations ?? null,
    since: since === undefined ? null : DateTime.unsafeMake(since),
    trend: trendOf(alert, value, reads.bars.twoHours)
  }
}

/** The present value: an alert has that of its last edge. */
const valueOf = (alert: Alert.Fired | Alert.Escalated, { windows }: Reads): number => {
  if (alert.attempts !== undefined) return alert.attempts === 0 ? 0 : alert.count / alert.attempts
  const isOfCode = alert.rule === undefined && (alert.window in windows)
  return isOfCode ? windows[alert.window as keyof typeof windows].errors[alert.code] ?? 0 : alert.count
}

const timesOf = ({ alert, value }: { readonly alert: Alert.Fired | Alert.Escalated; readonly value: number }): number =>
  value / (alert.attempts === undefined ? Math.max(1, alert.limit) : alert.limit || 1)

/** The count in the window of the limit at each of the last 60 minutes, the present one last. */
const trendOf = (
  { code, rule, window }: Alert.Fired | Alert.Escalated,
  value: number,
  { errors }: BarRow
): ReadonlyArray<number> | null => {
  const bars = errors[code]
  const width = window === "minute" ? 1 : window === "hour" ? 60 : undefined
  if (rule !== undefined || bars === undefined || width === undefined) return null
  const sums = bars.map((_, i) => bars.slice(Math.max(0, i - width + 1), i + 1).reduce((sum, n) => sum + n, 0))
  return [...sums.slice(-60, -1), value]
}

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
