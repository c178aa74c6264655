/**
 * A question for candles: which market, symbol and interval, and from when to when.
 *
 * A request that exists is valid: what cannot be answered is refused before anybody is asked, with all its faults at
 * once and what would be right.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { DataValidation } from "../FetchError.js"
import { attempt, safeText } from "../internal/safe/json.js"
import * as Interval from "./Interval.js"
import * as Market from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What callers write. `start` and `end` in any form that `DateTime` understands: a text (UTC where it names no zone),
 * milliseconds since the epoch, a `Date`, a `DateTime`, parts. `start` is part of the range, `end` is not.
 *
 * @since 0.1.0
 * @category models
 */
export interface Input {
  readonly market: Market.Market
  /** As the exchange spells it: `BTCUSDT`, on COIN-M `BTCUSD_PERP`. */
  readonly symbol: string
  readonly interval: Interval.Interval
  readonly start: DateTime.DateTime.Input
  readonly end: DateTime.DateTime.Input
}

/** What is wrong with one part of a request. */
interface Issue {
  readonly path: "market" | "symbol" | "interval" | "start" | "end" | "request"
  readonly message: string
}

/**
 * A valid request for the candles that open in `[start, end)`. As a schema it reads requests that come from outside,
 * by the same rules as {@link make}; instants are ISO 8601 there.
 *
 * @since 0.1.0
 * @category models
 */
export class KlineRequest extends Schema.Class<KlineRequest>("effect-errata/binance/KlineRequest")(
  Schema.Struct({
    market: Market.Market,
    symbol: Schema.String,
    interval: Interval.Interval,
    start: Schema.DateTimeUtc,
    end: Schema.DateTimeUtc
  }).pipe(Schema.filter((request) => issuesOf(request).map(({ message, path }) => ({ path: [path], message }))))
) {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a request of what a caller wrote, or says what is wrong with it: an unknown interval or one that the market does
 * not have, a symbol in small letters, of another market or unfit for a path, instants that are none or lie before 2010
 * or after 2099, a range that is empty.
 *
 * @example
 * import { KlineRequest } from "effect-errata/binance"
 * import { Effect } from "effect"
 *
 * const error = KlineRequest.make({
 *   market: "FUTURES_COIN",
 *   symbol: "BTCUSDT",
 *   interval: "1s",
 *   start: "2024-01-02",
 *   end: "2024-01-01"
 * }).pipe(Effect.flip, Effect.runSync)
 *
 * assert.deepStrictEqual(error.issues?.map(({ path }) => path), ["symbol", "interval", "end"])
 * assert.ok(error.message.includes("BTCUSD_PERP"))
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (input: Input): Effect.Effect<KlineRequest, DataValidation> =>
  Effect.suspend(() => {
    const issues = attempt(() => issuesOf(input)) ?? [{ path: "request" as const, message: "it cannot be read" }]
    if (issues.length > 0) return Effect.fail(invalid(input, issues))
    const { interval, market, symbol } = input
    const start = DateTime.toUtc(DateTime.unsafeMake(input.start))
    const end = DateTime.toUtc(DateTime.unsafeMake(input.end))
    return Effect.succeed(new KlineRequest({ market, symbol, interval, start, end }, { disableValidation: true }))
  })

// ---------------------------------------------------------------------------------------------------------------------
// rules
// ---------------------------------------------------------------------------------------------------------------------

// Input has been written by hand, or comes from where types do not reach: nothing is believed.
const issuesOf = (input: unknown): ReadonlyArray<Issue> => {
  if (!Predicate.isRecord(input)) {
    return [{ path: "request", message: "must be an object with market, symbol, interval, start and end" }]
  }
  const { interval, market, symbol } = input
  const start = instant(input["start"])
  const end = instant(input["end"])
  return [
    issue("market", marketFault(market)),
    issue("symbol", symbolFault(symbol, market)),
    issue("interval", intervalFault(interval, market)),
    issue("start", instantFault(input["start"], start)),
    issue("end", instantFault(input["end"], end) ?? rangeFault(start, end))
  ].filter(Predicate.isNotUndefined)
}

const issue = (path: Issue["path"], message: string | undefined): Issue | undefined =>
  message === undefined ? undefined : { path, message }

const marketFault = (market: unknown): string | undefined => {
  if (isMarket(market)) return undefined
  const known = text(market).toLowerCase()
  const meant = known === "spot" || known === "um" || known === "cm"
    ? Market.fromShort(known)
    : Market.Market.literals.find((name) => name.toLowerCase() === known)
  return `${quoted(market)} is no market${meant ? `, did you mean "${meant}"` : ""}; there are ${
    list(Market.Market.literals)
  }`
}

// A symbol becomes part of a URL, and with a cache of a path.
const safeSymbol = /^[\p{L}\p{N}_.-]{1,40}$/u
const coinSettled = /^(.+)USD_(?:PERP|\d{6})$/
const stableSettled = /^(.+)(?:USDT|USDC|BUSD)$/

const symbolFault = (symbol: unknown, market: unknown): string | undefined => {
  if (typeof symbol !== "string" || symbol === "") return `${quoted(symbol)} is no symbol; write it like "BTCUSDT"`
  if (!safeSymbol.test(symbol) || /^\.+$|\.\./.test(symbol)) {
    return `${quoted(symbol)} is no symbol: at most 40 letters, digits, and single characters of "_", "-", "."`
  }
  const upper = symbol.toUpperCase()
  if (symbol !== upper) return `${quoted(symbol)} has small letters; write "${upper}"`
  const [, coin] = coinSettled.exec(symbol) ?? []
  if (coin !== undefined && (market === "SPOT" || market === "FUTURES_USDT")) {
    return `${quoted(symbol)} is traded on FUTURES_COIN; on ${market} write "${coin}USDT"`
  }
  const [, stable] = stableSettled.exec(symbol) ?? []
  if (stable !== undefined && market === "FUTURES_COIN") {
    return `${quoted(symbol)} is not traded on FUTURES_COIN; write "${stable}USD_PERP"`
  }
  return undefined
}

const intervalFault = (interval: unknown, market: unknown): string | undefined => {
  if (!isInterval(interval)) {
    const meant = meantInterval(text(interval))
    return `${quoted(interval)} is no interval${meant ? `, did you mean "${meant}"` : ""}; there are ${
      list(Interval.Interval.literals)
    }; case matters, "1m" is a minute and "1M" a month`
  }
  return isMarket(market) && !Interval.isOn(interval, market)
    ? `"${interval}" is not offered on ${market}, only on SPOT; the shortest there is "1m"`
    : undefined
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** Another spelling of the same length: `1H`, `60m`, `24h`, `7d`, `1mo`. */
const meantInterval = (name: string): Interval.Interval | undefined => {
  if (/^1mon?(th)?$/i.test(name)) return "1M"
  const [, amount, unit = ""] = /^(\d+)([a-z])/i.exec(name) ?? []
  const length = Number(amount) * (units[unit.toLowerCase()] ?? NaN)
  return Interval.Interval.literals.find((known) => known !== "1M" && Interval.millis[known] === length)
}

// 2010 to 2099.
const isSane = (millis: number): boolean => millis >= 1_262_304_000_000 && millis < 4_102_444_800_000

const instantFault = (given: unknown, millis: number | undefined): string | undefined => {
  if (millis === undefined) {
    return `${
      quoted(given)
    } is no instant; write ISO 8601 like "2024-01-01T00:00:00Z", milliseconds since the epoch, ` +
      `a Date or a DateTime`
  }
  if (isSane(millis)) return undefined
  const hint = typeof given !== "number"
    ? ""
    : isSane(given * 1000)
    ? `; it looks like seconds, write ${given * 1000}`
    : isSane(given / 1000)
    ? `; it looks like microseconds, write ${Math.floor(given / 1000)}`
    : ""
  return `${iso(millis)} is not between 2010 and 2099${hint}`
}

const rangeFault = (start: number | undefined, end: number | undefined): string | undefined =>
  start === undefined || end === undefined || !isSane(start) || start < end
    ? undefined
    : start === end
    ? `${iso(end)} is also the start, so nothing is asked for; end is not part of the range, write a later one`
    : `${iso(end)} is before the start, ${iso(start)}; swap them`

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const isMarket = Schema.is(Market.Market)
const isInterval = Schema.is(Interval.Interval)

const isInstantInput = (u: unknown): u is DateTime.DateTime.Input =>
  typeof u === "string" || typeof u === "number" || (typeof u === "object" && u !== null)

const instant = (given: unknown): number | undefined =>
  isInstantInput(given)
    ? Option.getOrUndefined(attempt(() => Option.map(DateTime.make(given), DateTime.toEpochMillis)) ?? Option.none())
    : undefined

const iso = (millis: number): string => DateTime.formatIso(DateTime.unsafeMake(millis))

const text = (given: unknown): string => typeof given === "string" ? given : ""

const quoted = (given: unknown): string =>
  typeof given === "string" ? `"${safeText(given, 64)}"` : safeText(attempt(() => String(given)) ?? "that", 64)

const list = (names: ReadonlyArray<string>): string => names.join(", ")

const invalid = (input: Input, issues: ReadonlyArray<Issue>): DataValidation => {
  const { end, interval, market, start, symbol } = attempt((): Partial<Input> => ({ ...input })) ?? {}
  return new DataValidation({
    message: `This request for klines cannot be answered. ${
      issues.map(({ message, path }) => `${path}: ${message}`).join(". ")
    }.`,
    issues,
    context: { market, symbol, interval, start, end, operation: "validate" }
  })
}
