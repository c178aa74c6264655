/** What goes back over the wire, and how faults change it. */
import type { Corruption } from "./faultModel.js"
import type { Row } from "./series.js"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** What a server does with a request. */
export interface Reply {
  /** Milliseconds to wait first. */
  readonly delay: number
  /** What is sent; none when the connection ends, or is left in silence, before the headers. */
  readonly answer: Answer | undefined
  /** What comes then. All but `complete` follow half of the body. */
  readonly ending: "complete" | "reset" | "close" | "silence"
}

/** The answer of the exchange, in a form in which faults can change it. */
export interface Draft extends Answer {
  /** The candles in it, if it has some. */
  readonly rows?: ReadonlyArray<Row> | undefined
  /** The same answer with these in their place. */
  readonly of?: ((rows: ReadonlyArray<unknown>) => Draft) | undefined
  /** The answer for the range so many milliseconds earlier; for the latest rows without a shift. */
  readonly elsewhere?: ((shift: number | undefined) => Draft) | undefined
  /** What the archive answers has this. */
  readonly archived?: Archived | undefined
}

export interface Archived {
  /** For how long the file has been there, in milliseconds. */
  readonly age: number
  readonly corrupted: (corruption: Corruption) => Draft
}

const json = { "content-type": "application/json;charset=UTF-8" }
const html = { "content-type": "text/html" }

export const jsonAnswer = (status: number, body: unknown): Draft => ({
  status,
  headers: json,
  body: JSON.stringify(body)
})

export const rowsAnswer = (rows: ReadonlyArray<Row>): Draft => ({
  ...jsonAnswer(200, rows),
  rows,
  of: (rows) => jsonAnswer(200, rows)
})

export const emptyAnswer = (status: number): Draft => ({ status, headers: {}, body: "" })

export const htmlAnswer = (status: number, title: string): Draft => ({
  status,
  headers: html,
  body:
    `<html>\n<head><title>${status} ${title}</title></head>\n<body>\n<center><h1>${status} ${title}</h1></center>\n` +
    `</body>\n</html>\n`
})

const s3Errors: Readonly<Record<number, readonly [code: string, message: string]>> = {
  403: ["AccessDenied", "Access Denied"],
  404: ["NoSuchKey", "The specified key does not exist."],
  500: ["InternalError", "We encountered an internal error. Please try again."],
  503: ["SlowDown", "Please reduce your request rate."]
}

/** An error in the form of S3. */
export const s3Answer = (status: number): Draft => {
  const [code, message] = s3Errors[status] ?? ["InvalidRequest", "Invalid Request"]
  const answer: Answer = {
    status,
    headers: { "content-type": "application/xml", server: "AmazonS3" },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>` +
      `<RequestId>0000000000000000</RequestId><HostId>AAAA=</HostId></Error>`
  }
  return { ...answer, archived: { age: Infinity, corrupted: () => answer } }
}

export const complete = (answer: Answer): Reply => ({ delay: 0, answer, ending: "complete" })
