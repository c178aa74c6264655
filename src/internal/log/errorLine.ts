/** What the log line of an error says: its sentence, its annotations, and its causes without secrets. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"
import { causes, chain, trace } from "../error/causeChain.js"
import { toErrors } from "../error/safeCause.js"
import { attempt } from "../safe/json.js"
import { visible } from "./line.js"

const maxBeside = 4

const verbs: Readonly<Record<string, string>> = { read: "reading", write: "writing", validate: "validating" }

/** `Error fetching data for BTCUSDT 1h: …`. */
export const sentenceOf = (error: FetchError.Trackable): string =>
  // An error that throws when it is read is logged all the same.
  attempt(() => sentence(error)) ?? "Error fetching data"

const sentence = ({ code, context, message }: FetchError.Trackable): string => {
  const what = [context.symbol, context.interval].filter((part) => part !== undefined).join(" ")
  const subject = code === "DATA_EMPTY" ? "No data" : `Error ${verbs[context.operation ?? ""] ?? "fetching"} data`
  const about = `${subject}${what === "" ? "" : ` for ${what}`}`
  return message.startsWith(subject) ? `${about}${message.slice(subject.length)}` : `${about}: ${message}`
}

/** The annotations of an error: its attributes, its evidence, its context, and what all errors have. */
export const annotationsOf = (error: FetchError.Trackable): Record<string, unknown> =>
  attempt(() => annotations(error)) ?? {}

const annotations = (error: FetchError.Trackable): Record<string, unknown> => {
  const { attributes, ...context } = FetchContext.make(error.context)
  const retryAfter = error.retryAfter ?? Option.none()
  return {
    ...attributes,
    ...evidence(error),
    ...FetchContext.toRecord(context),
    error_type: error.code,
    error_message: error.message,
    severity: error.severity,
    exception_type: exceptionType(error),
    retryable: error.retryable,
    retry_after_millis: Option.getOrUndefined(Option.map(retryAfter, Duration.toMillis))
  }
}

// Fields that all error classes have: they stand under the names above, or in the cause.
const common = new Set([
  "_tag",
  "name",
  "message",
  "stack",
  "cause",
  "context",
  "retryable",
  "retryAfter",
  "code",
  "category",
  "severity",
  "description"
])

/** The fields of the error's own class: `status`, `api_code`, `errno`, `reason`, `issues`, `earlier`. */
const evidence = (error: FetchError.Trackable): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(error).map((key) => [key, attempt(() => Reflect.get(error, key))] as const)
      .filter(([key, value]) =>
        !common.has(key) && (Array.isArray(value) ? value.length > 0 : typeof value !== "object")
      )
      .map(([key, value]) => [key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value])
  )

/** The name of the innermost cause that has a name of its own. */
const exceptionType = (error: FetchError.Trackable & { readonly cause?: unknown }): string => {
  const names = error.cause === undefined ? [] : chain(error.cause).map(({ name }) => name)
  return names.findLast((name) => name !== "Error") ?? names[0] ?? error._tag
}

/** The causes of the error, and what failed or died beside it, as errors without secrets. */
export const causeOf = (error: FetchError.Trackable, cause: Cause.Cause<unknown>): Cause.Cause<unknown> =>
  attempt(() => {
    const known = new Set(causes(error))
    const beside = [...Cause.failures(cause), ...Cause.defects(cause)].filter((other) =>
      !causes(other).some((link) => known.has(link))
    )
    return beside.slice(0, maxBeside).reduce<Cause.Cause<unknown>>(
      (all, other) => Cause.parallel(all, Cause.die(redacted(other))),
      Cause.fail(redacted(error))
    )
  }) ?? Cause.empty

/** The chain of an error as new errors without secrets. */
export const redacted = (error: unknown): Error | undefined =>
  toErrors(
    trace(error).map(({ frames, message, name }) => ({
      name: visible(name),
      message: visible(message),
      frames: frames?.map(visible)
    }))
  )
