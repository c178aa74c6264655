/** The answers of the exchange, in a form in which faults can change them. */
import { type Answer, jsonAnswer } from "../wire/wireModel.js"
import type { Corruption } from "./exchangeFaults.js"
import type { Row } from "./series.js"

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

export const rowsAnswer = (rows: ReadonlyArray<Row>): Draft => ({
  ...jsonAnswer(200, rows),
  rows,
  of: (rows) => jsonAnswer(200, rows)
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
