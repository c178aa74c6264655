/**
 * The errors of a data fetch: a closed union of 17 tagged errors, each with a stable code, a category, a severity and a
 * `retryable` flag.
 *
 * Guide: [The 17 errors](../docs/errors.md).
 *
 * @since 0.1.0
 * @module
 */
import { dual } from "effect/Function"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as FetchContext from "./FetchContext.js"
import { copyOf } from "./internal/error/copy.js"
import type * as errorClass from "./internal/error/errorClass.js"
import { define } from "./internal/error/errorClass.js"
import * as model from "./internal/error/errorModel.js"
import { heldCause } from "./internal/error/protocol.js"
import { attempt } from "./internal/safe/json.js"

// ---------------------------------------------------------------------------------------------------------------------
// type ids
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The brand of the 17 errors, which those of every installed copy of the package carry.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: TypeId = model.TypeId

/**
 * The brand of the 17 errors, which those of every installed copy of the package carry.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof model.TypeId

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The schema of severities: `INFO` to be informed, `WARNING` to watch, `ERROR` to act on.
 *
 * @since 0.1.0
 * @category models
 */
export const Severity = model.Severity

/**
 * The severity of an error.
 *
 * @since 0.1.0
 * @category models
 */
export type Severity = typeof Severity.Type

/**
 * The schema of categories: the part of a fetch in which the fault lies.
 *
 * @since 0.1.0
 * @category models
 */
export const Category = model.Category

/**
 * The category of an error.
 *
 * @since 0.1.0
 * @category models
 */
export type Category = typeof Category.Type

/**
 * The schema of the reasons why a fetch returned no data.
 *
 * | reason | meaning | expected |
 * |---|---|---|
 * | `date_range` | no data in the requested range, for an unknown reason | no |
 * | `filter_result` | no data matched the filter | yes |
 * | `api_response` | the server answered with an empty list | no |
 * | `not_listed_yet` | the range ends before the instrument was listed | yes |
 * | `delisted` | the range begins after the instrument was delisted | yes |
 * | `not_published_yet` | the data is not published yet; the only reason that is retryable | yes |
 * | `source_gap` | the source has a confirmed gap there | yes |
 *
 * @since 0.1.0
 * @category models
 */
export const EmptyReason = model.EmptyReason

/**
 * The reason why a fetch returned no data.
 *
 * @since 0.1.0
 * @category models
 */
export type EmptyReason = typeof EmptyReason.Type

/**
 * The constants of an error class.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts {
  /** The stable name in logs, metrics and thresholds. */
  readonly code: string
  readonly category: Category
  readonly severity: Severity
  readonly description: string
}

/**
 * The properties that `Fetch.tracked`, retry policies and metrics need of an error: those of every {@link FetchError},
 * and of an error type of your own that has them. Such errors keep their type.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trackable extends model.Trackable {}

/**
 * The schema of the failure of a source that was tried before the one that the error is about.
 *
 * @since 0.1.0
 * @category models
 */
export const Earlier = model.Earlier

/**
 * The failure of a source that was tried earlier.
 *
 * @since 0.1.0
 * @category models
 */
export type Earlier = typeof Earlier.Type

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The constants of the 17 classes, by tag.
 *
 * @example
 * import { FetchError } from "effect-errata"
 *
 * assert.strictEqual(FetchError.facts.ApiRateLimit.code, "API_RATE_LIMIT")
 *
 * @since 0.1.0
 * @category models
 */
export const facts = model.facts

/**
 * The properties that the constructor of every class takes. All are optional.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommonProps extends errorClass.CommonProps {}

/**
 * The class of an error: a schema, a constructor, and its constants as statics.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorClass<Self, T extends keyof typeof facts, Fields extends Schema.Struct.Fields> = errorClass.ErrorClass<
  Self,
  T,
  Fields
>

/**
 * The request was not answered in time. Retryable.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkTimeout extends define<NetworkTimeout>()("NetworkTimeout", {
  /** The phase of the request that took too long. */
  phase: Schema.optional(Schema.Literal("connect", "headers", "body", "total")),
  /** The time that was waited, in milliseconds. */
  timeoutMillis: Schema.optional(Schema.Number)
}, { retryable: () => true }) {}

/**
 * The connection could not be made, or was lost. Retryable, except for a certificate that is invalid or of another host.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkConnection extends define<NetworkConnection>()("NetworkConnection", {
  /** The error code of the socket or of TLS: `ECONNRESET`, `CERT_HAS_EXPIRED`. */
  errno: Schema.optional(Schema.String)
}, { retryable: ({ errno }) => errno === undefined || !certificateFault.test(errno) }) {}

/**
 * The host name could not be resolved. Retryable.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkDns extends define<NetworkDns>()("NetworkDns", {
  hostname: Schema.optional(Schema.String),
  /** The error code of the resolver: `ENOTFOUND`, `EAI_AGAIN`. */
  errno: Schema.optional(Schema.String)
}, { retryable: () => true }) {}

const answer = {
  /** The HTTP status. */
  status: Schema.optional(Schema.Number),
  /** The error code in the body of the response, as the API documents it. */
  apiCode: Schema.optional(Schema.Union(Schema.Number, Schema.String)),
  /** The beginning of the body, masked, at most 512 characters. */
  bodyExcerpt: Schema.optional(Schema.String)
}

/**
 * The server limits the rate of requests. Retryable once `retryAfter` has passed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiRateLimit extends define<ApiRateLimit>()(
  "ApiRateLimit",
  {
    ...answer,
    /** Whether the server banned the caller for ignoring the limit. Default: `true` for status 418. */
    banned: Schema.Boolean.pipe(Schema.propertySignature, Schema.withConstructorDefault(() => false))
  },
  {
    retryable: () => true,
    complete: (props) => ({ ...props, banned: props.banned ?? props.status === 418 })
  }
) {}

/**
 * The server could not authenticate the caller: the key, the signature or the clock is wrong.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiAuth extends define<ApiAuth>()("ApiAuth", answer, { retryable: () => false }) {}

/**
 * The server denies the caller this request, or requests from this location.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiPermission extends define<ApiPermission>()("ApiPermission", answer, { retryable: () => false }) {}

/**
 * The response is not what the API documents, or the API rejected the request. Retryable for the statuses 500, 502, 503
 * and 520 to 529.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiFormat extends define<ApiFormat>()("ApiFormat", answer, {
  retryable: ({ status }) =>
    status !== undefined && ([500, 502, 503].includes(status) || (status >= 520 && status <= 529))
}) {}

/**
 * The fetch returned no data. Retryable for the reason `not_published_yet`.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataEmpty extends define<DataEmpty>()(
  "DataEmpty",
  {
    reason: EmptyReason,
    /** Whether no data is normal here: it then counts towards no limit. Default: see {@link EmptyReason}. */
    expected: Schema.Boolean.pipe(Schema.propertySignature, Schema.withConstructorDefault(() => false))
  },
  {
    retryable: ({ reason }) => reason === "not_published_yet",
    complete: (props) => ({
      ...props,
      expected: props.expected ?? !(props.reason === "date_range" || props.reason === "api_response")
    }),
    fallback: { reason: "date_range" }
  }
) {}

/**
 * The data, or the request for it, violates a rule.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataValidation extends define<DataValidation>()("DataValidation", {
  /** The violations, each with its path. At most 16. */
  issues: Schema.optional(Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })))
}, { retryable: () => false }) {}

/**
 * The data is corrupt: a wrong checksum, a wrong length, a broken container. Retryable.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataIntegrity extends define<DataIntegrity>()("DataIntegrity", {
  /** The expected checksum or length. */
  wanted: Schema.optional(Schema.String),
  /** The actual checksum or length. */
  found: Schema.optional(Schema.String)
}, { retryable: () => true }) {}

/**
 * The data could not be parsed or converted: invalid JSON, a malformed row.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataTransformation extends define<DataTransformation>()("DataTransformation", {
  /** The line of the fault. The first line is 1. */
  line: Schema.optional(Schema.Number),
  /** The data around the fault, masked, at most 512 characters. */
  excerpt: Schema.optional(Schema.String)
}, { retryable: () => false }) {}

const file = {
  path: Schema.optional(Schema.String),
  /** The error code of the operating system: `ENOENT`, `ENOSPC`. */
  errno: Schema.optional(Schema.String)
}

/**
 * A file could not be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageRead extends define<StorageRead>()("StorageRead", file, { retryable: () => false }) {}

/**
 * A file could not be written.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageWrite extends define<StorageWrite>()("StorageWrite", file, { retryable: () => false }) {}

/**
 * The disk is full, or the quota is exceeded.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageSpace extends define<StorageSpace>()("StorageSpace", file, { retryable: () => false }) {}

/**
 * The file system denies access: no permission, or read-only.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoragePermission
  extends define<StoragePermission>()("StoragePermission", file, { retryable: () => false })
{}

/**
 * The cause could not be classified.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unexpected extends define<Unexpected>()("Unexpected", {}, { retryable: () => false }) {}

/**
 * A bug in the program.
 *
 * @since 0.1.0
 * @category errors
 */
export class Internal extends define<Internal>()("Internal", {}, { retryable: () => false }) {}

/**
 * The schema of network errors.
 *
 * @since 0.1.0
 * @category errors
 */
export const NetworkError = Schema.Union(NetworkTimeout, NetworkConnection, NetworkDns)

/**
 * The network errors.
 *
 * @since 0.1.0
 * @category errors
 */
export type NetworkError = typeof NetworkError.Type

/**
 * The schema of API errors: failures that a server reported.
 *
 * @since 0.1.0
 * @category errors
 */
export const ApiError = Schema.Union(ApiRateLimit, ApiAuth, ApiPermission, ApiFormat)

/**
 * The API errors.
 *
 * @since 0.1.0
 * @category errors
 */
export type ApiError = typeof ApiError.Type

/**
 * The schema of data errors.
 *
 * @since 0.1.0
 * @category errors
 */
export const DataError = Schema.Union(DataEmpty, DataValidation, DataIntegrity, DataTransformation)

/**
 * The data errors.
 *
 * @since 0.1.0
 * @category errors
 */
export type DataError = typeof DataError.Type

/**
 * The schema of storage errors.
 *
 * @since 0.1.0
 * @category errors
 */
export const StorageError = Schema.Union(StorageRead, StorageWrite, StorageSpace, StoragePermission)

/**
 * The storage errors.
 *
 * @since 0.1.0
 * @category errors
 */
export type StorageError = typeof StorageError.Type

/**
 * The schema of unclassified errors and bugs.
 *
 * @since 0.1.0
 * @category errors
 */
export const OtherError = Schema.Union(Unexpected, Internal)

/**
 * The unclassified errors and bugs.
 *
 * @since 0.1.0
 * @category errors
 */
export type OtherError = typeof OtherError.Type

/**
 * The schema of all 17 errors. Encoding never fails. The JSON is masked and bounded; it holds `code`, `category` and
 * `severity` besides the fields, and of the cause its names and messages.
 *
 * @example
 * import { FetchError } from "effect-errata"
 * import { Schema } from "effect"
 *
 * const json = Schema.parseJson(FetchError.FetchError)
 * const error = new FetchError.ApiRateLimit({ status: 418, context: { symbol: "BTCUSDT" } })
 * const back = Schema.decodeSync(json)(Schema.encodeSync(json)(error))
 *
 * assert.strictEqual(back.code, "API_RATE_LIMIT")
 * assert.strictEqual(back.retryable, true)
 * assert.strictEqual(back.context.symbol, "BTCUSDT")
 *
 * @since 0.1.0
 * @category errors
 */
export const FetchError = Schema.Union(
  ...NetworkError.members,
  ...ApiError.members,
  ...DataError.members,
  ...StorageError.members,
  ...OtherError.members
)

/**
 * The union of the 17 errors: everything that a data fetch can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type FetchError = typeof FetchError.Type

// ---------------------------------------------------------------------------------------------------------------------
// guards
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns `true` for one of the 17 errors, also of another installed copy of the package.
 *
 * @since 0.1.0
 * @category guards
 */
export const isFetchError = (u: unknown): u is FetchError => attempt(() => Predicate.hasProperty(u, TypeId)) ?? false

/**
 * Returns `true` for one of the 17 errors, and for an error of your own that has the properties of a {@link Trackable}.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTrackable = (u: unknown): u is Trackable =>
  isFetchError(u) || (attempt(() => Predicate.isObject(u) && isOwnTrackable(u)) ?? false)

// Not by a schema, which accepts own properties only: these can be getters of a class.
const isOwnTrackable = (u: object): boolean =>
  ["_tag", "code", "category", "message"].every((key) => typeof Reflect.get(u, key) === "string") &&
  isSeverity(Reflect.get(u, "severity")) &&
  Predicate.isRecord(Reflect.get(u, "context")) &&
  !isEncoded(u)

// The JSON of one of the 17 is not an error yet: `Classifier.classify` decodes it.
const isEncoded = (u: object): boolean =>
  Object.hasOwn(facts, String(Reflect.get(u, "_tag"))) && Array.isArray(Reflect.get(u, "earlier")) &&
  Object.getPrototypeOf(Object.getPrototypeOf(u) ?? {}) === null

const isSeverity = Schema.is(Severity)

// ---------------------------------------------------------------------------------------------------------------------
// getters
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns the very object that was thrown, with all that a client attached to it: headers and keys, too. `error.cause`
 * is the same chain of errors with masked messages and stacks, made to be printed.
 *
 * @example
 * import { FetchError } from "effect-errata"
 *
 * const thrown = Object.assign(new Error("GET /account?signature=s3cr3t"), { headers: { "X-MBX-APIKEY": "s3cr3t" } })
 * const error = new FetchError.ApiAuth({ cause: thrown })
 *
 * assert.strictEqual(FetchError.original(error), thrown)
 * assert.strictEqual(String(error.cause), "Error: GET /account?signature=<redacted>")
 *
 * @since 0.1.0
 * @category getters
 */
export const original = (error: Trackable): unknown => {
  const held = heldCause(error)
  return held === undefined && "cause" in error ? error.cause : held?.original
}

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Returns a copy of the error with more context. Where both name a key, the value of the error stays. The copy has the
 * same class, stack and cause. An error of your own whose class has `#private` fields is wrapped instead: the wrapper
 * passes `instanceof`, and its methods work.
 *
 * @example
 * import { FetchError } from "effect-errata"
 *
 * const error = new FetchError.NetworkDns({ context: { symbol: "BTCUSDT" } })
 * const copy = FetchError.withContext(error, { source: "rest", symbol: "?" })
 *
 * assert.deepStrictEqual({ ...copy.context }, { source: "rest", symbol: "BTCUSDT" })
 * assert.strictEqual(copy.stack, error.stack)
 *
 * @since 0.1.0
 * @category combinators
 */
export const withContext: {
  (outer: FetchContext.Input): <E extends Trackable>(error: E) => E
  <E extends Trackable>(error: E, outer: FetchContext.Input): E
} = dual(
  2,
  <E extends Trackable>(error: E, outer: FetchContext.Input): E =>
    copyOf(error, FetchContext.merge(outer, error.context)) ?? error
)

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// The codes of OpenSSL and Node for a certificate that will fail on the next attempt, too.
const certificateFault = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/
