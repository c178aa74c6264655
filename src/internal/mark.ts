/** Which errors were counted already, and by which tracker. */
import * as Cause from "effect/Cause"
import * as Runtime from "effect/Runtime"
import { attempt } from "./json.js"

// Held by the error itself, so that every copy of it is known too; not enumerable, so that nothing prints or sends it.
const Marks = Symbol.for("effect-errata/Fetch/Marks")

const maxLinks = 16

const marksOf = (error: object): ReadonlyArray<object> => Reflect.get(error, Marks) ?? []

/** Marks an error that nobody else holds yet as counted by the tracker. */
export const mark = (fresh: object, tracker: object): void => {
  Object.defineProperty(fresh, Marks, { value: [...marksOf(fresh), tracker], configurable: true })
}

/** Is this error, or one in its chain of causes, counted by the tracker already? Bounded, and never throws. */
export const isMarked = (error: unknown, tracker: object): boolean => {
  const queue: Array<unknown> = [error]
  for (let links = 0; links < maxLinks && queue.length > 0; links++) {
    const next = queue.shift()
    if (typeof next !== "object" || next === null) continue
    if (attempt(() => marksOf(next).includes(tracker))) return true
    queue.push(...attempt(() => inner(next)) ?? [])
  }
  return false
}

const inner = (error: object): ReadonlyArray<unknown> => {
  const cause: unknown = Reflect.get(error, "cause")
  const members: unknown = Reflect.get(error, "errors")
  const fiber: unknown = Reflect.get(error, Runtime.FiberFailureCauseId)
  const links: Array<unknown> = [cause]
  if (Array.isArray(members)) links.push(...members.slice(0, maxLinks))
  if (Cause.isCause(fiber)) links.push(...Cause.failures(fiber), ...Cause.defects(fiber))
  return links
}
