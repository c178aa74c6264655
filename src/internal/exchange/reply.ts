/** What goes back over the wire, and how faults change it. */
import type { Row } from "./series.js"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
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

/** The answer of the exchange: klines as rows still, so that faults can change them. */
export interface Draft extends Answer {
  readonly rows?: ReadonlyArray<Row> | undefined
}

const json = { "content-type": "application/json;charset=UTF-8" }
const html = { "content-type": "text/html" }

export const jsonAnswer = (status: number, body: unknown): Draft => ({
  status,
  headers: json,
  body: JSON.stringify(body)
})

export const rowsAnswer = (rows: ReadonlyArray<Row>): Draft => ({ ...jsonAnswer(200, rows), rows })

export const emptyAnswer = (status: number): Draft => ({ status, headers: {}, body: "" })

export const htmlAnswer = (status: number, title: string): Draft => ({
  status,
  headers: html,
  body:
    `<html>\n<head><title>${status} ${title}</title></head>\n<body>\n<center><h1>${status} ${title}</h1></center>\n` +
    `</body>\n</html>\n`
})

export const complete = (answer: Answer): Reply => ({ delay: 0, answer, ending: "complete" })
