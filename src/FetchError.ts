/**
 * The errors of a data fetch: a closed union of 17 tagged errors, each with a stable code, a category, a severity and
 * an answer to the question whether trying again makes sense.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as FetchContext from "./FetchContext.js"
import { copyOf } from "./internal/error/copy.js"
import * as kind from "./internal/error/errorClass.js"
import { attempt } from "./internal/safe/json.js"

// ---------------------------------------------------------------------------------------------------------------------
// type ids
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What marks an error as one of the 17.
 *
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: TypeId = kind.TypeId

/**
 * What marks an error as one of the 17.
 *
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof kind.TypeId

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * How much an error matters: `INFO` is worth knowing, `WARNING` worth watching, `ERROR` worth acting on.
 *
 * @since 0.1.0
 * @category models
 */
export const Severity = Schema.Literal("INFO", "WARNING", "ERROR")

/**
 * One of the three severities.
 *
 * @since 0.1.0
 * @category models
 */
export type Severity = typeof Severity.Type

/**
 * Where the fault lies.
 *
 * @since 0.1.0
 * @category models
 */
export const Category = Schema.Literal("Network", "Api", "Data", "Storage", "Other")

/**
 * One of the five categories.
 *
 * @since 0.1.0
 * @category models
 */
export type Category = typeof Category.Type

/**
 * Why a fetch gave no data.
 *
 * | reason | meaning | expected |
 * |---|---|---|
 * | `date_range` | nothing in the range asked for, and nobody knows why | no |
 * | `filter_result` | the filter left nothing | yes |
 * | `api_response` | the server answered with an empty list | no |
 * | `not_listed_yet` | the range ends before the instrument was listed | yes |
 * | `delisted` | the range begins after the instrument was delisted | yes |
 * | `not_published_yet` | too young to be published; the only reason worth a retry | yes |
 * | `source_gap` | the source itself has a hole there, confirmed | yes |
 *
 * @since 0.1.0
 * @category models
 */
export const EmptyReason = Schema.Literal(
  "date_range",
  "filter_result",
  "api_response",
  "not_listed_yet",
  "delisted",
  "not_published_yet",
  "source_gap"
)

/**
 * One of the seven reasons.
 *
 * @since 0.1.0
 * @category models
 */
export type EmptyReason = typeof EmptyReason.Type

/**
 * What every kind of error is by nature, whatever happened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Facts {
  /** Stable name in logs, metrics and thresholds. */
  readonly code: string
  readonly category: Category
  readonly severity: Severity
  readonly description: string
}

/**
 * What can be tracked: every {@link FetchError}, and any error type of your own with these properties. Such errors pass
 * through `Fetch.tracked` under their own type.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trackable {
  readonly _tag: string
  readonly code: string
  readonly category: string
  readonly severity: Severity
  readonly message: string
  readonly context: FetchContext.FetchContext
  readonly retryable?: boolean | undefined
  readonly retryAfter?: Option.Option<Duration.Duration> | undefined
}

/**
 * The failure of a source that was asked before the one whose error carries it.
 *
 * @since 0.1.0
 * @category models
 */
export const Earlier = kind.Earlier

/**
 * The failure of an earlier source.
 *
 * @since 0.1.0
 * @category models
 */
export type Earlier = typeof Earlier.Type

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The table of facts, by tag. The descriptions are those of the design this library grew from.
 *
 * @example
 * import { FetchError } from "effect-errata"
 *
 * assert.strictEqual(FetchError.facts.ApiRateLimit.code, "API_RATE_LIMIT")
 *
 * @since 0.1.0
 * @category models
 */
export const facts = kind.facts

/**
 * What every error may be given. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommonProps extends kind.CommonProps {}

/**
 * The class of one kind of error: a schema, a constructor, and the facts of the kind as statics.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorClass<Self, T extends keyof typeof facts, Fields extends Schema.Struct.Fields> = kind.ErrorClass<
  Self,
  T,
  Fields
>

/**
 * The request got no answer in time.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkTimeout extends kind.define<NetworkTimeout>()("NetworkTimeout", {
  /** What was being waited for. */
  phase: Schema.optional(Schema.Literal("connect", "headers", "body", "total")),
  /** How long was waited, in milliseconds. */
  timeoutMillis: Schema.optional(Schema.Number)
}, () => true) {}

/**
 * No connection, or one that broke. Worth a retry, unless the certificate or its host name is wrong.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkConnection extends kind.define<NetworkConnection>()("NetworkConnection", {
  /** The code of the socket or of TLS: `ECONNRESET`, `CERT_HAS_EXPIRED`. */
  errno: Schema.optional(Schema.String)
}, ({ errno }) => errno === undefined || !certificateFault.test(errno)) {}

/**
 * The host name could not be resolved.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkDns extends kind.define<NetworkDns>()("NetworkDns", {
  hostname: Schema.optional(Schema.String),
  /** The code of the resolver: `ENOTFOUND`, `EAI_AGAIN`. */
  errno: Schema.optional(Schema.String)
}, () => true) {}

const answer = {
  /** The HTTP status. */
  status: Schema.optional(Schema.Number),
  /** The code in the body of the answer, as the API documents it. */
  apiCode: Schema.optional(Schema.Union(Schema.Number, Schema.String))
}

/**
 * The server wants fewer requests. Worth a retry, not before `retryAfter`.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiRateLimit extends kind.define<ApiRateLimit>()(
  "ApiRateLimit",
  {
    ...answer,
    /** Has the server shut the caller out for going on after a warning? */
    banned: Schema.Boolean.pipe(Schema.propertySignature, Schema.withConstructorDefault(() => false))
  },
  () => true,
  (props) => ({ ...props, banned: props.banned ?? props.status === 418 })
) {}

/**
 * The caller could not be identified: key, signature or clock are wrong.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiAuth extends kind.define<ApiAuth>()("ApiAuth", answer, () => false) {}

/**
 * The caller may not do this, or not from here.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiPermission extends kind.define<ApiPermission>()("ApiPermission", answer, () => false) {}

/**
 * An answer that is not what the API promises, or a request that it does not understand. Worth a retry after 500, 502,
 * 503 and 520 to 529.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiFormat extends kind.define<ApiFormat>()("ApiFormat", {
  ...answer,
  /** The beginning of the body, at most 512 characters. */
  bodyExcerpt: Schema.optional(Schema.String)
}, ({ status }) => status !== undefined && ([500, 502, 503].includes(status) || (status >= 520 && status <= 529))) {}

/**
 * There is no data. Whether that is expected follows from the reason, see {@link EmptyReason}.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataEmpty extends kind.define<DataEmpty>()(
  "DataEmpty",
  {
    reason: EmptyReason,
    /** Expected empties are counted, but towards no limit. */
    expected: Schema.Boolean.pipe(Schema.propertySignature, Schema.withConstructorDefault(() => false))
  },
  ({ reason }) => reason === "not_published_yet",
  (props) => ({
    ...props,
    expected: props.expected ?? !(props.reason === "date_range" || props.reason === "api_response")
  })
) {}

/**
 * Data, or a request for it, that breaks the rules.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataValidation extends kind.define<DataValidation>()("DataValidation", {
  /** What is wrong, and where. */
  issues: Schema.optional(Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })))
}, () => false) {}

/**
 * Data that is not what it claims to be: a wrong checksum, a wrong length, a corrupt container. Worth one retry.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataIntegrity extends kind.define<DataIntegrity>()("DataIntegrity", {
  /** What was due: a checksum, a length. */
  wanted: Schema.optional(Schema.String),
  /** What was there instead. */
  found: Schema.optional(Schema.String)
}, () => true) {}

/**
 * Data that cannot be read as what it should be: text that is no JSON, a malformed row.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataTransformation extends kind.define<DataTransformation>()("DataTransformation", {
  /** The line of the fault; the first is 1. */
  line: Schema.optional(Schema.Number),
  /** The data around the fault, at most 512 characters. */
  excerpt: Schema.optional(Schema.String)
}, () => false) {}

const file = {
  path: Schema.optional(Schema.String),
  /** The code of the operating system: `ENOENT`, `ENOSPC`. */
  errno: Schema.optional(Schema.String)
}

/**
 * A file could not be read.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageRead extends kind.define<StorageRead>()("StorageRead", file, () => false) {}

/**
 * A file could not be written.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageWrite extends kind.define<StorageWrite>()("StorageWrite", file, () => false) {}

/**
 * No space left, or the quota is used up.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageSpace extends kind.define<StorageSpace>()("StorageSpace", file, () => false) {}

/**
 * The file system refuses: no permission, or read-only.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoragePermission extends kind.define<StoragePermission>()("StoragePermission", file, () => false) {}

/**
 * Nothing else fits.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unexpected extends kind.define<Unexpected>()("Unexpected", {}, () => false) {}

/**
 * A bug: of this program, not of the world.
 *
 * @since 0.1.0
 * @category errors
 */
export class Internal extends kind.define<Internal>()("Internal", {}, () => false) {}

/**
 * The schema of the failures of the way to the server.
 *
 * @since 0.1.0
 * @category errors
 */
export const NetworkError = Schema.Union(NetworkTimeout, NetworkConnection, NetworkDns)

/**
 * The failures of the way to the server.
 *
 * @since 0.1.0
 * @category errors
 */
export type NetworkError = typeof NetworkError.Type

/**
 * The schema of the failures that a server answered with.
 *
 * @since 0.1.0
 * @category errors
 */
export const ApiError = Schema.Union(ApiRateLimit, ApiAuth, ApiPermission, ApiFormat)

/**
 * The failures that a server answered with.
 *
 * @since 0.1.0
 * @category errors
 */
export type ApiError = typeof ApiError.Type

/**
 * The schema of the failures of the data itself.
 *
 * @since 0.1.0
 * @category errors
 */
export const DataError = Schema.Union(DataEmpty, DataValidation, DataIntegrity, DataTransformation)

/**
 * The failures of the data itself.
 *
 * @since 0.1.0
 * @category errors
 */
export type DataError = typeof DataError.Type

/**
 * The schema of the failures of files.
 *
 * @since 0.1.0
 * @category errors
 */
export const StorageError = Schema.Union(StorageRead, StorageWrite, StorageSpace, StoragePermission)

/**
 * The failures of files.
 *
 * @since 0.1.0
 * @category errors
 */
export type StorageError = typeof StorageError.Type

/**
 * The schema of what fits nowhere else, and of bugs.
 *
 * @since 0.1.0
 * @category errors
 */
export const OtherError = Schema.Union(Unexpected, Internal)

/**
 * What fits nowhere else, and bugs.
 *
 * @since 0.1.0
 * @category errors
 */
export type OtherError = typeof OtherError.Type

/**
 * The schema of all 17.
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
 * Everything that a data fetch can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type FetchError = typeof FetchError.Type

// ---------------------------------------------------------------------------------------------------------------------
// guards
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Is this one of the 17?
 *
 * @since 0.1.0
 * @category guards
 */
export const isFetchError = (u: unknown): u is FetchError => attempt(() => Predicate.hasProperty(u, TypeId)) ?? false

/**
 * Can this be tracked as it is: one of the 17, or an error type of your own with the same properties?
 *
 * @since 0.1.0
 * @category guards
 */
export const isTrackable = (u: unknown): u is Trackable =>
  isFetchError(u) || (attempt(() => Predicate.isObject(u) && isOwnTrackable(u)) ?? false)

// By hand: a schema asks for own properties, and these may well be getters of a class.
const isOwnTrackable = (u: object): boolean =>
  ["_tag", "code", "category", "message"].every((key) => typeof Reflect.get(u, key) === "string") &&
  isSeverity(Reflect.get(u, "severity")) &&
  Predicate.isRecord(Reflect.get(u, "context"))

const isSeverity = Schema.is(Severity)

// ---------------------------------------------------------------------------------------------------------------------
// combinators
// ---------------------------------------------------------------------------------------------------------------------

/**
 * A copy of the error whose context also says what `outer` knows; where both name a key, the error's own word stands.
 * The copy has the same stack and the same cause; the error itself stays as it is. An error of a class of your own that
 * keeps what makes it trackable in `#private` fields cannot be copied, and is given back as it is.
 *
 * @example
 * import { FetchError } from "effect-errata"
 *
 * const error = new FetchError.NetworkDns({ context: { symbol: "BTCUSDT" } })
 * const told = FetchError.withContext(error, { source: "rest", symbol: "?" })
 *
 * assert.deepStrictEqual({ ...told.context }, { source: "rest", symbol: "BTCUSDT" })
 * assert.strictEqual(told.stack, error.stack)
 *
 * @since 0.1.0
 * @category combinators
 */
export const withContext = <E extends Trackable>(error: E, outer: FetchContext.Input): E =>
  copyOf(error, FetchContext.merge(outer, error.context)) ?? error

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// The codes of OpenSSL and Node for a certificate or host name that will be as wrong on the next attempt.
const certificateFault = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/
