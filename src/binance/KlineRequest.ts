/**
 * A request for candles: market, symbol, interval, start and end.
 *
 * Every `KlineRequest` is valid. An invalid request fails before any source is called, with all its faults and the correct
 * values.
 *
 * Guide: [Candles from Binance](../../docs/candles.md).
 *
 * @since 0.1.0
 * @module
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { DataValidation } from "../FetchError.js"
import { didYouMean } from "../internal/options.js"
import * as iso8601 from "../internal/safe/iso8601.js"
import { attempt, safeText } from "../internal/safe/json.js"
import * as symbols from "./internal/klines/symbols.js"
import * as Interval from "./Interval.js"
import * as Market from "./Market.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The request as callers write it. `start` is part of the range, `end` is not. Both are instants in one of these forms:
 *
 * - a text in ISO 8601, such as `2024-01-15` or `2024-01-15T13:30:00Z`; UTC if it has no offset
 * - milliseconds since the epoch
 * - a `Date` or a `DateTime`
 * - parts in UTC: `{ year: 2024, month: 1, day: 15 }`
 *
 * In texts and parts, a day that does not exist, such as February 30, is refused.
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

/** A fault in one part of a request. */
interface Issue {
  /** The name of the part, of an unknown one, too; `request` for the whole. */
  readonly path: string
  readonly message: string
}

const Instant = Schema.transformOrFail(Schema.String, Schema.DateTimeUtcFromSelf, {
  strict: true,
  decode: (text, _, ast) => {
    const parsed = iso8601.parse(text)
    return "fault" in parsed
      ? ParseResult.fail(new ParseResult.Type(ast, text, `${quoted(text)} is not an instant: ${parsed.fault}`))
      : ParseResult.succeed(DateTime.unsafeMake(parsed.millis))
  },
  encode: (instant) => ParseResult.succeed(DateTime.formatIso(instant))
})

/**
 * A valid request for the candles that open in `[start, end)`. As a schema, it decodes requests by the rules of
 * {@link make}; there, instants are texts in ISO 8601.
 *
 * @since 0.1.0
 * @category models
 */
export class KlineRequest extends Schema.Class<KlineRequest>("effect-errata/binance/KlineRequest")(
  Schema.Struct({
    market: Market.Market,
    symbol: Schema.String,
    interval: Interval.Interval,
    start: Instant,
    end: Instant
  }).pipe(Schema.filter((request) => check(request).issues.map(({ message, path }) => ({ path: [path], message }))))
) {}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a request, or fails with all its faults: an interval that does not exist or that the market does not offer; a
 * symbol in lower case, with a separator, or of another market; an instant in another format than ISO 8601, on a day that
 * does not exist, or outside of 2010 to 2099; an empty range; an unknown part, such as `symbl`.
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
    const { issues, request } = attempt(() => check(input)) ?? unreadable
    return request === undefined
      ? Effect.fail(invalid(input, issues))
      : Effect.succeed(new KlineRequest(request, { disableValidation: true }))
  })

// ---------------------------------------------------------------------------------------------------------------------
// rules
// ---------------------------------------------------------------------------------------------------------------------

interface Checked {
  readonly issues: ReadonlyArray<Issue>
  /** None if there is an issue. */
  readonly request?: {
    readonly market: Market.Market
    readonly symbol: string
    readonly interval: Interval.Interval
    readonly start: DateTime.Utc
    readonly end: DateTime.Utc
  }
}

const unreadable: Checked = { issues: [{ path: "request", message: "it cannot be read" }] }

const parts = Object.keys(KlineRequest.fields)

// Input may come from code without types: each part is checked, and read once.
const check = (input: unknown): Checked => {
  if (!Predicate.isRecord(input)) {
    return {
      issues: [{ path: "request", message: "must be an object with market, symbol, interval, start and end" }]
    }
  }
  const { end: endInput, interval, market, start: startInput, symbol } = input
  const unknown = Object.keys(input).find((name) => !parts.includes(name))
  const start = attempt(() => instantOf(startInput)) ?? noInstant
  const end = attempt(() => instantOf(endInput)) ?? noInstant
  const issues = [
    issue("market", marketFault(market)),
    issue("symbol", symbolFault(symbol, market)),
    issue("interval", intervalFault(interval, market)),
    issue("start", instantFault(startInput, start)),
    issue("end", instantFault(endInput, end) ?? rangeFault(start, end)),
    unknown === undefined ? undefined : issue(safeText(unknown, 64), unknownFault(unknown))
  ].filter(Predicate.isNotUndefined)
  return issues.length === 0 && isMarket(market) && typeof symbol === "string" && isInterval(interval) &&
      "millis" in start && "millis" in end
    ? { issues, request: { market, symbol, interval, start: utc(start.millis), end: utc(end.millis) } }
    : { issues }
}

const issue = (path: string, message: string | undefined): Issue | undefined =>
  message === undefined ? undefined : { path, message }

const unknownFault = (name: string): string =>
  `unknown field${didYouMean(name, parts) || ";"} the fields are ${list(parts)}`

const marketFault = (market: unknown): string | undefined => {
  if (isMarket(market)) return undefined
  const known = text(market).toLowerCase()
  const meant = known === "spot" || known === "um" || known === "cm"
    ? Market.fromShort(known)
    : /^(?:usds?|usdt)[-_ ]?m(?:argined)?$|^(?:linear|perp|perpetual|swap|futures?)$/.test(known)
    ? "FUTURES_USDT"
    : /^coin[-_ ]?m(?:argined)?$|^(?:inverse|delivery)$/.test(known)
    ? "FUTURES_COIN"
    : Market.Market.literals.find((name) => name.toLowerCase() === known)
  return `${quoted(market)} is not a market${meant ? `, did you mean "${meant}"` : ""}; there are ${
    list(Market.Market.literals)
  }`
}

const symbolFault = (symbol: unknown, market: unknown): string | undefined =>
  typeof symbol === "string"
    ? symbols.faultIn(symbol, isMarket(market) ? market : undefined)
    : `${quoted(symbol)} is not a symbol; write it like "BTCUSDT"`

const intervalFault = (interval: unknown, market: unknown): string | undefined => {
  if (!isInterval(interval)) {
    const meant = meantInterval(text(interval))
    return `${quoted(interval)} is not an interval${meant ? `, did you mean "${meant}"` : ""}; there are ${
      list(Interval.Interval.literals)
    }; case matters, "1m" is a minute and "1M" a month`
  }
  return isMarket(market) && !Interval.isOn(interval, market)
    ? `"${interval}" is not offered on ${market}, only on SPOT; the shortest there is "1m"`
    : undefined
}

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** The interval meant by another spelling of the same length: `1H`, `60m`, `24h`, `7d`, `1mo`. */
const meantInterval = (name: string): Interval.Interval | undefined => {
  if (/^1mon?(th)?$/i.test(name)) return "1M"
  const [, amount, unit = ""] = /^(\d+)([a-z])/i.exec(name) ?? []
  const length = Number(amount) * (units[unit.toLowerCase()] ?? NaN)
  return Interval.Interval.literals.find((known) => known !== "1M" && Interval.millis[known] === length)
}

// 2010 to 2099.
const isSane = (millis: number): boolean => millis >= 1_262_304_000_000 && millis < 4_102_444_800_000

const instantFault = (value: unknown, instant: iso8601.Parsed): string | undefined => {
  if ("fault" in instant) return `${quoted(value)} is not an instant: ${instant.fault}`
  const { millis } = instant
  if (isSane(millis)) return undefined
  const hint = typeof value !== "number"
    ? ""
    : isSane(value * 1000)
    ? `; it looks like seconds, write ${value * 1000}`
    : isSane(value / 1000)
    ? `; it looks like microseconds, write ${Math.floor(value / 1000)}`
    : ""
  return `${iso(millis)} is not between 2010 and 2099${hint}`
}

const rangeFault = (start: iso8601.Parsed, end: iso8601.Parsed): string | undefined =>
  "fault" in start || "fault" in end || !isSane(start.millis) || start.millis < end.millis
    ? undefined
    : start.millis === end.millis
    ? `${iso(end.millis)} is also the start, so the range is empty: \`end\` is exclusive, write a later one`
    : `${iso(end.millis)} is before the start, ${iso(start.millis)}; swap them`

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const isMarket = Schema.is(Market.Market)
const isInterval = Schema.is(Interval.Interval)

const noInstant = {
  fault:
    "write ISO 8601, such as 2024-01-15 or 2024-01-15T13:30:00Z, milliseconds since the epoch, a Date or a DateTime"
} as const

const isInstantInput = (u: unknown): u is Exclude<DateTime.DateTime.Input, string> =>
  typeof u === "number" || (typeof u === "object" && u !== null)

/** Texts and parts must name days that exist. A date of another library is not read as parts. */
const instantOf = (value: unknown): iso8601.Parsed => {
  if (typeof value === "string") return iso8601.parse(value)
  if (!isInstantInput(value)) return noInstant
  const made = attempt(() => DateTime.unsafeMake(value))
  if (made === undefined) return noInstant
  if (typeof value === "object" && !DateTime.isDateTime(value) && !(value instanceof Date)) {
    const parts = DateTime.toPartsUtc(made)
    const written = Object.entries(value).filter(([, part]) => part !== undefined)
    if (!("year" in value) || !written.every(([name]) => name in parts)) return noInstant
    if (written.some(([name, part]) => part !== Reflect.get(parts, name))) {
      const first = { year: parts.year, month: 1, day: 1, hours: 0, minutes: 0, seconds: 0 }
      return { fault: iso8601.faultIn({ ...first, ...Object.fromEntries(written) }) ?? noInstant.fault }
    }
  }
  return { millis: DateTime.toEpochMillis(made) }
}

const utc = (millis: number): DateTime.Utc => DateTime.unsafeMake(millis)

const iso = (millis: number): string => DateTime.formatIso(utc(millis))

const text = (value: unknown): string => typeof value === "string" ? value : ""

const quoted = (value: unknown): string =>
  typeof value === "string" ? `"${safeText(value, 64)}"` : safeText(attempt(() => String(value)) ?? "that", 64)

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
