/** The options of an exchange, checked, with their defaults. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { Interval } from "../../../binance/Interval.js"
import { Market } from "../../../binance/Market.js"
import * as Check from "../../../internal/options.js"
import { attempt } from "../../../internal/safe/json.js"
import { whenChecks } from "../wire/faultModel.js"
import type { ArchivedFile } from "./archiveServer.js"
import type { Fault, When } from "./exchangeFaults.js"
import type { Series } from "./series.js"
import type { Instrument } from "./syntheticKlines.js"

/** An instant in milliseconds. */
const instant: Check.Check<number> = (path, value) => {
  const isInput = Predicate.isString(value) || Predicate.isNumber(value) || Predicate.isRecord(value)
  const millis = !isInput
    ? undefined
    : attempt(() => DateTime.toEpochMillis(DateTime.unsafeMake(value as DateTime.DateTime.Input)))
  return millis !== undefined && Number.isFinite(millis)
    ? Either.right(millis)
    : Check.wrong(path, value, `an instant, as in "2024-01-01T00:00:00Z"`)
}

const unchecked = <A>(): Check.Check<A> => (_, value) => Either.right(value as A)

const weight = Check.number("a finite number of at least 0", (n) => n >= 0 && n < Infinity)

const positive = Check.number("a positive, finite number", (n) => n > 0 && n < Infinity)

const market = Check.oneOf("market", Market.literals)

const fields = Check.struct({
  market,
  symbol: Check.text,
  listed: Check.withDefault(instant, "2020-01-01T00:00:00Z"),
  delisted: Check.optional(instant),
  outages: Check.withDefault(
    Check.listOf("a list of { start, end }", Check.struct({ start: instant, end: instant })),
    []
  ),
  price: Check.withDefault(positive, 100)
})

const instrument: Check.Check<Instrument> = (path, value) =>
  Either.map(fields(path, value), ({ delisted = Infinity, outages, ...rest }) => ({
    ...rest,
    delisted,
    outages: outages.toSorted((a, b) => a.start - b.start)
  }))

export const instruments = Check.listOf("a list of instruments", instrument)

const rows = Check.wholeNumber(1)

/** The page size of each market that has one of its own. */
const pageSize: Check.Check<Readonly<Record<Market, number | undefined>>> = (path, value) =>
  Predicate.isNumber(value)
    ? Either.map(rows(path, value), (size) => ({ SPOT: size, FUTURES_USDT: size, FUTURES_COIN: size }))
    : Check.struct(
      {
        SPOT: Check.optional(rows),
        FUTURES_USDT: Check.optional(rows),
        FUTURES_COIN: Check.optional(rows)
      } satisfies Check.Checks<Record<Market, number>>
    )(path, value)

export const exchangeChecks = {
  seed: Check.withDefault(Check.number("a finite number", Number.isFinite), 1),
  instruments: Check.optional(instruments),
  // Recordings are checked where they are read.
  series: Check.withDefault(Check.listOf("a list of series", unchecked<Series>()), []),
  now: Check.optional(instant),
  clockOffset: Check.withDefault(Check.number("a finite number of milliseconds", Number.isFinite), 0),
  dateHeader: Check.withDefault(Check.bool, true),
  pageSize: Check.withDefault(pageSize, {}),
  weightPerMinute: Check.withDefault(
    Check.struct(
      {
        SPOT: Check.optional(weight),
        FUTURES_USDT: Check.optional(weight),
        FUTURES_COIN: Check.optional(weight)
      } satisfies Check.Checks<Record<Market, number>>
    ),
    {}
  ),
  archive: Check.withDefault(Check.listOf("a list of files", unchecked<ArchivedFile>()), []),
  publication: Check.withDefault(Check.duration({ least: Duration.zero, most: Duration.infinity }), "4 hours"),
  patience: Check.withDefault(Check.wholeNumber(0), 10),
  faults: Check.withDefault(Check.listOf("a list of faults", unchecked<Fault>()), [])
}

/** The requests that a fault hits. */
export const when = Check.withDefault(
  Check.struct(
    {
      ...whenChecks,
      source: Check.optional(Check.oneOf("source", ["rest", "vision"])),
      market: Check.optional(market),
      symbol: Check.optional(Check.text),
      interval: Check.optional(Check.oneOf("interval", Interval.literals))
    } satisfies Check.Checks<When>
  ),
  {}
)
