/** Which errors were counted already, and by which tracker. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import { attempt } from "../safe/json.js"
import { Marks, Thrown, TypeId } from "./errorClass.js"

// Held by the error itself, so that it shows through the proxy that a span wraps round an error, and a copy has it too.
// One of the 17 has a private place for it; on others it is not enumerable, so that nothing prints or sends it.
type Marked = { [Marks]?: ReadonlyArray<object> }

// For an error that can be neither copied nor written to.
const besides = new WeakMap<object, ReadonlyArray<object>>()

const maxLinks = 16

const none: ReadonlyArray<object> = []

const marksOf = (error: Marked): ReadonlyArray<object> => error[Marks] ?? besides.get(error) ?? none

/** Marks an error that nobody else holds yet as counted by the tracker. */
export const mark = (fresh: object, tracker: object): void => {
  const held = attempt(() => marksOf(fresh)) ?? none
  const marks = held.length === 0 ? [tracker] : [...held, tracker]
  if (attempt(() => hold(fresh, marks)) !== true) besides.set(fresh, marks)
}

const hold = (error: Marked, marks: ReadonlyArray<object>): boolean => {
  if (!(TypeId in error)) return Reflect.defineProperty(error, Marks, { value: marks, configurable: true })
  error[Marks] = marks
  return true
}

/**
 * Is this error counted by the tracker already, or one inside of it: in its chain of causes, in an aggregate, or in a
 * Cause, an Exit or a list that somebody fails with? Bounded, and never throws.
 */
export const isMarked = (error: unknown, tracker: object): boolean => {
  const queue = [error]
  for (let i = 0; i < queue.length && i < maxLinks; i++) {
    const next = queue[i]
    if (typeof next !== "object" || next === null) continue
    try {
      const marks = marksOf(next)
      if (marks.length > 0 && marks.includes(tracker)) return true
      const further = inner(next)
      if (further.length > 0) queue.push(...further)
    } catch {
      // What cannot be read says nothing.
    }
  }
  return false
}

const inner = (error: object): ReadonlyArray<unknown> => {
  // One of the 17 holds its cause and nothing else.
  if (TypeId in error) return Object.hasOwn(error, Thrown) ? [Reflect.get(error, Thrown)] : none
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
