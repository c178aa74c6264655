/** Copies of errors: of the same class, saying the same, with the same stack and cause. */
import type * as FetchError from "../FetchError.js"
import { attempt } from "./json.js"

// A stack is formatted when it is first read: a copy leaves that to whoever reads it.
const originals = new WeakMap<object, Error>()
const stackOfOriginal = {
  get(this: object) {
    return originals.get(this)?.stack
  },
  configurable: true
}

/** For the 17, whose own properties are plain ones. None for a subclass that has others. */
export const quickCopy = <E extends object>(error: E): E | undefined =>
  attempt(() => {
    const copy = Object.assign(blank(error), error)
    for (const key of Reflect.ownKeys(error)) {
      if (Object.hasOwn(copy, key)) continue
      Object.defineProperty(copy, key, { ...Object.getOwnPropertyDescriptor(error, key), configurable: true })
    }
    return withStackOf(copy, error)
  })

/** Property by property, so that getters and frozen errors are copied too. None if the copy does not say the same. */
export const copyOf = <E extends FetchError.Trackable>(error: E): E | undefined =>
  attempt(() => {
    const copy = blank(error)
    for (const key of Reflect.ownKeys(error)) {
      const property = { ...Object.getOwnPropertyDescriptor(error, key), configurable: true }
      Object.defineProperty(copy, key, "value" in property ? { ...property, writable: true } : property)
    }
    return saysTheSame(withStackOf(copy, error), error) ? copy : undefined
  })

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
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return model.constructor.prototype === prototype
      ? Reflect.construct(Error, [model.message, model], model.constructor)
      : Object.setPrototypeOf(new Error(model.message, model), prototype)
  } finally {
    Error.stackTraceLimit = limit
  }
}
