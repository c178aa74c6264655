/** How the value of a dimension is read: from the context, from the error, or from the attributes. */
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import type * as FetchContext from "../../../FetchContext.js"
import type * as FetchError from "../../../FetchError.js"
import { distance } from "../../hints/nearest.js"
import { attempt } from "../../safe/json.js"

/** A dimension: a field of the context or of the error, or the name of an attribute. */
export type DimensionName =
  | "symbol"
  | "source"
  | "market"
  | "interval"
  | "operation"
  | "attempt"
  | "url"
  | (typeof evidence)[number]
  | (string & {})

/** The value in a context, and in an error that occurred there; undefined where there is none. */
export type Reader = (context: FetchContext.FetchContext, error?: FetchError.Trackable) => string | undefined

const fields = ["symbol", "source", "market", "interval", "operation", "attempt", "url"] as const

const evidence = [
  "status",
  "apiCode",
  "reason",
  "expected",
  "errno",
  "hostname",
  "phase",
  "path",
  "line",
  "retryable",
  "category",
  "severity"
] as const

/** The dimensions that any application can count by, besides its attributes and the fields of its own errors. */
export const knownDimensions: ReadonlyArray<string> = [...fields, ...evidence]

// Fields that hold no single value, or one that differs from error to error.
const unusable: ReadonlyArray<string> = [
  "start",
  "end",
  "attributes",
  "context",
  "cause",
  "message",
  "description",
  "stack",
  "name",
  "retryAfter",
  "earlier",
  "issues",
  "bodyExcerpt"
]

/** Left: the reason why nothing can be counted by this name. */
export const checkDimension = (name: string): Either.Either<void, string> => {
  if (knownDimensions.includes(name)) return Either.void
  const shown = JSON.stringify(name)
  if (unusable.includes(name)) {
    return Either.left(
      `${shown} cannot be a dimension. Known: ${knownDimensions.join(", ")}, or the name of an attribute`
    )
  }
  const meant = knownDimensions.find((known) => isMisspelt(name, known))
  return meant === undefined
    ? Either.void
    : Either.left(
      `unknown dimension ${shown}, did you mean ${JSON.stringify(meant)}? An attribute needs a name that differs more`
    )
}

/** Any other name may be that of an attribute, so only the nearest ones count: another spelling, or one edit of a long name. */
const isMisspelt = (name: string, known: string): boolean => {
  const [written, existing] = [name, known].map((text) => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""))
  return written === existing ||
    (known.length >= 6 && name.length <= 2 * known.length && distance(written ?? "", existing ?? "") <= 1)
}

const textOf = (value: unknown): string | undefined =>
  Predicate.isString(value)
    ? value
    : Predicate.isNumber(value) || Predicate.isBoolean(value)
    ? String(value)
    : undefined

const attributeOf = ({ attributes }: FetchContext.FetchContext, name: string): string | undefined =>
  attributes !== undefined && Object.hasOwn(attributes, name) ? textOf(attributes[name]) : undefined

const fieldReaders: { readonly [F in (typeof fields)[number]]: Reader } = {
  symbol: ({ symbol }) => symbol,
  source: ({ source }) => source,
  market: ({ market }) => market,
  interval: ({ interval }) => interval,
  operation: ({ operation }) => operation,
  attempt: ({ attempt }) => textOf(attempt),
  url: ({ url }) => url
}

const isField = (name: string): name is keyof typeof fieldReaders => Object.hasOwn(fieldReaders, name)

/** The reader of a dimension. A field of the error comes before an attribute of the same name. */
export const reader = (name: string): Reader =>
  isField(name) ?
    fieldReaders[name] :
    (context, error) =>
      (error === undefined || name in Object.prototype
        ? undefined
        : textOf(attempt((): unknown => Reflect.get(error, name)))) ??
        attributeOf(context, name)
