/** What only its user knows about an API or a driver: rules, through whatever is wrapped round an error. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as Fetch from "effect-errata/Fetch"
import * as FetchError from "effect-errata/FetchError"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { caught, table, throwing } from "./cases.js"

/** As the driver of PostgreSQL throws it: a code that is no errno, and words that are the server's. */
const postgres = (code: string, message: string) =>
  Object.assign(new Error(message), { name: "error", severity: "ERROR", code, routine: "x", line: "7" })

const deadlock = postgres("40P01", "deadlock detected")

class SqlError extends Data.TaggedError("SqlError")<{ readonly cause: unknown }> {}

table("without a rule, a SQLSTATE says what it says of connection, access and time, and no more", [
  ["a unique key", throwing(postgres("23505", "duplicate key value violates unique constraint")), "Unexpected", "no"],
  ["a deadlock", throwing(deadlock), "Unexpected", "retry"],
  ["a lost connection", throwing(postgres("08006", "connection failure")), "NetworkConnection", "retry"],
  ["a wrong password", throwing(postgres("28P01", "password authentication failed")), "ApiAuth", "no"],
  ["a forbidden table", throwing(postgres("42501", "permission denied for table x")), "ApiPermission", "no"],
  ["too many connections", throwing(postgres("53300", "too many clients already")), "ApiRateLimit", "retry"],
  [
    "a statement that took too long",
    throwing(postgres("57014", "canceling statement due to statement timeout")),
    "NetworkTimeout",
    "retry"
  ],
  ["five letters that are no SQLSTATE", throwing(Object.assign(new Error("x"), { code: "28P01" })), "Unexpected", "no"],
  [
    "a refused connection",
    throwing(
      new SqlError({
        cause: Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), {
          code: "ECONNREFUSED",
          syscall: "connect"
        })
      })
    ),
    "NetworkConnection",
    "retry",
    { errno: "ECONNREFUSED" }
  ]
])

describe("a rule", () => {
  const rule: Classifier.Rule = (cause, { context }) =>
    cause === deadlock
      ? Option.some(new FetchError.Unexpected({ message: "40P01", retryable: true, cause, context }))
      : Option.none()
  const answered = (cause: unknown) => Classifier.classifySync(cause, { rules: [rule] }).message === "40P01"

  const wrapped: Record<string, () => unknown> = {
    "as it is": () => deadlock,
    "by Effect.tryPromise": () => new Cause.UnknownException(deadlock),
    "by a class of a library": () => new SqlError({ cause: deadlock }),
    "ten times": () => Array.from({ length: 10 }).reduce((cause) => new Error("x", { cause }), deadlock),
    "in an aggregate": () => new AggregateError([new Error("x"), deadlock]),
    "in a list": () => [Option.none(), Option.some(deadlock)],
    "in a Cause": () => Cause.parallel(Cause.die("x"), Cause.fail(deadlock)),
    "in an Exit": () => Exit.fail(deadlock),
    "in a FiberFailure": () => caught(() => Effect.runPromise(Effect.fail(deadlock)))
  }
  for (const [how, wrap] of Object.entries(wrapped)) {
    it(`is asked about what is wrapped ${how}`, async () => assert.isTrue(answered(await wrap())))
  }

  it("is not asked about defects, which are bugs", async () => {
    assert.isFalse(answered(Cause.die(deadlock)))
    assert.isFalse(answered(await caught(() => Effect.runPromise(Effect.die(deadlock)))))
  })

  it("is asked before all that is known, once for each cause, the outer ones first", () => {
    const asked: Array<unknown> = []
    const inner = { status: 429 }
    const outer = new Error("x", { cause: inner })
    const error = Classifier.classifySync(outer, {
      rules: [(cause) => {
        asked.push(cause)
        return Option.none()
      }]
    })
    assert.deepStrictEqual([error._tag, asked], ["ApiRateLimit", [outer, inner]])
  })

  it("wins over the rules after it, for each cause", () => {
    const all = [rule, () => Option.some(new FetchError.ApiAuth())]
    assert.strictEqual(Classifier.classifySync(deadlock, { rules: all })._tag, "Unexpected")
    assert.strictEqual(Classifier.classifySync(deadlock, { rules: all.toReversed() })._tag, "ApiAuth")
    assert.strictEqual(Classifier.classifySync(new SqlError({ cause: deadlock }), { rules: all })._tag, "ApiAuth")
  })

  it.effect("decides what is counted, and whether to try again", () =>
    Effect.gen(function*() {
      let attempts = 0
      const error = yield* Effect.suspend(() => Effect.fail(attempts++ < 2 ? deadlock : new SqlError({ cause: 7 })))
        .pipe(
          Fetch.tracked(),
          Effect.retry({ while: ({ retryable }) => retryable }),
          Effect.flip
        )
      const { byCode } = yield* Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => tracker.stats())
      assert.deepStrictEqual([attempts, error.retryable, byCode["UNEXPECTED"]?.count], [3, false, 3])
    }).pipe(Effect.provide([ErrorTracker.layer(), Classifier.layerRules([rule])])))
})

it("layerRules dies of a rule that is not in a list", () => {
  const rule: Classifier.Rule = () => Option.none()
  const exit = Effect.runSyncExit(
    Effect.provide(Classifier.classify("x"), Classifier.layerRules(rule as unknown as ReadonlyArray<Classifier.Rule>))
  )
  assert.include(
    Exit.isFailure(exit) && Cause.pretty(exit.cause),
    "Classifier.layerRules: rules is a function: it must be a list of rules"
  )
})
