/** The chain of causes behind an error, as the lines a log shows: flat, bounded, without secrets. */
import { attempt, safeText, toJson } from "./json.js"

export interface Link {
  readonly name: string
  readonly message: string
}

const maxLinks = 16

/**
 * The links of an error's cause chain, outermost first, the members of an aggregate after the aggregate itself.
 * Never throws; cycles end it, and so does the sixteenth link.
 */
export const chain = (cause: unknown): ReadonlyArray<Link> => {
  const links: Array<Link> = []
  const seen = new Set<unknown>()
  const queue: Array<unknown> = [cause]
  while (queue.length > 0 && links.length < maxLinks) {
    const next = queue.shift()
    if (next === undefined || seen.has(next)) continue
    seen.add(next)
    links.push(link(next))
    if (typeof next !== "object" || next === null) continue
    const members = attempt(() => Reflect.get(next, "errors"))
    const inner = attempt(() => Reflect.get(next, "cause"))
    queue.unshift(...(attempt(() => Array.isArray(members)) ? attempt(() => members.slice(0, maxLinks)) ?? [] : []), inner)
  }
  return links
}

const link = (value: unknown): Link => {
  if (typeof value === "object" && value !== null) {
    const name = text(attempt(() => Reflect.get(value, "name"))) ?? text(attempt(() => Reflect.get(value, "_tag")))
    const message = text(attempt(() => Reflect.get(value, "message")))
    if (name !== undefined || message !== undefined) {
      return { name: safeText(name ?? "Error", 128), message: safeText(message ?? "") }
    }
    return { name: "Object", message: safeText(attempt(() => JSON.stringify(toJson(value))) ?? "") }
  }
  return { name: typeof value, message: safeText(attempt(() => String(value)) ?? "") }
}

const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

/** An error that has these links as its cause chain: what a decoded error carries in place of the lost object. */
export const unchain = (links: ReadonlyArray<Link>): Error | undefined =>
  links.reduceRight<Error | undefined>((cause, { message, name }) => {
    const error = new Error(message, cause === undefined ? undefined : { cause })
    error.name = name
    // The stack of the decoder says nothing about the failure.
    error.stack = `${name}: ${message}`
    return error
  }, undefined)
