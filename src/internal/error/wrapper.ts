/**
 * Wrappers of errors that cannot be copied, as those of classes with private fields: of the same class, with a context
 * and marks of their own. All else is read from the error itself.
 */
import { attempt } from "../safe/json.js"

interface Wrapped {
  readonly error: object
  /** The properties that differ from those of the error. */
  readonly own: ReadonlyMap<PropertyKey, unknown>
}

const wrappers = new WeakMap<object, Wrapped>()

/**
 * A wrapper of the error, or another one of the error inside of a wrapper. Undefined for an error whose properties are
 * fixed: a proxy must show these as they are.
 */
export const wrap = <E extends object>(input: E, key: string, value: unknown): E | undefined => {
  const { error, own: inherited } = wrappers.get(input) ?? { error: input, own: new Map<PropertyKey, unknown>() }
  const own = new Map([...inherited, [key, value]])
  if (!Object.isExtensible(error) || Object.getOwnPropertyDescriptor(error, key)?.configurable === false) {
    return undefined
  }
  const proxy = new Proxy(error, {
    get: (_, key) => own.has(key) ? own.get(key) : withThis(error, Reflect.get(error, key)),
    has: (_, key) => own.has(key) || Reflect.has(error, key),
    // Nothing is written to the error itself, which others may hold.
    defineProperty: (_, key, { value }) => {
      own.set(key, value)
      return true
    },
    getOwnPropertyDescriptor: (_, key) => {
      const property = Reflect.getOwnPropertyDescriptor(error, key)
      return property?.configurable === true && own.has(key)
        ? { value: own.get(key), enumerable: property.enumerable ?? true, configurable: true, writable: true }
        : property
    }
  })
  wrappers.set(proxy, { error, own })
  // A proxy has the type of what it wraps.
  return proxy as E
}

export const isWrapper = (error: object): boolean => wrappers.has(error)

// A method must be called on the error itself, which has the private fields.
const withThis = (error: object, value: unknown): unknown =>
  typeof value === "function" && value !== error.constructor ? attempt(() => value.bind(error)) : value
