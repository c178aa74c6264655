/** The errors behind an error, as a flat list that is bounded and safe for any value. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import { heldCause } from "../error/protocol.js"
import { attempt } from "../safe/json.js"
import { firstKeys, isBare } from "./bareError.js"
import { get, isObject } from "./read.js"

export const maxDepth = 16
export const maxMembers = 16
export const maxLinks = 256

const defect = Symbol("effect-errata/Defect")

/** A defect: it was not expected, and no evidence in it changes that. */
export interface Defect {
  readonly [defect]: typeof defect
  readonly value: unknown
}

const makeDefect = (value: unknown): Defect => ({ [defect]: defect, value })

export const isDefect = (value: unknown): value is Defect => get(value, defect) === defect

/**
 * The value and what it was caused by, each before its causes. Where an error has several, the *first* comes last, so
 * that "the last of equals wins" means the innermost of a chain and the first of several.
 */
export const links = (value: unknown): ReadonlyArray<unknown> => {
  const found = [value]
  follow(value, 1, found)
  return found
}

const follow = (value: unknown, depth: number, found: Array<unknown>): void => {
  if (!isObject(value) || depth >= maxDepth) return
  const inner = causes(value)
  for (let i = Math.min(inner.length, maxMembers) - 1; i >= 0; i--) {
    const cause = inner[i]
    if (found.length >= maxLinks || (isObject(cause) && found.includes(cause))) continue
    found.push(cause)
    follow(cause, depth + 1, found)
  }
}

const none: ReadonlyArray<unknown> = []

const fiberFailure = Symbol.for("effect/Runtime/FiberFailure/Cause")

/** What a value was caused by; what stands nearest to the fault first. */
const causes = (value: object): ReadonlyArray<unknown> => {
  if (isDefect(value)) return none
  const held = heldCause(value)
  const cause = held === undefined ? get(value, "cause") : held.original
  const errors = members(get(value, "errors"))
  if (cause !== undefined) return errors.length === 0 ? [cause] : [...errors, cause]
  if (errors.length > 0) return errors
  if (isBare(value)) return none
  const failed = get(value, fiberFailure)
  if (isCause(failed)) return ofCause(failed)
  if (isCause(value)) return ofCause(value)
  return carried(value)
}

/** The names under which errors carry errors, besides `cause` and `errors`. */
const carriers = [
  "error",
  "suppressed",
  "reason",
  "original",
  "originalError",
  "innerError",
  "inner",
  "networkError"
] as const

// An abort by a signal: why stands in the signal, of which clients keep the request's options.
const holders = ["config", "options", "request"] as const

const carried = (value: object): ReadonlyArray<unknown> => {
  const several = members(value)
  if (several.length > 0) return several
  const tag = get(value, "_tag")
  if (tag === "Some" || tag === "Left") return [get(value, tag === "Some" ? "value" : "left")]
  const found: Array<unknown> = []
  for (const name of carriers) {
    const error = get(value, name)
    if (isObject(error)) found.push(error)
  }
  for (const name of holders) {
    const reason = get(get(get(value, name), "signal"), "reason")
    if (isObject(reason)) found.push(reason)
  }
  if (found.length > 0) return found
  const named = nested(value)
  return named.length > 0 ? named : options(value)
}

/** Own properties that hold an error are causes, under any name. Accessors are not read: they may have effects. */
const nested = (value: object): ReadonlyArray<unknown> => {
  const found: Array<unknown> = []
  try {
    if (Array.isArray(value) || ArrayBuffer.isView(value)) return found
    for (const name of firstKeys(value)) {
      if (found.length === maxMembers) break
      const held: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
      if (isError(held)) found.push(held)
      else if (isObject(held) && /errors$/i.test(name)) {
        found.push(...Object.values(held).slice(0, maxMembers).filter(isError))
      }
    }
  } catch {
    // What cannot be listed has no causes.
  }
  return found
}

/** An error of this realm, of another one, or one that was made without a class. */
const isError = (value: unknown): boolean =>
  value instanceof Error ||
  (isObject(value) && typeof get(value, "message") === "string" && typeof get(value, "stack") === "string")

/** `Effect.all` in its mode "validate" fails with an Option for each of its effects: in a list, or a record. */
const options = (value: object): ReadonlyArray<unknown> => {
  try {
    if (Object.getPrototypeOf(value) !== Object.prototype) return none
    const found: Array<unknown> = []
    for (const key of firstKeys(value).slice(0, maxMembers)) {
      const member = get(value, key)
      if (get(member, "_tag") === "Some") found.push(member)
    }
    return found
  } catch {
    return none
  }
}

const members = (errors: unknown): ReadonlyArray<unknown> => {
  try {
    return Array.isArray(errors) ? errors.slice(0, maxMembers).filter(isObject) : none
  } catch {
    return none
  }
}

const isCause = (value: unknown): value is Cause.Cause<unknown> => get(value, Cause.CauseTypeId) !== undefined

/** A failure beats a defect, and both beat an interruption. */
export const ofCause = (cause: Cause.Cause<unknown>): ReadonlyArray<unknown> =>
  attempt(() => {
    const failures = Chunk.toReadonlyArray(Cause.failures(cause))
    if (failures.length > 0) return failures
    const defects = Chunk.toReadonlyArray(Cause.defects(cause))
    if (defects.length > 0) return defects.map(makeDefect)
    return [new Cause.InterruptedException("The fiber was interrupted")]
  }) ?? none
