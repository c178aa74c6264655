import { describe, expect, it } from "@effect/vitest"
import { FetchError } from "effect-errata"
import { healthOf, isRefusal } from "../../../src/internal/retry/health.js"

const sick = [
  new FetchError.NetworkTimeout(),
  new FetchError.NetworkConnection(),
  new FetchError.NetworkConnection({ errno: "CERT_HAS_EXPIRED" }),
  new FetchError.NetworkDns(),
  ...[500, 502, 503, 520, 529].map((status) => new FetchError.ApiFormat({ status }))
]

const well = [
  ...[400, 404, 501, 505].map((status) => new FetchError.ApiFormat({ status })),
  new FetchError.ApiFormat(),
  new FetchError.ApiFormat({ status: 503, retryable: false }),
  new FetchError.ApiRateLimit(),
  new FetchError.ApiRateLimit({ status: 418 }),
  new FetchError.ApiAuth(),
  new FetchError.ApiPermission(),
  new FetchError.DataEmpty({ reason: "api_response" }),
  new FetchError.DataValidation(),
  new FetchError.DataIntegrity(),
  new FetchError.DataTransformation()
]

const own: FetchError.Trackable = {
  _tag: "NetworkTimeout",
  code: "NETWORK_TIMEOUT",
  category: "Network",
  severity: "ERROR",
  message: "looks like one",
  context: {}
}

const unknown = [
  new FetchError.StorageRead(),
  new FetchError.StorageWrite(),
  new FetchError.StorageSpace(),
  new FetchError.StoragePermission(),
  new FetchError.Unexpected(),
  new FetchError.Unexpected({ retryable: true }),
  new FetchError.Internal(),
  own
]

describe("healthOf", () => {
  it.each(sick)("$code is what opens a circuit", (error) => {
    expect(healthOf(error)).toBe(error)
  })

  it.each(well)("$code $status is an answer", (error) => {
    expect(healthOf(error)).toBe("well")
  })

  it.each(unknown)("$_tag tells nothing of the source", (error) => {
    expect(healthOf(error)).toBe("unknown")
  })

  it("tells of each of the 17", () => {
    expect(new Set([...sick, ...well, ...unknown].map(({ _tag }) => _tag)).size).toBe(
      Object.keys(FetchError.facts).length
    )
  })

  it.each([...sick, ...well])("$code of a call that was not sent tells nothing", (error) => {
    const refused = FetchError.withContext(error, { attributes: { refused: "the circuit is open" } })
    expect([isRefusal(error), isRefusal(refused), healthOf(refused)]).toEqual([false, true, "unknown"])
    expect(isRefusal(FetchError.withContext(error, { attributes: { gave_up: "no attempts left" } }))).toBe(false)
  })
})
