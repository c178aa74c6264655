/**
 * The decision on a request: whether its host, origin and token are acceptable. Pure.
 *
 * - A page on another site cannot read this server: no response permits another origin. But a name that an attacker controls
 *   can be made to resolve to this machine (DNS rebinding), and then counts as the same origin. Requests for a name that the
 *   options do not list are refused.
 * - A request that another site causes is refused, also one from another port of the same host.
 */

export interface AccessSettings {
  /** The names under which the server may be addressed, in lower case. IP addresses are always accepted. */
  readonly hosts: ReadonlySet<string>
  /** Returns whether a text is the token; undefined if there is no token. */
  readonly isToken: ((text: string) => boolean) | undefined
  /** The name of the cookie of a session, and its value. */
  readonly cookie: { readonly name: string; readonly value: string }
}

/** The part of a request that the decision depends on. */
export interface Head {
  readonly method: string
  readonly url: string
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly fetchMode: string | undefined
  readonly authorization: string | undefined
  readonly cookie: string | undefined
}

export type Decision =
  | { readonly _tag: "Allow"; readonly path: string; readonly query: string }
  /** The token in the address is right: it moves to a cookie, and out of the address. */
  | { readonly _tag: "SignIn"; readonly location: string }
  | { readonly _tag: "AskForToken"; readonly isWrong: boolean }
  | { readonly _tag: "Refuse"; readonly status: number; readonly message: string }

const ipv4 = /^(?:\d{1,3}\.){3}\d{1,3}$/
const authority = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/i

const refuse = (status: number, message: string): Decision => ({ _tag: "Refuse", status, message })

export const decide = (head: Head, settings: AccessSettings): Decision => {
  const name = authority.exec(head.host ?? "")?.[1]?.toLowerCase().replace(/\.$/, "")
  if (head.host === undefined || name === undefined) return refuse(400, "The Host header is missing or malformed.")
  if (!name.startsWith("[") && !ipv4.test(name) && !settings.hosts.has(name) && !name.endsWith(".localhost")) {
    return refuse(403, `The host name is not allowed. Add it to the option "hosts" of the dashboard.`)
  }
  if (head.origin !== undefined && head.origin !== `http://${head.host}` && head.origin !== `https://${head.host}`) {
    return refuse(403, "Requests from another origin are not allowed. A proxy has to pass on the header Host.")
  }
  const isNavigation = head.fetchMode === "navigate" && head.method === "GET"
  if ((head.fetchSite === "cross-site" || head.fetchSite === "same-site") && !isNavigation) {
    return refuse(403, "Requests from another site are not allowed.")
  }
  if (!head.url.startsWith("/") || head.url.startsWith("//")) return refuse(400, "The path is malformed.")
  const [path = "", query = ""] = head.url.split(/\?(.*)/s, 2)
  return settings.isToken === undefined ? { _tag: "Allow", path, query } : withToken(head, path, query, settings)
}

const withToken = (head: Head, path: string, query: string, { cookie, isToken }: AccessSettings): Decision => {
  const isRight = (text: string | null | undefined) => typeof text === "string" && isToken!(text)
  const bearer = /^Bearer +(\S+)$/i.exec(head.authorization ?? "")?.[1]
  const session = (head.cookie ?? "").split(/; */).some((pair) => pair === `${cookie.name}=${cookie.value}`)
  const parameters = new URLSearchParams(query)
  const given = parameters.get("token")
  if (given !== null && path === "/" && isRight(given)) {
    parameters.delete("token")
    const rest = parameters.toString()
    return { _tag: "SignIn", location: rest === "" ? "./" : `./?${rest}` }
  }
  if (session || isRight(bearer)) return { _tag: "Allow", path, query }
  return { _tag: "AskForToken", isWrong: given !== null || bearer !== undefined }
}
