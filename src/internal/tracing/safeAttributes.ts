/** Attributes of spans without secrets. */
import { attempt, toJson } from "../safe/json.js"
import { redactText } from "../safe/redaction.js"
import { isSecret, mask } from "../safe/secretNames.js"

/** A value as an exporter may send it. Numbers and booleans are kept, unless they stand under the name of a secret. */
export const safeValue = (key: string, value: unknown): unknown => {
  if (isSecret(lastOf(key), value)) return mask
  if (typeof value === "string") return redactText(value)
  if (typeof value !== "object" || value === null) return value
  return attempt(() => toJson(value)) ?? mask
}

/** The name that a value stands under: the header of `http.request.header.authorization`. */
const lastOf = (key: string): string => key.slice(key.lastIndexOf(".") + 1)

export const safeAttributes = (attributes: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, safeValue(key, value)]))

interface Address {
  readonly host: string
  readonly port: number | undefined
}

const ports: Readonly<Record<string, number>> = { "http:": 80, "https:": 443, "ws:": 80, "wss:": 443 }

/** The address of a URL. The brackets of an IPv6 address belong to the URL. */
export const addressOf = (url: string): Address | undefined =>
  attempt(() => {
    const { hostname, port, protocol } = new URL(url)
    return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? ports[protocol] : Number(port) }
  })
