/** The factory of the 17 error classes: the one place that depends on the way Schema builds classes. */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as FetchContext from "../../FetchContext.js"
import { duration, orThrow } from "../options.js"
import { attempt, safeText } from "../safe/json.js"
import { untraced } from "../safe/untraced.js"
import { chain, stackLines } from "./causeChain.js"
import type { Tag } from "./errorModel.js"
import { Earlier, facts, TypeId } from "./errorModel.js"
import { Copy, Held, Marks } from "./protocol.js"
import { HeldCause, toErrors } from "./safeCause.js"
import { maxMessage, safeEarliers, safeField } from "./safeFields.js"

// The fields of every error.
const common = {
  message: Schema.String,
  context: FetchContext.FetchContext,
  // In JSON, the chain of causes as names and messages.
  cause: Schema.optional(Schema.transform(
    Schema.Array(Schema.Struct({ name: Schema.String, message: Schema.String })),
    Schema.Unknown,
    { strict: true, decode: toErrors, encode: chain }
  )),
  retryable: Schema.Boolean,
  retryAfter: Schema.optionalWith(Schema.DurationFromMillis, { as: "Option" }),
  earlier: Schema.Array(Earlier)
}

// JSON names them for its readers. They follow from the tag, so that decoding ignores them.
const shownFacts = {
  code: Schema.optional(Schema.String),
  category: Schema.optional(Schema.String),
  severity: Schema.optional(Schema.String)
}

export interface CommonProps {
  /** Default: the description of the class. Secrets in it are masked. */
  readonly message?: string | undefined
  readonly context?: FetchContext.Input | undefined
  /** The value that was thrown. `error.cause` shows it masked, `FetchError.original(error)` returns it. */
  readonly cause?: unknown
  /** Default: as the documentation of the class says. */
  readonly retryable?: boolean | undefined
  /**
   * The wait that the server asked for: no attempt succeeds before it is over. A duration such as `"30 seconds"`, a number
   * of milliseconds, or an `Option` of one of these. An infinite wait counts as none.
   */
  readonly retryAfter?: Duration.DurationInput | Option.Option<Duration.DurationInput> | undefined
  /** The failures of the sources that were tried before this one. */
  readonly earlier?: ReadonlyArray<Earlier> | undefined
}

type Own<Fields extends Schema.Struct.Fields> = {
  readonly [K in keyof Schema.Struct.Constructor<Fields>]: Schema.Struct.Constructor<Fields>[K]
}

type AllFields<T extends Tag, Fields extends Schema.Struct.Fields> =
  & { readonly _tag: Schema.tag<T> }
  & typeof common
  & Fields

type Facts<T extends Tag> = (typeof facts)[T]

export type ErrorClass<Self, T extends Tag, Fields extends Schema.Struct.Fields> =
  & Schema.Class<
    Self,
    AllFields<T, Fields>,
    Schema.Struct.Encoded<AllFields<T, Fields>> & { readonly [K in keyof typeof shownFacts]: Facts<T>[K] },
    never,
    CommonProps & Own<Fields>,
    Facts<T> & { readonly [TypeId]: typeof TypeId },
    Cause.YieldableError
  >
  & Facts<T>
  & { readonly _tag: T }

/** The parts in which the classes differ besides their fields. */
export interface Options<Props> {
  /** The default of `retryable`. */
  readonly retryable: (props: Props) => boolean
  /** Fills in fields that follow from others. */
  readonly complete?: (props: Props) => Props
  /** The values under which an error is encoded whose fields are not those of its type. */
  readonly fallback?: Readonly<Record<string, unknown>>
}

// Schema types its classes for constructors that take the decoded fields. Ours take fewer and complete them, which these
// types cannot express: hence the casts here, and nowhere else.
/* oxlint-disable typescript/no-explicit-any -- Schema's types of classes are for constructors of decoded fields */

// The option under which a constructor copies the error that it is passed.
const copying: Schema.MakeOptions = {}

export const define = <Self = never>() =>
<const T extends Tag, Fields extends Schema.Struct.Fields>(
  tag: T,
  own: Fields,
  { complete = (props) => props, fallback = {}, retryable }: Options<Own<Fields>>
): [Self] extends [never] ? "Missing Self: define<Name>()" : ErrorClass<Self, T, Fields> => {
  const identifier = `effect-errata/FetchError/${tag}`
  const fields = { ...common, ...own }
  // The class has no type before it exists: callers see `ErrorClass`.
  const Class = Schema.TaggedError<any>(identifier)(tag, fields) as any
  const decoded = Schema.typeSchema(Schema.Struct({ _tag: Schema.Literal(tag), ...fields }))
  const validate = Schema.validateSync(Schema.typeSchema(Schema.Struct(fields)).annotations({ identifier: tag }))
  const encoded = Schema.Struct({ _tag: Schema.Literal(tag), ...shownFacts, ...fields })
  const keys = Object.keys(own)
  const isValid = Object.fromEntries(
    Object.entries(own).map(([key, field]) => [key, Schema.is(Schema.typeSchema(Schema.Struct({ [key]: field })))])
  )

  /** The fields of an error in the form that `encoded` takes, for any values. */
  const encodable = (error: any) => {
    const valid = (key: string, value: unknown): boolean => value !== undefined && isValid[key]!({ [key]: value })
    const values = keys.map((key) => [key, attempt(() => safeField(key, error[key]))] as const)
    const props: any = { ...fallback, ...Object.fromEntries(values.filter(([key, value]) => valid(key, value))) }
    const cause = attempt(() => error.cause)
    const { category, code, severity } = facts[tag]
    return {
      _tag: tag,
      code,
      category,
      severity,
      message: text(attempt(() => error.message)) ?? facts[tag].description,
      context: attempt(() => FetchContext.make(error.context)) ?? FetchContext.empty,
      ...(cause !== undefined && { cause }),
      retryable: error.retryable === true,
      retryAfter: attempt(() => finite(error.retryAfter)) ?? Option.none(),
      earlier: attempt(() => safeEarliers(error.earlier)) ?? [],
      ...complete(props)
    }
  }

  /** The schema of the class, or of one that extends it. Schema's own one fails to encode fields of other types. */
  const astOf = (Self: any): AST.AST => {
    // The class of an error of another installed copy of the package is another one; brand and tag are the same.
    const isSelf = (u: unknown): boolean =>
      u instanceof Self || (Object.getPrototypeOf(Self) === Base && isTagged(u, tag))
    const decode = () => (u: unknown, _: unknown, ast: AST.Declaration) =>
      isSelf(u) ? ParseResult.succeed(u) : ParseResult.fail(new ParseResult.Type(ast, u))
    const declaration = Schema.declare([decoded], { decode, encode: decode }, {
      identifier,
      pretty: () => String,
      arbitrary: (fields: any) => (fc: any) => fields(fc).map((props: any) => new Self(props, true)),
      [AST.SurrogateAnnotationId]: decoded.ast
    })
    return Schema.transform(encoded, declaration, {
      strict: false,
      decode: (props) => new Self(props, true),
      encode: encodable
    }).annotations({ [AST.SurrogateAnnotationId]: encoded.ast }).ast
  }

  // Extends Error, not Class, of which statics and prototype are wanted, but not the constructor: that copies the fields
  // three times over, which is most of the cost of an error.
  class Base extends Error {
    // Private, so that no tool prints or sends them, and that frozen errors have them too.
    #source: Base | undefined = undefined
    #held: HeldCause | undefined = undefined
    #marks: ReadonlyArray<WeakRef<object>> = []

    constructor(input: any = {}, options: Schema.MakeOptions = false) {
      if (options === copying) {
        super(input.message)
        // Formatting a stack costs more than the rest of a copy: it is left to the reader.
        Reflect.deleteProperty(this, "stack")
        Object.assign(this, input)
        // Never another copy: a chain of copies would keep all of them in memory.
        this.#source = input.#source ?? input
        if (input.#source !== undefined && Object.hasOwn(input, "stack")) this.stack = input.stack
        this.#held = input.#held
        this.#marks = input.#marks
        return
      }
      const props: CommonProps & Own<Fields> = complete(input)
      const { cause, context, earlier, message, retryAfter } = props
      super(safeText(message ?? facts[tag].description, maxMessage))
      if (cause !== undefined) this.#held = new HeldCause(cause)
      // `validate` below checks that these are the fields of the type.
      const self = this as unknown as Record<string, unknown>
      self["_tag"] = tag
      for (const key of keys) {
        const value = safeField(key, (props as Record<string, unknown>)[key])
        if (value !== undefined) self[key] = value
      }
      self["context"] = context === undefined ? FetchContext.empty : FetchContext.make(context)
      self["retryable"] = props.retryable ?? retryable(props)
      const isChecked = !(typeof options === "boolean" ? options : options.disableValidation ?? false)
      self["retryAfter"] = retryAfter === undefined ? Option.none() : waitOf(tag, retryAfter, isChecked)
      self["earlier"] = earlier === undefined ? [] : safeEarliers(earlier)
      if (isChecked) validate(this)
    }

    get [Marks](): ReadonlyArray<WeakRef<object>> {
      return #marks in this ? this.#marks : []
    }
    set [Marks](marks) {
      // A copy of an error of a class that extends one of the 17 did not go through this constructor.
      if (#marks in this) this.#marks = marks
      else Object.defineProperty(this, Marks, { value: marks, configurable: true })
    }

    get [Held](): HeldCause | undefined {
      return #held in this ? this.#held : undefined
    }
    set [Held](held) {
      Object.defineProperty(this, Held, { value: held, configurable: true })
    }
    override get cause(): Error | undefined {
      return this[Held]?.safe
    }

    // No copy of an error of a class that extends one of the 17, whose constructor is not known, and none of a proxy,
    // which has no private fields.
    [Copy](context: FetchContext.FetchContext): Base | undefined {
      if (!(#marks in this)) return undefined
      if (Object.getPrototypeOf(Object.getPrototypeOf(this)) !== Base.prototype) return undefined
      // Its constructor is the class, or one that adds nothing to it, as checked above.
      const copy = untraced(() => new (this.constructor as any)(this, copying))
      copy.context = context
      return copy
    }

    // An error that was thrown has a stack of its own. A copy shows that of the error it stems from.
    override get stack(): string {
      return #source in this ? this.#source?.stack ?? "" : ""
    }
    override set stack(stack) {
      Object.defineProperty(this, "stack", { value: stack, configurable: true, writable: true })
    }

    toJSON() {
      // The constructor of an error is its schema.
      return attempt(() => Schema.encodeSync(this.constructor as any)(this)) ?? { _tag: tag, ...facts[tag] }
    }
    [Inspectable.NodeInspectSymbol]() {
      const { _tag: _, cause: __, message, ...fields } = this.toJSON() as Record<string, unknown>
      const stack = [`${tag}: ${String(message ?? facts[tag].description)}`, ...stackLines(this)].join("\n")
      const causes = stacks(this.cause).map((stack) => `\n[cause]: ${stack}`)
      return `${stack} ${Inspectable.format(fields)}${causes.join("")}`
    }
  }

  for (let from = Class; from !== Error; from = Object.getPrototypeOf(from)) {
    for (const key of Reflect.ownKeys(from)) {
      if (!Object.hasOwn(Base, key)) Object.defineProperty(Base, key, Object.getOwnPropertyDescriptor(from, key)!)
    }
  }
  const asts = new WeakMap<object, AST.AST>()
  Object.defineProperty(Base, "ast", {
    get(this: object) {
      const ast = asts.get(this) ?? astOf(this)
      asts.set(this, ast)
      return ast
    },
    configurable: true
  })
  Object.setPrototypeOf(Base.prototype, Class.prototype)
  Object.defineProperty(Base.prototype, "name", { value: tag, configurable: true, writable: true })
  Object.defineProperty(Base.prototype, TypeId, { value: TypeId })
  for (const [key, value] of Object.entries(facts[tag])) {
    Object.defineProperty(Base, key, { value, enumerable: true })
    Object.defineProperty(Base.prototype, key, { value })
  }
  // Statics and prototype are those of `ErrorClass` by now.
  return Base as any
}
/* oxlint-enable typescript/no-explicit-any */

const isTagged = (u: unknown, tag: Tag): boolean =>
  attempt(() => Predicate.hasProperty(u, TypeId) && Reflect.get(u, "_tag") === tag) ?? false

const wait = duration({ least: Duration.zero, most: Duration.infinity })

/** The wait of a constructor. What is no duration throws if it is checked, and is no wait otherwise. */
const waitOf = (owner: string, input: unknown, isChecked: boolean): Option.Option<Duration.Duration> => {
  const value = Option.isOption(input) ? Option.getOrUndefined(input) : input
  if (value === undefined) return Option.none()
  const checked = wait("retryAfter", value)
  return finite(isChecked ? Option.some(orThrow(owner, checked)) : Option.getRight(checked))
}

/** A wait that JSON can hold. */
const finite = (wait: Option.Option<Duration.Duration>): Option.Option<Duration.Duration> =>
  Option.filter(wait, (wait) => Duration.isDuration(wait) && Number.isFinite(Duration.toMillis(wait)))

const text = (value: unknown): string | undefined => typeof value === "string" ? safeText(value, maxMessage) : undefined

/** The stacks of an error chain. */
const stacks = (error: Error | undefined): ReadonlyArray<string> =>
  error === undefined
    ? []
    : [error.stack ?? String(error), ...stacks(error.cause instanceof Error ? error.cause : undefined)]
