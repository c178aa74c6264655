/** Attributes of spans without secrets. */
import { attempt, toJson } from "../safe/json.js"
import { redactText } from "../safe/redaction.js"
import { isSecret, isSecretName, mask } from "../safe/secretNames.js"

// Programs have few names and keys, and most of what a span costs here would be to look at them again.
const maxKept = 512

/** Keeps the results for the first texts. */
export const kept = <A>(read: (text: string) => A): (text: string) => A => {
  const results = new Map<string, A>()
  return (text) => {
    const known = results.get(text)
    if (known !== undefined) return known
    const result = read(text)
    if (results.size < maxKept) results.set(text, result)
    return result
  }
}

/** The name of a span. */
export const safeName = kept(redactText)

/** How values under a key are treated: `plain` values hold no secret, the others are secrets by name or have to be read. */
const treatmentOf = kept((key: string): "plain" | "named" | "read" =>
  plain.has(key) ? "plain" : isSecretName(lastOf(key)) ? "named" : "read"
)

const plain = new Set([
  "http.request.method",
  "http.route",
  "url.scheme",
  "server.port",
  "network.protocol.name",
  "network.protocol.version",
  "error.type",
  "code.stacktrace"
])

/** A value as an exporter may send it. Numbers and booleans are kept, unless they stand under the name of a secret. */
export const safeValue = (key: string, value: unknown): unknown => {
  const treatment = treatmentOf(key)
  if (treatment === "plain") return value
  if (treatment === "named" && isSecret(lastOf(key), value)) return mask
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
export const addressOf = kept((url: string): Address | undefined =>
  attempt(() => {
    const { hostname, port, protocol } = new URL(url)
    return { host: hostname.replace(/^\[(.*)\]$/, "$1"), port: port === "" ? ports[protocol] : Number(port) }
  })
)
