/**
 * What the error codes of Binance mean for a fetch: one table by market and code, since the same number means different
 * things on different markets, and the rules that make {@link Classifier.classify} use it.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type * as Classifier from "../Classifier.js"
import { askedOf } from "../internal/classifier/answer.js"
import { classes } from "../internal/classifier/classes.js"
import { links } from "../internal/classifier/links.js"
import { get, number, text } from "../internal/classifier/read.js"
import { waitOf } from "../internal/classifier/waits.js"
import { attempt } from "../internal/safe/json.js"
import type { Market } from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a code means.
 *
 * @since 0.1.0
 * @category models
 */
export interface Meaning {
  readonly tag:
    | "NetworkTimeout"
    | "NetworkConnection"
    | "ApiRateLimit"
    | "ApiAuth"
    | "ApiFormat"
    | "Unexpected"
  /** Is the same request worth another attempt? */
  readonly retryable: boolean
  /** What to do about it; becomes part of the message. */
  readonly hint: string
}

// ---------------------------------------------------------------------------------------------------------------------
// the table
// ---------------------------------------------------------------------------------------------------------------------

type Row = readonly [code: number, tag: Meaning["tag"], retry: "retry" | "no", hint: string]

const everywhere: ReadonlyArray<Row> = [
  [-1000, "Unexpected", "retry", "the exchange does not know what went wrong; try again"],
  [-1001, "NetworkConnection", "retry", "the exchange lost its own connection; try again"],
  [-1002, "ApiAuth", "no", "this request needs an API key that may make it"],
  [-1003, "ApiRateLimit", "retry", "too much request weight; wait, or the IP is banned"],
  [-1006, "Unexpected", "retry", "the exchange got an unexpected answer from within; try again"],
  [-1007, "NetworkTimeout", "retry", "the exchange waited for its own backend in vain; try again"],
  [-1008, "ApiRateLimit", "retry", "the exchange is overloaded; wait longer before the next attempt"],
  [-1015, "ApiRateLimit", "retry", "too many orders; wait"],
  [-1016, "ApiFormat", "no", "the service is shutting down or gone"],
  [-1020, "ApiFormat", "no", "this operation is not supported"],
  [-1021, "ApiAuth", "no", "the timestamp is outside recvWindow: set the clock of this machine"],
  [-1022, "ApiAuth", "no", "the signature does not fit: check the secret and what was signed"],
  [-1023, "ApiFormat", "no", "the start time is after the end time"],
  [-1034, "ApiRateLimit", "retry", "too many connections; wait"],
  [-1099, "ApiAuth", "no", "not found, not authenticated, or not authorized"],
  [-1100, "ApiFormat", "no", "a parameter has illegal characters: symbols are upper case"],
  [-1101, "ApiFormat", "no", "too many parameters were sent, or one of them twice"],
  [-1102, "ApiFormat", "no", "a mandatory parameter is missing, empty or malformed"],
  [-1103, "ApiFormat", "no", "an unknown parameter was sent"],
  [-1104, "ApiFormat", "no", "not all of the parameters sent were read"],
  [-1105, "ApiFormat", "no", "a parameter is empty"],
  [-1106, "ApiFormat", "no", "a parameter was sent that is not required"],
  [-1111, "ApiFormat", "no", "a value has more digits than this asset has"],
  [-1112, "ApiFormat", "no", "there are no orders on the book of this symbol"],
  [-1120, "ApiFormat", "no", "the interval is unknown on this market: futures have no 1s"],
  [-1121, "ApiFormat", "no", "the symbol is unknown on this market"],
  [-1125, "ApiFormat", "no", "the listen key does not exist"],
  [-1127, "ApiFormat", "no", "the time range is too wide: narrow it"],
  [-1128, "ApiFormat", "no", "these optional parameters do not go together"],
  [-1130, "ApiFormat", "no", "a parameter has a value that is not allowed, such as a limit that is too large"],
  [-1151, "ApiFormat", "no", "a symbol was sent more than once"],
  [-1194, "ApiFormat", "no", "the time unit is unknown"],
  [-1220, "ApiFormat", "no", "the symbol does not have the status asked for"],
  [-2014, "ApiAuth", "no", "the API key has the wrong format"],
  [-2015, "ApiAuth", "no", "the API key, its IP list or its permissions do not fit"],
  [-4088, "ApiFormat", "no", "the time range is wider than 200 days: ask in parts"],
  [-4144, "ApiFormat", "no", "the pair is unknown on this market"]
]

const spot: ReadonlyArray<Row> = [
  [-1004, "ApiRateLimit", "retry", "the exchange is busy; wait before the next attempt"],
  [-1108, "ApiFormat", "no", "a parameter is too large for its type"],
  [-1122, "ApiFormat", "no", "the symbolStatus parameter is not valid"]
]

const futures: ReadonlyArray<Row> = [
  [-1004, "ApiFormat", "no", "this IP is on the white list already"],
  [-1108, "ApiFormat", "no", "the asset is not valid"],
  // Not at once: a symbol just listed gets its status within minutes, a delisted one never.
  [-1122, "ApiFormat", "no", "the symbol is delisted, settled, or was listed just now; the archive may still have it"]
]

const meanings = (...tables: ReadonlyArray<ReadonlyArray<Row>>): ReadonlyMap<number, Meaning> =>
  new Map(tables.flat().map(([code, tag, retry, hint]) => [code, { tag, retryable: retry === "retry", hint }]))

const table: Readonly<Record<Market, ReadonlyMap<number, Meaning>>> = {
  SPOT: meanings(everywhere, spot),
  FUTURES_USDT: meanings(everywhere, futures),
  FUTURES_COIN: meanings(everywhere, futures)
}

const common = meanings(everywhere)

const malformed: Meaning = { tag: "ApiFormat", retryable: false, hint: "the request is not valid" }

// ---------------------------------------------------------------------------------------------------------------------
// accessors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a code means on a market; with the market unknown, what it means on all of them. None where only the HTTP status
 * can tell.
 *
 * @example
 * import { BinanceErrors } from "effect-errata/binance"
 * import { Option } from "effect"
 *
 * const meaning = BinanceErrors.lookup("SPOT", -1121)
 *
 * assert.strictEqual(Option.getOrThrow(meaning).tag, "ApiFormat")
 * assert.strictEqual(Option.isNone(BinanceErrors.lookup("SPOT", 0)), true)
 *
 * @since 0.1.0
 * @category accessors
 */
export const lookup = (market: Market | undefined, code: number): Option.Option<Meaning> =>
  Option.fromNullable(
    (market === undefined ? common : table[market]).get(code) ?? (code <= -1100 && code > -1200 ? malformed : undefined)
  )

/**
 * Makes {@link Classifier.classify} understand Binance: the code in an answer decides, by the market that the context
 * names or the host that was asked. The statuses 418, 429, 403 and 451 win over any code, and so does every status over
 * a code that is not in the table.
 *
 * @example
 * import { Classifier } from "effect-errata"
 * import { BinanceErrors } from "effect-errata/binance"
 *
 * const error = Classifier.classifySync(
 *   { response: { status: 400, data: { code: -1021, msg: "Timestamp for this request is outside of the recvWindow." } } },
 *   { context: { market: "SPOT" }, rules: BinanceErrors.rules }
 * )
 *
 * assert.strictEqual(error._tag, "ApiAuth")
 *
 * @since 0.1.0
 * @category accessors
 */
export const rules: ReadonlyArray<Classifier.Rule> = [
  (cause, { context, now, response }) => {
    const status = Option.match(response, { onNone: () => undefined, onSome: ({ status }) => status || undefined })
    if (status !== undefined && overruling.has(status)) return Option.none()
    const chain = links(cause)
    const said = Option.orElse(Option.flatMapNullable(response, ({ body }) => saidIn(body)), () => saidAmong(chain))
    return Option.flatMap(said, ({ body, code, message }) => {
      const { method, url } = askedOf(chain)
      const meant = lookup(marketOf(context.market, url ?? context.url), code)
      return Option.map(meant, ({ hint, retryable, tag }) => {
        const head = `Binance ${code}: ${[message, hint].filter((part) => part !== undefined).join(" - ")}`
        const request = url === undefined ? "" : ` (${method === undefined ? url : `${method} ${url}`})`
        const headers = Option.match(response, { onNone: () => ({}), onSome: ({ headers }) => headers })
        const props = {
          message: head + request,
          context,
          cause,
          retryable,
          retryAfter: waitOf({ headers, body, error: undefined, limited: tag === "ApiRateLimit", now }),
          status,
          apiCode: code
        }
        return new classes[tag](
          tag === "ApiFormat" ? { ...props, bodyExcerpt: attempt(() => JSON.stringify(body)) } : props
        )
      })
    })
  }
]

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

/** A ban, a wall of the network, a border: no code says anything else. */
const overruling: ReadonlySet<number> = new Set([403, 418, 429, 451])

interface Said {
  readonly body: unknown
  readonly code: number
  readonly message: string | undefined
}

/** `{ "code": -1121, "msg": "Invalid symbol." }`, also inside the `error` of the WebSocket API. */
const saidIn = (body: unknown): Said | undefined => {
  for (const holder of [body, get(body, "error")]) {
    const code = number(holder, "code")
    if (code !== undefined && Number.isInteger(code) && code < 0) {
      return { body: holder, code, message: text(holder, "msg") ?? text(holder, "message") }
    }
  }
  return undefined
}

/** The clients that throw the body itself, or an error that carries its code. */
const saidAmong = (chain: ReadonlyArray<unknown>): Option.Option<Said> => {
  for (const link of chain) {
    const said = saidIn(link) ?? saidIn(get(link, "body"))
    if (said !== undefined) return Option.some(said)
  }
  return Option.none()
}

const marketOf = (market: string | undefined, url: string | undefined): Market | undefined =>
  market === "SPOT" || market === "FUTURES_USDT" || market === "FUTURES_COIN"
    ? market
    : hosts.find(([host]) => host.test(url ?? ""))?.[1]

const hosts: ReadonlyArray<readonly [RegExp, Market]> = [
  [/^https?:\/\/fapi\d?\.binance\.|^https?:\/\/[^/]+\/fapi\//, "FUTURES_USDT"],
  [/^https?:\/\/dapi\d?\.binance\.|^https?:\/\/[^/]+\/dapi\//, "FUTURES_COIN"],
  [/^https?:\/\/(?:api(?:\d|-gcp)?|data-api)\.binance\.|^https?:\/\/[^/]+\/api\/v\d\//, "SPOT"]
]
