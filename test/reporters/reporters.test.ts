/** What loggers and error reporters write of an error that they are handed: the chain of causes, and nothing secret. */
import { createTransport, linkedErrorsIntegration, Scope } from "@sentry/core"
import { ServerRuntimeClient } from "@sentry/core/server"
import { processError } from "@vitest/utils/error"
import { Writable } from "node:stream"
import { inspect } from "node:util"
import pino from "pino"
import { serializeError } from "serialize-error"
import { describe, expect, it } from "vitest"
import winston from "winston"
import { clues, planted, secrets } from "../plantedCause.js"

const sink = () => {
  const lines: Array<string> = []
  const stream = new Writable({
    write: (chunk, _, done) => {
      lines.push(String(chunk))
      done()
    }
  })
  return { lines, stream }
}

const withPino = (options: pino.LoggerOptions) => {
  const { lines, stream } = sink()
  const logger = pino(options, stream)
  logger.error(planted())
  logger.error({ err: planted(), request: { id: 1 } }, "failed")
  logger.child({ err: planted() }).info("later")
  return lines.join("")
}

const withWinston = (format: winston.Logform.Format) => {
  const { lines, stream } = sink()
  const logger = winston.createLogger({ format, transports: [new winston.transports.Stream({ stream })] })
  logger.error(planted())
  logger.error("failed", planted())
  logger.error({ message: "failed", cause: planted().cause, error: planted() })
  return lines.join("")
}

const withSentry = async () => {
  const envelopes: Array<unknown> = []
  const client = new ServerRuntimeClient({
    dsn: "https://key@sentry.test/1",
    integrations: [linkedErrorsIntegration()],
    stackParser: (stack) => stack.split("\n").slice(1).map((line) => ({ function: line.trim() })),
    transport: (options) =>
      createTransport({ ...options, recordDroppedEvent: () => undefined }, ({ body }) => {
        envelopes.push(typeof body === "string" ? body : new TextDecoder().decode(body))
        return Promise.resolve({ statusCode: 200 })
      })
  })
  client.init()
  const scope = new Scope()
  scope.setClient(client)
  scope.captureException(planted())
  await client.flush(2_000)
  return envelopes.join("\n")
}

const { combine, errors, json, logstash, prettyPrint, simple } = winston.format

describe("writes the chain, and no secret", () => {
  it.each<readonly [string, () => string | Promise<string>]>([
    ["pino", () => withPino({})],
    ["pino with its serializer of causes", () => withPino({ serializers: { err: pino.stdSerializers.errWithCause } })],
    ["pino with another error key", () => withPino({ errorKey: "error" })],
    ["winston with causes, as JSON", () => withWinston(combine(errors({ stack: true, cause: true }), json()))],
    ["winston with causes, printed", () => withWinston(combine(errors({ stack: true, cause: true }), prettyPrint()))],
    ["winston for logstash", () => withWinston(combine(errors({ stack: true, cause: true }), logstash()))],
    ["Sentry with linked errors", withSentry],
    ["serialize-error", () => JSON.stringify(serializeError(planted().cause))],
    ["serialize-error without toJSON", () => inspect(serializeError(planted(), { useToJSON: false }), { depth: 10 })]
  ])("%s", async (_, write) => {
    const text = await write()
    expect(Object.values(secrets).filter((secret) => text.includes(secret))).toEqual([])
    expect([text, clues.filter((clue) => !text.includes(clue))]).toEqual([text, []])
  })
})

describe("writes no secret", () => {
  it.each<readonly [string, () => string]>([
    ["winston as one line", () => withWinston(simple())],
    ["serialize-error", () => JSON.stringify(serializeError(planted()))],
    ["vitest", () => inspect(processError(planted()), { depth: 20, maxStringLength: null })]
  ])("%s", (_, write) => {
    const text = write()
    expect(Object.values(secrets).filter((secret) => text.includes(secret))).toEqual([])
    expect(text).toContain("Connection refused")
  })
})
