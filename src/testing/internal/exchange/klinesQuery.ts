/** What a query for klines asks for, or why the exchange refuses it. The three markets differ, and so do their rules. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Interval from "../../../binance/Interval.js"
import * as Market from "../../../binance/Market.js"
import type { Selection } from "./series.js"

/** An error in the form of the exchange, with status 400. */
export interface Refusal {
  readonly code: number
  readonly msg: string
}

export interface KlinesQuery extends Selection {
  readonly symbol: string
  readonly interval: Interval.Interval
}

export type Query = Readonly<Record<string, string>>

const symbols = "^[A-Z0-9-_.]{1,20}$"
const numbers = "^[0-9]{1,20}$"

const limits: Readonly<Record<Market.Market, number>> = { SPOT: 1000, FUTURES_USDT: 1500, FUTURES_COIN: 1500 }
const defaultLimit = 500

const isInterval = Schema.is(Interval.Interval)

/** The weight of a query, also of one that is refused. */
export const klinesWeight = (market: Market.Market, query: Query): number => {
  const limit = query["limit"] ?? ""
  return Market.facts[market].klinesWeight(/^\d+$/.test(limit) ? Number(limit) : defaultLimit)
}

export const parseKlinesQuery = (
  market: Market.Market,
  query: Query,
  isListed: (symbol: string) => boolean
): Either.Either<KlinesQuery, Refusal> =>
  Either.gen(function*() {
    const symbol = yield* mandatory(query, "symbol")
    const interval = yield* mandatory(query, "interval")
    // Since 2025 symbols may hold letters that are not Latin; small letters are as illegal as ever.
    if (!/^[\p{Lu}\p{Lo}\p{Nd}\-_.]{1,20}$/u.test(symbol)) yield* illegal("symbol", symbols)
    const start = yield* integer(query, "startTime")
    const end = yield* integer(query, "endTime")
    const limit = yield* rowLimit(market, yield* integer(query, "limit"))
    if (!isInterval(interval) || !Interval.isOn(interval, market)) return yield* refuse(-1120, "Invalid interval.")
    if (!isListed(symbol)) return yield* refuse(-1121, "Invalid symbol.")
    return { symbol, interval, limit, ...(yield* window(market, start, end)) }
  })

const window = (
  market: Market.Market,
  start: number | undefined,
  end: number | undefined
): Either.Either<Pick<Selection, "from" | "to" | "take">, Refusal> => {
  if (market !== "SPOT" && start !== undefined && end !== undefined && start > end) {
    return refuse(-1023, "Start time is greater than end time.")
  }
  const { maxWindow } = Market.facts[market]
  if (maxWindow === Infinity) {
    return Either.right({ from: start ?? 0, to: end ?? Infinity, take: start === undefined ? "last" : "first" })
  }
  // Of a window with too many rows COIN-M returns the latest, and an absent bound is the longest window away.
  if (start !== undefined && end !== undefined && end - start > maxWindow) {
    return refuse(-4088, `Maximum time interval is ${maxWindow / 86_400_000} days.`)
  }
  const from = start ?? (end === undefined ? 0 : end - maxWindow)
  return Either.right({ from, to: end ?? (start === undefined ? Infinity : start + maxWindow), take: "last" })
}

const rowLimit = (market: Market.Market, limit: number | undefined): Either.Either<number, Refusal> => {
  const most = limits[market]
  if (market === "SPOT") return Either.right(Math.min(limit || defaultLimit, most))
  return limit !== undefined && (limit < 1 || limit > most)
    ? refuse(-1130, "Data sent for parameter 'limit' is not valid.")
    : Either.right(limit ?? defaultLimit)
}

const mandatory = (query: Query, name: string): Either.Either<string, Refusal> => {
  const value = query[name]
  return value === undefined || value === ""
    ? refuse(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)
    : Either.right(value)
}

const integer = (query: Query, name: string): Either.Either<number | undefined, Refusal> => {
  const value = query[name]
  if (value === undefined) return Either.right(undefined)
  return new RegExp(numbers).test(value) ? Either.right(Number(value)) : illegal(name, numbers)
}

const illegal = (name: string, range: string): Either.Either<never, Refusal> =>
  refuse(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`)

const refuse = (code: number, msg: string): Either.Either<never, Refusal> => Either.left({ code, msg })
