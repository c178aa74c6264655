import * as HttpClient from "@effect/platform/HttpClient"
import { it } from "@effect/vitest"
import { BinanceVision } from "effect-errata/binance"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, vi } from "vitest"

vi.mock("yauzl", () => {
  throw Object.assign(new Error("Cannot find package 'yauzl'"), { code: "ERR_MODULE_NOT_FOUND" })
})

it.effect("without yauzl the layer says what to install, and its module is there all the same", () =>
  Effect.gen(function*() {
    const layer = BinanceVision.layer().pipe(
      Layer.provide(Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never)))
    )
    const cause = yield* Effect.flip(Effect.sandbox(Layer.build(layer)))
    expect(Cause.isDie(cause)).toBe(true)
    expect(Cause.pretty(cause)).toContain(
      "BinanceVision needs the package yauzl, which could not be imported. Install it: npm install yauzl"
    )
  }).pipe(Effect.scoped))
