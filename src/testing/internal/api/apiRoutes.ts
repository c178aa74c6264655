/** The routes of a simulated API: which one a request belongs to, and its answer. */
import type { Answer, Incoming } from "../wire/wireModel.js"
import { emptyAnswer, jsonAnswer, withHeaders } from "../wire/wireModel.js"

/** A request, as a route sees it. */
export interface RouteRequest extends Incoming {
  /** The parameters of the path, decoded: `{ id: "7" }` for `/users/:id`. */
  readonly params: Readonly<Record<string, string>>
  /** The body as JSON; undefined if it is none. */
  readonly json: unknown
  /** The number of this request among those of the route, from 1. */
  readonly nth: number
}

/** An answer with a status and headers. */
export class RouteResponse {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  constructor(status: number, body: unknown, headers: Readonly<Record<string, string>>) {
    this.status = status
    this.body = body
    this.headers = headers
  }
}

export interface Route {
  /** `GET /users/:id` */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly segments: ReadonlyArray<string>
  readonly answer: unknown
}

const form = /^([A-Z]+) (\/[^\s?#]*)$/

/** The route of a name, as in `GET /users/:id`; undefined if it is none. */
export const routeOf = (name: string, answer: unknown): Route | undefined => {
  const [, method, path] = form.exec(name) ?? []
  return method === undefined || path === undefined
    ? undefined
    : { name, method, path, segments: segmentsOf(path), answer }
}

const segmentsOf = (path: string): ReadonlyArray<string> => path.split("/").filter((segment) => segment !== "")

/** The route of a request with its parameters: of several, the first with the most fixed segments. */
export const matching = (
  routes: ReadonlyArray<Route>,
  { method, path }: Incoming
): readonly [Route, Readonly<Record<string, string>>] | undefined => {
  const segments = segmentsOf(path)
  // An API answers HEAD as it answers GET.
  const asked = method === "HEAD" ? "GET" : method
  let best: readonly [Route, Readonly<Record<string, string>>] | undefined
  for (const route of routes) {
    if (route.method !== asked || route.segments.length !== segments.length) continue
    const params: Record<string, string> = {}
    const fits = route.segments.every((segment, i) => {
      const value = segments[i] ?? ""
      if (!segment.startsWith(":")) return segment === value
      params[segment.slice(1)] = decoded(value)
      return true
    })
    if (fits && (best === undefined || Object.keys(params).length < Object.keys(best[1]).length)) best = [route, params]
  }
  return best
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The answer of a route. JSON is sent with status 200. */
export const answerOf = (route: Route, request: RouteRequest): Answer => {
  const answer: unknown = typeof route.answer === "function" ? route.answer(request) : route.answer
  return answer instanceof RouteResponse
    ? withHeaders(ofBody(answer.status, answer.body), answer.headers)
    : ofBody(200, answer)
}

const ofBody = (status: number, body: unknown): Answer =>
  body === undefined
    ? emptyAnswer(status)
    : body instanceof Uint8Array
    ? { status, headers: { "content-type": "application/octet-stream" }, body }
    : jsonAnswer(status, body)

export const jsonOf = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

export const noRoute = ({ method, path }: Incoming): Answer =>
  jsonAnswer(404, { error: { code: "not_found", message: `No route for ${method} ${path}` } })
