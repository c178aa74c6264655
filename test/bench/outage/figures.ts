/** What a run comes to, in a few numbers. */
import type { Run } from "./run.js"
import { after } from "./run.js"
import type { Outage } from "./server.js"

export interface Figures {
  /** Of the calls that came in during the outage, the share that succeeded in the end; and of those after it. */
  readonly succeeded: number
  readonly succeededAfter: number
  /** How many requests were sent for a call that came in, during the outage and after it. */
  readonly requests: number
  readonly requestsAfter: number
  /** After how many seconds since the end of the outage 99 % of the calls of every second succeeded. Infinite: never. */
  readonly recovered: number
  readonly intoGate: number
  /** Seconds that a call took that came in during the outage, however it ended: the median, and what 1 % exceeded. */
  readonly median: number
  readonly slowest: number
}

const recoveredFrom = 0.99

export const figures = ({ calls, intoGate, requests }: Run, { seconds }: Outage): Figures => {
  const during = calls.filter(({ at }) => at >= 0 && at < seconds)
  const later = calls.filter(({ at }) => at >= seconds)
  const took = during.map(({ took }) => took).sort((a, b) => a - b)
  const troubled = Array.from({ length: after }, (_, second) => second)
    .filter((second) => succeeded(later.filter(({ at }) => Math.floor(at - seconds) === second)) < recoveredFrom)
    .map((second) => second + 1)
  const recovered = Math.max(0, ...troubled)
  return {
    succeeded: succeeded(during),
    succeededAfter: succeeded(later),
    requests: requests.filter((at) => at >= 0 && at < seconds).length / during.length,
    requestsAfter: requests.filter((at) => at >= seconds).length / later.length,
    recovered: recovered === after ? Number.POSITIVE_INFINITY : recovered,
    intoGate,
    median: quantile(took, 0.5),
    slowest: quantile(took, 0.99)
  }
}

/** The median of each figure, its least and its greatest. */
export interface Summary {
  readonly middle: Figures
  readonly least: Figures
  readonly greatest: Figures
}

export const summary = (all: ReadonlyArray<Figures>): Summary => {
  const at = (q: number): Figures => {
    const of = (figure: keyof Figures) => quantile(all.map((figures) => figures[figure]).sort((a, b) => a - b), q)
    return {
      succeeded: of("succeeded"),
      succeededAfter: of("succeededAfter"),
      requests: of("requests"),
      requestsAfter: of("requestsAfter"),
      recovered: of("recovered"),
      intoGate: of("intoGate"),
      median: of("median"),
      slowest: of("slowest")
    }
  }
  return { middle: at(0.5), least: at(0), greatest: at(1) }
}

const succeeded = (calls: Run["calls"]): number =>
  calls.length === 0 ? 1 : calls.filter(({ succeeded }) => succeeded).length / calls.length

const quantile = (sorted: ReadonlyArray<number>, q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN
