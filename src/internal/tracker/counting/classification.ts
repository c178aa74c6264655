/** What is read of an error, once, before it is counted. */
import * as FetchError from "../../../FetchError.js"
import { safeText } from "../../safe/json.js"

/** What sort of error it is. */
export interface Kind {
  readonly tag: string
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
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

/**
 * The kinds of the 17 types, by prototype: one look instead of four getters. The texts of such errors are bounded and
 * without secrets since they were made.
 */
export const ownKinds: ReadonlyMap<unknown, Kind> = new Map(
  FetchError.FetchError.members.map(({ _tag, category, code, prototype, severity }) =>
    [prototype, { tag: _tag, code, category, severity }] as const
  )
)

/** The kind of anybody else's error. */
export const kindOf = ({ _tag, category, code, severity }: FetchError.Trackable): Kind => ({
  tag: nameOf(_tag),
  code: nameOf(code),
  category: nameOf(category),
  severity: severityOf(severity)
})
