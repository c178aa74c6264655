/**
 * The errors of a database driver: a table of SQLSTATEs and one rule teach the classifier to read them. What a driver
 * throws besides, such as a refused connection, it knows already.
 */
// @effect-diagnostics globalErrorInEffectFailure:off -- what a driver throws is what this is about
import { Console, Effect, Option, Schema } from "effect"
import { Classifier, ErrorTracker, Fetch, type FetchContext, FetchError, RetryPolicy } from "effect-errata"

/** The error of `pg`, as far as it is read here. A code of five is no proof: EPERM is one, too. */
const DatabaseError = Schema.Struct({
  message: Schema.String,
  severity: Schema.Literal("ERROR", "FATAL", "PANIC"),
  code: Schema.String.pipe(Schema.pattern(/^[0-9A-Z]{5}$/)),
  detail: Schema.optional(Schema.String),
  column: Schema.optional(Schema.String)
})

type Told = { readonly message: string; readonly context: FetchContext.FetchContext; readonly cause: unknown }
type Meaning = (told: Told, error: typeof DatabaseError.Type) => FetchError.FetchError

/** By SQLSTATE or, where no row has it, by its class: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const meanings: Readonly<Record<string, Meaning>> = {
  "08": (told) => new FetchError.NetworkConnection(told), // connection lost
  "22": (told) => new FetchError.DataTransformation(told), // a value that is none
  "23": (told, { column = "", detail = "" }) =>
    new FetchError.DataValidation({ ...told, issues: [{ path: column, message: detail }] }), // a constraint
  "28": (told, { code }) => new FetchError.ApiAuth({ ...told, apiCode: code }), // wrong password
  "40": (told) => new FetchError.Unexpected({ ...told, retryable: true }), // a deadlock: run it again
  "42": (told) => new FetchError.Internal(told), // a query that is wrong
  "42501": (told, { code }) => new FetchError.ApiPermission({ ...told, apiCode: code }),
  "53": (told, { code }) => new FetchError.ApiRateLimit({ ...told, apiCode: code }), // too many connections
  "53100": (told) => new FetchError.StorageSpace(told),
  "57": (told) => new FetchError.NetworkConnection(told), // the server stops, or is still starting
  "57014": (told) => new FetchError.NetworkTimeout({ ...told, phase: "total" }), // a statement that took too long
  "XX": (told) => new FetchError.DataIntegrity(told) // a corrupt page
}

const postgres: Classifier.Rule = (cause, { context }) =>
  Option.gen(function*() {
    const error = yield* Option.liftPredicate(Schema.is(DatabaseError))(cause)
    const meaning = yield* Option.fromNullable(meanings[error.code] ?? meanings[error.code.slice(0, 2)])
    return meaning({ message: `PostgreSQL ${error.code}: ${error.message}`, context, cause }, error)
  })

/** A stand-in for the driver, so that this runs anywhere: it throws what `pg` throws. */
const driver = (() => {
  const error = (code: string, message: string, more: object = {}) =>
    Object.assign(new Error(message), { name: "error", severity: "ERROR", code, ...more })
  const answers: Record<string, Array<unknown>> = {
    trades: [error("40P01", "deadlock detected"), [{ price: 1 }]],
    orders: [error("42501", "permission denied for table orders")],
    users: [error("28P01", "password authentication failed for user \"job\"", { severity: "FATAL" })],
    candles: Array(3).fill(error("57014", "canceling statement due to statement timeout")),
    symbols: [
      Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:5432"), { code: "ECONNREFUSED", syscall: "connect" }),
      error("53300", "sorry, too many clients already", { severity: "FATAL" }),
      ["BTCUSDT"]
    ],
    quotes: [
      error("23502", "null value in column \"bid\" violates not-null constraint", {
        column: "bid",
        detail: "Failing row contains (7, null)."
      })
    ]
  }
  return {
    query: async (table: string) => {
      const answer = answers[table]?.shift()
      if (answer instanceof Error) throw answer
      return answer
    }
  }
})()

const select = (table: string, policy: RetryPolicy.RetryPolicy) =>
  Effect.tryPromise(() => driver.query(table)).pipe(
    Fetch.tracked({ source: "postgres", operation: "read", attributes: { table } }),
    Fetch.retry(policy),
    Effect.matchEffect({
      onFailure: ({ code, message }) => Console.log(`${table}: ${code}, ${message}`),
      onSuccess: (rows) => Console.log(`${table}:`, rows)
    })
  )

const program = Effect.gen(function*() {
  const policy = yield* RetryPolicy.make({ source: "postgres", rows: { NETWORK_TIMEOUT: { retries: 2 } } })
  for (const table of ["trades", "orders", "users", "candles", "symbols", "quotes"]) yield* select(table, policy)
  const tracker = yield* ErrorTracker.ErrorTracker
  yield* Console.log((yield* tracker.stats()).byCode) // every attempt that failed, under the code that it means
})

await Effect.runPromise(Effect.provide(program, [ErrorTracker.layer(), Classifier.layerRules([postgres])]))
