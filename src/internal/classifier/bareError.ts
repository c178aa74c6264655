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
  AggregateError.prototype
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
  "cause"
])

/** Whether the error has no key but those of the runtime. A code must be one of the system: anything else may be a word. */
export const isBare = (link: object): boolean => {
  try {
    if (!prototypes.has(Object.getPrototypeOf(link))) return false
    for (const key of Object.keys(link)) if (!silent.has(key)) return false
    return true
  } catch {
    return false
  }
}
