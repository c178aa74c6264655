/** One connection to Redis: scripts and commands as effects, and an end to a connection that no longer answers. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { Unavailable } from "../storeError.js"
import type { RedisClient } from "./redisClient.js"
import type { Script } from "./scripts.js"

export interface Connection {
  /** Runs a script. `read` decodes its answer, and may throw. */
  readonly run: <A>(
    script: Script,
    keys: ReadonlyArray<string>,
    args: ReadonlyArray<string | number>,
    read: (answer: unknown) => A
  ) => Effect.Effect<A, Unavailable>
  readonly command: <A>(
    operation: string,
    command: string,
    args: ReadonlyArray<string | number>,
    read: (answer: unknown) => A
  ) => Effect.Effect<A, Unavailable>
  /** Succeeds when the connection is ready, or after the timeout of a command. */
  readonly ready: Effect.Effect<void>
}

/** A client of its own for one connection. `timeout` is that of a command. */
export type Connect = (timeout: Duration.Duration) => RedisClient

/**
 * The options of every connection. A command either fails at once, or has an answer within its timeout: nothing is queued
 * while the server is away, and nothing is sent twice.
 */
export const connectionOptions = (timeout: Duration.Duration) => ({
  commandTimeout: Duration.toMillis(timeout),
  connectTimeout: Math.max(2000, Duration.toMillis(timeout)),
  disconnectTimeout: 200,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  enableAutoPipelining: false,
  maxRetriesPerRequest: 0,
  lazyConnect: false,
  socketTimeout: undefined,
  replyMapping: "legacy",
  retryStrategy: reconnectAfter,
  sentinelRetryStrategy: reconnectAfter,
  // After a failover the old server may still accept connections, as a replica.
  reconnectOnError: (error: Error) => error.message.startsWith("READONLY")
})

const reconnectAfter = (attempt: number): number => Math.min(50 * attempt, 1000)

/** The same for a client of a cluster. The connections to its nodes are opened by their first command, which has to wait. */
export const clusterOptions = (timeout: Duration.Duration) => {
  const { enableOfflineQueue, lazyConnect, retryStrategy, ...redisOptions } = connectionOptions(timeout)
  return { enableOfflineQueue, lazyConnect, clusterRetryStrategy: retryStrategy, redisOptions }
}

/** The digest by which the server knows a script. */
const digestOf = (
  lua: string
): Promise<
  string
> => (digests[lua] ??= crypto.subtle.digest("SHA-1", new TextEncoder().encode(lua)).then((bytes) =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("")
))

const digests: Record<string, Promise<string>> = {}

export const open = (
  connect: Connect,
  timeout: Duration.Duration
): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Client(connect(timeout))),
      (client) => Effect.sync(() => client.close())
    ),
    (client) => ({
      ready: client.ready(timeout),
      command: (operation, command, args, read) =>
        client.send(operation, async () => read(await client.call(command, args))),
      run: ({ lua, name }, keys, args, read) =>
        client.send(name, async () => {
          const rest = [keys.length, ...keys, ...args]
          const digest = await digestOf(lua)
          try {
            return read(await client.call("EVALSHA", [digest, ...rest]))
          } catch (error) {
            // After a restart, a failover or SCRIPT FLUSH.
            if (!messageOf(error).startsWith("NOSCRIPT")) throw error
            return read(await client.call("EVAL", [lua, ...rest]))
          }
        })
    })
  )

class Client {
  /** Whether the last command had no answer: then one command at a time is sent, until there is one. */
  private isSilent = false
  private isProbing = false
  private isClosing = false
  private hasBeenReady = false
  private lastError = ""
  private readonly waiting = new Set<() => void>()

  private readonly client: RedisClient

  constructor(client: RedisClient) {
    this.client = client
    client.on("ready", () => {
      this.hasBeenReady = true
      this.isSilent = false
      this.lastError = ""
      for (const resume of this.waiting) resume()
    })
    client.on("close", () => {
      this.isClosing = false
    })
    // Without a listener the client prints every failure to connect.
    client.on("error", (error) => {
      const message = messageOf(error)
      // That a command was not sent is no reason why there is no connection.
      if (!notSent.test(message)) this.lastError = message
    })
  }

  close(): void {
    this.client.disconnect()
  }

  ready(timeout: Duration.Duration): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      if (this.client.status === "ready") return resume(Effect.void)
      const isReady = () => resume(Effect.void)
      this.waiting.add(isReady)
      return Effect.sync(() => this.waiting.delete(isReady))
    }).pipe(Effect.raceFirst(Effect.sleep(timeout)))
  }

  call(command: string, args: ReadonlyArray<string | number>): Promise<unknown> {
    return this.client.call(command, [...args])
  }

  send<A>(operation: string, run: () => Promise<A>): Effect.Effect<A, Unavailable> {
    return Effect.suspend(() => {
      if (this.isSilent && this.isProbing) {
        return Effect.fail(new Unavailable({ operation, message: "Redis does not answer", mayBeDone: false }))
      }
      const isProbe = this.isSilent
      if (isProbe) this.isProbing = true
      return Effect.tryPromise({
        try: async () => {
          try {
            const answer = await run()
            this.isSilent = false
            return answer
          } finally {
            if (isProbe) this.isProbing = false
          }
        },
        catch: (error) => this.failed(operation, messageOf(error))
      })
    })
  }

  /** Why there is no connection. */
  private get reason(): string {
    if (this.lastError !== "") return this.lastError
    return this.hasBeenReady ? "the connection was closed" : "no answer yet; check the host, the port and TLS"
  }

  private failed(operation: string, message: string): Unavailable {
    const isTimeout = message === "Command timed out"
    const isAway = notSent.test(message)
    if (isTimeout) this.isSilent = true
    // A connection that is open and does not answer is replaced.
    if (isTimeout && !this.isClosing) {
      this.isClosing = true
      this.client.disconnect(true)
    }
    return new Unavailable({
      operation,
      message: isTimeout
        ? "Redis does not answer"
        : isAway
        ? `Redis is not connected: ${this.reason}`
        : `Redis: ${message}`,
      mayBeDone: isTimeout || /max retries per request|Connection is closed/i.test(message)
    })
  }
}

/** The messages of ioredis for a command that was not sent. */
const notSent = /isn't writeable|isn't ready|Connection is closed|max retries per request|Failed to refresh slots/i

/** The message of an error; failures to connect to several addresses of a name have it in their parts. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.message !== "") return error.message
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error.name
}
