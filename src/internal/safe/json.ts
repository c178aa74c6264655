/**
 * Converts any value to JSON that is safe to print: bounded and masked. The value can be cyclic, a proxy, a bigint, or have
 * getters that throw.
 */
import * as Redacted from "effect/Redacted"
import { redactText } from "./redaction.js"
import { isSecret, isSecretName, locating, mask, naming } from "./secretNames.js"
import { redactValidation } from "./validation.js"

export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [key: string]: Json }

const maxDepth = 6
const maxEntries = 32
const maxNodes = 512
const maxText = 1024
const maxSteps = 64

/** At most `limit` UTF-16 units, never half a surrogate pair; a cut text ends in `…`. Cutting twice changes nothing. */
export const bounded = (text: string, limit: number = maxText): string =>
  text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, "")}…`

// A text far beyond the bound is cut before redaction, which reads it several times.
const scanned = maxText * 8

/** Masks the secrets in a text and cuts it to `limit` units. */
export const safeText = (text: string, limit: number = maxText): string => {
  const safe = bounded(redactText(text.length > scanned ? text.slice(0, scanned) : text), limit)
  // A cut can open a quote that was closed before: the second pass makes masking idempotent.
  return safe.length < limit ? safe : bounded(redactText(safe), limit)
}

/** Calls a function that can throw, and returns undefined if it does. */
export const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

const first = <A>(items: Iterable<A>): ReadonlyArray<A> => {
  const taken: Array<A> = []
  for (const item of items) {
    if (taken.length === maxEntries) break
    taken.push(item)
  }
  return taken
}

/** Returns whether the item before it names a secret. Headers can be lists: `["X-MBX-APIKEY", "…", "Host", "…"]`. */
const isSecretOf = (name: unknown, i: number, length: number): boolean =>
  i % 2 === 1 && length % 2 === 0 && typeof name === "string" && /^[\w-]{1,64}$/.test(name) && isSecretName(name)

/** Returns whether a step of the path is the name of a secret. */
export const isSecretPath = (path: unknown): boolean =>
  Array.isArray(path)
    ? path.slice(0, maxSteps).some(isSecretStep)
    : typeof path === "string" && (isSecretName(path) || path.split(/[.[\]/]+/).some(isSecretName))

// A step can be an object with a key.
const isSecretStep = (step: unknown): boolean =>
  typeof step === "object" && step !== null && "key" in step ? isSecretStep(step.key) : isSecretName(String(step))

const keys = (names: string): RegExp => new RegExp(`^(?:${names})$`)
const [isName, isNamed] = [keys(naming.names), keys(naming.values)]
const [isPath, isRejected, isMessage] = [keys(locating.paths), keys(locating.values), keys(locating.messages)]

/**
 * Reads an object that names a value under another key, as `{ name: "X-MBX-APIKEY", value: "…" }` or the issue of a
 * validation, `{ path: ["apiKey"], message: "…", received: "…" }`.
 */
const namedReader = (all: ReadonlyArray<string>, get: (key: string) => unknown): (key: string) => unknown => {
  const secret = (key: string): boolean => attempt(() => isSecretPath(get(key))) === true
  const issue = all.some((key) => isPath.test(key) && secret(key))
  const named = issue || all.some((key) => isName.test(key) && secret(key))
  if (!named) return get
  return (key) =>
    isNamed.test(key) || (issue && isRejected.test(key))
      ? mask
      : issue && isMessage.test(key)
      ? redactValidation(bounded(String(get(key)), scanned), true)
      : get(key)
}

/**
 * Reduces any value to JSON: at most 512 values, 32 entries a level, 6 levels, 1,024 characters a text. Once its texts have
 * more than `characters` in all, the rest is not read.
 */
export const toJson = (value: unknown, characters: number = Infinity): Json => {
  const seen = new Set<object>()
  let nodes = 0
  let left = characters

  const spend = (text: string): string => {
    left -= text.length
    return text
  }

  const object = (value: object, depth: number): Json => {
    if (Redacted.isRedacted(value)) return mask
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString()
    if (seen.has(value)) return "[circular]"
    if (depth >= maxDepth) return Array.isArray(value) ? "[array]" : "[object]"
    seen.add(value)
    const json = value instanceof Error
      ? safeText(`${value.name}: ${value.message}`)
      : ArrayBuffer.isView(value)
      ? `[${value.byteLength} bytes]`
      : value instanceof Map
      ? record(first(value).map(([k, v]) => [String(k), () => v]), value.size, depth)
      : value instanceof Set
      ? list(first(value), value.size, depth)
      : Array.isArray(value)
      ? list(value.slice(0, maxEntries), value.length, depth)
      : own(value, depth)
    seen.delete(value)
    return json
  }

  const own = (value: object, depth: number): Json => {
    const keys = Object.keys(value)
    const get = (key: string): unknown => Reflect.get(value, key)
    const read = namedReader(keys.slice(0, maxEntries), get)
    return record(keys.slice(0, maxEntries).map((key) => [key, () => read(key)]), keys.length, depth)
  }

  const list = (items: ReadonlyArray<unknown>, length: number, depth: number): Json => {
    const json = items.map((item, i) => isSecretOf(items[i - 1], i, length) ? mask : visit(item, depth + 1))
    return length > maxEntries ? [...json, `… ${length - maxEntries} more`] : json
  }

  const record = (entries: ReadonlyArray<readonly [string, () => unknown]>, size: number, depth: number): Json => {
    const json: Record<string, Json> = {}
    // Defined, not assigned: `__proto__` is a name like any other.
    const put = (key: string, value: Json) =>
      Object.defineProperty(json, key, { value, enumerable: true, configurable: true, writable: true })
    for (const [key, read] of entries) {
      if (left <= 0) {
        put("…", `${size - Object.keys(json).length} more`)
        return json
      }
      put(spend(safeText(key, 128)), visitNamed(key, read, depth + 1))
    }
    if (size > maxEntries) put("…", `${size - maxEntries} more`)
    return json
  }

  const visitNamed = (key: string, read: () => unknown, depth: number): Json => {
    try {
      const value = read()
      return isSecret(key, value) ? mask : visit(value, depth)
    } catch {
      return isSecretName(key) ? mask : "[unreadable]"
    }
  }

  const visit = (value: unknown, depth: number): Json => {
    if (nodes++ >= maxNodes || left <= 0) return "…"
    switch (typeof value) {
      case "string":
        return spend(safeText(value, Math.min(maxText, Math.max(left, 1))))
      case "number":
        return Number.isFinite(value) ? value + 0 : String(value)
      case "boolean":
        return value
      case "undefined":
        return null
      case "object":
        if (value === null) return null
        try {
          return object(value, depth)
        } catch {
          return "[unreadable]"
        }
      case "function":
        return "[function]"
      default:
        return safeText(String(value))
    }
  }

  return visit(value, 0)
}
