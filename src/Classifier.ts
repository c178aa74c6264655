/**
 * The classification of any cause as one of the 17 errors: by its structure first, by well-known wording last.
 *
 * Evidence is found by its shape, whichever client threw it:
 *
 * | shape | proves |
 * |---|---|
 * | a whole number from 100 to 599 under `status`, `statusCode`, `httpStatus`, … of the error, its response, its metadata, or a response in these | the HTTP status; 0: no answer |
 * | a number under `code` beside `headers` or a `response`; `status` of `context`, where that is an answer | the HTTP status |
 * | `code` of the operating system, of TLS, zlib, Node.js, undici, Bun | the fault of the transport or the file |
 * | a word under `code`, `type`, `errorCode`, `extensions.code`, … (`RATE_LIMITED`, `insufficient_quota`) | what the API says |
 * | a reply code that the text beside it repeats: `responseCode` and `response`, `code` and `message` | the reply of SMTP or FTP |
 * | `404 (NOT-FOUND)` in a message, `NOAUTH`, `WRONGPASS`, … at its beginning, `code: 2` with "No such file" | the reply of AMQP, Redis, SFTP |
 * | `code` from 1 to 16 beside `details` and `metadata`; a close code beside `wasClean` | the status of gRPC; the end of a WebSocket |
 * | five characters under `sqlState`, or under `code` beside `severity` | the SQLSTATE |
 * | `cause`, `errors`, and any own property that holds an error | what the error was caused by |
 * | the name of a class, by its ending (`…TimeoutError`, `Throttl…`) | the kind of fault |
 * | `Retry-After`, `RateLimit`, `x-ratelimit-*`, `retry_after`, "try again in 20s" | the wait |
 * | `message`, `detail`, `error`, `errors`, `error_description`, `title`, XML, the title of a page | the reason |
 * | a well-known message, or one after a name, a code or `: `, or on a line of its own | the kind of fault, where nothing else is known |
 *
 * Structure beats wording. A fact of the transport beats its wrappers, and a timeout beats the abort that it caused. The
 * status of an answer beats a body that cannot be parsed. The statuses 418 and 429 always mean a rate limit; 403 and 451
 * do where the answer says so.
 *
 * Guide: [Your own API](../docs/own-api.md).
 *
 * @since 0.1.0
 * @module
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as FetchContext from "./FetchContext.js"
import * as FetchError from "./FetchError.js"
import type { Answer } from "./internal/classifier/answer.js"
import { answerOf, askedOf, parsed } from "./internal/classifier/answer.js"
import type * as Model from "./internal/classifier/classifierModel.js"
import { construct } from "./internal/classifier/construct.js"
import { decide, isOwn } from "./internal/classifier/decide.js"
import { drain } from "./internal/classifier/drain.js"
import { Rank } from "./internal/classifier/finding.js"
import { isDefect, links, ofCause } from "./internal/classifier/links.js"
import { get, text } from "./internal/classifier/read.js"
import { asLimit } from "./internal/classifier/refusedByLimit.js"
import { table as codeTable } from "./internal/classifier/table.js"
import * as Check from "./internal/options.js"
import { attempt } from "./internal/safe/json.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The response of a server, as far as the client kept it.
 *
 * @since 0.1.0
 * @category models
 */
export type Response = Model.Response

/**
 * The input of a {@link Rule} besides the cause.
 *
 * @since 0.1.0
 * @category models
 */
export type RuleOptions = Model.RuleOptions

/**
 * A rule of your own: returns the error for a cause, or none if the rule does not apply. It is called with the error that was
 * thrown, then with each of its causes, outermost first. A rule must be pure; one that throws is skipped. Rules do not apply
 * to defects.
 *
 * @since 0.1.0
 * @category models
 */
export type Rule = Model.Rule

/**
 * The meaning of one code in a {@link table}: the tag of its error, and optionally `retryable`, a hint for the message, and
 * whether the code is vague.
 *
 * @since 0.1.0
 * @category models
 */
export type TableRow = Model.Row

/**
 * The result of `select`: the code of a failure, and optionally the message of the API and the issues of a `DataValidation`.
 *
 * @since 0.1.0
 * @category models
 */
export type Selected = Model.Selected

/**
 * The options of {@link table}.
 *
 * @since 0.1.0
 * @category models
 */
export type TableOptions = Model.TableOptions

// ---------------------------------------------------------------------------------------------------------------------
// tags
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The rules that {@link classify} applies before its own. The first one that returns an error decides. Default: none.
 *
 * @since 0.1.0
 * @category tags
 */
export class Rules extends Context.Reference<Rules>()("effect-errata/Classifier/Rules", {
  defaultValue: (): ReadonlyArray<Rule> => []
}) {}

// ---------------------------------------------------------------------------------------------------------------------
// layers
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Provides rules. They replace the rules of an outer layer: put all rules into one list.
 *
 * @example
 * import { Classifier, FetchError } from "effect-errata"
 * import { Effect, Option } from "effect"
 *
 * const maintenance: Classifier.Rule = (cause, { context }) =>
 *   cause === "maintenance"
 *     ? Option.some(new FetchError.ApiFormat({ message: "Closed for maintenance", retryable: true, cause, context }))
 *     : Option.none()
 *
 * const program = Classifier.classify("maintenance").pipe(Effect.provide(Classifier.layerRules([maintenance])))
 *
 * assert.strictEqual(Effect.runSync(program)._tag, "ApiFormat")
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRules = (rules: ReadonlyArray<Rule>): Layer.Layer<never> =>
  Layer.effect(Rules, Effect.as(Check.orDie("Classifier.layerRules", checkedRules("rules", rules)), rules))

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Classifies any cause. Never fails and never dies. If the cause holds a response with an unread body, the body is read for
 * its reason, at most 64 kB within a second, and cancelled otherwise: an unread body keeps its socket open.
 *
 * One of the 17 errors is returned with the context merged under its own. A wait until an instant counts from `now`, the
 * time of the server in epoch milliseconds (default: the `Clock`), unless the answer has a `Date`.
 *
 * @example
 * import { Classifier } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const cause = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED", syscall: "connect" })
 * const error = Effect.runSync(Classifier.classify(cause, { context: { symbol: "BTCUSDT" } }))
 *
 * assert.strictEqual(error._tag, "NetworkConnection")
 * assert.strictEqual(error.retryable, true)
 *
 * @since 0.1.0
 * @category combinators
 */
export const classify: (
  cause: unknown,
  options?: { readonly context?: FetchContext.Input | undefined; readonly now?: number | undefined }
) => Effect.Effect<FetchError.FetchError> = Effect.fnUntraced(function*(cause: unknown, options) {
  const context = FetchContext.make(options?.context ?? FetchContext.empty)
  const own = ownError(cause)
  if (own !== undefined) return inContext(own, context)
  const now = options?.now ?? (yield* Clock.currentTimeMillis)
  const rules = yield* Rules
  const chain = links(cause)
  const answer = answerOf(chain)
  const body = answer?.unread === undefined ? Option.none() : yield* drain(answer.unread)
  return settle(cause, chain, Option.isNone(body) ? answer : { ...answer!, body: parsed(body.value) }, {
    context,
    now,
    rules
  })
})

/**
 * Classifies without Effect: for the `catch` of `Effect.tryPromise`, or a `catch` block. An unread body stays unread. A
 * `Retry-After` that is an instant counts from `now`, in epoch milliseconds (default: the system clock).
 *
 * @example
 * import { Classifier } from "effect-errata"
 * import { Effect } from "effect"
 *
 * const program = Effect.tryPromise({
 *   try: () => fetch("https://api.example.com/ping"),
 *   catch: (cause) => Classifier.classifySync(cause, { context: { source: "rest" } })
 * })
 *
 * assert.strictEqual(Classifier.classifySync(new TypeError("x is not a function"))._tag, "Internal")
 *
 * @since 0.1.0
 * @category combinators
 */
export const classifySync = (
  cause: unknown,
  options: {
    readonly context?: FetchContext.Input | undefined
    readonly now?: number | undefined
    readonly rules?: ReadonlyArray<Rule> | undefined
  } = {}
): FetchError.FetchError => {
  const context = options.context === undefined ? FetchContext.empty : FetchContext.make(options.context)
  const own = ownError(cause)
  if (own !== undefined) return inContext(own, context)
  const chain = links(cause)
  return settle(cause, chain, answerOf(chain), {
    context,
    now: options.now ?? systemClock.unsafeCurrentTimeMillis(),
    rules: options.rules ?? []
  })
}

/**
 * Classifies a `Cause` as one error. A failure has priority over a defect. A defect is `Internal` unless it is one of the 17
 * errors. None if the cause holds interruptions only.
 *
 * @since 0.1.0
 * @category combinators
 */
export const classifyCause = (
  cause: Cause.Cause<unknown>,
  options?: { readonly context?: FetchContext.Input | undefined }
): Effect.Effect<Option.Option<FetchError.FetchError>> => {
  if (Cause.isInterruptedOnly(cause)) return Effect.succeedNone
  return Effect.asSome(classify(strongest(ofCause(cause)), options))
}

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Makes a rule from a table of the error codes of an API. Throws an `IllegalArgumentException` if an option is wrong.
 *
 * A code in the table has priority over the HTTP status, except for 418 and 429, which always mean a rate limit. A row marked
 * `vague` ("unknown error") applies only without a status, or with status 200 or 400. Without a row, the status decides. The
 * message holds the code, the message of the API and the hint of the row.
 *
 * @example
 * import { Classifier } from "effect-errata"
 *
 * // {"error": {"code": "quota_exhausted", "message": "No calls are left this month"}}
 * const weather = Classifier.table({
 *   name: "Weather",
 *   rows: {
 *     quota_exhausted: { tag: "ApiRateLimit", retryable: false, hint: "buy a larger plan" },
 *     station_offline: { tag: "DataEmpty", reason: "source_gap" }
 *   }
 * })
 *
 * const error = Classifier.classifySync(
 *   { status: 403, body: { error: { code: "quota_exhausted", message: "No calls are left this month" } } },
 *   { rules: [weather] }
 * )
 *
 * assert.strictEqual(error.message, "Weather quota_exhausted: No calls are left this month - buy a larger plan")
 * assert.strictEqual(error.retryable, false)
 *
 * @since 0.1.0
 * @category constructors
 */
export const table: (options: TableOptions) => Rule = codeTable

/**
 * Makes the error of a fetch that succeeded without data.
 *
 * @example
 * import { Classifier } from "effect-errata"
 *
 * const error = Classifier.dataEmpty("date_range", { context: { symbol: "BTCUSDT" } })
 *
 * assert.strictEqual(error.message, "No data available for the specified date range")
 * assert.strictEqual(error.expected, false)
 *
 * @since 0.1.0
 * @category constructors
 */
export const dataEmpty = (
  reason: FetchError.EmptyReason,
  options?: {
    readonly context?: FetchContext.Input | undefined
    /** Default: that of the reason, see `FetchError.EmptyReason`. */
    readonly expected?: boolean | undefined
  }
): FetchError.DataEmpty =>
  new FetchError.DataEmpty({
    reason,
    message: empties[reason],
    context: options?.context,
    ...(options?.expected === undefined ? undefined : { expected: options.expected })
  })

const empties: Readonly<Record<FetchError.EmptyReason, string>> = {
  date_range: "No data available for the specified date range",
  filter_result: "No data matched the filter criteria",
  api_response: "API returned empty response",
  not_listed_yet: "No data: the range ends before the instrument was listed",
  delisted: "No data: the instrument was delisted before the range begins",
  not_published_yet: "No data yet: the range is too young to be published",
  source_gap: "No data: the source itself has a gap in this range"
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const checkedRules = Check.listOf("a list of rules", Check.fn())
const systemClock = Clock.make()

/** One of the 17, also as JSON from another process or a worker. */
const ownError = (cause: unknown): FetchError.FetchError | undefined => {
  if (isOwn(cause)) return cause
  const tag = text(cause, "_tag")
  return tag !== undefined && tag in FetchError.facts && Array.isArray(get(cause, "earlier"))
    ? attempt(() => decodeOwn(cause))
    : undefined
}

const decodeOwn = Schema.decodeUnknownSync(FetchError.FetchError)

const inContext = (error: FetchError.FetchError, context: FetchContext.FetchContext): FetchError.FetchError =>
  context === FetchContext.empty || FetchContext.isEmpty(context) ? error : FetchError.withContext(error, context)

interface Circumstances {
  readonly context: FetchContext.FetchContext
  readonly now: number
  readonly rules: ReadonlyArray<Rule>
}

/** Several failures of one Cause are one failure: the one with the strongest evidence. */
const strongest = (causes: ReadonlyArray<unknown>): unknown => {
  if (causes.length <= 1) return causes[0]
  const ranks = causes.slice(0, maxCauses).map((cause) => (isDefect(cause) ? Rank.Bug : decide(cause).rank))
  const highest = Math.max(...ranks)
  return causes[ranks.findIndex((rank) => rank === highest)]
}

const maxCauses = 16

const settle = (
  cause: unknown,
  chain: ReadonlyArray<unknown>,
  answer: Answer | undefined,
  circumstances: Circumstances
): FetchError.FetchError => {
  const { context, now, rules } = circumstances
  const found = rules.length === 0 || isDefect(cause) ? undefined : ruled(chain, answer, circumstances)
  if (found !== undefined) return FetchError.withContext(found, context) // A copy: a rule may return one error for all.
  const thrown = isDefect(cause) ? cause.value : cause
  try {
    const finding = asLimit(decide(cause, context.operation), answer)
    return construct({
      cause: thrown,
      finding,
      answer,
      chain,
      asked: askedOf(chain),
      context,
      now
    })
  } catch {
    // No step throws. If one does, there is still an error.
    return new FetchError.Unexpected({ message: "Unexpected error: its cause cannot be read", cause: thrown, context })
  }
}

/** The error of the first rule that applies to a link of the chain. */
const ruled = (
  chain: ReadonlyArray<unknown>,
  answer: Answer | undefined,
  { context, now, rules }: Circumstances
): FetchError.FetchError | undefined => {
  const response = answer === undefined
    ? Option.none()
    : Option.some({ status: answer.status, headers: answer.headers, body: answer.body })
  const request = askedOf(chain)
  for (const link of chain) {
    for (const rule of rules) {
      const found = attempt(() => Option.getOrUndefined(rule(link, { context, now, request, response })))
      if (found !== undefined && FetchError.isFetchError(found)) return found
    }
  }
  return undefined
}
