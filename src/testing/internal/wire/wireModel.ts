/** Requests as a simulated server receives them, and what it does with them. Nothing here knows of an API. */

export interface Incoming {
  readonly method: string
  readonly path: string
  /** Of a repeated parameter, the last value. */
  readonly query: Readonly<Record<string, string>>
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as text; empty for GET and HEAD. */
  readonly body: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** What a server does with a request. */
export interface Reply {
  /** The delay of the answer, in milliseconds. */
  readonly delay: number
  /** Undefined: the connection ends, or is left in silence, before the headers. */
  readonly answer: Answer | undefined
  /** The end of the connection. All but `complete` follow half of the body. */
  readonly ending: "complete" | "reset" | "close" | "silence"
}

export const complete = (answer: Answer): Reply => ({ delay: 0, answer, ending: "complete" })

const json = { "content-type": "application/json;charset=UTF-8" }
const html = { "content-type": "text/html" }

export const jsonAnswer = (status: number, body: unknown): Answer => ({
  status,
  headers: json,
  body: JSON.stringify(body)
})

export const emptyAnswer = (status: number): Answer => ({ status, headers: {}, body: "" })

export const htmlAnswer = (status: number, title: string): Answer => ({
  status,
  headers: html,
  body:
    `<html>\n<head><title>${status} ${title}</title></head>\n<body>\n<center><h1>${status} ${title}</h1></center>\n` +
    `</body>\n</html>\n`
})

/** The answer with further headers; names are case-insensitive. */
export const withHeaders = (answer: Answer, headers: Readonly<Record<string, string>>): Answer => ({
  ...answer,
  headers: {
    ...answer.headers,
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  }
})
