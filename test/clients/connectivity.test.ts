import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, layer } from "@effect/vitest"
import * as Connectivity from "effect-errata/Connectivity"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Server } from "./server.js"

const transports = {
  "fetch": FetchHttpClient.layer,
  "undici": NodeHttpClient.layerUndici,
  "node:http": NodeHttpClient.layer
}

const certificates = [
  ["selfSigned", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["ofUnknownIssuer", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ["expired", "CERT_HAS_EXPIRED"],
  ["notYetValid", "CERT_NOT_YET_VALID"],
  ["ofAnotherHost", "ERR_TLS_CERT_ALTNAME_INVALID"]
] as const

layer(Server.layer)("Connectivity over TLS", (it) => {
  for (const [name, transport] of Object.entries(transports)) {
    const check = (url: string) =>
      Connectivity.check(url).pipe(Effect.provide(Layer.merge(transport, ErrorTracker.layer())))

    it.effect(`${name}: a bad certificate is a connection that no second attempt will mend`, () =>
      Effect.gen(function*() {
        const server = yield* Server
        for (const [certificate, errno] of certificates) {
          const report = yield* check(server.tls[certificate])
          const error = Option.getOrThrow(report.error)
          assert.isFalse(report.reachable)
          assert.isTrue(Option.isNone(report.status))
          assert.isTrue(error._tag === "NetworkConnection" && error.errno === errno, error.message)
          assert.isFalse(error.retryable)
        }
      }))

    it.effect(`${name}: a good one is no obstacle`, () =>
      Effect.gen(function*() {
        const server = yield* Server
        const report = yield* check(server.tls.good)
        assert.deepStrictEqual([report.reachable, report.status, report.error], [true, Option.some(200), Option.none()])
      }))
  }
})
