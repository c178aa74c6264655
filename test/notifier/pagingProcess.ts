/** A program with an alert that it sends to an Alertmanager until its input ends. `resolve` on a line ends the alert. */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createInterface } from "node:readline"
import * as ErrorTracker from "../../src/ErrorTracker.js"
import * as FetchError from "../../src/FetchError.js"
import * as Notifier from "../../src/Notifier.js"

const [url = "", resend = "", instance] = process.argv.slice(2)

const line = Effect.async<string>((resume) => {
  const lines = createInterface({ input: process.stdin })
  lines.once("line", (text) => resume(Effect.succeed(text)))
  lines.once("close", () => resume(Effect.succeed("end")))
})

const program = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  const notifier = yield* Notifier.Notifier
  yield* Effect.repeatN(tracker.track(new FetchError.NetworkDns()), 2)
  for (let delivered = 0; delivered === 0; yield* Effect.sleep("10 millis")) {
    delivered = (yield* notifier.status)[0]?.delivered ?? 0
  }
  process.stdout.write("sent\n")
  if ((yield* line) === "resolve") yield* tracker.reset
})

const labels = { service: "prices", ...instance === undefined ? {} : { instance } }

const Live = Notifier.layer(Notifier.alertmanager(url, { resend: Number(resend), labels })).pipe(
  Layer.provideMerge(ErrorTracker.layer({ thresholds: { NETWORK_DNS: { perMinute: 2 } } })),
  Layer.provide(FetchHttpClient.layer)
)

await Effect.runPromise(Effect.provide(program, Live))
process.exit(0)
