/** The table: how a server says when to come back, and what it says then. */
import * as answers from "./answers.js"
import type { Expected } from "./expected.js"
import { answered, invalid } from "./expected.js"
import { withoutStatus } from "./groups.js"
import type { Row } from "./table.js"
import { destroyed } from "./table.js"

/** The instant of the test, in epoch milliseconds. */
export const now = Date.UTC(2026, 0, 1)

const second = 1000
const minute = 60 * second
const day = 24 * 60 * minute

interface Told {
  readonly status?: number
  readonly header?: string
  readonly body?: { readonly code?: number; readonly [name: string]: unknown }
  /** Milliseconds, by the header and by the body. */
  readonly byHeader?: number | undefined
  readonly byBody?: number | undefined
}

const waiting = (expected: Expected, ...waits: ReadonlyArray<number | undefined>): Expected => {
  const known = waits.filter((wait) => wait !== undefined)
  return known.length === 0 ? expected : { ...expected, retryAfter: Math.max(...known) }
}

const row = (fault: string, { body = { error: "nope" }, byBody, byHeader, header, status = 429 }: Told): Row => {
  const { code } = body
  const unread = answered(status)
  const read = code === undefined ? unread : { ...unread, apiCode: code }
  return {
    fault: `${status}, ${fault}`,
    stage: (server) => ({
      url: server.url(answers.replyJson(status, body, header === undefined ? {} : { "retry-after": header }))
    }),
    expected: waiting(read, byHeader, byBody),
    but: [
      destroyed(["fetch, status in text"], unread, `Error: HTTP error! status: ${status}`),
      destroyed(withoutStatus, invalid, "ParseError: Expected ReadonlyArray<unknown>, actual {"),
      ...(header === undefined ? [] : [destroyed(["ccxt"], waiting(read, byBody), `${status} `)]),
      ...(status === 418
        ? []
        : [destroyed(["undici.request, retrying"], waiting(unread, byHeader), "RequestRetryError [UND_ERR_REQ_RETRY]")])
    ]
  }
}

const headers: ReadonlyArray<readonly [text: string, wait: number | undefined]> = [
  ["0", 0],
  ["7", 7 * second],
  ["1.5", 1.5 * second],
  ["259200", 3 * day],
  ["Thu, 01 Jan 2026 00:02:00 GMT", 2 * minute],
  ["Thursday, 01-Jan-26 00:02:00 GMT", 2 * minute],
  ["Thu Jan  1 00:02:00 2026", 2 * minute],
  ["Wed, 31 Dec 2025 23:59:59 GMT", undefined],
  ["2026-01-01T00:02:00Z", undefined],
  ["-5", undefined],
  ["1e3", undefined],
  ["7 seconds", undefined],
  ["soon", undefined],
  ["", undefined]
]

const bodies: ReadonlyArray<readonly [body: NonNullable<Told["body"]>, wait: number | undefined]> = [
  [{ retryAfter: 7 }, 7 * second],
  [{ retry_after: 1.5 }, 1.5 * second],
  [{ retryAfter: "7" }, 7 * second],
  [{ retryAfter: now + minute }, minute],
  [{ retryAfter: now - minute }, undefined],
  [{ retryAfter: -7 }, undefined],
  [{ retryAfter: "soon" }, undefined],
  [{ data: { serverTime: now, retryAfter: now + minute } }, minute],
  [{ error: { data: { serverTime: now, retryAfter: now + minute } } }, minute],
  [{ msg: `Way too much request weight used; IP banned until ${now + day}.` }, day],
  [{ msg: `Way too much request weight used; IP banned until ${now - day}.` }, undefined]
]

export const waits: ReadonlyArray<Row> = [
  ...headers.map(([header, byHeader]) => row(`header "${header}"`, { header, byHeader })),
  ...bodies.map(([body, byBody]) => row(`body ${JSON.stringify(body)}`, { body, byBody })),
  row("header \"7\"", { status: 418, header: "7", byHeader: 7 * second }),
  row("header \"7\"", { status: 503, header: "7", byHeader: 7 * second }),
  row("banned until", {
    status: 418,
    body: { code: -1003, msg: `Way too much request weight used; IP banned until ${now + day}.` },
    byBody: day
  }),
  row("the header is later", { header: "9", byHeader: 9 * second, body: { retryAfter: 7 }, byBody: 7 * second }),
  row("the body is later", { header: "7", byHeader: 7 * second, body: { retryAfter: 9 }, byBody: 9 * second })
]
