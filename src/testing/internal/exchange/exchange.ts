/**
 * The exchange without a network: a function of its state, a request and the time. A reply is complete, so that a server and
 * a client without sockets behave alike.
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Market from "../../../binance/Market.js"
import type { Outcome } from "../wire/faultyServer.js"
import {
  type Answer,
  complete,
  emptyAnswer,
  htmlAnswer,
  type Incoming,
  jsonAnswer,
  type Reply
} from "../wire/wireModel.js"
import { faulty } from "./appliedFault.js"
import { type Archive, archiveDraft, askedOf } from "./archiveServer.js"
import type { Action, Fault } from "./exchangeFaults.js"
import { type Plan, strike } from "./faultPlan.js"
import type { Listing } from "./instruments.js"
import { klinesWeight, parseKlinesQuery, type Query } from "./klinesQuery.js"
import { type Draft, rowsAnswer } from "./reply.js"
import { banned, charge, limited, type Limits, type Policy, unused, type Verdict } from "./requestLimits.js"
import type { Selection } from "./series.js"

export interface Exchange {
  readonly listing: Listing
  /** None where nothing can be packed. */
  readonly archive: Archive | undefined
  readonly policies: Readonly<Record<Market.Market, Policy>>
  /** The time of the exchange, in milliseconds, at a time of the clock. */
  readonly time: (clock: number) => number
  /** The most rows in one answer for klines. */
  readonly pageSize: Readonly<Record<Market.Market, number>>
  /** Whether answers say what time it is. */
  readonly sendsDate: boolean
}

/** A request that the exchange has seen. */
export interface Request {
  /** Counted from 1. */
  readonly nth: number
  /** When it arrived, by the clock, in milliseconds. */
  readonly at: number
  readonly method: string
  readonly path: string
  readonly query: Query
  /** The API, or the archive. */
  readonly source: "rest" | "vision"
  readonly market: Market.Market | undefined
  readonly symbol: string | undefined
  readonly interval: string | undefined
  /** None when no headers were sent. */
  readonly status: number | undefined
  /** The fault that struck. */
  readonly fault: Action["_tag"] | undefined
  /** Weight used in the market and minute, this request included; none while banned. */
  readonly usedWeight: number | undefined
}

/** The weight used on each market, with its limits and bans. */
export type State = Readonly<Record<Market.Market, Limits>>

export const initial: State = { SPOT: unused, FUTURES_USDT: unused, FUTURES_COIN: unused }

export const respond = (
  exchange: Exchange,
  incoming: Incoming,
  { clock, faults, nth, state }: {
    readonly faults: Plan
    readonly state: State
    readonly clock: number
    readonly nth: number
  }
): Outcome<Fault, Request, State> => {
  const { method, path, query } = incoming
  const { interval, market, serve, source, symbol } = toArchive(exchange, state, incoming, clock) ??
    toApi(exchange, state, incoming, clock)
  const [action, plan] = strike(faults, { method, source, market, path, symbol, interval })
  const { draft, limits, used } = serve(action)
  const reply = strikes(action, draft)
  const request: Request = {
    nth,
    at: clock,
    method,
    path,
    query,
    source,
    market,
    symbol,
    interval,
    status: reply.answer?.status,
    fault: action?._tag,
    usedWeight: used
  }
  return {
    reply: {
      ...reply,
      answer: reply.answer && stamp(reply.answer, used, exchange.sendsDate ? exchange.time(clock) : undefined)
    },
    request,
    faults: plan,
    state: limits
  }
}

/** What a request is about, and how it is answered. */
interface Route {
  readonly source: "rest" | "vision"
  readonly market: Market.Market | undefined
  readonly symbol: string | undefined
  readonly interval: string | undefined
  readonly serve: (action: Action | undefined) => {
    readonly draft: Draft
    readonly limits: State
    readonly used: number | undefined
  }
}

const toArchive = (
  { archive, listing, time }: Exchange,
  limits: State,
  { method, path, query }: Incoming,
  clock: number
): Route | undefined => {
  const asked = askedOf(path, query)
  if (asked === undefined || archive === undefined) return undefined
  const { interval, market, symbol } = asked
  const serve = () => ({
    draft: isRead(method) ? archiveDraft(listing, archive, asked, query, time(clock)) : emptyAnswer(405),
    limits,
    used: undefined
  })
  return { source: "vision", market, symbol, interval, serve }
}

const toApi = (exchange: Exchange, state: State, incoming: Incoming, clock: number): Route => {
  const { method, path, query } = incoming
  const { endpoint, market } = route(path)
  const serve: Route["serve"] = (action) => {
    if (market === undefined) return { draft: notFound(incoming), limits: state, used: undefined }
    const policy = exchange.policies[market]
    const [verdict, limits] = admit(state[market], action, weigh(market, endpoint, query), clock, policy)
    const draft = endpoint === undefined
      ? notFound(incoming)
      : verdict._tag !== "Allowed"
      ? refused(verdict, clock, policy)
      : isRead(method)
      ? endpoints[endpoint](exchange, market, query, exchange.time(clock))
      : emptyAnswer(405)
    return {
      draft,
      limits: { ...state, [market]: limits },
      used: verdict._tag === "Banned" ? undefined : verdict.used
    }
  }
  return { source: "rest", market, symbol: query["symbol"], interval: query["interval"], serve }
}

const isRead = (method: string): boolean => method === "GET" || method === "HEAD"

const strikes = (action: Action | undefined, draft: Draft): Reply =>
  action === undefined || action._tag === "RateLimited" || action._tag === "Banned"
    ? complete(draft)
    : faulty(action, draft)

// ---------------------------------------------------------------------------------------------------------------------
// limits
// ---------------------------------------------------------------------------------------------------------------------

const admit = (
  limits: Limits,
  action: Action | undefined,
  weight: number,
  now: number,
  policy: Policy
): readonly [Verdict, Limits] => {
  switch (action?._tag) {
    case "RateLimited":
      return charge(limited(limits, now, Duration.toMillis(action.duration)), weight, now, policy)
    case "Banned":
      return banned(limits, now, Duration.toMillis(action.duration))
    default:
      return charge(limits, weight, now, policy)
  }
}

const refused = (verdict: Exclude<Verdict, { _tag: "Allowed" }>, now: number, { budget }: Policy): Draft => {
  const [status, msg] = verdict._tag === "Limited"
    ? [
      429,
      `Too much request weight used; current limit is ${budget} request weight per 1 MINUTE. ` +
      "Please use the websocket for live updates to avoid polling the API."
    ]
    : [
      418,
      `Way too much request weight used; IP banned until ${verdict.until}. ` +
      "Please use the websocket for live updates to avoid bans."
    ]
  const answer = jsonAnswer(status, { code: -1003, msg })
  return { ...answer, headers: { ...answer.headers, "retry-after": String(Math.ceil((verdict.until - now) / 1000)) } }
}

// ---------------------------------------------------------------------------------------------------------------------
// endpoints
// ---------------------------------------------------------------------------------------------------------------------

type Endpoint = "klines" | "time" | "ping" | "exchangeInfo"

const prefixes: ReadonlyArray<readonly [string, Market.Market]> = Object.values(Market.Market.literals).map((
  market
) => [Market.facts[market].klinesPath.replace(/klines$/, ""), market])

const route = (path: string): {
  readonly market: Market.Market | undefined
  readonly endpoint: Endpoint | undefined
} => {
  const prefix = prefixes.find(([prefix]) => path.startsWith(prefix))
  const name = prefix === undefined ? "" : path.slice(prefix[0].length)
  return { market: prefix?.[1], endpoint: isEndpoint(name) ? name : undefined }
}

const isEndpoint = (name: string): name is Endpoint => Object.hasOwn(endpoints, name)

const endpoints: Readonly<
  Record<Endpoint, (exchange: Exchange, market: Market.Market, query: Query, now: number) => Draft>
> = {
  ping: () => jsonAnswer(200, {}),
  time: (_exchange, _market, _query, now) => jsonAnswer(200, { serverTime: now }),
  exchangeInfo: ({ listing, policies }, market, _query, now) =>
    jsonAnswer(200, {
      timezone: "UTC",
      serverTime: now,
      rateLimits: [{
        rateLimitType: "REQUEST_WEIGHT",
        interval: "MINUTE",
        intervalNum: 1,
        limit: policies[market].budget
      }],
      symbols: Array.from(listing.symbols[market], (symbol) => ({
        symbol,
        status: (listing.instrument(market, symbol)?.delisted ?? Infinity) <= now ? "BREAK" : "TRADING",
        onboardDate: market === "SPOT" ? undefined : listing.instrument(market, symbol)?.listed
      }))
    }),
  klines: ({ listing, pageSize }, market, query, now) =>
    Either.match(parseKlinesQuery(market, query, (symbol) => listing.symbols[market].has(symbol)), {
      onLeft: (refusal) => jsonAnswer(400, refusal),
      onRight: ({ interval, symbol, ...selection }) => {
        if (market !== "SPOT" && (listing.instrument(market, symbol)?.delisted ?? Infinity) <= now) {
          return jsonAnswer(400, { code: -1122, msg: "Invalid symbol status." })
        }
        const rows = (selection: Selection) =>
          rowsAnswer(listing.rows(market, symbol, interval, now, {
            ...selection,
            limit: Math.min(selection.limit, pageSize[market])
          }))
        return {
          ...rows(selection),
          elsewhere: (shift) =>
            rows(
              shift === undefined
                ? { from: 0, to: Infinity, limit: 500, take: "last" }
                : { ...selection, from: selection.from - shift, to: selection.to - shift }
            )
        }
      }
    })
}

const weigh = (market: Market.Market, endpoint: Endpoint | undefined, query: Query): number =>
  endpoint === "klines" ? klinesWeight(market, query) : endpoint === "exchangeInfo" && market === "SPOT" ? 20 : 1

const notFound = ({ headers }: Incoming): Draft =>
  (headers["accept"] ?? "").includes("text/html") ? htmlAnswer(404, "Not Found") : emptyAnswer(404)

const stamp = ({ body, headers, status }: Answer, used: number | undefined, now: number | undefined): Answer => ({
  status,
  body,
  headers: {
    ...(now === undefined ? {} : { date: new Date(now).toUTCString() }),
    server: "nginx",
    ...(used === undefined ? {} : { "x-mbx-used-weight": String(used), "x-mbx-used-weight-1m": String(used) }),
    ...headers
  }
})
