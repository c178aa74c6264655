/** One contender, one outage, one seed: what became of the calls. */
import { HttpClient, HttpClientError, HttpClientResponse } from "@effect/platform"
import type { HttpClientRequest } from "@effect/platform"
import { Cause, Effect, Exit, Logger, LogLevel, Random, Scope } from "effect"
import { chance } from "./chance.js"
import type { Client, Contender } from "./contenders.js"
import type { Answer, Outage } from "./server.js"
import { endpoints, server } from "./server.js"
import { now, pass } from "./time.js"

/** Seconds before and after the outage, and calls a second that come in all the time. */
const before = 10
export const after = 60
const rate = 20

/** The timeout of an attempt, in milliseconds. */
const timeout = 2000

export interface Call {
  /** When it came in, in seconds since the start of the outage, and how many it took. */
  readonly at: number
  readonly took: number
  readonly succeeded: boolean
}

export interface Run {
  readonly calls: ReadonlyArray<Call>
  /** When a request was sent, in seconds since the start of the outage. */
  readonly requests: ReadonlyArray<number>
  /** How many of them although the server had said to wait. */
  readonly intoGate: number
}

export const run = async ({ call }: Contender, outage: Outage, seed: number): Promise<Run> => {
  const start = now() + before * 1000
  const at = () => (now() - start) / 1000
  const requests: Array<number> = []
  let intoGate = 0
  let closedUntil = Number.NEGATIVE_INFINITY

  const answer = server(outage, chance(seed, "server"))
  const client = connect((endpoint): Answer => {
    requests.push(at())
    if (at() < closedUntil) intoGate++
    return answer(at(), endpoint)
  }, ({ retryAfter }) => {
    if (retryAfter !== undefined) closedUntil = Math.max(closedUntil, at() + retryAfter)
  })

  // cockatiel draws from `Math.random`, the others from Effect's `Random`.
  Math.random = chance(seed, "Math.random")
  const scope = Effect.runSync(Scope.make())
  const once = await pass(Effect.runPromise(silently(Scope.extend(call(client), scope))))
  const random = Random.make(seed)
  const alike = urls.map((url) => silently(Effect.withRandom(once(url), random)))
  const chosen = chance(seed, "endpoints")
  const next = () => alike[Math.floor(chosen() * endpoints)]!
  const calls = await pass(everyCall(next, outage, at, chance(seed, "arrivals")))
  await pass(Effect.runPromise(Scope.close(scope, Exit.void)))
  return { calls, requests, intoGate }
}

const urls = Array.from({ length: endpoints }, (_, i) => `https://api.example.com/${i}`)

/** Calls that come in independently of each other, from before the outage until after it; when the last one has ended. */
const everyCall = (
  call: () => Effect.Effect<unknown, unknown>,
  outage: Outage,
  at: () => number,
  random: () => number
): Promise<ReadonlyArray<Call>> =>
  new Promise((resolve) => {
    const calls: Array<Call> = []
    let pending = 0
    let next = -before
    const isLast = () => next >= outage.seconds + after
    const arrive = () => {
      const began = at()
      next -= Math.log(1 - random()) / rate
      pending++
      Effect.runCallback(call(), {
        onExit: (exit) => {
          calls.push({ at: began, took: at() - began, succeeded: Exit.isSuccess(exit) })
          if (--pending === 0 && isLast()) resolve(calls)
        }
      })
      if (!isLast()) setTimeout(arrive, (next - at()) * 1000)
    }
    arrive()
  })

/** The client of all contenders. It fails with any answer that is no success, and times out after two seconds. */
const connect = (send: (endpoint: number) => Answer, onAnswer: (answer: Answer) => void): Client => {
  const exchange = (
    request: HttpClientRequest.HttpClientRequest
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError | Cause.TimeoutException> => {
    const answer = send(urls.indexOf(request.url))
    if (answer.after > timeout) return Effect.delay(Effect.fail(new Cause.TimeoutException()), timeout)
    const arrive = Effect.suspend(() => {
      onAnswer(answer)
      return answer.status === "refused"
        ? Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause: refused }))
        : Effect.succeed(HttpClientResponse.fromWeb(request, response(answer.status, answer.retryAfter)))
    })
    return Effect.delay(arrive, answer.after)
  }
  return HttpClient.makeWith(
    (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) => Effect.flatMap(request, exchange),
    Effect.succeed
  ).pipe(HttpClient.filterStatusOk)
}

// No stack is read here, and recording them takes a tenth of the time.
Error.stackTraceLimit = 0

const silently = Logger.withMinimumLogLevel(LogLevel.None)

const refused = Object.assign(new Error("connect ECONNREFUSED 192.0.2.1:443"), {
  code: "ECONNREFUSED",
  syscall: "connect"
})

/** No body is read here, and a Response without one can be used again. */
const responses = new Map<string, Response>()
const response = (status: number, retryAfter: number | undefined): Response => {
  const key = `${status} ${retryAfter}`
  const known = responses.get(key)
  if (known !== undefined) return known
  const fresh = new Response(null, {
    status,
    headers: retryAfter === undefined ? {} : { "retry-after": `${retryAfter}` }
  })
  responses.set(key, fresh)
  return fresh
}
