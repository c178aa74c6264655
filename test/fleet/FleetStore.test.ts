import { describe } from "@effect/vitest"
import { FleetStore } from "effect-errata/fleet"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll } from "vitest"
import { hasRedis, type RedisServer, startRedis } from "./redisServer.js"
import { storeLaws } from "./storeLaws.js"

const fleets = new Map<string, ReturnType<typeof FleetStore.memoryFleet>>()

storeLaws("FleetStore in memory", (name) =>
  Effect.suspend(() => {
    const fleet = fleets.get(name) ?? FleetStore.memoryFleet()
    fleets.set(name, fleet)
    return fleet
  }))

describe.skipIf(!hasRedis)("with a server", () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server.stop())

  storeLaws("FleetStore over Redis", (name) =>
    Effect.map(
      Layer.build(FleetStore.layerIoredis({ name, url: server.url })),
      (services) => Context.get(services, FleetStore.FleetStore)
    ))
})
