/** The last errors, with like ones in one row. Pure. */
import type * as ErrorTracker from "../../ErrorTracker.js"
import type { FetchContext } from "../../FetchContext.js"
import type { Frame } from "./frameModel.js"

type Row = Frame["recent"][number]

const shown = 40
const maxMessage = 2000
const maxValue = 1000
const maxFields = 40

/** Newest first. Errors are alike if code and message are, apart from numbers, addresses and the symbol. */
export const recentRows = (errors: ReadonlyArray<ErrorTracker.RecentError>): ReadonlyArray<Row> => {
  const groups = new Map<string, Array<ErrorTracker.RecentError>>()
  for (const error of errors) {
    const key = `${error.code} ${general(error)}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [error])
    else group.push(error)
  }
  return [...groups.values()].slice(0, shown).map((group) => {
    const [newest] = group
    const { at, causes, code, context, message, severity } = newest!
    return {
      at,
      code,
      severity,
      message: clip(message, maxMessage),
      context: fieldsOf(context),
      about: aboutOf(group),
      causes: causes.map((cause) => clip(cause, maxValue)),
      count: group.length
    }
  })
}

const general = ({ context, message }: ErrorTracker.RecentError): string => {
  const { symbol } = context
  const text = message.slice(0, 512)
  const withoutAddress = text.replace(/https?:\/\/\S*/g, "URL")
  return (symbol === undefined || symbol === "" ? withoutAddress : withoutAddress.replaceAll(symbol, "$"))
    .replace(/\d+/g, "#")
}

const clip = (text: string, length: number): string => text.length <= length ? text : `${text.slice(0, length - 1)}…`

const order = ["symbol", "interval", "market", "source", "operation", "attempt", "start", "end", "url"] as const

const fieldsOf = (context: FetchContext): Row["context"] => {
  const fields = order.flatMap((key) => context[key] === undefined ? [] : [[key, String(context[key])] as const])
  const attributes = Object.entries(context.attributes ?? {}).map(([key, value]) => [key, String(value)] as const)
  return [...fields, ...attributes].slice(0, maxFields).map(([key, value]) => [clip(key, 100), clip(value, maxValue)])
}

/** `BTCUSDT · 1m · rest`, or `4 symbols · 1m · rest` for several errors. */
const aboutOf = (group: ReadonlyArray<ErrorTracker.RecentError>): string =>
  (["symbol", "interval", "source"] as const).flatMap((key) => {
    const values = new Set(group.flatMap(({ context }) => context[key] ?? []))
    const [first] = values
    return first === undefined ? [] : [values.size === 1 ? clip(first, 300) : `${values.size} ${key}s`]
  }).join(" · ")
