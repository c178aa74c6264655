/** What a fault makes of an answer. */
import * as Duration from "effect/Duration"
import { faultyReply } from "../wire/connectionFaults.js"
import type { ErrorBody } from "../wire/faultModel.js"
import { complete, emptyAnswer, htmlAnswer, jsonAnswer, type Reply, withHeaders } from "../wire/wireModel.js"
import type { Action, Kept, Malformation } from "./exchangeFaults.js"
import { type Draft, s3Answer } from "./reply.js"
import type { Row } from "./series.js"

/** Limits and bans outlast one answer, so the exchange itself applies them. */
export type AnswerFault = Exclude<Action, { readonly _tag: "RateLimited" | "Banned" }>

export const faulty = (action: AnswerFault, draft: Draft): Reply => {
  switch (action._tag) {
    case "Status": {
      const answer = draft.archived !== undefined && action.body === undefined
        ? s3Answer(action.status)
        : errorAnswer(action.status, action.body)
      return complete(withHeaders(answer, action.headers))
    }
    case "EmptyList":
      return complete(draft.of?.([]) ?? draft)
    case "MalformedRows":
      return complete(draft.of?.(malformed(action.malformation, draft.rows ?? [])) ?? draft)
    case "Gaps":
      return complete(
        draft.of?.(
          (draft.rows ?? []).filter(([open]) => !action.ranges.some(({ end, start }) => start <= open && open < end))
        ) ?? draft
      )
    case "ShortRows":
      return complete(draft.of?.(shortened(action.keep, action.share, draft.rows ?? [])) ?? draft)
    case "OtherRange":
      return complete(
        draft.elsewhere?.(action.shift === "latest" ? undefined : Duration.toMillis(action.shift)) ?? draft
      )
    case "CorruptFile":
      return complete(draft.archived?.corrupted(action.corruption) ?? draft)
    case "Late":
      return complete(
        draft.archived !== undefined && draft.archived.age < Duration.toMillis(action.duration) ? s3Answer(404) : draft
      )
    default:
      return faultyReply(action, draft)
  }
}

const shortened = (keep: Kept, share: number, rows: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const count = Math.min(rows.length - 1, Math.floor(rows.length * share))
  if (count <= 0) return []
  const head = Math.ceil(count / 2)
  switch (keep) {
    case "first":
      return rows.slice(0, count)
    case "last":
      return rows.slice(rows.length - count)
    case "outer":
      return [...rows.slice(0, head), ...rows.slice(rows.length - (count - head))]
  }
}

const malformed = (malformation: Malformation, rows: ReadonlyArray<Row>): ReadonlyArray<unknown> => {
  const middle = Math.floor(rows.length / 2)
  return rows.flatMap((row, i): ReadonlyArray<unknown> => {
    if (malformation === "unordered" && rows.length > 1) {
      return [i === middle ? rows[middle - 1] : i === middle - 1 ? rows[middle] : row]
    }
    if (i !== middle) return [row]
    switch (malformation) {
      case "short":
        return [row.slice(0, 6)]
      case "notNumber":
        return [[...row.slice(0, 4), "NaN", ...row.slice(5)]]
      case "null":
        return [[...row.slice(0, 4), null, ...row.slice(5)]]
      case "duplicate":
        return [row, row]
      case "unordered":
        return [row]
    }
  })
}

// What Binance says with a status, as documented or recorded.
const errors: Readonly<Record<number, { readonly code: number; readonly msg: string }>> = {
  400: { code: -1121, msg: "Invalid symbol." },
  401: { code: -2015, msg: "Invalid API-key, IP, or permissions for action." },
  418: {
    code: -1003,
    msg: "Way too much request weight used. Please use the websocket for live updates to avoid bans."
  },
  429: { code: -1003, msg: "Too many requests. Please use the websocket for live updates to avoid polling the API." },
  451: { code: 0, msg: "Service unavailable from a restricted location." },
  500: { code: -1001, msg: "Internal error; unable to process your request. Please try again." },
  503: {
    code: -1008,
    msg: "Server is currently overloaded with other requests. Please try again in a few minutes."
  },
  504: { code: -1007, msg: "Timeout waiting for response from backend server. Send status unknown." }
}

const titles: Readonly<Record<number, string>> = {
  403: "Forbidden",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Time-out"
}

const errorAnswer = (
  status: number,
  body: ErrorBody | undefined = errors[status] ??
    (titles[status] === undefined ? "empty" : "html")
): Draft =>
  body === "empty"
    ? emptyAnswer(status)
    : body === "html"
    ? htmlAnswer(status, titles[status] ?? "Error")
    : jsonAnswer(status, body)
