/**
 * What the 17 errors have in common: their table of facts, and the factory of their classes, which is the one place that
 * knows how Schema builds classes.
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as FetchContext from "../../FetchContext.js"
import { bounded, isSecretPath, safeText } from "../safe/json.js"
import { redactTold } from "../safe/redaction.js"
import { untraced } from "../safe/untraced.js"
import { chain, unchain } from "./causeChain.js"

export const TypeId = "~effect-errata/FetchError"

/** Where an error keeps who counted it: see mark.ts. */
export const Marks: unique symbol = Symbol.for("effect-errata/Fetch/Marks")

/** How one of the 17 copies itself: see copy.ts. */
export const Copy: unique symbol = Symbol.for("effect-errata/FetchError/Copy")

export const Earlier = Schema.Struct({ source: Schema.String, code: Schema.String, message: Schema.String })

export type Earlier = typeof Earlier.Type

const fact = <
  const Code extends string,
  const C extends "Network" | "Api" | "Data" | "Storage" | "Other",
  const S extends "INFO" | "WARNING" | "ERROR",
  const Description extends string
>(
  code: Code,
  category: C,
  severity: S,
  description: Description
) => ({ code, category, severity, description } as const)

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

// What every one of the 17 carries.
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

export interface CommonProps {
  /** Default: the description. Secrets in it are masked. */
  readonly message?: string | undefined
  readonly context?: FetchContext.Input | undefined
  /** What was thrown, as it was thrown. It is there to be read, and hidden from what prints errors. */
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

export type ErrorClass<Self, T extends Tag, Fields extends Schema.Struct.Fields> =
  & Schema.Class<
    Self,
    AllFields<T, Fields>,
    Schema.Struct.Encoded<AllFields<T, Fields>>,
    never,
    CommonProps & Own<Fields>,
    (typeof facts)[T] & { readonly [TypeId]: typeof TypeId },
    Cause.YieldableError
  >
  & (typeof facts)[T]
  & { readonly _tag: T }

/**
 * Where the cause is kept. Whatever prints an error, such as Effect's `Cause.pretty` and Node's `inspect`, looks whether
 * it has a `cause`, and prints that as it was thrown, with its headers and keys: so it is there, but not to be found.
 */
export const Thrown: unique symbol = Symbol.for("effect-errata/FetchError/cause")

const isFound = (prototype: object, key: PropertyKey): boolean => key !== "cause" && Reflect.has(prototype, key)

type Props = Record<string, unknown> & CommonProps

// Schema types its classes for constructors that take the decoded fields. Ours take less and complete it, which its
// types cannot say: hence the casts here, and nowhere else.
/* oxlint-disable typescript/no-explicit-any -- Schema's types of classes are for constructors of decoded fields */

// Says to a constructor that it is given an error to copy.
const copying: Schema.MakeOptions = {}

export const define = <Self = never>() =>
<const T extends Tag, Fields extends Schema.Struct.Fields>(
  tag: T,
  own: Fields,
  retryable: (props: Own<Fields>) => boolean,
  complete: (props: Own<Fields>) => Own<Fields> = (props) => props
): [Self] extends [never] ? "Missing Self: define<Name>()" : ErrorClass<Self, T, Fields> => {
  const { cause: ofCause, ...others } = common
  const fields = { ...others, ...own, [Thrown]: ofCause.pipe(Schema.fromKey("cause")) }
  // Of the class that is being made here nobody has a type yet: `ErrorClass` is what callers see.
  const Class = Schema.TaggedError<any>(`effect-errata/FetchError/${tag}`)(tag, fields) as any
  const validate = Schema.validateSync(Schema.typeSchema(Schema.Struct(fields)).annotations({ identifier: tag }))
  const keys = Object.keys(own)

  // Of Class, its statics and its prototype are wanted, not its constructor: that copies the fields three times over,
  // which is most of the cost of an error.
  class Base extends Error {
    // Private: nothing prints or sends them, and a frozen error has them too.
    #original: Base | undefined = undefined
    #marks: ReadonlyArray<object> = []

    constructor(given: any = {}, options: Schema.MakeOptions = false) {
      if (options === copying) {
        super(given.message)
        if (Object.hasOwn(given, Thrown)) {
          Object.defineProperty(this, Thrown, { value: given[Thrown], configurable: true })
        }
        // Formatting a stack takes longer than all else that becomes of a failure on its way: it is left to who reads it.
        Reflect.deleteProperty(this, "stack")
        Object.assign(this, given)
        this.#original = given
        this.#marks = given.#marks
        return
      }
      const props: Props & Own<Fields> = complete(given)
      const { cause = given[Thrown], context, earlier, message, retryAfter } = props
      super(safeText(message ?? facts[tag].description, maxMessage))
      if (cause !== undefined) Object.defineProperty(this, Thrown, { value: cause, configurable: true })
      // Which fields there are is a matter of values here: `validate` says below whether they are those of the type.
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
    get [Marks](): ReadonlyArray<object> {
      return #marks in this ? this.#marks : []
    }
    set [Marks](marks) {
      // Not every copy of an error of a class that extends one of the 17 went through a constructor.
      if (#marks in this) this.#marks = marks
      else Object.defineProperty(this, Marks, { value: marks, configurable: true })
    }
    // None of an error of a class that extends one of the 17: nobody knows what its constructor does. None of a proxy
    // either: it has nothing private.
    [Copy](context: FetchContext.FetchContext): Base | undefined {
      if (!(#marks in this)) return undefined
      if (Object.getPrototypeOf(Object.getPrototypeOf(this)) !== Base.prototype) return undefined
      // Its constructor is this class, or one that adds nothing to it: that was asked above.
      const copy = untraced(() => new (this.constructor as any)(this, copying))
      copy.context = context
      return copy
    }
    // Errors have a stack of their own; copies have that of their original.
    override get stack(): string {
      return #original in this ? this.#original?.stack ?? "" : ""
    }
    override set stack(stack) {
      Object.defineProperty(this, "stack", { value: stack, configurable: true, writable: true })
    }
    // Whatever prints an error prints what may leave: never the cause as it is, with its headers and keys.
    toJSON() {
      // The class of an error is its schema.
      return Schema.encodeSync(this.constructor as any)(this)
    }
    [Inspectable.NodeInspectSymbol]() {
      // An error is encoded as a record of its fields.
      const { _tag, message: _, ...fields } = this.toJSON() as Record<string, unknown>
      return `${Reflect.get(this, "stack") ?? String(this)} ${Inspectable.format(fields)}`
    }
  }
  Object.defineProperty(Class.prototype, "cause", {
    get(this: any) {
      return this[Thrown]
    },
    // A proxy can hide no other property.
    configurable: true
  })
  // Not behind the proxy, where reading it takes twenty times as long.
  Object.defineProperty(Base.prototype, "name", { value: tag, configurable: true, writable: true })
  Object.setPrototypeOf(Base.prototype, new Proxy(Class.prototype, { has: isFound }))
  // A prototype that is a proxy is slow to say that it has no setter: it need not be asked.
  for (const key of ["_tag", "context", "retryable", "retryAfter", "earlier", ...keys]) {
    Object.defineProperty(Base.prototype, key, { value: undefined, writable: true })
  }
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
  // Statics and prototype are those of `ErrorClass` by now.
  return Base as any
}
/* oxlint-enable typescript/no-explicit-any */

const maxMessage = 2048
const maxExcerpt = 512
const maxItems = 16

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
  message: safeText(isSecretPath(path) ? redactTold(bounded(message, maxMessage), true) : message)
})

export const safeEarlier = ({ code, message, source }: Earlier): Earlier => ({
  source: safeText(source),
  code: safeText(code),
  message: safeText(message)
})
