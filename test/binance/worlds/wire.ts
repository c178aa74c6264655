/** Answers as they are sent, and the faults of their rows. */
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import type { Truth } from "./truth.js"

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

export const transports = ["reset", "close", "cut", "halfReset", "silence", "stalled", "slow"] as const

type Transport = (typeof transports)[number]

/** Sends an answer, or what a fault of the transport makes of it. `date` is the time for the header `Date`. */
export const sent = (
  request: HttpClientRequest.HttpClientRequest,
  { body, headers, status }: Reply,
  transport: Transport | undefined,
  date: number | undefined
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> => {
  if (transport === "silence") return Effect.never
  if (transport === "reset" || transport === "close") {
    const cause = transport === "reset"
      ? Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", syscall: "read" })
      : otherSideClosed()
    return Effect.fail(
      new HttpClientError.RequestError({
        request,
        reason: "Transport",
        cause: new TypeError("fetch failed", { cause })
      })
    )
  }
  const all = date === undefined ? headers : { ...headers, date: new Date(date).toUTCString() }
  const whole = isBodiless(status) ? null : typeof body === "string" ? body : Uint8Array.from(body)
  const content = transport === "cut" || transport === "halfReset" || transport === "stalled"
    ? half(body, transport === "stalled")
    : whole
  const response = Effect.sync(() =>
    HttpClientResponse.fromWeb(request, new Response(content, { status, headers: all }))
  )
  return transport === "slow" ? Effect.delay(response, "9 seconds") : response
}

const isBodiless = (status: number): boolean => status === 204 || status === 304

const half = (body: string | Uint8Array, isStalled: boolean): ReadableStream<Uint8Array> => {
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body
  let isSent = false
  return new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (!isSent) {
        isSent = true
        controller.enqueue(Uint8Array.from(bytes.subarray(0, Math.floor(bytes.length / 2))))
      } else if (isStalled) return new Promise<void>(() => {})
      else controller.error(new TypeError("terminated", { cause: otherSideClosed() }))
    }
  }, { highWaterMark: 0 })
}

const otherSideClosed = (): Error => Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" })

/** The rows of an answer or a file, as texts, after a fault. `read` and `write` convert a row. */
export const withRowFault = (
  fault: string | undefined,
  rows: ReadonlyArray<string>,
  read: (text: string) => ReadonlyArray<unknown>,
  write: (row: ReadonlyArray<unknown>) => string
): ReadonlyArray<string> => {
  const middle = rows.length >> 1
  const at = (make: (row: ReadonlyArray<unknown>) => ReadonlyArray<unknown>) =>
    rows.map((row, i) => i === middle ? write(make(read(row))) : row)
  switch (fault) {
    case "empty":
    case "noRows":
      return []
    case "shortFirst":
      return rows.slice(0, kept(rows, 0.5))
    case "shortFirstBit":
      return rows.slice(0, kept(rows, 0.97))
    case "shortLast":
      return rows.slice(rows.length - kept(rows, 0.5))
    case "shortOuter": {
      const count = kept(rows, 0.8)
      const head = Math.ceil(count / 2)
      return [...rows.slice(0, head), ...rows.slice(rows.length - (count - head))]
    }
    case "shortRow":
      return at((row) => row.slice(0, 6))
    case "notNumber":
      return at((row) => [...row.slice(0, 4), "NaN", ...row.slice(5)])
    case "nullPrice":
      return at((row) => [...row.slice(0, 4), null, ...row.slice(5)])
    case "negative":
      return at((row) => [...row.slice(0, 5), "-1.00", ...row.slice(6)])
    case "duplicate":
      return rows.flatMap((row, i) => i === middle ? [row, row] : [row])
    case "unordered":
      return rows.length < 2
        ? rows
        : rows.map((row, i) => i === middle ? rows[middle - 1]! : i === middle - 1 ? rows[middle]! : row)
    case "reversed":
      return [...rows].reverse()
    default:
      return rows
  }
}

const kept = (rows: ReadonlyArray<string>, share: number): number =>
  Math.max(0, Math.min(rows.length - 1, Math.floor(rows.length * share)))

/** The same rows with the closes of a candle of another length. */
export const ofOther = (truth: Truth, open: number): ReadonlyArray<unknown> => {
  const row: ReadonlyArray<unknown> = truth.row(open)
  const length = truth.interval === "1m" ? 300_000 : 60_000
  return [...row.slice(0, 6), open + length - 1, ...row.slice(7)]
}
