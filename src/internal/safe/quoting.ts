/** Quotes and brackets in texts that stand in other texts. */
import { mask } from "./secretNames.js"

/** A part of a text, and the text that takes its place. */
export interface Value {
  readonly from: number
  readonly to: number
  readonly masked: string
}

export const some = (from: number, to: number, masked: string): Value | undefined =>
  to > from ? { from, to, masked } : undefined

/** An opening quote with the backslashes before it. */
export const quote = /(\\*)(["'`])/y

/**
 * A string in quotes that are escaped `k` times, as a string inside a string is: with `n` backslashes before it, a
 * quote ends this string when `(n + 1) / (k + 1)` is odd, belongs to it when that is even, and ends a string around it
 * when it is no whole number.
 */
export const inQuotes = (text: string, from: number, [open, escapes = "", mark = ""]: RegExpExecArray): Value => {
  const quotes = mark === "\"" ? /(?<!\\)\\*"/g : mark === "'" ? /(?<!\\)\\*'/g : /(?<!\\)\\*`/g
  quotes.lastIndex = from + open.length
  for (let next = quotes.exec(text); next !== null; next = quotes.exec(text)) {
    const level = next[0].length / (escapes.length + 1)
    if (!Number.isInteger(level)) return { from, to: next.index, masked: open + mask }
    if (level % 2 === 1) return { from, to: quotes.lastIndex, masked: open + mask + open }
  }
  return { from, to: text.length, masked: open + mask }
}

/** The end of the brackets that open at `from`. Brackets in strings do not count. */
export const endOfBrackets = (text: string, from: number): number => {
  let depth = 0
  let string: string | undefined
  const marks = /(?<!\\)\\*["'`]|[[\]{}]/g
  marks.lastIndex = from
  for (let next = marks.exec(text); next !== null; next = marks.exec(text)) {
    const found = next[0]
    const bracket = /[[\]{}]/.test(found)
    if (string !== undefined) {
      if (found === string) string = undefined
    } else if (!bracket) string = found
    else {
      depth += found === "[" || found === "{" ? 1 : -1
      if (depth === 0) return marks.lastIndex
    }
  }
  return text.length
}

/** The end of the match that begins at `index`, or `index` if there is none. */
export const end = (pattern: RegExp, text: string, index: number): number => {
  pattern.lastIndex = index
  return pattern.test(text) ? pattern.lastIndex : index
}

export const exec = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(text)
}
