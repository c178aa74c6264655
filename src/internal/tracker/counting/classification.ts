/** The classification of an error, read once before the error is counted. */
import * as FetchError from "../../../FetchError.js"
import { attempt, safeText } from "../../safe/json.js"

/** The fields by which an error is counted. */
export interface Classification {
  readonly tag: string
  readonly code: string
  readonly category: string
  readonly severity: FetchError.Severity
}

const maxName = 128

export const emptyCode: string = FetchError.facts.DataEmpty.code

const isReason = (u: unknown): u is FetchError.EmptyReason => FetchError.EmptyReason.literals.some((r) => r === u)

/** The reason for empty data. An error of another library may have the code, but not these fields. */
export const emptyOf = (
  error: FetchError.Trackable
): { readonly reason: FetchError.EmptyReason; readonly expected: boolean } => ({
  reason: "reason" in error && isReason(error.reason) ? error.reason : "date_range",
  expected: "expected" in error && error.expected === true
})

/** True for empty data that counts towards no limit. Never throws. */
export const isExpectedEmpty = (error: FetchError.Trackable): boolean =>
  attempt(() => error.code === emptyCode && emptyOf(error).expected) === true

const severityOf = (severity: unknown): FetchError.Severity =>
  FetchError.Severity.literals.find((known) => known === severity) ?? "ERROR"

const nameOf = (name: unknown): string => safeText(String(name), maxName)

/**
 * The classifications of the 17 types, by prototype: one lookup instead of four getters. The texts of these errors are
 * bounded and redacted by their constructors.
 */
export const ownClassifications: ReadonlyMap<unknown, Classification> = new Map(
  FetchError.FetchError.members.map(({ _tag, category, code, prototype, severity }) =>
    [prototype, { tag: _tag, code, category, severity }] as const
  )
)

/** The classification of any other error. */
export const classificationOf = ({ _tag, category, code, severity }: FetchError.Trackable): Classification => ({
  tag: nameOf(_tag),
  code: nameOf(code),
  category: nameOf(category),
  severity: severityOf(severity)
})
