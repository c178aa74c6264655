/**
 * The errors of a database driver: `Classifier.table` makes a rule from a table of SQLSTATEs. The classifier knows other
 * errors of a driver, such as a refused connection, without a rule.
 */
// @effect-diagnostics globalErrorInEffectFailure:off -- drivers throw plain errors
import { Console, Effect, Schema } from "effect"
import { Classifier, ErrorTracker, Fetch, RetryPolicy } from "effect-errata"

/** The error of `pg`, as far as it is read here. Five letters alone are no SQLSTATE: EPERM has five, too. */
const isDatabaseError = Schema.is(Schema.Struct({
  message: Schema.String,
  severity: Schema.Literal("ERROR", "FATAL", "PANIC"),
  code: Schema.String.pipe(Schema.pattern(/^[0-9A-Z]{5}$/)),
  detail: Schema.optional(Schema.String),
  column: Schema.optional(Schema.String)
}))

/** By SQLSTATE or by its class: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const meanings: Readonly<Record<string, Classifier.TableRow>> = {
  "08": { tag: "NetworkConnection" }, // connection lost
  "22": { tag: "DataTransformation" }, // invalid value
  "23": { tag: "DataValidation" }, // constraint violation
  "28": { tag: "ApiAuth" }, // invalid password
  "40": { tag: "Unexpected", retryable: true }, // deadlock or serialization failure: run the transaction again
  "42": { tag: "Internal" }, // invalid query
  "42501": { tag: "ApiPermission" },
  "53": { tag: "ApiRateLimit" }, // too many connections
  "53100": { tag: "StorageSpace" },
  "57": { tag: "NetworkConnection" }, // the server stops or starts
  "57014": { tag: "NetworkTimeout" }, // statement timeout
  "XX": { tag: "DataIntegrity" } // corrupt data
}

const postgres = Classifier.table({
  name: "PostgreSQL",
  select: (cause) => {
    if (!isDatabaseError(cause)) return undefined
    const { code, column = "", detail, message } = cause
    return { code, message, issues: detail === undefined ? undefined : [{ path: column, message: detail }] }
  },
  rows: (code) => meanings[code] ?? meanings[String(code).slice(0, 2)]
})

/** Stands in for the driver, so that the example runs without a database. It throws the errors of `pg`. */
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
  yield* Console.log((yield* tracker.stats()).byCode) // failed attempts, by code
})

await Effect.runPromise(Effect.provide(program, [ErrorTracker.layer(), Classifier.layerRules([postgres])]))
