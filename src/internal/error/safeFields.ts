/** The fields of errors in the form that may be printed and sent: bounded, masked, and valid in JSON. */
import { bounded, isSecretPath, safeText } from "../safe/json.js"
import { redactValidation } from "../safe/validation.js"
import type { Earlier } from "./errorModel.js"

export const maxMessage = 2048
const maxExcerpt = 512
const maxItems = 16

/** The value of a field of one class: a bounded, masked text, a finite number, a list of at most 16 issues. */
export const safeField = (key: string, value: unknown): unknown => {
  switch (typeof value) {
    case "string":
      return safeText(value, maxExcerpt)
    case "number":
      // JSON has no negative zero.
      return Number.isFinite(value) ? value + 0 : undefined
    default:
      return key === "issues" && Array.isArray(value) ? value.slice(0, maxItems).map(safeIssue) : value
  }
}

// A message about the value of a secret often quotes it.
const safeIssue = ({ message, path }: { readonly message: string; readonly path: string }) => ({
  path: safeText(path),
  message: safeText(isSecretPath(path) ? redactValidation(bounded(message, maxMessage), true) : message)
})

/** The first 16 of the earlier failures. */
export const safeEarliers = (earlier: ReadonlyArray<Earlier>): ReadonlyArray<Earlier> =>
  earlier.slice(0, maxItems).map(safeEarlier)

export const safeEarlier = ({ code, message, source }: Earlier): Earlier => ({
  source: safeText(source),
  code: safeText(code),
  message: safeText(message)
})
