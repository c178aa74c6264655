/** The messages of validations, which quote the values that they reject. */
import type { Value } from "./quoting.js"
import { end, endOfBrackets, exec, inQuotes, quote } from "./quoting.js"
import { isSecretName, mask } from "./secretNames.js"

/**
 * Masks the values in the message of a validation: those under the path of a secret in a tree of issues, or all of them
 * if the message is about a secret.
 *
 * A branch of a tree has as many bars before it as branches above it continue. So the branches of a path are known, also
 * in a tree that is written on one line.
 */
export const redactValidation = (text: string, secret: boolean = false): string => {
  let redacted = ""
  let done = 0
  let scope = secret ? 0 : undefined
  let bars = 0
  let barEnd = 0
  for (let next = exec(rejected, text, 0); next !== null; next = exec(rejected, text, rejected.lastIndex)) {
    const [found] = next
    const at = rejected.lastIndex
    if (found === "│" || found.endsWith("─ ")) {
      const before = bars > 0 && /^(?:\s|\\+[nrt])*$/.test(text.slice(barEnd, next.index)) ? bars : 0
      bars = found === "│" ? before + 1 : 0
      barEnd = at
      if (found === "│") continue
      if (scope !== undefined && before < scope) scope = undefined
      rejected.lastIndex = end(path, text, at)
      if (scope === undefined && isSecretName(text.slice(at, rejected.lastIndex))) {
        scope = found.startsWith("├") ? before + 1 : before
      }
      continue
    }
    if (scope === undefined) continue
    const value = rejectedValue(text, next)
    rejected.lastIndex = value.to
    redacted += text.slice(done, value.from) + value.masked
    done = value.to
  }
  return redacted + text.slice(done)
}

const rejectedValue = (text: string, found: RegExpExecArray): Value => {
  const from = found.index
  const quoted = exec(quote, text, from)
  if (quoted !== null) {
    const value = inQuotes(text, from, quoted)
    const name = text.slice(from + quoted[0].length, value.to - quoted[0].length)
    return /^[a-z_.-]{1,32}$/i.test(name) && isSecretName(name)
      ? { ...value, masked: text.slice(from, value.to) }
      : value
  }
  return { from, to: "[{".includes(found[0]) ? endOfBrackets(text, from) : from + found[0].length, masked: mask }
}

// A branch; a quote; a word behind `value` or `received` that is not a type; a word that looks like a credential.
const rejected =
  /│|[├└]─ |(?<![\w\\]|<redacted>)\\*["'`]|(?<=\b(?:actual|received|decode|got|value):? )(?:[[{]|(?!(?:string|number|bigint|boolean|symbol|object|array|function|undefined|null|nan|date|is|was|must|of|to|does|not)\b)(?:<redacted>|[^\s,;)"'`\\])+)|(?<![\w+/=.~-])(?=[\w+/=.~-]*\d)[\w+/=.~-]{8,}/giu
const path = /\[(?:[^\r\n├└│\\]|\\+(?![nr\\]))*/y
