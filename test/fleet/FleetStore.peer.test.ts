import { it } from "@effect/vitest"
import { FleetStore } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, vi } from "vitest"

vi.mock("ioredis", () => {
  throw Object.assign(new Error("Cannot find package 'ioredis'"), { code: "ERR_MODULE_NOT_FOUND" })
})

it.scoped("without ioredis the layer says what to install, and a store in memory works all the same", () =>
  Effect.gen(function*() {
    const failure = yield* Effect.flip(Layer.build(FleetStore.layerIoredis({ name: "x", url: "redis://localhost" })))
    expect(failure).toMatchObject({ _tag: "FleetMissingPackage", package: "ioredis" })
    expect(failure.message).toBe(
      "FleetStore.layerIoredis needs the package ioredis, which could not be imported. Install it: npm install ioredis"
    )
    const store = yield* FleetStore.memoryFleet()
    expect(yield* store.lease("x", 1000)).toBe(true)
  }))
