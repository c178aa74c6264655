/** What was being fetched: how it gets into an error, and whose word stands where several know. */
import { assert, describe, expect, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as Fetch from "effect-errata/Fetch"
import * as FetchContext from "effect-errata/FetchContext"
import * as FetchError from "effect-errata/FetchError"
import { LogCapture } from "effect-errata/testing"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const known = (error: FetchError.Trackable) => ({ ...error.context })

// ---------------------------------------------------------------------------------------------------------------------
// precedence
// ---------------------------------------------------------------------------------------------------------------------

const contexts = FastCheck.record({
  symbol: FastCheck.constantFrom("a", "b"),
  interval: FastCheck.constantFrom("1h", "1d"),
  source: FastCheck.constantFrom("rest", "cache"),
  attempt: FastCheck.integer({ min: 1, max: 3 }),
  attributes: FastCheck.dictionary(FastCheck.constantFrom("x", "y", "z"), FastCheck.integer({ min: 0, max: 2 }))
}, { requiredKeys: [] })

const merged = (...outerFirst: ReadonlyArray<FetchContext.Input>) => ({
  ...outerFirst.reduce(
    (outer: FetchContext.FetchContext, inner) => FetchContext.merge(outer, inner),
    FetchContext.empty
  )
})

describe("the error's own word beats tracked, which beats the inner annotation, which beats the outer", () => {
  const given = [contexts, contexts, contexts, contexts] as const
  type Given = readonly [FetchContext.Input, FetchContext.Input, FetchContext.Input, FetchContext.Input]

  const through = <E>(fetch: Effect.Effect<never, E>, [outer, inner, tracked]: Given) =>
    fetch.pipe(Fetch.tracked(tracked), Fetch.annotate(inner), Fetch.annotate(outer), Effect.flip)

  it.effect.prop("one of the 17", [FastCheck.tuple(...given)], ([all]) =>
    Effect.gen(function*() {
      const error = yield* through(Effect.fail(new FetchError.ApiAuth({ context: all[3] })), all)
      assert.deepStrictEqual(known(error), merged(...all))
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))

  it.effect.prop("one of the 17 inside another error", [FastCheck.tuple(...given)], ([all]) =>
    Effect.gen(function*() {
      const cause = new FetchError.ApiAuth({ context: all[3] })
      const error = yield* through(Effect.fail({ message: "while loading", cause }), all)
      assert.deepStrictEqual([error._tag, known(error)], ["ApiAuth", merged(...all)])
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))

  it.effect.prop("what a rule makes of it", [FastCheck.tuple(...given)], ([all]) =>
    Effect.gen(function*() {
      const rule: Classifier.Rule = () => Option.some(new FetchError.ApiAuth({ context: all[3] }))
      const error = yield* through(Effect.fail("no"), all).pipe(Effect.provide(Classifier.layerRules([rule])))
      assert.deepStrictEqual(known(error), merged(...all))
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))

  it.effect.prop(
    "anything else, which has no word of its own",
    [FastCheck.tuple(...given)],
    ([all]) =>
      Effect.gen(function*() {
        const error = yield* through(Effect.fail({ status: 429, context: { symbol: "?" } }), all)
        assert.deepStrictEqual(known(error), merged(...all.slice(0, 3)))
      }).pipe(Effect.provide(ErrorTracker.layerNoop))
  )

  it.effect.prop("a defect", [FastCheck.tuple(...given)], ([all]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.die(new FetchError.ApiAuth({ context: all[3] })).pipe(
        Fetch.tracked(all[2]),
        Fetch.annotate(all[1]),
        Fetch.annotate(all[0]),
        Effect.exit
      )
      const defect = Exit.isFailure(exit) ? Option.getOrThrow(Cause.dieOption(exit.cause)) : undefined
      assert.isTrue(FetchError.isFetchError(defect) && known(defect) !== undefined)
      assert.deepStrictEqual(known(defect as FetchError.FetchError), merged(...all))
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))
})

// ---------------------------------------------------------------------------------------------------------------------
// annotations
// ---------------------------------------------------------------------------------------------------------------------

describe("annotate reaches what is made inside", () => {
  const failure: Effect.Effect<never, FetchError.ApiAuth> = Effect.suspend(() => Effect.fail(new FetchError.ApiAuth()))

  const inside: Record<string, Effect.Effect<unknown, FetchError.Trackable, ErrorTracker.ErrorTracker>> = {
    "untracked": failure,
    "tracked": Fetch.tracked()(Effect.fail("no")),
    "classified by hand": Effect.flatMap(Classifier.classify("no"), Effect.fail),
    "side by side": Effect.all([Effect.never, failure], { concurrency: "unbounded" }),
    "in a fiber that is joined": Effect.flatMap(Effect.fork(failure), Fiber.join),
    "in a fiber that is tracked": Effect.flatMap(Effect.fork(Fetch.tracked()(Effect.fail("no"))), Fiber.join),
    "in a stream": Stream.runDrain(Stream.mapEffect(Stream.make(1, 2), () => failure, { concurrency: 2 })),
    "in a retry": Effect.retry(Fetch.tracked()(Effect.fail({ status: 503 })), Schedule.recurs(2)),
    "after a timeout": Fetch.timeout("1 millis")(Effect.never),
    "in what is empty": Effect.succeed([]).pipe(
      Fetch.failOnEmpty({ isEmpty: (rows) => rows.length === 0, reason: "api_response" })
    ),
    "in a layer that is built inside": Effect.provide(
      Effect.void,
      Layer.effectDiscard(Effect.flatMap(Effect.void, () => failure))
    ),
    "in a scope that closes": Effect.scoped(Effect.zipRight(Effect.addFinalizer(() => Effect.void), failure))
  }
  for (const [name, effect] of Object.entries(inside)) {
    it.live(name, () =>
      Effect.gen(function*() {
        const error = yield* effect.pipe(
          Fetch.annotate({ symbol: "BTCUSDT", attributes: { shard: 7 } }),
          Effect.flip
        )
        assert.deepStrictEqual(known(error), { symbol: "BTCUSDT", attributes: { shard: 7 } })
      }).pipe(Effect.provide([ErrorTracker.layerNoop, LogCapture.layer])))
  }

  it.effect("every one of several, and the defects among them", () =>
    Effect.gen(function*() {
      const cause = Cause.parallel(
        Cause.sequential(Cause.fail(new FetchError.ApiAuth()), Cause.fail("no")),
        Cause.die(new FetchError.Internal())
      )
      const annotated = yield* Effect.failCause(cause).pipe(
        Fetch.annotate({ symbol: "BTCUSDT" }),
        Effect.sandbox,
        Effect.flip
      )
      const all = [...Cause.failures(annotated), ...Cause.defects(annotated)]
      assert.deepStrictEqual(all.map((error) => FetchError.isTrackable(error) ? error.context.symbol : error), [
        "BTCUSDT",
        "no",
        "BTCUSDT"
      ])
      assert.isTrue(Cause.isParallelType(annotated) && Cause.isSequentialType(annotated.left))
    }))

  it.effect("rules receive it, and the context of tracked", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const rule: Classifier.Rule = (_, { context }) => {
        seen.push({ ...context })
        return Option.none()
      }
      yield* Effect.fail("no").pipe(
        Fetch.tracked({ symbol: "BTCUSDT" }),
        Fetch.annotate({ source: "rest", symbol: "?" }),
        Effect.flip,
        Effect.provide(Classifier.layerRules([rule]))
      )
      assert.deepStrictEqual(seen, [{ source: "rest", symbol: "BTCUSDT" }])
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))

  it.effect("but nothing outside, and no success", () =>
    Effect.gen(function*() {
      yield* Fetch.annotate({ symbol: "BTCUSDT" })(Effect.void)
      assert.deepStrictEqual(known(yield* Effect.flip(Fetch.tracked()(Effect.fail("no")))), {})
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))
})

// ---------------------------------------------------------------------------------------------------------------------
// what decides
// ---------------------------------------------------------------------------------------------------------------------

describe("a schema's issues", () => {
  const Trade = Schema.Struct({ price: Schema.Number, time: Schema.DateFromString })
  const Page = Schema.Struct({ symbol: Schema.String, trades: Schema.Array(Trade) })
  const page = { symbol: null, trades: [{ price: 1, time: "2024-01-01" }, { price: "1", time: "then" }] }

  it.effect("are in the error, with their paths, beside the context", () =>
    Effect.gen(function*() {
      const error = yield* Schema.decodeUnknown(Page, { errors: "all" })(page).pipe(
        Fetch.tracked({ operation: "validate" }),
        Fetch.annotate({ symbol: "BTCUSDT" }),
        Effect.flip
      )
      expect(error).toMatchObject({
        _tag: "DataValidation",
        retryable: false,
        context: { symbol: "BTCUSDT", operation: "validate" },
        issues: [
          { path: "symbol", message: "Expected string, actual null" },
          { path: "trades.1.price", message: "Expected number, actual \"1\"" }
        ]
      })
    }).pipe(Effect.provide(ErrorTracker.layerNoop)))
})
