/** The chain of causes behind an error as names, masked messages and masked stack frames: flat and bounded. */
import { attempt, bounded, safeText, toJson } from "../safe/json.js"
import { heldCause } from "./protocol.js"

export interface Link {
  readonly name: string
  readonly message: string
}

/** A link with lines of a stack. */
export interface Traced extends Link {
  readonly frames?: ReadonlyArray<string> | undefined
}

const maxLinks = 16

/** Frames of the program, in a log line. */
const maxFrames = 8

/** Lines of a stack, where it is printed as a whole. */
const maxLines = 32

/**
 * An error and its causes, outermost first, the members of an aggregate after the aggregate itself. Never throws. The
 * list ends at the sixteenth link; a link is listed once.
 */
export const causes = (error: unknown): ReadonlyArray<unknown> => {
  const seen = new Set<unknown>()
  const queue: Array<unknown> = [error]
  while (queue.length > 0 && seen.size < maxLinks) {
    const next = queue.shift()
    if (next === undefined || seen.has(next)) continue
    seen.add(next)
    if (typeof next === "object" && next !== null) queue.unshift(...members(next), causeOf(next))
  }
  return [...seen]
}

/** The names and messages of an error and its causes, see {@link causes}. */
export const chain = (cause: unknown): ReadonlyArray<Link> => causes(cause).map(link)

/** The chain with the frames of its innermost error. */
export const trace = (cause: unknown): ReadonlyArray<Traced> => {
  const values = causes(cause)
  const origin = values.findLast((value) => attempt(() => value instanceof Error))
  return values.map((value) => value === origin ? { ...link(value), frames: frames(value) } : link(value))
}

// The object that was thrown, so that it is recognised where it also stands elsewhere.
const causeOf = (value: object): unknown => {
  const held = heldCause(value)
  return held === undefined ? read(value, "cause") : held.original
}

const members = (value: object): ReadonlyArray<unknown> =>
  attempt(() => {
    const errors: unknown = Reflect.get(value, "errors")
    return Array.isArray(errors) ? errors.slice(0, maxLinks) : undefined
  }) ?? []

/** The name and the masked message of an error, or of any other value that was thrown. */
export const link = (value: unknown): Link => {
  if (typeof value === "object" && value !== null) {
    const name = className(value) ?? text(read(value, "_tag"))
    const message = text(read(value, "message"))
    if (name !== undefined || message !== undefined) {
      return { name: safeText(name ?? "Error", 128), message: safeText(message ?? "") }
    }
    const type = safeText(text(attempt(() => value.constructor.name)) ?? "Object", 128)
    const status = read(value, "status")
    // A Response has getters only, so that its JSON is empty.
    return typeof status === "number" && type !== "Object"
      ? { name: type, message: safeText(`${status} ${text(read(value, "url")) ?? ""}`.trim()) }
      : { name: type, message: safeText(JSON.stringify(toJson(value))) }
  }
  return { name: typeof value, message: safeText(attempt(() => String(value)) ?? "") }
}

/** The name of an error. A class that sets no name of its own gives the name of the class. */
const className = (value: object): string | undefined => {
  const name = text(read(value, "name"))
  return name === "Error" ? attempt(() => text(value.constructor.name)) || name : name
}

/** The stack of an error without its message, masked. Stacks of V8 begin with the message, which can have many lines. */
export const stackLines = (error: unknown): ReadonlyArray<string> => {
  const lines = rawFrames(error)
  const shown = lines.slice(0, maxLines).map((line) => `    ${safeText(line.trim(), 256)}`)
  return lines.length > maxLines ? [...shown, `    at … ${lines.length - maxLines} more`] : shown
}

/** The frames that lie in the program: those of the runtime and of libraries say little. */
const frames = (error: unknown): ReadonlyArray<string> =>
  rawFrames(error).filter((line) => !/[\\/]node_modules[\\/]|\(?(?:node|internal):|<anonymous>/.test(line))
    .slice(0, maxFrames)
    .map((line) => safeText(`    ${line.trim()}`, 256))

const rawFrames = (error: unknown): ReadonlyArray<string> => {
  const stack = (typeof error === "object" && error !== null ? text(read(error, "stack")) : undefined) ?? ""
  return bounded(stack, 16_384).split("\n").filter((line) => frame.test(line))
}

// V8: `    at f (file:1:2)`. SpiderMonkey and JavaScriptCore: `f@file:1:2`.
const frame = /^\s+at |^[^\s@]*@\S+:\d+:\d+$/

const read = (value: object, key: string): unknown => attempt(() => Reflect.get(value, key))

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined
