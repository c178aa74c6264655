/** Clients that speak protocols of their own: gRPC, databases, brokers, WebSocket. */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as MysqlClient from "@effect/sql-mysql2/MysqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import type { SqlClient } from "@effect/sql/SqlClient"
import * as grpc from "@grpc/grpc-js"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { Redis } from "ioredis"
import { Kafka, logLevel } from "kafkajs"
import { MongoClient } from "mongodb"
import mysql from "mysql2/promise"
import { connect as nats } from "nats"
import { Client as Pg } from "pg"
import { createClient } from "redis"
import { WebSocket } from "ws"

export interface Address {
  readonly host: string
  readonly port: number
  /** How long to wait, in milliseconds. */
  readonly patience: number
}

const ignore = () => {}

const bytes = (value: Buffer): Buffer => value

export const service: grpc.ServiceDefinition = {
  Call: {
    path: "/x/Call",
    requestStream: false,
    responseStream: false,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes
  }
}

const GrpcClient = grpc.makeGenericClientConstructor(service, "x")

/** A query with @effect/sql, as a promise: its rejection holds the whole Cause. */
const query = <E>(
  client: Effect.Effect<SqlClient, E, Reactivity.Reactivity | Scope.Scope>
): Promise<unknown> =>
  client.pipe(
    Effect.flatMap((sql) => sql`SELECT 1`),
    Effect.scoped,
    Effect.provide(Reactivity.layer),
    Effect.runPromise
  )

export const sockets = {
  "grpc-js": ({ host, patience, port }) =>
    new Promise((resolve, reject) => {
      const client = new GrpcClient(`${host}:${port}`, grpc.credentials.createInsecure())
      const done = (error: grpc.ServiceError | null, value: unknown) => {
        client.close()
        if (error === null) resolve(value)
        else reject(error)
      }
      client["Call"]?.(Buffer.from("x"), new grpc.Metadata(), { deadline: Date.now() + patience }, done)
    }),
  "pg": async ({ patience, ...address }) => {
    const client = new Pg({ ...address, user: "u", password: "p", connectionTimeoutMillis: patience })
    client.on("error", ignore)
    await client.connect()
  },
  "mysql2": ({ patience, ...address }) => mysql.createConnection({ ...address, user: "u", connectTimeout: patience }),
  "@effect/sql-pg": ({ host, patience, port }) =>
    query(PgClient.make({ host, port, username: "u", password: Redacted.make("p"), connectTimeout: patience })),
  "@effect/sql-mysql2": ({ host, patience, port }) =>
    query(MysqlClient.make({ host, port, username: "u", poolConfig: { connectTimeout: patience } })),
  "ioredis, a command": ({ patience, ...address }) => {
    const client = new Redis({
      ...address,
      lazyConnect: true,
      connectTimeout: patience * 5,
      commandTimeout: patience,
      maxRetriesPerRequest: 1,
      retryStrategy: () => 20
    })
    client.on("error", ignore)
    return client.get("x").finally(() => client.disconnect())
  },
  "node-redis": async ({ host, patience, port }) => {
    const client = createClient({ socket: { host, port, connectTimeout: patience, reconnectStrategy: false } })
    client.on("error", ignore)
    await client.connect()
  },
  "mongodb": ({ host, patience, port }) =>
    new MongoClient(`mongodb://${host}:${port}`, { serverSelectionTimeoutMS: 2000, connectTimeoutMS: patience })
      .connect(),
  "kafkajs": ({ host, patience, port }) =>
    new Kafka({
      brokers: [`${host}:${port}`],
      logLevel: logLevel.NOTHING,
      connectionTimeout: patience,
      requestTimeout: patience,
      retry: { retries: 0 }
    }).admin().connect(),
  "nats": ({ host, patience, port }) => nats({ servers: `${host}:${port}`, timeout: patience, reconnect: false }),
  "ws": ({ host, patience, port }) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${host}:${port}`, { handshakeTimeout: patience })
      socket.on("error", reject).on("open", resolve)
    })
} satisfies { readonly [name: string]: (address: Address) => Promise<unknown> }

export type SocketClient = keyof typeof sockets
