import { describe, expect, it } from "@effect/vitest"
import { Cause, Effect, Layer } from "effect"
import { ErrorTracker } from "effect-errata"
import { Dashboard } from "effect-errata/dashboard"
import { getuid } from "node:process"
import { listenFailure } from "../../src/dashboard/internal/listenFailure.js"

const host = "10.9.8.7"

describe("listenFailure", () => {
  it.each([
    ["EADDRINUSE", [4400], "port 4400 of 10.9.8.7 is in use: set the option \"port\""],
    ["EADDRINUSE", [4400, 4401, 4402], "the ports 4400 to 4402 of 10.9.8.7 are in use: set the option \"port\""],
    ["EADDRNOTAVAIL", [4400], "10.9.8.7 is not an address of this machine: set the option \"host\""],
    ["EAFNOSUPPORT", [4400], "this machine does not support addresses like 10.9.8.7: set the option \"host\""],
    ["ENOTFOUND", [4400], "the name 10.9.8.7 cannot be resolved: set the option \"host\""],
    ["EACCES", [80], "port 80 needs the privileges of an administrator: set the option \"port\" to one from 1024 on"],
    ["EACCES", [5000], "the system does not permit this process to listen to port 5000 of 10.9.8.7"],
    ["EMFILE", [4400], "too many files and sockets are open: raise the limit"],
    ["EOTHER", [4400], "port 4400 of 10.9.8.7 cannot be opened: boom"]
  ])("%s of %j says what to do", (code, ports, text) => {
    const { message, reason } = listenFailure({ code, message: "boom" }, { host, ports })
    expect(message.startsWith(text)).toBe(true)
    expect(reason).toBe(code === "EADDRINUSE" ? "AddressInUse" : "Unavailable")
  })
})

describe("Dashboard.layer", () => {
  it.effect.each(["localhost:4400", "127.0.0.1:4400", "http://localhost", "x:y:z"])(
    "refuses %s as a host, and says where the port belongs",
    (host) =>
      Effect.map(
        Effect.sandbox(Effect.scoped(Layer.build(
          Dashboard.layer({ host, token: "0123456789abcdef" }).pipe(
            Layer.provide(ErrorTracker.layer())
          )
        ))).pipe(Effect.flip),
        (cause) =>
          expect(String(Cause.squash(cause))).toContain(
            "it must be an address or a host name, as in \"127.0.0.1\"; the port is the option \"port\""
          )
      )
  )

  const failure = (options: Dashboard.Options) =>
    Effect.flip(Effect.scoped(Layer.build(Dashboard.layer(options).pipe(Layer.provide(ErrorTracker.layer())))))

  it.live("says what to do where its address is not one of this machine", () =>
    Effect.gen(function*() {
      const elsewhere = yield* failure({ host: "203.0.113.7", token: "0123456789abcdef" })
      expect(elsewhere.message).toBe(
        "Dashboard: 203.0.113.7 is not an address of this machine: set the option \"host\" to \"127.0.0.1\" for this machine only, or \"0.0.0.0\" for all of its addresses"
      )
      const unknown = yield* failure({ host: "no-such-host.invalid", token: "0123456789abcdef" })
      expect(unknown.message).toContain("the name no-such-host.invalid cannot be resolved: set the option \"host\"")
    }))

  it.live.skipIf(getuid?.() === 0)(
    "says what to do where the port needs privileges",
    () =>
      Effect.map(
        failure({ port: 80 }),
        ({ message }) => expect(message).toContain("port 80 needs the privileges of an administrator")
      )
  )
})
