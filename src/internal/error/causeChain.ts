/** The chain of causes behind an error, as the lines a log shows: flat, bounded, without secrets. */
import { attempt, bounded, safeText, toJson } from "../safe/json.js"
import { untraced } from "../safe/untraced.js"

export interface Link {
  readonly name: string
  readonly message: string
}

/** A link and, on the one where the trouble began, where in the code that was. */
export interface Traced extends Link {
  readonly frames?: ReadonlyArray<string> | undefined
}

const maxLinks = 16
const maxFrames = 8

/**
 * An error and its causes, outermost first, the members of an aggregate after the aggregate itself. Never throws;
 * cycles end it, and so does the sixteenth link.
 */
export const causes = (error: unknown): ReadonlyArray<unknown> => {
  const seen = new Set<unknown>()
  const queue: Array<unknown> = [error]
  while (queue.length > 0 && seen.size < maxLinks) {
    const next = queue.shift()
    if (next === undefined || seen.has(next)) continue
    seen.add(next)
    if (typeof next === "object" && next !== null) queue.unshift(...members(next), read(next, "cause"))
  }
  return [...seen]
}

/** An error's cause chain in names and messages, see {@link causes}. */
export const chain = (cause: unknown): ReadonlyArray<Link> => causes(cause).map(link)

/** The chain with the frames of its innermost error. */
export const trace = (cause: unknown): ReadonlyArray<Traced> => {
  const values = causes(cause)
  const origin = values.findLast((value) => attempt(() => value instanceof Error))
  return values.map((value) => value === origin ? { ...link(value), frames: frames(value) } : link(value))
}

/** An error that has these links as its cause chain: what stands in place of an object that is lost, or may not leave. */
export const unchain = (links: ReadonlyArray<Traced>): Error | undefined => {
  // The stack of this place says nothing about the failure.
  return untraced(() =>
    links.reduceRight<Error | undefined>((cause, { frames = [], message, name }) => {
      const error = new Error(message, cause === undefined ? undefined : { cause })
      error.name = name
      error.stack = [`${name}: ${message}`, ...frames].join("\n")
      return error
    }, undefined)
  )
}

const members = (value: object): ReadonlyArray<unknown> =>
  attempt(() => {
    const errors: unknown = Reflect.get(value, "errors")
    return Array.isArray(errors) ? errors.slice(0, maxLinks) : undefined
  }) ?? []

const link = (value: unknown): Link => {
  if (typeof value === "object" && value !== null) {
    const name = className(value) ?? text(read(value, "_tag"))
    const message = text(read(value, "message"))
    if (name !== undefined || message !== undefined) {
      return { name: safeText(name ?? "Error", 128), message: safeText(message ?? "") }
    }
    const kind = safeText(text(attempt(() => value.constructor.name)) ?? "Object", 128)
    const status = read(value, "status")
    // A response shows nothing of itself: all it has are getters.
    return typeof status === "number" && kind !== "Object"
      ? { name: kind, message: safeText(`${status} ${text(read(value, "url")) ?? ""}`.trim()) }
      : { name: kind, message: safeText(JSON.stringify(toJson(value))) }
  }
  return { name: typeof value, message: safeText(attempt(() => String(value)) ?? "") }
}

/** The name of the error; of a class that did not set one, the name of the class. */
const className = (value: object): string | undefined => {
  const name = text(read(value, "name"))
  return name === "Error" ? attempt(() => text(value.constructor.name)) || name : name
}

/** The frames that lie in the program: those of the runtime and of libraries say little. */
const frames = (error: unknown): ReadonlyArray<string> => {
  const stack = text(attempt(() => error instanceof Error ? error.stack : undefined)) ?? ""
  return bounded(stack, 16_384).split("\n")
    .filter((line) => /^\s+at /.test(line) && !/[\\/]node_modules[\\/]|\(?(?:node|internal):|<anonymous>/.test(line))
    .slice(0, maxFrames)
    .map((line) => safeText(`    ${line.trim()}`, 256))
}

const read = (value: object, key: string): unknown => attempt(() => Reflect.get(value, key))

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined
