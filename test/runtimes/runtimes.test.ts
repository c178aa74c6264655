import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isDeepStrictEqual } from "node:util"
import { trustedIssuer } from "../clients/certificates.js"
import { Server } from "../clients/server.js"
import { addresses } from "./addresses.js"
import { expectations, expectedOf } from "./expectations.js"
import { compile, report, runtimes } from "./programs.js"

const project = trustedIssuer().then(compile)

layer(Server.layer)("runtimes", (it) => {
  const reported = new Set<string>()

  for (const runtime of runtimes) {
    it.effect(
      `${runtime.name}: the same errors are classified alike, and the package runs`,
      () =>
        Effect.gen(function*() {
          const at = yield* addresses
          const { results, usage } = yield* Effect.promise(async () => report(runtime, await project, at))
          const wrong = results.flatMap(({ fault, raw, seen }) => {
            reported.add(fault)
            const row = expectedOf(fault, runtime.name)
            return row !== undefined && isDeepStrictEqual(seen, row.expected) && raw.includes(row.raw)
              ? []
              : [`${fault}: expected ${JSON.stringify(row)}, saw ${JSON.stringify(seen)} in ${raw}`]
          })
          assert.deepStrictEqual(wrong, [])
          assert.deepStrictEqual(usage, {
            answer: "fine",
            counted: { API_FORMAT: 1, NETWORK_CONNECTION: 1 },
            logged: [
              "Debug: Error fetching data for BTCUSDT",
              "Error: Error fetching data for BTCUSDT 1h",
              "Error: Error fetching data for BTCUSDT 1h"
            ],
            candles: 1
          })
        }),
      60_000
    )
  }

  it("every fault of the table was provoked on some runtime", () => {
    assert.deepStrictEqual(expectations.flatMap(({ faults }) => faults).filter((fault) => !reported.has(fault)), [])
  })
})
