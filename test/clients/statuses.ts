/** The table: every status, with each kind of body. */
import * as answers from "./answers.js"
import { answered, fine, invalid, unreadable } from "./expected.js"
import { withoutStatus } from "./groups.js"
import type { Exception, Row } from "./table.js"
import { because, but, destroyed } from "./table.js"

const codes = [
  [400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418],
  [421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499],
  [500, 501, 502, 503, 504, 505, 507, 508, 511, 520, 521, 522, 523, 524, 525, 526]
].flat()

const row = (status: number, body: string, answer: answers.Answer, ...but: ReadonlyArray<Exception>): Row => ({
  fault: `${status}, ${body}`,
  stage: (server) => ({ url: server.url(answer) }),
  expected: answered(status),
  but
})

const html = { "content-type": "text/html" }
const page = "<html><h1>Nope</h1></html>"

/** ccxt throws for a list of its own, which these are not in. */
const takenByCcxt = [
  [402, 406, 411, 412, 413, 414, 415, 416, 417, 421, 423, 424, 425, 426, 428, 431, 499],
  [505, 507, 508, 523, 524]
].flat()

const misread = (words: string): Exception => destroyed(withoutStatus, invalid, `ParseError: ${words}`)
const expectedRows = "Expected ReadonlyArray<unknown>, actual"
const misreadObject = misread(`${expectedRows} {"error":"nope"}`)
const misreadNothing = misread(`${expectedRows} null`)

export const statuses: ReadonlyArray<Row> = [
  row(300, "JSON", answers.replyJson(300, { error: "nope" }), misreadObject, but(["ofetch", "ccxt"], fine)),
  row(
    300,
    "HTML",
    answers.reply(300, html, page),
    because(["axios", "axios, fetch adapter", ...withoutStatus], unreadable, "a redirect says less than its body"),
    but(["ofetch", "ccxt"], fine)
  ),
  row(
    304,
    "nothing",
    answers.reply(304),
    misreadNothing,
    but(["got", "ofetch", "ccxt"], fine),
    because(["got, text"], unreadable, "takes 304 for an answer like 200, and then there is nothing to read")
  ),
  ...codes.flatMap((status): ReadonlyArray<Row> => {
    // fetch itself refuses a 407.
    const refused = status === 407 ? [but(["platform/fetch, schema"], answered(407))] : []
    const taken = takenByCcxt.includes(status) ? [but(["ccxt"], fine)] : []
    return [
      row(status, "JSON", answers.replyJson(status, { error: "nope" }), misreadObject, ...taken, ...refused),
      row(status, "HTML", answers.reply(status, html, page), ...taken),
      row(status, "nothing", answers.reply(status), misreadNothing, ...taken, ...refused)
    ]
  })
]
