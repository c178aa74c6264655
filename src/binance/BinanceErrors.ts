/**
 * The meaning of the error codes of Binance, by market and code, and the rules for {@link Classifier.classify}. The same code
 * can have different meanings on different markets.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Option from "effect/Option"
import * as Classifier from "../Classifier.js"
import { links } from "../internal/classifier/links.js"
import { get, number, text } from "../internal/classifier/read.js"
import { missingFile } from "./internal/archive/missingFile.js"
import type { Market } from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The meaning of a code.
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
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** A remedy, which is added to the message. */
  readonly hint: string
}

// ---------------------------------------------------------------------------------------------------------------------
// the table
// ---------------------------------------------------------------------------------------------------------------------

type Row = readonly [code: number, tag: Meaning["tag"], retry: "retry" | "no", hint: string]

const everywhere: ReadonlyArray<Row> = [
  [-1000, "Unexpected", "retry", "unknown error of the exchange; try again"],
  [-1001, "NetworkConnection", "retry", "the exchange lost its own connection; try again"],
  [-1002, "ApiAuth", "no", "this request requires an API key with the permission for it"],
  [-1003, "ApiRateLimit", "retry", "too much request weight; wait, or the IP is banned"],
  [-1006, "Unexpected", "retry", "unexpected response inside the exchange; try again"],
  [-1007, "NetworkTimeout", "retry", "timeout of a backend of the exchange; try again"],
  [-1008, "ApiRateLimit", "retry", "the exchange is overloaded; wait longer before the next attempt"],
  [-1015, "ApiRateLimit", "retry", "too many orders; wait"],
  [-1016, "ApiFormat", "no", "the service is shutting down or gone"],
  [-1020, "ApiFormat", "no", "this operation is not supported"],
  [-1021, "ApiAuth", "no", "the timestamp is outside recvWindow: set the clock of this machine"],
  [-1022, "ApiAuth", "no", "the signature is invalid: check the secret and the signed text"],
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
  [-1128, "ApiFormat", "no", "these optional parameters cannot be combined"],
  [-1130, "ApiFormat", "no", "a parameter has a value that is not allowed, such as a limit that is too large"],
  [-1151, "ApiFormat", "no", "a symbol was sent more than once"],
  [-1194, "ApiFormat", "no", "the time unit is unknown"],
  [-1220, "ApiFormat", "no", "the symbol does not have the requested status"],
  [-2014, "ApiAuth", "no", "the API key has the wrong format"],
  [-2015, "ApiAuth", "no", "the API key, its IP list or its permissions do not match"],
  [-4088, "ApiFormat", "no", "the time range is wider than 200 days: split it"],
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
 * Returns the meaning of a code on a market, or without a market its meaning on all of them. None if the HTTP status decides.
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
 * The rules of Binance for {@link Classifier.classify}.
 *
 * - The code in an answer decides, by the market of the context or the host of the request. The statuses 418 and 429 take
 *   precedence over any code. Codes without a meaning of their own (-1000, -1006) leave the decision to any status but 200
 *   and 400.
 * - A 404 of the archive (the source `vision`, or the host data.binance.vision) is `DataEmpty`: with the reason
 *   `not_published_yet` for a range that ended less than a week ago, and with `date_range` otherwise.
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
  missingFile,
  Classifier.table({
    name: "Binance",
    select: (cause, { response }) => {
      const inBody = Option.flatMapNullable(response, ({ body }) => selected(body))
      return Option.getOrUndefined(inBody) ?? selectedAmong(links(cause))
    },
    rows: (code, { context, request }) => {
      const meaning = lookup(marketOf(context.market, request.url ?? context.url), Number(code))
      return Option.getOrUndefined(Option.map(meaning, (row) => ({ ...row, vague: vague.has(Number(code)) })))
    }
  })
]

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

/** Codes for unknown errors. */
const vague: ReadonlySet<number> = new Set([-1000, -1006])

/** `{ "code": -1121, "msg": "Invalid symbol." }`, also inside the `error` of the WebSocket API. */
const selected = (body: unknown): Classifier.Selected | undefined => {
  for (const holder of [body, get(body, "error")]) {
    const code = number(holder, "code")
    if (code !== undefined && Number.isInteger(code) && code < 0) {
      return { code, message: text(holder, "msg") ?? text(holder, "message") }
    }
  }
  return undefined
}

/** For clients that throw the body itself, or an error that carries its code. */
const selectedAmong = (chain: ReadonlyArray<unknown>): Classifier.Selected | undefined => {
  for (const link of chain) {
    const found = selected(link) ?? selected(get(link, "body"))
    if (found !== undefined) return found
  }
  return undefined
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
