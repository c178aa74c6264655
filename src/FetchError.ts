/**
 * The errors of a data fetch: a closed union of 17 tagged errors, each with a stable code, a category, a severity and
 * an answer to the question whether trying again makes sense.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as FetchContext from "./FetchContext.js"
import { chain, unchain } from "./internal/chain.js"
import { attempt, safeText } from "./internal/json.js"

// ---------------------------------------------------------------------------------------------------------------------
// type ids
// ---------------------------------------------------------------------------------------------------------------------

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId = "~effect-errata/FetchError"

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

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
export const Earlier = Schema.Struct({ source: Schema.String, code: Schema.String, message: Schema.String })

/**
 * @since 0.1.0
 * @category models
 */
export type Earlier = typeof Earlier.Type

// ---------------------------------------------------------------------------------------------------------------------
// errors
// ---------------------------------------------------------------------------------------------------------------------

const fact = <
  const Code extends string,
  const C extends Category,
  const S extends Severity,
  const Description extends string
>(
  code: Code,
  category: C,
  severity: S,
  description: Description
) => ({ code, category, severity, description } as const)

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
export const facts = {
  NetworkTimeout: fact("NETWORK_TIMEOUT", "Network", "WARNING", "Network request timed out"),
  NetworkConnection: fact("NETWORK_CONNECTION", "Network", "ERROR", "Failed to establish connection"),
  NetworkDns: fact("NETWORK_DNS", "Network", "ERROR", "DNS resolution failed"),
  ApiRateLimit: fact("API_RATE_LIMIT", "Api", "WARNING", "API rate limit exceeded"),
  ApiAuth: fact("API_AUTH", "Api", "ERROR", "Authentication failed"),
  ApiPermission: fact("API_PERMISSION", "Api", "ERROR", "Insufficient permissions"),
  ApiFormat: fact("API_FORMAT", "Api", "ERROR", "API response format error"),
  DataEmpty: fact("DATA_EMPTY", "Data", "INFO", "Empty data returned (expected)"),
  DataValidation: fact("DATA_VALIDATION", "Data", "WARNING", "Data validation failed"),
  DataIntegrity: fact("DATA_INTEGRITY", "Data", "ERROR", "Data integrity check failed"),
  DataTransformation: fact("DATA_TRANSFORMATION", "Data", "ERROR", "Data transformation failed"),
  StorageRead: fact("STORAGE_READ", "Storage", "ERROR", "Failed to read from storage"),
  StorageWrite: fact("STORAGE_WRITE", "Storage", "ERROR", "Failed to write to storage"),
  StorageSpace: fact("STORAGE_SPACE", "Storage", "ERROR", "Insufficient storage space"),
  StoragePermission: fact("STORAGE_PERMISSION", "Storage", "ERROR", "Storage permission denied"),
  Unexpected: fact("UNEXPECTED", "Other", "ERROR", "Unexpected error occurred"),
  Internal: fact("INTERNAL", "Other", "ERROR", "Internal system error")
} as const

// What every one of the 17 carries. `define` is the one place that knows how Schema builds classes.
const common = {
  message: Schema.String,
  context: FetchContext.FetchContext,
  // In process the very object that was thrown; on the wire its chain of names and messages.
  cause: Schema.optional(Schema.transform(
    Schema.Array(Schema.Struct({ name: Schema.String, message: Schema.String })),
    Schema.Unknown,
    { strict: true, decode: unchain, encode: chain }
  )),
  retryable: Schema.Boolean,
  retryAfter: Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" }),
  earlier: Schema.Array(Earlier)
}

/**
 * What every error may be given. All of it has a default.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommonProps {
  /** Default: the description. Secrets in it are masked. */
  readonly message?: string | undefined
  readonly context?: FetchContext.Input | undefined
  /** What was thrown, as it was thrown. */
  readonly cause?: unknown
  /** Default: what the table of the 17 types says. */
  readonly retryable?: boolean | undefined
  /** The server's word: no attempt before this much time has passed. */
  readonly retryAfter?: Option.Option<Duration.Duration> | undefined
  readonly earlier?: ReadonlyArray<Earlier> | undefined
}

type Tag = keyof typeof facts

type Own<Fields extends Schema.Struct.Fields> = {
  readonly [K in keyof Schema.Struct.Constructor<Fields>]: Schema.Struct.Constructor<Fields>[K]
}

type AllFields<T extends Tag, Fields extends Schema.Struct.Fields> =
  & { readonly _tag: Schema.tag<T> }
  & typeof common
  & Fields

/**
 * The class of one kind of error: a schema, a constructor, and the facts of the kind as statics.
 *
 * @since 0.1.0
 * @category models
 */
export type ErrorClass<Self, T extends Tag, Fields extends Schema.Struct.Fields> =
  & Schema.Class<
    Self,
    AllFields<T, Fields>,
    Schema.Struct.Encoded<AllFields<T, Fields>>,
    never,
    CommonProps & Own<Fields>,
    (typeof facts)[T] & { readonly [TypeId]: TypeId },
    Cause.YieldableError
  >
  & (typeof facts)[T]
  & { readonly _tag: T }

type Props = Record<string, unknown> & CommonProps

// Schema types its classes for constructors that take the decoded fields. Ours take less and complete it, which its
// types cannot say: hence the casts here, and nowhere else.
/* oxlint-disable typescript/no-explicit-any -- see above */

const define = <Self = never>() =>
<const T extends Tag, Fields extends Schema.Struct.Fields>(
  tag: T,
  own: Fields,
  retryable: (props: Own<Fields>) => boolean,
  complete: (props: Own<Fields>) => Own<Fields> = (props) => props
): [Self] extends [never] ? "Missing Self: define<Name>()" : ErrorClass<Self, T, Fields> => {
  const fields = { ...common, ...own }
  const Class = Schema.TaggedError<any>(`effect-errata/FetchError/${tag}`)(tag, fields) as any
  const validate = Schema.validateSync(Schema.typeSchema(Schema.Struct(fields)).annotations({ identifier: tag }))
  const keys = Object.keys(own)

  // Of Class, its statics and its prototype are wanted, not its constructor: that copies the fields three times over,
  // which is most of the cost of an error.
  class Base extends Error {
    constructor(given: any = {}, options: Schema.MakeOptions = false) {
      const props: Props & Own<Fields> = complete(given)
      const { cause, context, earlier, message, retryAfter } = props
      super(
        safeText(message ?? facts[tag].description, maxMessage),
        cause === undefined ? undefined : { cause }
      )
      const self = this as unknown as Record<string, unknown>
      self["_tag"] = tag
      for (const key of keys) {
        const value = safeField(key, props[key])
        if (value !== undefined) self[key] = value
      }
      self["context"] = context === undefined ? FetchContext.empty : FetchContext.make(context)
      self["retryable"] = props.retryable ?? retryable(props)
      self["retryAfter"] = retryAfter === undefined ? Option.none() : Option.filter(retryAfter, Duration.isFinite)
      self["earlier"] = earlier === undefined ? [] : earlier.slice(0, maxItems).map(safeEarlier)
      if (!(typeof options === "boolean" ? options : options.disableValidation ?? false)) validate(this)
    }
    // Whatever prints an error prints what may leave: never the cause as it is, with its headers and keys.
    toJSON() {
      return Schema.encodeSync(this.constructor as any)(this)
    }
    [Inspectable.NodeInspectSymbol]() {
      const { _tag, message: _, ...fields } = this.toJSON() as Record<string, unknown>
      return `${Reflect.get(this, "stack") ?? String(this)} ${Inspectable.format(fields)}`
    }
  }
  Object.setPrototypeOf(Base.prototype, Class.prototype)
  for (let from = Class; from !== Error; from = Object.getPrototypeOf(from)) {
    for (const key of Reflect.ownKeys(from)) {
      if (!Object.hasOwn(Base, key)) Object.defineProperty(Base, key, Object.getOwnPropertyDescriptor(from, key)!)
    }
  }
  Object.defineProperty(Base.prototype, TypeId, { value: TypeId })
  for (const [key, value] of Object.entries(facts[tag])) {
    Object.defineProperty(Base, key, { value, enumerable: true })
    Object.defineProperty(Base.prototype, key, { value })
  }
  return Base as any
}
/* oxlint-enable typescript/no-explicit-any */

/**
 * The request got no answer in time.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkTimeout extends define<NetworkTimeout>()("NetworkTimeout", {
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
export class NetworkConnection extends define<NetworkConnection>()("NetworkConnection", {
  /** The code of the socket or of TLS: `ECONNRESET`, `CERT_HAS_EXPIRED`. */
  errno: Schema.optional(Schema.String)
}, ({ errno }) => errno === undefined || !certificateFault.test(errno)) {}

/**
 * The host name could not be resolved.
 *
 * @since 0.1.0
 * @category errors
 */
export class NetworkDns extends define<NetworkDns>()("NetworkDns", {
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
export class ApiRateLimit extends define<ApiRateLimit>()(
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
export class ApiAuth extends define<ApiAuth>()("ApiAuth", answer, () => false) {}

/**
 * The caller may not do this, or not from here.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiPermission extends define<ApiPermission>()("ApiPermission", answer, () => false) {}

/**
 * An answer that is not what the API promises, or a request that it does not understand. Worth a retry after 500, 502,
 * 503 and 520 to 529.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiFormat extends define<ApiFormat>()("ApiFormat", {
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
export class DataEmpty extends define<DataEmpty>()(
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
export class DataValidation extends define<DataValidation>()("DataValidation", {
  /** What is wrong, and where. */
  issues: Schema.optional(Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })))
}, () => false) {}

/**
 * Data that is not what it claims to be: a wrong checksum, a wrong length, a corrupt container. Worth one retry.
 *
 * @since 0.1.0
 * @category errors
 */
export class DataIntegrity extends define<DataIntegrity>()("DataIntegrity", {
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
export class DataTransformation extends define<DataTransformation>()("DataTransformation", {
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
export class StorageRead extends define<StorageRead>()("StorageRead", file, () => false) {}

/**
 * A file could not be written.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageWrite extends define<StorageWrite>()("StorageWrite", file, () => false) {}

/**
 * No space left, or the quota is used up.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageSpace extends define<StorageSpace>()("StorageSpace", file, () => false) {}

/**
 * The file system refuses: no permission, or read-only.
 *
 * @since 0.1.0
 * @category errors
 */
export class StoragePermission extends define<StoragePermission>()("StoragePermission", file, () => false) {}

/**
 * Nothing else fits.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unexpected extends define<Unexpected>()("Unexpected", {}, () => false) {}

/**
 * A bug: of this program, not of the world.
 *
 * @since 0.1.0
 * @category errors
 */
export class Internal extends define<Internal>()("Internal", {}, () => false) {}

/**
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
 * The copy has the same stack and the same cause; the error itself stays as it is.
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
export const withContext = <E extends Trackable>(error: E, outer: FetchContext.Input): E => {
  const context = FetchContext.merge(outer, error.context)
  const copy = Object.assign(blank(error), error)
  for (const key of Reflect.ownKeys(error)) {
    if (!Object.hasOwn(copy, key)) Object.defineProperty(copy, key, Object.getOwnPropertyDescriptor(error, key)!)
  }
  if (error instanceof Error) {
    originals.set(copy, error)
    Object.defineProperty(copy, "stack", stackOfOriginal)
  }
  return Object.defineProperty(copy, "context", {
    value: context,
    enumerable: true,
    configurable: true,
    writable: true
  })
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// A stack is formatted when it is first read: a copy leaves that to whoever reads it.
const originals = new WeakMap<object, Error>()
const stackOfOriginal = {
  get(this: object) {
    return originals.get(this)?.stack
  },
  configurable: true
}

const maxMessage = 2048
const maxExcerpt = 512
const maxItems = 16

// The codes of OpenSSL and Node for a certificate or host name that will be as wrong on the next attempt.
const certificateFault = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE/

/** The value of a field of one's own, fit to leave: a bounded text without secrets, a finite number. */
const safeField = (key: string, value: unknown): unknown => {
  switch (typeof value) {
    case "string":
      return safeText(value, maxExcerpt)
    case "number":
      // No negative zero: JSON has none.
      return Number.isFinite(value) ? value + 0 : undefined
    default:
      return key === "issues" && Array.isArray(value) ? value.slice(0, maxItems).map(safeIssue) : value
  }
}

const safeIssue = ({ message, path }: { readonly message: string; readonly path: string }) => ({
  path: safeText(path),
  message: safeText(message)
})

const safeEarlier = ({ code, message, source }: Earlier): Earlier => ({
  source: safeText(source),
  code: safeText(code),
  message: safeText(message)
})

/** A new object of the same class, a real `Error` with the same message and cause if that is one. */
const blank = <A extends object>(model: A): A => {
  if (!(model instanceof Error)) return Object.create(Object.getPrototypeOf(model))
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return Reflect.construct(Error, [model.message, model], model.constructor)
  } finally {
    Error.stackTraceLimit = limit
  }
}
