import { describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Option } from "effect"
import { FetchContext, FetchError, RetryPolicy } from "effect-errata"
import { asRefusal } from "../../../src/internal/error/copy.js"
import { namedBy, outcomeOf, rateLimitOf } from "../../../src/internal/retry/outcome.js"
import { after } from "../../retrying.js"

const failures = [
  new FetchError.NetworkTimeout(),
  new FetchError.NetworkConnection(),
  new FetchError.NetworkConnection({ errno: "CERT_HAS_EXPIRED" }),
  new FetchError.NetworkDns(),
  ...[500, 502, 503, 520, 529].map((status) => new FetchError.ApiFormat({ status }))
]

const answers = [
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

const ignored = [
  new FetchError.StorageRead(),
  new FetchError.StorageWrite(),
  new FetchError.StorageSpace(),
  new FetchError.StoragePermission(),
  new FetchError.Unexpected(),
  new FetchError.Unexpected({ retryable: true }),
  new FetchError.Internal()
]

const own = (given: Partial<FetchError.Trackable> & { readonly status?: unknown }): FetchError.Trackable => ({
  _tag: "OwnError",
  code: "OWN",
  category: "Other",
  severity: "ERROR",
  message: "mine",
  context: {},
  ...given
})

describe("outcomeOf", () => {
  it.each(failures)("$code $status is a failure of the source", (error) => {
    expect(outcomeOf(error)).toEqual({ failed: error })
  })

  it.each(answers)("$code $status is an answer", (error) => {
    expect(outcomeOf(error)).toBe("succeeded")
  })

  it.each(ignored)("$_tag says nothing of the source", (error) => {
    expect(outcomeOf(error)).toBe("ignored")
  })

  it("has a row for each of the 17", () => {
    expect(new Set([...failures, ...answers, ...ignored].map(({ _tag }) => _tag)).size).toBe(
      Object.keys(FetchError.facts).length
    )
  })

  it.each<readonly [Partial<FetchError.Trackable>, "NetworkConnection" | "ApiFormat" | "succeeded" | "ignored"]>([
    [{ category: "Network" }, "NetworkConnection"],
    [{ category: "Network", retryable: false }, "NetworkConnection"],
    [{ category: "Api", retryable: true }, "ApiFormat"],
    [{ category: "Api", retryable: false }, "succeeded"],
    [{ category: "Api" }, "succeeded"],
    [{ category: "Api", retryable: true, ...after(3) }, "succeeded"],
    [{ category: "Broker", retryable: true }, "ApiFormat"],
    [{ category: "Broker" }, "ignored"],
    [{ category: "Data", retryable: true }, "succeeded"],
    [{ category: "Storage", retryable: true }, "ignored"],
    // What looks like one of the 17 and is none goes by its category.
    [{ _tag: "NetworkTimeout", code: "NETWORK_TIMEOUT", category: "Other" }, "ignored"]
  ])("an own error counts by its category and retryable: %o is %s", (given, expected) => {
    const error = own(given)
    const outcome = outcomeOf(error)
    if (typeof outcome === "string") expect(outcome).toBe(expected)
    else expect(outcome.failed).toMatchObject({ _tag: expected, message: "mine", context: {} })
  })

  it("an own error keeps its status, if that is one", () => {
    const failed = (status: unknown) => {
      const outcome = outcomeOf(own({ category: "Api", retryable: true, status }))
      return typeof outcome === "string" ? outcome : outcome.failed
    }
    expect(failed(503)).toMatchObject({ status: 503 })
    for (const status of ["503", NaN, undefined]) expect(failed(status)).toMatchObject({ _tag: "ApiFormat" })
  })
})

describe("refusals", () => {
  it.each([...failures, ...answers.slice(0, 8)])("$code of a call that was not sent says nothing", (error) => {
    const refusal = asRefusal(error, FetchContext.empty, "Not sent")
    expect([error, refusal].map(RetryPolicy.isRefusal)).toEqual([false, true])
    expect(outcomeOf(refusal)).toBe("ignored")
    // A copy is one, too; an error with a refusal as its cause is none.
    expect(RetryPolicy.isRefusal(FetchError.withContext(refusal, { symbol: "X" }))).toBe(true)
    expect(RetryPolicy.isRefusal(new FetchError.Unexpected({ cause: refusal }))).toBe(false)
  })

  it.effect("shows through the proxy of a span", () =>
    Effect.gen(function*() {
      const refusal = asRefusal(new FetchError.NetworkDns(), FetchContext.empty, "Not sent")
      const cause = yield* Effect.fail(refusal).pipe(Effect.withSpan("fetch"), Effect.sandbox, Effect.flip)
      expect(Option.map(Cause.failureOption(cause), RetryPolicy.isRefusal)).toEqual(Option.some(true))
    }))

  it.each([...failures, ...answers, ...ignored])("$code with attributes of the same names is none", (error) => {
    const attributes = { refused: "by the broker", gave_up: "no attempts left" }
    const annotated = FetchError.withContext(error, { attributes })
    expect(RetryPolicy.isRefusal(annotated)).toBe(false)
    expect(typeof outcomeOf(annotated)).toBe(typeof outcomeOf(error))
  })
})

describe("rateLimitOf", () => {
  it.each<readonly [FetchError.Trackable, number | undefined]>([
    [new FetchError.ApiRateLimit({ status: 429, ...after(7) }), 7000],
    [new FetchError.ApiRateLimit({ status: 418, ...after(7) }), 7000],
    [new FetchError.ApiRateLimit({ status: 429 }), undefined],
    [new FetchError.ApiFormat({ status: 503, ...after(7) }), undefined],
    [new FetchError.NetworkTimeout(after(7)), undefined],
    [own({ category: "Api", ...after(7) }), 7000],
    [own({ category: "Other", ...after(7) }), 7000],
    [own({ category: "Broker", retryable: false, ...after(0.5) }), 500],
    [own({ category: "Network", ...after(7) }), undefined],
    [own({ category: "Data", ...after(7) }), undefined],
    [own({ category: "Storage", ...after(7) }), undefined],
    [own({ category: "Api", retryAfter: Option.none() }), undefined],
    [own({ category: "Api", ...after(0) }), undefined],
    [own({ category: "Api" }), undefined]
  ])("%o: %s", (error, wait) => {
    const limit = rateLimitOf(error)
    expect(limit?._tag).toBe(wait === undefined ? undefined : "ApiRateLimit")
    if (limit !== undefined) expect([namedBy(limit), limit.message]).toEqual([wait, error.message])
  })

  it("a refusal is none", () => {
    const refusal = asRefusal(new FetchError.ApiRateLimit({ status: 429, ...after(7) }), FetchContext.empty, "Not sent")
    expect(rateLimitOf(refusal)).toBeUndefined()
  })

  it.each([5, "5 seconds", null, { _tag: "Some", value: "soon" }, Duration.seconds(5)])(
    "a retryAfter that is no Option of a duration, %o, is none",
    (retryAfter) => {
      // JavaScript has no types to hold it back.
      const error = own({ category: "Api", retryAfter: retryAfter as never })
      expect([namedBy(error), rateLimitOf(error)]).toEqual([0, undefined])
    }
  )
})
