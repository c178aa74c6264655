/** The active alerts as they are now, and the limits in force. */
import * as Option from "effect/Option"
import type * as Model from "../model.js"
import { type Active, naming, wallOf } from "./alertBuilder.js"
import type { Limit } from "./edges.js"
import type { Limits } from "./evaluator.js"
import type { Rule } from "./limits.js"
import type { Watched } from "./watch.js"

/** The alert of a limit with the values that exceed it now; undefined if it has ended by now. */
export const currentAlert = ({ alert, watch }: Watched, now: number): Active | undefined => {
  if (alert === undefined || !watch.isActive(now)) return undefined
  return alert.by === undefined ? alert : naming(alert, watch.values(now))
}

/** Those furthest over their limits first. */
export const statusOf = (all: ReadonlyArray<Watched>, now: number, wall: number): ReadonlyArray<Model.AlertStatus> =>
  all.flatMap((watched) => {
    const { watch } = watched
    const { firing } = watch
    const alert = currentAlert(watched, now)
    if (alert === undefined || Option.isNone(firing)) return []
    const { escalations, peak, since } = firing.value
    const trend = watch.trend(now)
    const amount = trend.at(-1) ?? 0
    return [{
      over: amount / watch.limit.limit,
      status: { alert, since: wallOf(since, now, wall), amount, peak: Math.max(peak, amount), escalations, trend }
    }]
  }).sort((a, b) => b.over - a.over).map(({ status }) => status)

/** The limits of codes, then the rules. */
export const limitRows = ({ limits, rules }: Limits): ReadonlyArray<Model.LimitRow> => [
  ...Array.from(limits, ([code, limits]) => limits.map((limit) => rowOf(code, limit, undefined))).flat(),
  ...rules.map((rule) => rowOf(rule.code ?? "*", rule.limit, rule))
]

const rowOf = (
  code: string,
  { limit, name, window }: Limit,
  rule: Rule | undefined
): Model.LimitRow => ({
  code,
  window: name,
  duration: window,
  limit,
  isRatio: rule?.group?.minAttempts !== undefined || rule?.objective !== undefined,
  rule: Option.fromNullable(rule?.name),
  by: Option.fromNullable(rule?.group?.by ?? rule?.objective?.by)
})
