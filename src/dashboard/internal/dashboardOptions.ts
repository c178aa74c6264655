/** The options of the page, checked, with their defaults. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import { createHash, createHmac, timingSafeEqual } from "node:crypto"
import { hostname } from "node:os"
import * as Check from "../../internal/options.js"
import type { AccessSettings } from "./access.js"

/** The use of a limit per minute that an exchange imposes. */
export interface Weight {
  /** What the limit applies to. */
  readonly host: string
  /** The weight used in the current minute. */
  readonly used: number
  readonly limit: number
}

export interface Options {
  /**
   * The address to listen on. Default `127.0.0.1`, which only programs of this machine can reach. Any other address than
   * that of the machine itself requires a token.
   */
  readonly host?: string | undefined
  /** The port. 0: any free port. Default: the first free port from 4400 to 4409. */
  readonly port?: number | undefined
  /**
   * The secret that opens the page, at least 16 characters. The page asks for it, and `?token=` or the header
   * `Authorization: Bearer` carry it. Default: none.
   */
  readonly token?: string | Redacted.Redacted | undefined
  /**
   * Further host names under which the page may be opened, for example behind a proxy. Addresses, `localhost` and the
   * option `host` are always accepted; other names are refused, as they may be those of an attack.
   */
  readonly hosts?: ReadonlyArray<string> | undefined
  /** The name of the process in the page. Default: the name of the machine. */
  readonly name?: string | undefined
  /** The request weights that the page shows, read for each frame; `usage` of `RequestWeight` fits. Default: none. */
  readonly weights?: Effect.Effect<ReadonlyArray<Weight>> | undefined
}

export interface Settings {
  readonly host: string
  readonly ports: ReadonlyArray<number>
  readonly name: string
  readonly token: string | undefined
  readonly hosts: ReadonlySet<string>
  readonly weights: Effect.Effect<ReadonlyArray<Weight>>
}

const firstPort = 4400
const leastToken = 16

const token: Check.Check<string> = (path, value) => {
  const text = Redacted.isRedacted(value) ? Redacted.value(value) : value
  // The message must not show a secret.
  return typeof text === "string" && text.length >= leastToken && /^[\x21-\x7E]+$/.test(text)
    ? Either.right(text)
    : Either.left(`${path}: it must be a string of at least ${leastToken} characters, without spaces`)
}

const hostName: Check.Check<string> = (path, value) =>
  typeof value === "string" && /^[a-z0-9_.-]+$/i.test(value)
    ? Either.right(value.toLowerCase())
    : Check.wrong(path, value, `a host name without a port, as in "errata.example.com"`)

const address: Check.Check<string> = (path, value) =>
  // Only an IPv6 address has colons, and it has two of them.
  typeof value === "string" && /^(?:[a-z0-9_.-]+|(?=.*:.*:)[a-f0-9:.]+(?:%[a-z0-9_.-]+)?)$/i.test(value)
    ? Either.right(value.toLowerCase())
    : Check.wrong(path, value, `an address or a host name, as in "127.0.0.1"; the port is the option "port"`)

const effect: Check.Check<Effect.Effect<ReadonlyArray<Weight>>> = (path, value) =>
  // What the effect returns is known to the compiler only.
  Effect.isEffect(value)
    ? Either.right(value as Effect.Effect<ReadonlyArray<Weight>>)
    : Check.wrong(path, value, "an Effect, as the usage of a RequestWeight or Effect.succeed([…])")

const checks = {
  host: Check.withDefault(address, "127.0.0.1"),
  port: Check.optional(Check.wholeNumber(0, 65_535)),
  token: Check.optional(token),
  hosts: Check.withDefault(Check.listOf("a list of strings", hostName), []),
  name: Check.optional(Check.text),
  weights: Check.withDefault(effect, Effect.succeed([]))
} satisfies Check.Checks<Options>

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host)

/** Left is a message. */
export const settings = (options: Options): Check.Checked<Settings> =>
  Either.flatMap(
    Check.struct(checks)("", options),
    ({ host, hosts, name, port, token, weights }) =>
      isLoopback(host) || token !== undefined
        ? Either.right({
          host,
          ports: port === undefined ? Array.from({ length: 10 }, (_, i) => firstPort + i) : [port],
          name: name ?? hostname(),
          token,
          hosts: new Set(["localhost", host, ...hosts]),
          weights
        })
        : Either.left(
          `host is "${host}", which other machines can reach: set the option "token" to a secret of at least ${leastToken} characters`
        )
  )

/** Cookies do not know ports: the name of the cookie has it, so that several processes of one host have their own. */
export const accessOf = ({ hosts, token }: Settings, port: number): AccessSettings => {
  const digest = (text: string) => createHash("sha256").update(text).digest()
  const expected = token === undefined ? undefined : digest(token)
  return {
    hosts,
    // Digests have one length, and are compared in constant time.
    isToken: expected && ((text) => timingSafeEqual(digest(text), expected)),
    cookie: {
      name: `errata_${port}`,
      value: createHmac("sha256", token ?? "").update("session").digest("base64url")
    }
  }
}
