/** Answers as bytes on a socket: right ones, and all that can be wrong with one. */
import { STATUS_CODES } from "node:http"
import type { Socket } from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"

/** What is done with the socket once a request has come in on it; `path` is what it asked for. */
export type Answer = (socket: Socket, path: string) => void

type Headers = Readonly<Record<string, string | number>>

const head = (status: number, headers: Headers): string =>
  [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Odd"}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    "\r\n"
  ].join("\r\n")

const json = "application/json"
const half = "{\"a\":"
const whole = "{\"a\":1}"

/** A whole and proper answer, whatever it says. */
export const reply = (status: number, headers: Headers = {}, body: string | Buffer = ""): Answer => (socket) => {
  const length = status === 204 || status === 304 ? undefined : { "content-length": Buffer.byteLength(body) }
  socket.write(head(status, { connection: "close", ...length, ...headers }))
  socket.end(body)
}

export const replyJson = (status: number, body: unknown, headers: Headers = {}): Answer =>
  reply(status, { "content-type": json, ...headers }, JSON.stringify(body))

const raw = (...parts: ReadonlyArray<string | Buffer>): Answer => (socket) => {
  for (const part of parts) socket.write(part)
  socket.end()
}

const begin = (socket: Socket, status = 200): void => {
  socket.write(head(status, { "content-type": json, "content-length": 100 }) + half)
}

const chunked = head(200, { "content-type": json, "transfer-encoding": "chunked" })

// ---------------------------------------------------------------------------------------------------------------------
// time
// ---------------------------------------------------------------------------------------------------------------------

export const silence: Answer = () => {}

export const silenceInBody: Answer = (socket) => begin(socket)

/** A byte now and then, for ever. */
export const trickle: Answer = (socket) => {
  socket.write(chunked)
  const dripping = setInterval(() => socket.write("1\r\n \r\n"), 20)
  socket.on("close", () => clearInterval(dripping))
}

// ---------------------------------------------------------------------------------------------------------------------
// connections that end
// ---------------------------------------------------------------------------------------------------------------------

/** The client lives in this process, so it has read what was sent a few turns later; a reset that overtakes it is lost. */
const onceRead = (then: () => void, turns: number = 5): void =>
  void setImmediate(() => (turns === 0 ? then() : onceRead(then, turns - 1)))

export const reset: Answer = (socket) => socket.resetAndDestroy()

export const close: Answer = (socket) => socket.end()

export const resetInBody = (status: number = 200): Answer => (socket) => {
  begin(socket, status)
  onceRead(() => socket.resetAndDestroy())
}

export const closeInBody: Answer = (socket) => {
  begin(socket)
  socket.end()
}

export const resetInChunks: Answer = (socket) => {
  socket.write(`${chunked}5\r\n${half}\r\n`)
  onceRead(() => socket.resetAndDestroy())
}

export const closeInChunks = raw(`${chunked}5\r\n${half}\r\n`)

export const closeInHeaders = raw("HTTP/1.1 200 OK\r\nContent-Ty")

// ---------------------------------------------------------------------------------------------------------------------
// answers that are not HTTP
// ---------------------------------------------------------------------------------------------------------------------

export const anotherProtocol = raw("220 ftp.example.test FTP server ready\r\n")
export const noise = raw(Buffer.from([0, 1, 2, 3, 0xff, 0xfe, 13, 10, 13, 10]))
export const headerWithoutColon = raw("HTTP/1.1 200 OK\r\nbad header line\r\n\r\n")
export const twoLengths = raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\n{}")
export const unreadableLength = raw("HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n{}")
export const brokenChunk = raw(`${chunked}ZZ\r\n${whole}\r\n0\r\n\r\n`)
export const longerThanItsLength = raw(head(200, { "content-type": json, "content-length": 2 }) + whole)
export const oversizedHeaders = raw(
  "HTTP/1.1 200 OK\r\n",
  ...Array.from({ length: 4000 }, (_, i) => `x-${i}: ${"v".repeat(100)}\r\n`),
  "\r\n"
)

// ---------------------------------------------------------------------------------------------------------------------
// corrupt compression
// ---------------------------------------------------------------------------------------------------------------------

// Enough for several blocks: nothing that the end of the data could hide.
const text = JSON.stringify(Array.from({ length: 300 }, (_, i) => (i * 7919) % 1000))

const encodings = {
  gzip: gzipSync(text),
  br: brotliCompressSync(text),
  deflate: deflateSync(text)
}

type Encoding = keyof typeof encodings

const encoded = (encoding: Encoding, body: Buffer): Answer =>
  reply(200, { "content-type": json, "content-encoding": encoding }, body)

export const notCompressed = (encoding: Encoding): Answer => encoded(encoding, Buffer.from("this was never compressed"))

/** Eight bytes turned over: in the middle, or from `at`, which counts from the end if negative. */
export const flipped = (encoding: Encoding, at: number = 20): Answer => {
  const body = Buffer.from(encodings[encoding])
  const start = at < 0 ? body.length + at : at
  for (let i = start; i < start + 8; i++) body[i] = body[i]! ^ 0xff
  return encoded(encoding, body)
}

export const cutShort = (encoding: Encoding): Answer => encoded(encoding, encodings[encoding].subarray(0, -40))

// ---------------------------------------------------------------------------------------------------------------------
// redirects
// ---------------------------------------------------------------------------------------------------------------------

export const redirect = (location: string): Answer => reply(302, { location })

/** To itself. */
export const loop: Answer = (socket, path) => redirect(path)(socket, path)
