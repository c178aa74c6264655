/** Exits without secrets: tracers write messages and stacks of errors into spans. */
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as FetchError from "../../FetchError.js"
import { causes } from "../error/causeChain.js"
import { HeldCause } from "../error/safeCause.js"
import { attempt, toJson } from "../safe/json.js"
import { redactText } from "../safe/redaction.js"
import { untraced } from "../safe/untraced.js"
import { errorTypeOf } from "./errorAttributes.js"

/** The same exit if there is no secret in it, so that a tracer sees the errors of the program. */
export const safeExit = <A, E>(exit: Exit.Failure<A, E>): Exit.Exit<A, unknown> => {
  const { cause } = exit
  if (Cause.isFailType(cause)) return isSafe(cause.error) ? exit : Exit.fail(safe(cause.error))
  if (![...Cause.failures(cause), ...Cause.defects(cause)].some((error) => !isSafe(error))) return exit
  return Exit.failCause(
    Cause.match<Cause.Cause<unknown>, E>(cause, {
      onEmpty: Cause.empty,
      onFail: (error) => Cause.fail(isSafe(error) ? error : safe(error)),
      onDie: (defect) => Cause.die(isSafe(defect) ? defect : safe(defect)),
      onInterrupt: Cause.interrupt,
      onSequential: Cause.sequential,
      onParallel: Cause.parallel
    })
  )
}

/** Whether every text of the error is the same without secrets. The 17 errors and their causes are made so. */
const isSafe = (error: unknown): boolean =>
  attempt(() => {
    if (error instanceof Error && FetchError.isFetchError(error)) return true
    return causes(error).every((link) => {
      if (typeof link === "string") return redactText(link) === link
      if (typeof link !== "object" || link === null) return true
      // Of an object that is no error, tracers write all members.
      return link instanceof Error && redactText(link.message) === link.message
    })
  }) ?? false

const safe = (error: unknown): Error =>
  attempt(() =>
    typeof error === "object" && error !== null && !(error instanceof Error) ? ofObject(error) : undefined
  ) ??
    attempt(() => new HeldCause(error).safe) ?? untraced(() => new Error("An unreadable error"))

/** Its members as JSON: those beside a message may say that it quotes a secret. */
const ofObject = (value: object): Error =>
  untraced(() => Object.defineProperty(new Error(JSON.stringify(toJson(value))), "name", { value: errorTypeOf(value) }))
