/** Clients that speak protocols of their own: gRPC, databases, brokers, WebSocket. */
import * as grpc from "@grpc/grpc-js"
import { Redis } from "ioredis"
import { Kafka, logLevel } from "kafkajs"
import { MongoClient } from "mongodb"
import mysql from "mysql2/promise"
import { connect as nats } from "nats"
import { Client as PgClient } from "pg"
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
    const client = new PgClient({ ...address, user: "u", password: "p", connectionTimeoutMillis: patience })
    client.on("error", ignore)
    await client.connect()
  },
  "mysql2": ({ patience, ...address }) => mysql.createConnection({ ...address, user: "u", connectTimeout: patience }),
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
