/**
 * The names of the series that a fleet shares. Group `e` has the errors by code and the counts of attempts, retries and
 * calls; group `m` the fetches without data; a group `v` for each dimension has the counts of its values.
 *
 * The version of the layout is a part of the keys of the store.
 */
import type { CallCounts, RetryCounts } from "../../../internal/tracker/model.js"

/** The separator of the parts of a name. No part contains it. */
const nul = "\0"

/** Of a text that may come from outside. */
const part = (text: string): string => text.includes(nul) ? text.replaceAll(nul, "\uFFFD") : text

export const events = "e"
export const empties = "m"
export const dimensionGroup = (name: string): string => `v:${part(name)}`

// ---------------------------------------------------------------------------------------------------------------------
// events
// ---------------------------------------------------------------------------------------------------------------------

/** Errors of a code, expected empties excluded. */
export const errorsOf = (code: string): string => `=${part(code)}`
/** The expected empties of a code. */
export const expectedOf = (code: string): string => `-${part(code)}`
/** The category and the severity of a code: only its name is used. */
export const codeFacts = (code: string, severity: string, category: string): string =>
  ["k", part(code), part(severity), part(category)].join(nul)
/** The errors of all codes, expected empties excluded. */
export const allErrors = "*"
export const successes = "+"
/** Errors and successes, where attempts are counted. */
export const attempts = "t"
export const dropped = "d"
export const expectedCalls = "x"
export const retries = (what: keyof RetryCounts): string => `r${what}`
export const calls = (what: keyof CallCounts): string => `c${what}`

export type EventField =
  | { readonly what: "errors" | "expected"; readonly code: string }
  | { readonly what: "facts"; readonly code: string; readonly severity: string; readonly category: string }
  | undefined

/** What a field with a code counts. Undefined for other fields. */
export const readEvent = (field: string): EventField => {
  const rest = field.slice(1)
  switch (field[0]) {
    case "=":
      return { what: "errors", code: rest }
    case "-":
      return { what: "expected", code: rest }
    case "k": {
      const [, code = "", severity = "", category = ""] = field.split(nul)
      return { what: "facts", code, severity, category }
    }
    default:
      return undefined
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// empties
// ---------------------------------------------------------------------------------------------------------------------

export const emptiesOf = (reason: string, source: string, isExpected: boolean): string =>
  [isExpected ? "-" : "=", part(reason), part(source)].join(nul)

export const readEmpties = (field: string) => {
  const [kind, reason = "", source = ""] = field.split(nul)
  return { reason, source, isExpected: kind === "-" }
}

// ---------------------------------------------------------------------------------------------------------------------
// values
// ---------------------------------------------------------------------------------------------------------------------

/**
 * What a series of a value counts: errors of a code (`=`), errors without a code of their own (`?`), expected empties (`-`),
 * successes (`+`), failures of all codes (`f`), attempts (`t`), and for no value, the `?` of a code (`!`).
 */
export type ValueKind = "=" | "?" | "-" | "+" | "f" | "t" | "!"

export const valueField = (value: string, kind: ValueKind, code = ""): string =>
  `${part(value)}${nul}${kind}${part(code)}`

const kinds: ReadonlyArray<string> = ["=", "?", "-", "+", "f", "t", "!"] satisfies ReadonlyArray<ValueKind>

const isKind = (kind: string | undefined): kind is ValueKind => kind !== undefined && kinds.includes(kind)

export const readValue = (
  field: string
): { readonly value: string; readonly kind: ValueKind; readonly code: string } | undefined => {
  const at = field.indexOf(nul)
  const kind = field[at + 1]
  return at >= 0 && isKind(kind) ? { value: field.slice(0, at), kind, code: field.slice(at + 2) } : undefined
}
