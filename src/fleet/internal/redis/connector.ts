/** The clients of a store: duplicates of the one of the user, or new ones of ioredis. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { MissingPackage } from "../storeError.js"
import type { StoreSettings } from "../storeOptions.js"
import { clusterOptions, type Connect, connectionOptions } from "./connection.js"
import type { RedisClient } from "./redisClient.js"

/** Imports ioredis unless there is a client. */
export const connector = (
  { client, options, url }: StoreSettings
): Effect.Effect<Connect, MissingPackage> =>
  client !== undefined
    ? Effect.succeed((timeout) =>
      client.isCluster ? client.duplicate([], clusterOptions(timeout)) : client.duplicate(connectionOptions(timeout))
    )
    : Effect.map(
      Effect.tryPromise({
        try: () => import("ioredis"),
        catch: () =>
          new MissingPackage({
            package: "ioredis",
            message: "FleetStore.layerIoredis needs the package ioredis, which could not be imported. " +
              "Install it: npm install ioredis"
          })
      }),
      ({ Redis }) => (timeout: Duration.Duration): RedisClient => {
        const all = { ...options, ...connectionOptions(timeout) }
        return url === undefined ? new Redis(all) : new Redis(Redacted.value(url), all)
      }
    )
