/** The options of the operators of `Fetch`. With invalid options, which are a bug, the effect dies with a message and does not run. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as FetchError from "../../FetchError.js"
import * as Check from "../options.js"

/** The options of `tracked`, as a caller without a compiler may write them. */
interface TrackedOptions {
  readonly attempts?: unknown
  readonly defects?: unknown
  readonly ignore?: unknown
}

const tracked = Check.struct({
  attempts: Check.optional(Check.bool),
  defects: Check.optional(Check.oneOf("value", ["die", "fail"])),
  ignore: Check.optional(Check.fn())
})

const names = new Set(["attempts", "defects", "ignore"])

/** A fast check: operators are made once a call. */
const isRight = (options: TrackedOptions): boolean => {
  const { attempts, defects, ignore } = options
  if (attempts !== undefined && typeof attempts !== "boolean") return false
  if (defects !== undefined && defects !== "die" && defects !== "fail") return false
  if (ignore !== undefined && typeof ignore !== "function") return false
  for (const name in options) if (!names.has(name)) return false
  return true
}

/** The refusal of invalid options of `tracked`; undefined for valid ones. */
export const refusedTracking = (options: TrackedOptions | undefined): Effect.Effect<never> | undefined =>
  options === undefined || (Check.isRecord(options) && isRight(options))
    ? undefined
    : Check.refusal("Fetch.tracked", tracked("", options))

const emptyReason = Check.oneOf("reason", FetchError.EmptyReason.literals)

const failOnEmpty = Check.struct({
  isEmpty: Check.fn(),
  reason: (path, value): Check.Checked<unknown> =>
    typeof value === "function" ? Either.right(value) : emptyReason(path, value)
})

export const refusedFailOnEmpty = (options: unknown): Effect.Effect<never> | undefined =>
  Check.refusal("Fetch.failOnEmpty", failOnEmpty("", options))

const orEmpty = Check.withDefault(
  Check.struct({ when: Check.optional(Check.oneOf("value", ["always", "expected"])) }),
  {}
)

export const refusedOrEmpty = (empty: unknown, options: unknown): Effect.Effect<never> | undefined =>
  Check.refusal("Fetch.orEmpty", Either.all([Check.fn()("empty", empty), orEmpty("", options)]))

const toDataResult = Check.struct({ empty: Check.fn(), size: Check.optional(Check.fn()) })

export const refusedToDataResult = (options: unknown): Effect.Effect<never> | undefined =>
  Check.refusal("Fetch.toDataResult", toDataResult("", options))

const source = Check.struct({
  source: Check.text,
  fetch: (path, value) => Effect.isEffect(value) ? Either.right(value) : Check.wrong(path, value, "an Effect")
})

const sources: Check.Check<ReadonlyArray<unknown>> = (path, value) =>
  Either.flatMap(Check.listOf("a list of sources", source)(path, value), (sources) => {
    if (sources.length === 0) return Check.wrong(path, sources, "a list of at least one source")
    // Counts, alerts and circuits are kept by name.
    const names = sources.map(({ source }) => source)
    const i = names.findIndex((name, i) => names.indexOf(name) < i)
    return i === -1
      ? Either.right(sources)
      : Check.wrong(`${path}[${i}].source`, names[i], "a name that no other source of this failover has")
  })

const failover = Check.withDefault(Check.struct({ while: Check.optional(Check.fn()) }), {})

export const refusedFailover = (list: unknown, options: unknown): Effect.Effect<never> | undefined =>
  Check.refusal("Fetch.failover", Either.all([sources("sources", list), failover("", options)]))

/** The refusal of what is no retry policy; undefined for a policy. */
export const refusedRetry = (policy: unknown): Effect.Effect<never> | undefined => {
  if (Predicate.hasProperty(policy, "run") && Predicate.isFunction(policy.run)) return undefined
  return Check.refusal(
    "Fetch.retry",
    Effect.isEffect(policy)
      ? Either.left("policy is an Effect: it must be the RetryPolicy itself, write `yield* RetryPolicy.make()`")
      : Check.wrong("policy", policy, "a RetryPolicy, as RetryPolicy.make returns it")
  )
}
