/** The cause of an error in two forms: the object that was thrown, and an error chain that is safe to print. */
import { untraced } from "../safe/untraced.js"
import type { Traced } from "./causeChain.js"
import { causes, link, stackLines } from "./causeChain.js"

/** Shared by all copies of an error, so that their `cause` is one object. */
export class HeldCause {
  readonly original: unknown
  #safe: Error | undefined

  constructor(original: unknown) {
    this.original = original
  }

  /** Made when it is first read: most causes never are. */
  get safe(): Error | undefined {
    return this.#safe ??= safeCause(this.original)
  }
}

// The errors made here are their own safe form.
const made = new WeakMap<object, Error>()

/**
 * An error chain with the names of the cause and its causes, their masked messages and their masked stacks. It holds
 * nothing else of them.
 */
const safeCause = (cause: unknown): Error | undefined =>
  (typeof cause === "object" && cause !== null ? made.get(cause) : undefined) ??
    toErrors(causes(cause).map((value) => ({ ...link(value), frames: stackLines(value) })))

/** An error chain with the names and messages of the links. */
export const toErrors = (links: ReadonlyArray<Traced>): Error | undefined =>
  // The stack of this place says nothing about the failure.
  untraced(() =>
    links.reduceRight<Error | undefined>((cause, { frames = [], message, name }) => {
      const error = new Error(message, cause === undefined ? undefined : { cause })
      const stack = [message === "" ? name : `${name}: ${message}`, ...frames].join("\n")
      made.set(error, error)
      // Not enumerable, as on errors that were thrown.
      return Object.defineProperties(error, {
        name: { value: name, configurable: true, writable: true },
        stack: { value: stack, configurable: true, writable: true },
        toJSON: { value: () => ({ name, message, stack, ...(cause !== undefined && { cause }) }), configurable: true }
      })
    }, undefined)
  )
