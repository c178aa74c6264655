/** The report of a run: what was promised, and what the exchange, the receiver and the processes have seen. */

export interface Check {
  readonly name: string
  readonly held: boolean
  readonly found: string
}

export interface FleetReport {
  readonly seconds: number
  readonly processes: number
  readonly requests: number
  readonly candles: number
  readonly held: boolean
  readonly ban: {
    readonly seconds: number
    /** The requests during the ban, besides the one that met it. */
    readonly calls: number
    /** The time from the ban to the last of them, in milliseconds. */
    readonly lastAfter: number
    /** The requests of processes that knew of the ban. */
    readonly sentKnowingly: number
  }
  readonly weight: {
    readonly most: number
    readonly limit: number
    /** The answers with status 429. */
    readonly refused: number
  }
  readonly alerts: {
    readonly edges: number
    readonly missing: number
    /** The deliveries beyond the first. */
    readonly repeated: number
    /** Those of them whose first delivery came from the process that was killed. */
    readonly repeatedAfterKill: number
  }
  readonly counts: {
    /** The errors that the exchange has answered with, and those that the fleet has counted. */
    readonly truth: number
    readonly counted: number
    /** The errors of the killed process in its last second, which may be lost. */
    readonly mayBeLost: number
  }
}

const number = (n: number): string => n.toLocaleString("en-US")
const plural = (n: number, one: string, many = `${one}s`): string => `${number(n)} ${n === 1 ? one : many}`

export const checks = ({ alerts, ban, counts, requests, weight }: FleetReport): ReadonlyArray<Check> => [
  {
    name: "Calls into the ban",
    held: ban.calls === 0 || (ban.lastAfter < 1000 && ban.sentKnowingly === 0),
    found: ban.calls === 0
      ? `none of ${plural(requests, "request")}`
      : `${number(ban.calls)} of ${plural(requests, "request")}, the last ${
        ban.lastAfter.toFixed(0)
      } ms after it began; ` +
        `${number(ban.sentKnowingly)} of a process that knew of it`
  },
  {
    name: "Weight of a minute",
    held: weight.most <= weight.limit && weight.refused === 0,
    found: `at most ${number(weight.most)} of ${number(weight.limit)}; ${plural(weight.refused, "answer")} with 429`
  },
  {
    name: "Alerts",
    held: alerts.edges > 0 && alerts.missing === 0 && alerts.repeated <= Math.min(1, alerts.repeatedAfterKill),
    found: alerts.missing === 0 && alerts.repeated === 0
      ? `${plural(alerts.edges, "edge")}, each delivered once`
      : `${plural(alerts.edges, "edge")}: ${number(alerts.missing)} not delivered, ` +
        `${number(alerts.repeated)} delivered twice` +
        (alerts.repeatedAfterKill > 0 ? " because the process was killed while it delivered" : "")
  },
  {
    name: "Errors counted",
    held: counts.counted <= counts.truth && counts.truth - counts.counted <= counts.mayBeLost,
    found: `${number(counts.counted)} of ${number(counts.truth)}; the killed process may have lost one flush, ` +
      `here at most ${number(counts.mayBeLost)}`
  }
]

/** Breaks a text into lines of a width, all but the first with an indent. */
const wrapped = (text: string, width: number, indent: number): string => {
  const lines: Array<string> = [""]
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? ""
    if (line !== "" && line.length + 1 + word.length > width - indent) lines.push(word)
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`
  }
  return lines.join(`\n${" ".repeat(indent)}`)
}

const nameWidth = 20
const stateWidth = 8

export interface Look {
  readonly width: number
  readonly hasColours: boolean
}

const sgr = (code: number, { hasColours }: Look) => (text: string): string =>
  hasColours ? `\u001b[${code}m${text}\u001b[0m` : text

export const render = (report: FleetReport, look: Look): string => {
  const [bold, red, green] = [1, 31, 32].map((code) => sgr(code, look))
  const rows = checks(report).map(({ found, held, name }) => {
    const state = (held ? green! : red!)((held ? "ok" : "FAILED").padEnd(stateWidth))
    return `  ${state}${name.padEnd(nameWidth)}${wrapped(found, look.width, 2 + stateWidth + nameWidth)}`
  })
  const { candles, held, processes, requests, seconds } = report
  const summary = `${plural(processes, "process", "processes")} fetched ${plural(candles, "candle")} with ` +
    `${plural(requests, "request")} in ${seconds} s.`
  return [
    "",
    bold!("Result"),
    `  ${wrapped(summary, look.width, 2)}`,
    "",
    ...rows,
    "",
    held ? `  ${green!("Everything held.")}` : `  ${red!("Not everything held.")}`
  ].join("\n")
}

/** A line of the course of events. */
export const event = (seconds: number, text: string, look: Look): string => {
  const time = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`
  return `  ${sgr(2, look)(time)}  ${wrapped(text, look.width, 8)}`
}
