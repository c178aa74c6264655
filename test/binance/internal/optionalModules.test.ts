import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { expect } from "vitest"
import { optionalModule } from "../../../src/binance/internal/optionalModules.js"

const messageOf = (exit: Exit.Exit<unknown>) =>
  Exit.match(exit, { onSuccess: () => undefined, onFailure: (cause) => String(Cause.squash(cause)) })

describe("peer", () => {
  it.effect("is the module", () =>
    Effect.gen(function*() {
      expect(yield* optionalModule("Somebody", "one", () => Promise.resolve({ a: 1 }))).toEqual({ a: 1 })
    }))

  it.effect("one that is not there is named, with the command that installs it", () =>
    Effect.gen(function*() {
      const name = "no-such-package"
      const exit = yield* Effect.exit(optionalModule("Somebody", name, () => import(name)))
      expect(messageOf(exit)).toBe(
        "Error: Somebody needs the package no-such-package, which could not be imported. Install it: npm install no-such-package"
      )
      expect(Exit.isFailure(exit) && Cause.isDie(exit.cause)).toBe(true)
    }))

  it.effect("what Node has cannot be installed", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(optionalModule("Somebody", "node:nothing", () => Promise.reject(new Error("no"))))
      expect(messageOf(exit)).toBe("Error: Somebody needs node:nothing, and so Node.js")
    }))
})
