/**
 * Bodies with nothing but a code, a status and a short message, which is what most APIs answer. One look at their keys
 * replaces the search for everything else that a body may hold.
 */
import type { Foreign } from "./read.js"
import { isObject } from "./read.js"

const plain: ReadonlySet<string> = new Set(["code", "msg", "message", "status", "statusCode", "success", "ok", "time"])
const maxKeys = 8

export const isPlainBody = (body: unknown): body is Foreign => {
  try {
    if (!isObject(body) || Object.getPrototypeOf(body) !== Object.prototype) return false
    const keys = Object.keys(body)
    if (keys.length > maxKeys) return false
    for (const key of keys) if (!plain.has(key)) return false
    return true
  } catch {
    return false
  }
}
