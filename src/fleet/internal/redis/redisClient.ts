/** The part of a client of ioredis that is used: versions 5 and 6, connected to a server, a Sentinel or a cluster. */
export interface RedisClient {
  /** Sends a command. */
  call(command: string, args: Array<string | number>): Promise<unknown>
  /** A second connection with the same options. */
  duplicate(override?: object, overrideOfCluster?: object): RedisClient
  /** Closes the connection. */
  disconnect(reconnect?: boolean): void
  /** `ready` after each connect, `close` after each end of a connection, `error` after each failure. */
  on(event: "ready" | "close" | "error", listener: (error: Error) => void): unknown
  readonly status: string
  readonly isCluster: boolean
  readonly options: object
}
