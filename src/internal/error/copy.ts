/** Copies of errors: of the same class, saying the same, with the same stack and cause, but for their context. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import { attempt } from "../safe/json.js"
import { untraced } from "../safe/untraced.js"
import { Copy, safeEarlier } from "./errorClass.js"

/** None if the copy would not say the same. */
export const copyOf = <E extends FetchError.Trackable>(
  error: E,
  context: FetchContext.FetchContext
): E | undefined => attempt(() => byItself(error, context) ?? byProperties(error, context))

const byItself = <E extends FetchError.Trackable & { readonly [Copy]?: (context: FetchContext.FetchContext) => E }>(
  error: E,
  context: FetchContext.FetchContext
  // Not the proxy that a span wraps round it, which has nothing private: no marks, for one.
): E | undefined => Cause.originalError(error)[Copy]?.(context)

/** Property by property, so that getters and frozen errors are copied too. */
const byProperties = <E extends FetchError.Trackable>(error: E, context: FetchContext.FetchContext): E | undefined => {
  const copy = blank(error)
  for (const key of Reflect.ownKeys(error)) {
    const property = { ...Object.getOwnPropertyDescriptor(error, key), configurable: true }
    Object.defineProperty(copy, key, "value" in property ? { ...property, writable: true } : property)
  }
  if (!saysTheSame(withStackOf(copy, error), error)) return undefined
  return Object.defineProperty(copy, "context", {
    value: context,
    enumerable: true,
    configurable: true,
    writable: true
  })
}

/** The error as the last of several: a copy that carries what the others said. */
export const withEarlier = <E extends FetchError.Trackable>(
  error: E,
  earlier: ReadonlyArray<FetchError.Trackable>
): E => {
  if (earlier.length === 0 || !("earlier" in error && Array.isArray(error.earlier))) return error
  const told = earlier.flatMap((error) => [
    ...earlierOf(error),
    safeEarlier({ source: error.context.source ?? "unknown", code: error.code, message: error.message })
  ])
  return saying(error, { earlier: [...told, ...error.earlier].slice(-maxEarlier) })
}

const earlierOf = (error: FetchError.Trackable): ReadonlyArray<FetchError.Earlier> =>
  "earlier" in error && Array.isArray(error.earlier) ? error.earlier : []

/** A copy that says to wait so long. */
export const withRetryAfter = (error: FetchError.ApiRateLimit, wait: Duration.Duration): FetchError.ApiRateLimit =>
  saying(error, { retryAfter: Option.some(wait) })

/** The error of one fetch as that of another, which it kept from being sent. */
export const asRefusal = <E extends FetchError.FetchError>(
  error: E,
  context: FetchContext.FetchContext,
  message: string
): E => saying(error, { message }, context)

// Who cannot be copied says what it says: others may hold it, too.
const saying = <E extends FetchError.Trackable>(
  error: E,
  words: Readonly<Record<string, unknown>>,
  context: FetchContext.FetchContext = error.context
): E => {
  const copy = copyOf(error, context)
  if (copy === undefined) return error
  for (const [key, value] of Object.entries(words)) {
    Object.defineProperty(copy, key, { value, enumerable: key !== "message", configurable: true, writable: true })
  }
  return copy
}

const maxEarlier = 16

// A stack is formatted when it is first read: a copy leaves that to whoever reads it.
const originals = new WeakMap<object, Error>()
const stackOfOriginal = {
  get(this: object) {
    return originals.get(this)?.stack
  },
  configurable: true
}

const withStackOf = <E extends object>(copy: E, error: object): E => {
  if (!(error instanceof Error)) return copy
  originals.set(copy, error)
  return Object.defineProperty(copy, "stack", stackOfOriginal)
}

// A class whose getters read private fields cannot be copied from outside.
const saysTheSame = (copy: FetchError.Trackable, error: FetchError.Trackable): boolean =>
  copy._tag === error._tag && copy.code === error.code && copy.category === error.category &&
  copy.severity === error.severity && copy.message === error.message

/** A new object of the same class, a real `Error` with the same message and cause if that is one. */
const blank = <A extends object>(model: A): A => {
  const prototype: object = Object.getPrototypeOf(model)
  if (!(model instanceof Error)) return Object.create(prototype)
  return untraced(() =>
    model.constructor.prototype === prototype
      ? Reflect.construct(Error, [model.message, model], model.constructor)
      : Object.setPrototypeOf(new Error(model.message, model), prototype)
  )
}
