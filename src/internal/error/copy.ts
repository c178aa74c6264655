/** Copies of errors: of the same class, with the same fields, stack and cause, and with another context. */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as FetchContext from "../../FetchContext.js"
import { attempt } from "../safe/json.js"
import { untraced } from "../safe/untraced.js"
import type { Earlier, Trackable } from "./errorModel.js"
import { markRefusal } from "./mark.js"
import type { Hidden } from "./protocol.js"
import { Copy, Held, heldCause } from "./protocol.js"
import { safeEarlier } from "./safeFields.js"
import { isWrapper, wrap } from "./wrapper.js"

/** The copy, or a wrapper of an error that cannot be copied. Undefined if there can be neither. */
export const copyOf = <E extends Trackable>(error: E, context: FetchContext.FetchContext): E | undefined => {
  // Not of the proxy that a span wraps round an error: it has no private fields, and so no marks.
  const inner = attempt(() => Cause.originalError(error)) ?? error
  return attempt(() => byItself(inner, context)) ?? attempt(() => byProperties(inner, context)) ??
    attempt(() => wrap(inner, "context", context))
}

const byItself = <E extends Trackable>(error: E & Hidden, context: FetchContext.FetchContext): E | undefined =>
  // The method returns a copy of the class of the error.
  error[Copy]?.(context) as E | undefined

/** Property by property, so that getters and frozen errors are copied too. */
const byProperties = <E extends Trackable>(error: E, context: FetchContext.FetchContext): E | undefined => {
  if (isWrapper(error) || hasPrivateFields(error)) return undefined
  const copy = blank(error)
  for (const key of Reflect.ownKeys(error)) {
    const property = { ...Object.getOwnPropertyDescriptor(error, key), configurable: true }
    Object.defineProperty(copy, key, "value" in property ? { ...property, writable: true } : property)
  }
  const held = heldCause(error)
  if (held !== undefined) Object.defineProperty(copy, Held, { value: held, configurable: true })
  if (!isEqual(withStackOf(copy, error), error)) return undefined
  return Object.defineProperty(copy, "context", {
    value: context,
    enumerable: true,
    configurable: true,
    writable: true
  })
}

/** A copy of the last of several failures that lists the earlier ones. */
export const withEarlier = <E extends Trackable>(error: E, earlier: ReadonlyArray<Trackable>): E => {
  if (earlier.length === 0 || !("earlier" in error && Array.isArray(error.earlier))) return error
  const failures = earlier.flatMap((error) => [
    ...earlierOf(error),
    safeEarlier({ source: error.context.source ?? "unknown", code: error.code, message: error.message })
  ])
  return changed(error, { earlier: [...failures, ...error.earlier].slice(-maxEarlier) })
}

const earlierOf = (error: Trackable): ReadonlyArray<Earlier> =>
  "earlier" in error && Array.isArray(error.earlier) ? error.earlier : []

/** A copy with another wait. */
export const withRetryAfter = <E extends Trackable>(error: E, wait: Duration.Duration): E =>
  changed(error, { retryAfter: Option.some(wait) })

/** A copy of the error for a call that was not sent because of it, marked as a refusal. */
export const asRefusal = <E extends Trackable>(error: E, context: FetchContext.FetchContext, message: string): E => {
  const copy = changed(error, { message }, context)
  if (copy !== error) markRefusal(copy)
  return copy
}

// An error that cannot be copied stays as it is: others may hold it, too.
const changed = <E extends Trackable>(
  error: E,
  fields: Readonly<Record<string, unknown>>,
  context: FetchContext.FetchContext = error.context
): E => {
  const copy = copyOf(error, context)
  if (copy === undefined) return error
  for (const [key, value] of Object.entries(fields)) {
    Object.defineProperty(copy, key, { value, enumerable: key !== "message", configurable: true, writable: true })
  }
  return copy
}

const maxEarlier = 16

// ---------------------------------------------------------------------------------------------------------------------
// copies
// ---------------------------------------------------------------------------------------------------------------------

// Formatting a stack costs more than the rest of a copy: it is left to the reader. The source is never another copy: a
// chain of copies would keep all of them in memory.
const sources = new WeakMap<object, Error>()
const stackOfSource = {
  get(this: object) {
    return sources.get(this)?.stack
  },
  configurable: true
}

const withStackOf = <E extends object>(copy: E, error: object): E => {
  if (!(error instanceof Error)) return copy
  sources.set(copy, sources.get(error) ?? error)
  return Object.defineProperty(copy, "stack", stackOfSource)
}

// Getters that read private fields throw on a copy.
const isEqual = (copy: Trackable, error: Trackable): boolean =>
  copy._tag === error._tag && copy.code === error.code && copy.category === error.category &&
  copy.severity === error.severity && copy.message === error.message

const privateClasses = new WeakMap<object, boolean>()

/**
 * Returns whether a class of the error declares private fields, which no copy from outside has: its methods would throw.
 * Only the source of the class shows them.
 */
const hasPrivateFields = (error: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(error)
  if (typeof prototype !== "object" || prototype === null || prototype === Object.prototype) return false
  // Copies of the 17 do without the private fields of the class.
  if (Object.hasOwn(prototype, Copy)) return false
  const known = privateClasses.get(prototype)
  if (known !== undefined) return known
  const source = attempt(() => Function.prototype.toString.call(prototype.constructor)) ?? ""
  const found = /#[\p{ID_Start}$_]|__classPrivateField/u.test(source) || hasPrivateFields(prototype)
  privateClasses.set(prototype, found)
  return found
}

/** A new object of the same class, a real `Error` with the same message if that is one. */
const blank = <A extends object>(model: A): A => {
  const prototype: object = Object.getPrototypeOf(model)
  if (!(model instanceof Error)) return Object.create(prototype)
  return untraced(() =>
    model.constructor.prototype === prototype
      ? Reflect.construct(Error, [model.message], model.constructor)
      : Object.setPrototypeOf(new Error(model.message), prototype)
  )
}
