/** The marks of errors that were counted, and by which trackers. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as GlobalValue from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import { attempt } from "../safe/json.js"
import { TypeId } from "./errorModel.js"
import type { Hidden } from "./protocol.js"
import { heldCause, Marks } from "./protocol.js"

// Held by the error itself, so that they show through the proxy that a span wraps round an error, and that a copy has
// them too. One of the 17 has a private place for them; on others they are not enumerable: nothing prints or sends them.

// References that keep no tracker alive: an error can outlive it.
type Marks = ReadonlyArray<WeakRef<object>>

const references = new WeakMap<object, WeakRef<object>>()

const referenceTo = (tracker: object): WeakRef<object> => {
  const known = references.get(tracker)
  if (known !== undefined) return known
  const reference = new WeakRef(tracker)
  references.set(tracker, reference)
  return reference
}

// For an error that cannot be written to.
const besides = new WeakMap<object, Marks>()

const maxLinks = 16

/** The trackers that an error remembers. One that is forgotten counts the error again. */
const maxMarks = 16

const none: Marks = []

const marksOf = (error: Hidden): Marks => error[Marks] ?? besides.get(error) ?? none

const includes = (marks: Marks, tracker: object): boolean => {
  for (const mark of marks) if (mark.deref() === tracker) return true
  return false
}

/** Marks an error as counted by the tracker. Nothing but the caller may hold the error yet. */
export const mark = (fresh: object, tracker: object): void => {
  const held = attempt(() => marksOf(fresh)) ?? none
  if (includes(held, tracker)) return
  const reference = referenceTo(tracker)
  const marks = held.length === 0 ? [reference] : [...held.slice(1 - maxMarks), reference]
  if (attempt(() => hold(fresh, marks)) !== true) besides.set(fresh, marks)
}

const hold = (error: Hidden, marks: Marks): boolean => {
  if (!(TypeId in error)) return Reflect.defineProperty(error, Marks, { value: marks, configurable: true })
  error[Marks] = marks
  return true
}

// One mark for all copies of this package in a process, which may meet each other's errors.
const refused = GlobalValue.globalValue("effect-errata/RetryPolicy/refused", (): object => ({}))

/** Whether the error itself has the mark, regardless of the errors inside of it. Never throws. */
export const hasMark = (error: object, by: object): boolean => attempt(() => includes(marksOf(error), by)) ?? false

/** Whether some tracker has counted the error. Never throws. */
export const isCounted = (error: object): boolean =>
  attempt(() => marksOf(error).some((mark) => mark.deref() !== refused)) ?? false

/** Marks an error that nothing else holds yet as a refusal: the call that fails with it was not sent. */
export const markRefusal = (fresh: object): void => mark(fresh, refused)

/** Whether the error is a refusal. An error with a refusal as its cause is none. Never throws. */
export const isRefusal = (error: object): boolean => hasMark(error, refused)

/**
 * Returns whether the tracker counted the error already, or one inside of it: in its chain of causes, in an aggregate,
 * or in a Cause, an Exit or a list that an effect failed with. Bounded, and never throws.
 */
export const isMarked = (error: unknown, tracker: object): boolean => {
  const queue = [error]
  for (let i = 0; i < queue.length && i < maxLinks; i++) {
    const next = queue[i]
    if (typeof next !== "object" || next === null) continue
    try {
      const marks = marksOf(next)
      if (includes(marks, tracker)) return true
      const further = inner(next)
      if (further.length > 0) queue.push(...further)
    } catch {
      // A link that cannot be read has no marks.
    }
  }
  return false
}

const inner = (error: object): ReadonlyArray<unknown> => {
  // One of the 17 holds its cause and nothing else.
  if (TypeId in error) {
    const held = heldCause(error)
    return held === undefined ? none : [held.original]
  }
  if (Array.isArray(error)) return error.slice(0, maxLinks)
  if (Cause.isCause(error)) return [...Cause.failures(error), ...Cause.defects(error)]
  if (Exit.isExit(error)) return Exit.isFailure(error) ? [error.cause] : []
  if (Option.isOption(error)) return Option.toArray(error)
  const members: unknown = Reflect.get(error, "errors")
  return [
    Reflect.get(error, "cause"),
    Reflect.get(error, Runtime.FiberFailureCauseId),
    ...(Array.isArray(members) ? members.slice(0, maxLinks) : [])
  ]
}
