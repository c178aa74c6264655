/**
 * One recorded answer for klines, out of the text of a file: `{ market, request, status, headers?, body }`. Liberal in
 * what a request looks like, strict in what rows are: what is served as recorded has to be what the exchange sent.
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { names } from "../../../binance/internal/klines/columns.js"
import * as Interval from "../../../binance/Interval.js"
import * as Market from "../../../binance/Market.js"
import type { Row, Series } from "./series.js"

export interface Recording extends Series {
  readonly file: string
  /** When it was fetched at the earliest, in milliseconds. */
  readonly fetched: number
}

/** A recording, or the reason why this is none. */
export const parseRecording = (file: string, text: string): Either.Either<Recording, string> =>
  Either.gen(function*() {
    const json = yield* Either.try({
      try: (): unknown => JSON.parse(text),
      catch: (error) => `not JSON: ${String(error)}`
    })
    if (!Predicate.hasProperty(json, "body")) return yield* Either.left("not a recorded answer: it has no body")
    const answer: Fields = json
    const body = yield* rowsOf(answer["body"], answer["status"])
    const url = urlOf(answer["request"])
    const market = yield* marketOf(answer["market"], url)
    const [symbol, interval] = yield* asked(answer["request"], url)
    if (!Interval.isOn(interval, market)) {
      return yield* Either.left(`the interval ${interval} does not exist on ${market}`)
    }
    const rows = yield* Either.all(body.map((row, i) => parseRow(row, i, interval)))
    yield* checkOrder(rows, interval)
    const last = rows[rows.length - 1]![0]
    return { file, market, symbol, interval, rows, fetched: dateOf(answer["headers"]) ?? last }
  })

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => Predicate.isRecord(value)

// ---------------------------------------------------------------------------------------------------------------------
// request
// ---------------------------------------------------------------------------------------------------------------------

interface Url {
  readonly path: string
  readonly query: URLSearchParams
}

/** A request may be its URL, or have one: whole, or from the path on. */
const urlOf = (request: unknown): Url | undefined => {
  const text = typeof request === "string" ? request : isFields(request) ? request["url"] ?? request["path"] : undefined
  if (typeof text !== "string") return undefined
  const [path = "", query] = text.replace(/^[A-Z]+ +/, "").replace(/#.*$/, "").split("?", 2)
  return { path: path.replace(/^https?:\/\/[^/]*/, ""), query: new URLSearchParams(query) }
}

const marketOf = (named: unknown, url: Url | undefined): Either.Either<Market.Market, string> => {
  const byName = Market.Market.literals.find((market) => named === market || named === Market.facts[market].short)
  if (named !== undefined && byName === undefined) return Either.left(`unknown market ${JSON.stringify(named)}`)
  if (url === undefined || url.path === "") {
    return byName === undefined ? Either.left("neither a market nor a URL that has one") : Either.right(byName)
  }
  // Any version: klines of spot were at /api/v1/klines once.
  const prefix = /^(\/[a-z]+\/)v\d+\/klines$/.exec(url.path)?.[1]
  const byPath = Market.Market.literals.find((market) =>
    prefix !== undefined && Market.facts[market].klinesPath.startsWith(prefix)
  )
  if (byPath === undefined) return Either.left(`not an answer for klines: ${url.path}`)
  return byName === undefined || byName === byPath
    ? Either.right(byPath)
    : Either.left(`its market is ${String(named)}, but its URL that of ${Market.facts[byPath].short}`)
}

const isInterval = Schema.is(Interval.Interval)

const asked = (
  request: unknown,
  url: Url | undefined
): Either.Either<readonly [symbol: string, interval: Interval.Interval], string> => {
  const find = (name: string): unknown => {
    if (url?.query.has(name)) return url.query.get(name)
    if (!isFields(request)) return undefined
    const inner = [request, request["query"], request["params"]].find((one) => isFields(one) && name in one)
    return isFields(inner) ? inner[name] : undefined
  }
  const symbol = find("symbol")
  const interval = find("interval")
  if (typeof symbol !== "string" || symbol === "") return Either.left("its request names no symbol")
  if (interval === undefined) return Either.left("its request names no interval")
  return isInterval(interval)
    ? Either.right([symbol, interval])
    : Either.left(`its request names an unknown interval: ${JSON.stringify(interval)}`)
}

const dateOf = (headers: unknown): number | undefined => {
  if (!isFields(headers)) return undefined
  const date = Object.entries(headers).find(([name]) => name.toLowerCase() === "date")?.[1]
  // By way of Date: DateTime does not read the form that HTTP has.
  return typeof date === "string"
    ? Option.getOrUndefined(Option.map(DateTime.make(new Date(date)), DateTime.toEpochMillis))
    : undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// rows
// ---------------------------------------------------------------------------------------------------------------------

const rowsOf = (body: unknown, status: unknown): Either.Either<ReadonlyArray<unknown>, string> => {
  if (isFields(body) && typeof body["code"] === "number") {
    return Either.left(`an error answer: status ${String(status)}, code ${body["code"]}: ${String(body["msg"])}`)
  }
  if (status !== undefined && Number(status) !== 200) return Either.left(`an error answer: status ${String(status)}`)
  if (!Array.isArray(body)) return Either.left("its body is no list of rows")
  return body.length === 0 ? Either.left("an empty list") : Either.right(body)
}

const columns = [...names, "ignore"] as const

const isTime = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1e12 && Number(value) < 1e13

const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 0

const isDecimal = (value: unknown): boolean => typeof value === "string" && /^\d+(\.\d+)?$/.test(value)

const parseRow = (row: unknown, index: number, interval: Interval.Interval): Either.Either<Row, string> => {
  if (!Array.isArray(row)) return Either.left(`row ${index} is no list`)
  if (row.length !== columns.length) return Either.left(`row ${index} has ${row.length} values, not ${columns.length}`)
  for (const [i, name] of columns.entries()) {
    const value: unknown = row[i]
    const [isRight, wanted] = name === "openTime" || name === "closeTime"
      ? [isTime, "a time in milliseconds"]
      : name === "trades"
      ? [isCount, "a count"]
      : [isDecimal, "a decimal number as text"]
    if (!isRight(value)) return Either.left(`row ${index}: ${name} is not ${wanted}: ${JSON.stringify(value)}`)
  }
  // All twelve were checked.
  const checked = row as unknown as Row
  const end = endOf(interval, checked)
  // Earlier closes occur: candles cut short by an outage are recorded so.
  return checked[6] > checked[0] && checked[6] < end
    ? Either.right(checked)
    : Either.left(
      `row ${index}: closeTime ${checked[6]} is not in the candle of ${interval} that opens at ${checked[0]}`
    )
}

const checkOrder = (rows: ReadonlyArray<Row>, interval: Interval.Interval): Either.Either<void, string> => {
  const unordered = rows.findIndex((row, i) => i > 0 && row[0] <= rows[i - 1]![0])
  if (unordered !== -1) return Either.left(`row ${unordered} does not open after the row before it`)
  return rows.some((row) => row[6] === endOf(interval, row) - 1)
    ? Either.void
    : Either.left(`its rows are not candles of ${interval}`)
}

/** The end of the candle of a row, computed from its open time. */
export const endOf = (interval: Interval.Interval, row: Row): number => Interval.next(interval, row[0], row[0])
