/** What is read of an error, once, before it is counted. */
import type * as ErrorTracker from "../../ErrorTracker.js"
import * as FetchContext from "../../FetchContext.js"
import * as FetchError from "../../FetchError.js"
import { safeText } from "../json.js"

export interface Entry extends Omit<ErrorTracker.RecentError, "at"> {
  /** Nanoseconds since the tracker started. */
  readonly now: number
}

const maxName = 128

export const emptyCode: string = FetchError.facts.DataEmpty.code
const isReason = (u: unknown): u is FetchError.EmptyReason => FetchError.EmptyReason.literals.some((r) => r === u)

/** Why there was no data. Other people's errors may use our code and not say so. */
export const emptyOf = (
  error: FetchError.Trackable
): { readonly reason: FetchError.EmptyReason; readonly expected: boolean } => ({
  reason: "reason" in error && isReason(error.reason) ? error.reason : "date_range",
  expected: "expected" in error && error.expected === true
})

const severityOf = (severity: unknown): FetchError.Severity =>
  FetchError.Severity.literals.find((known) => known === severity) ?? "ERROR"

const nameOf = (name: unknown): string => safeText(String(name), maxName)

/** The mark of the 17 types, whose texts are bounded and without secrets since they were made. */
const isOwn = (error: FetchError.Trackable & { readonly [FetchError.TypeId]?: unknown }): boolean =>
  error[FetchError.TypeId] === FetchError.TypeId

/** What is kept of an error: as it is if it is one of ours, made fit to be kept if it is somebody else's. */
export const entryOf = (error: FetchError.Trackable, now: number): Entry => {
  const { _tag, category, code, context, message, severity } = error
  return isOwn(error)
    ? { now, tag: _tag, code, category, severity, message, context }
    : {
      now,
      tag: nameOf(_tag),
      code: nameOf(code),
      category: nameOf(category),
      severity: severityOf(severity),
      message: safeText(message),
      context: FetchContext.make(context)
    }
}
