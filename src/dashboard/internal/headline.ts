/** The state of everything in one sentence, with at most three facts. Pure. */
import * as DateTime from "effect/DateTime"
import type { AlertRow } from "./alertRows.js"
import type { Frame, Piece } from "./frameModel.js"
import { adjective, clock, full, percent, plural, roughly, span, times } from "./numerals.js"
import type { Reads } from "./trackerReads.js"

type Headline = Frame["headline"]
type Sentence = Headline["sentence"]

const plain = (text: string): Piece => ({ text, style: "plain" })
const strong = (text: string): Piece => ({ text, style: "strong" })
const code = (text: string): Piece => ({ text, style: "code" })

/** A share of calls that fail above which the state is an outage, given enough calls. */
const outage = 0.5
const fewestCalls = 50

const minute = 60_000

export interface Parts {
  readonly alerts: ReadonlyArray<AlertRow>
  readonly calls: Frame["calls"]
  readonly guards: Frame["guards"]
  readonly forecast: Frame["forecast"]
  readonly worst: Frame["worst"]
}

export const headlineOf = (reads: Reads, parts: Parts): Headline => {
  const { errors } = reads.windows.hour
  const total = Object.values(errors).reduce((sum, count) => sum + count, 0)
  const failing = failureShare(parts.calls)
  const guards = guardsClause(parts.guards)
  if (failing !== undefined && failing >= outage && parts.calls.made >= fewestCalls) {
    const noun = nounOf(parts.calls, false)
    const rest = capitalized([overLimits(parts.alerts), guards].filter((text) => text !== "").join("; "))
    return {
      level: "error",
      title: "Outage",
      sentence: [
        plain(
          `${failing >= 0.9 ? `Almost every ${noun} fails` : `Most ${noun}s fail`}: ${
            plural(total, "error")
          } in the last hour`
        ),
        ...mostFrequent(errors, total),
        plain(rest === "" ? "." : `. ${rest}.`)
      ],
      facts: [succeeding(parts.calls), ...hit(parts.worst), ...answering(parts.worst)].slice(0, 3)
    }
  }
  const [top] = parts.alerts
  if (top !== undefined) {
    return {
      level: "warning",
      title: "Needs attention",
      sentence: [...alertClause(top), plain(guards === "" ? "." : `; ${guards}.`)],
      facts: [
        [strong(plural(parts.alerts.length, "active alert"))],
        ...(parts.calls.made > 0 ? [succeeding(parts.calls)] : []),
        nextLimit(parts.forecast, reads.at)
      ].slice(0, 3)
    }
  }
  const isGuarded = parts.guards !== null && openOf(parts.guards) > 0
  return {
    level: isGuarded ? "warning" : "ok",
    title: isGuarded ? "Needs attention" : "Within limits",
    sentence: [plain(`${quietly(total, parts.calls)}${isGuarded ? ` ${capitalized(guards)}.` : ""}`)],
    facts: [
      ...lastError(reads, total),
      ...(parts.guards === null || isGuarded || guards === "" ? [] : [[strong(guards)]]),
      // Without errors, the news is that there are none.
      ...(total === 0 ? [] : [nextLimit(parts.forecast, reads.at)])
    ].slice(0, 3)
  }
}

/** The share of calls, or of attempts, that did not succeed. */
const failureShare = ({ failed, made, refused }: Frame["calls"]): number | undefined =>
  made === 0 ? undefined : (failed + refused) / made

const nounOf = ({ isCalls }: Frame["calls"], isPlural: boolean): string =>
  `${isCalls ? "call" : "attempt"}${isPlural ? "s" : ""}`

const quietly = (total: number, calls: Frame["calls"]): string => {
  const noun = nounOf(calls, true)
  const share = failureShare(calls)
  if (total === 0) {
    return share === undefined
      ? "No errors in the last hour."
      : share === 0
      ? `No errors in the last hour. ${plural(calls.made, nounOf(calls, false))}, ${
        calls.made === 1 ? "successful" : "all successful"
      }.`
      : `No new errors in the last hour. ${percent(1 - share)} of ${plural(calls.made, nounOf(calls, false))} succeed.`
  }
  return `${plural(total, "error")} in the last hour, no limit is exceeded.${
    share === undefined ? "" : ` ${percent(1 - share)} of ${full(calls.made)} ${noun} succeed.`
  }`
}

const mostFrequent = (errors: Readonly<Record<string, number>>, total: number): Sentence => {
  const [first] = Object.entries(errors).sort((a, b) => b[1] - a[1])
  if (first === undefined) return []
  return [plain(first[1] > total / 2 ? ", most of them " : ", the most frequent is "), code(first[0])]
}

const overLimits = (alerts: ReadonlyArray<AlertRow>): string => {
  if (alerts.length === 0) return ""
  const since = clock(Math.min(...alerts.map(({ since }) => DateTime.toEpochMillis(since))))
  return `${plural(alerts.length, "limit")} ${alerts.length === 1 ? "is" : "are"} exceeded since ${since}`
}

const alertClause = (alert: AlertRow): Sentence => {
  const since = ` since ${clock(DateTime.toEpochMillis(alert.since))}`
  const name = alert.isRule ? strong(alert.name) : code(alert.name)
  return alert.isRatio
    ? [name, plain(`: ${percent(alert.value)} fail, limit ${percent(alert.limit)},${since}`)]
    : [name, plain(` is at ${times(alert.times).slice(0, -1)} times its ${adjective(alert.window)} limit${since}`)]
}

const openOf = ({ circuits, gates }: NonNullable<Frame["guards"]>): number =>
  circuits.filter(({ state }) => state !== "closed").length + gates.length

/** `3 circuits closed, 1 open`; empty without circuits. */
const guardsClause = (guards: Frame["guards"]): string => {
  if (guards === null || guards.circuits.length === 0) return ""
  const count = (state: string) => guards.circuits.filter((circuit) => circuit.state === state).length
  const [closed, open, halfOpen] = [count("closed"), count("open"), count("half-open")]
  const parts = [
    ...(closed > 0 ? [[closed, "closed"] as const] : []),
    ...(open > 0 ? [[open, "open"] as const] : []),
    ...(halfOpen > 0 ? [[halfOpen, "half-open"] as const] : [])
  ]
  return parts.map(([n, state], i) => i === 0 ? `${plural(n, "circuit")} ${state}` : `${full(n)} ${state}`).join(", ")
}

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const succeeding = (calls: Frame["calls"]): Sentence => [
  strong(percent(1 - (failureShare(calls) ?? 0))),
  plain(` of the ${nounOf(calls, true)} succeed`)
]

const nextLimit = (forecast: Frame["forecast"], at: number): Sentence => {
  const [next] = forecast ?? []
  if (forecast === null) return [plain("Forecasts need a tracker with snapshots")]
  const soon = next === undefined ? 0 : DateTime.toEpochMillis(next.likely) - at
  if (next === undefined) return [strong("No limit"), plain(" is likely to be exceeded within a day")]
  return [
    plain("Next: "),
    code(next.code),
    plain(
      ` passes its ${adjective(next.window)} limit ${soon < minute ? "within a minute" : `in about ${roughly(soon)}`}`
    )
  ]
}

const lastError = ({ at, recent }: Reads, total: number): ReadonlyArray<Sentence> => {
  const [last] = recent
  if (total > 0 || last === undefined) return []
  return [[plain("Last error "), strong(span(at - DateTime.toEpochMillis(last.at))), plain(" ago")]]
}

const symbolsOf = (worst: Frame["worst"]) => worst.find(({ dimension }) => dimension === "symbol") ?? worst[0]

/** `1,987 of 2,000 symbols fail half of their attempts or more` */
const hit = (worst: Frame["worst"]): ReadonlyArray<Sentence> => {
  const symbols = symbolsOf(worst)
  if (symbols === undefined || symbols.histogram.length === 0) return []
  const failing = symbols.histogram.slice(symbols.histogram.length / 2).reduce((sum, n) => sum + n, 0)
  const known = symbols.total - symbols.few
  return known === 0
    ? []
    : [[strong(`${full(failing)} of ${full(known)}`), plain(` ${symbols.dimension}s fail more often than not`)]]
}

const answering = (worst: Frame["worst"]): ReadonlyArray<Sentence> => {
  const sources = worst.find(({ dimension }) => dimension === "source")
  if (sources === undefined || sources.rows.length < 2) return []
  const good = sources.rows.filter(({ ratio }) => ratio < 0.3)
  return good.length === 1 && sources.rows.length === sources.total
    ? [[plain("Only "), strong(good[0]!.value), plain(" still answers")]]
    : []
}
