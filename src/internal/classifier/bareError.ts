/**
 * Errors that hold nothing but what the runtime gives them: their own class, a message, a code. Most failures of the
 * transport are such errors, and for these one look at their keys replaces many look-ups.
 */

const prototypes: ReadonlySet<unknown> = new Set([
  Error.prototype,
  TypeError.prototype,
  RangeError.prototype,
  SyntaxError.prototype,
  ReferenceError.prototype,
  AggregateError.prototype,
  // Its name, message and code are accessors of the prototype.
  DOMException.prototype
])

/** Keys that say nothing about an answer, a request, a code word or another cause. */
const silent: ReadonlySet<string> = new Set([
  "name",
  "message",
  "stack",
  "code",
  "errno",
  "syscall",
  "address",
  "port",
  "path",
  "dest",
  "hostname",
  "cause",
  // The counts of bytes of a socket, by undici.
  "socket"
])

const maxKeys = 64

// Listing the keys of an object with very many takes milliseconds: it is done once for each such object.
const many = new WeakMap<object, ReadonlyArray<string>>()

/** The first own enumerable keys of an object. */
export const firstKeys = (link: object): ReadonlyArray<string> => {
  const known = many.get(link)
  if (known !== undefined) return known
  const keys = Object.keys(link)
  if (keys.length <= maxKeys) return keys
  const first = keys.slice(0, maxKeys)
  many.set(link, first)
  return first
}

/** Whether the error has no key but those of the runtime. A code must be one of the system: anything else may be a word. */
export const isBare = (link: object): boolean => {
  try {
    if (!prototypes.has(Object.getPrototypeOf(link))) return false
    for (const key of firstKeys(link)) {
      // got names the step of a request that timed out.
      if (!silent.has(key) && !(key === "event" && typeof Reflect.get(link, key) === "string")) return false
    }
    return true
  } catch {
    return false
  }
}
