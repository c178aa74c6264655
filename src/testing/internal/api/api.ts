/** A simulated API without a network: a function of its state, a request and the time. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Check from "../../../internal/options.js"
import type { Action, Fault, When } from "../exchange/exchangeFaults.js"
import { type ArmedFaults, hit } from "../wire/armedFaults.js"
import { faultyReply } from "../wire/connectionFaults.js"
import { type Accepted, arm, endsIn, whenChecks } from "../wire/faultModel.js"
import type { Outcome } from "../wire/faultyServer.js"
import {
  type Answer,
  complete,
  emptyAnswer,
  htmlAnswer,
  type Incoming,
  jsonAnswer,
  type Reply,
  withHeaders
} from "../wire/wireModel.js"
import { answerOf, jsonOf, matching, noRoute, type Route } from "./apiRoutes.js"

/** A request that the API has received. */
export interface ApiRequest extends Incoming {
  /** Counted from 1. */
  readonly nth: number
  /** The time of arrival by the clock, in milliseconds. */
  readonly at: number
  /** The name of the route, as in `GET /users/:id`; undefined without one. */
  readonly route: string | undefined
  /** Undefined: no headers were sent. */
  readonly status: number | undefined
  /** The fault that hit it. */
  readonly fault: Action["_tag"] | undefined
}

export interface ApiState {
  /** The number of requests by the name of their route. */
  readonly counts: Readonly<Record<string, number>>
  /** The end of the rate limit in force, in milliseconds by the clock. */
  readonly limitedUntil: number
}

export const initial: ApiState = { counts: {}, limitedUntil: -Infinity }

export const respond = (
  routes: ReadonlyArray<Route>,
  incoming: Incoming,
  { clock, faults, nth: number, state }: {
    readonly faults: ArmedFaults<Fault>
    readonly state: ApiState
    readonly clock: number
    readonly nth: number
  }
): Outcome<Fault, ApiRequest, ApiState> => {
  const found = matching(routes, incoming)
  const name = found?.[0].name
  const nth = name === undefined ? 0 : (state.counts[name] ?? 0) + 1
  const [fault, next] = hit(faults, ({ when = {} }) => matches(when, incoming, found?.[0]))
  const limitedUntil = fault?.do._tag === "RateLimited"
    ? Math.max(state.limitedUntil, clock + Duration.toMillis(fault.do.duration))
    : state.limitedUntil
  const good = () =>
    found === undefined
      ? noRoute(incoming)
      : answerOf(found[0], { ...incoming, params: found[1], json: jsonOf(incoming.body), nth })
  const reply = clock < limitedUntil
    ? complete(limited(limitedUntil - clock))
    : fault === undefined
    ? complete(good())
    : applied(fault.do, good)
  const request: ApiRequest = {
    ...incoming,
    nth: number,
    at: clock,
    route: name,
    status: reply.answer?.status,
    fault: fault?.do._tag
  }
  return {
    reply,
    request,
    faults: next,
    state: { limitedUntil, counts: name === undefined ? state.counts : { ...state.counts, [name]: nth } }
  }
}

const matches = ({ method, path }: When, incoming: Incoming, route: Route | undefined): boolean =>
  (method === undefined || method === incoming.method) &&
  (path === undefined || endsIn(incoming.path, path) || path === route?.path)

const applied = (action: Action, good: () => Answer): Reply => {
  switch (action._tag) {
    case "Status":
      return complete(withHeaders(errorAnswer(action.status, action.body), action.headers))
    case "RateLimited":
    case "Banned":
    case "EmptyList":
    case "MalformedRows":
    case "Gaps":
    case "ShortRows":
    case "OtherRange":
    case "CorruptFile":
    case "Late":
      // Refused when it was added, but for the limit, which is applied before.
      return complete(good())
    default:
      return faultyReply(action, good())
  }
}

const limited = (millis: number): Answer =>
  withHeaders(errorAnswer(429, undefined), { "retry-after": String(Math.ceil(millis / 1000)) })

const errorAnswer = (status: number, body: Extract<Action, { readonly _tag: "Status" }>["body"]): Answer =>
  body === "empty"
    ? emptyAnswer(status)
    : body === "html"
    ? htmlAnswer(status, reasons[status] ?? "Error")
    : jsonAnswer(status, body ?? { error: { code: `http_${status}`, message: reasons[status] ?? `Status ${status}` } })

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  409: "Conflict",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout"
}

// ---------------------------------------------------------------------------------------------------------------------
// faults
// ---------------------------------------------------------------------------------------------------------------------

const ofExchange: ReadonlySet<Action["_tag"]> = new Set([
  "Banned",
  "EmptyList",
  "MalformedRows",
  "Gaps",
  "ShortRows",
  "OtherRange",
  "CorruptFile",
  "Late"
])

const conditions = Check.withDefault(Check.struct(whenChecks), {})

const when: Check.Check<unknown> = (path, value) => {
  const unknown = Check.isRecord(value)
    ? ["source", "market", "symbol", "interval"].find((name) => value[name] !== undefined)
    : undefined
  return unknown === undefined
    ? conditions(path, value)
    : Either.left(`${path}.${unknown} is known to FaultyExchange only: use method and path`)
}

const accepted: Accepted<Fault> = {
  owner: "FaultyApi",
  when,
  action: ({ _tag }) =>
    ofExchange.has(_tag) ? Either.left("only an exchange has this fault: use FaultyExchange") : Either.void
}

/** Adds a fault. Throws for one that is not valid, or that only an exchange can have. */
export const inject = (faults: ArmedFaults<Fault>, fault: Fault): ArmedFaults<Fault> => arm(faults, fault, accepted)
