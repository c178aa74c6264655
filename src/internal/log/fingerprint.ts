/** The kind of an error, as a short text: errors of one code that say different things have different ones. */
import type * as FetchError from "../../FetchError.js"
import { attempt } from "../safe/json.js"

const maxText = 256

/**
 * What the error says, without what differs from one occurrence to the next: numbers, ids, instants, and the symbol.
 * Never throws, and reads a bounded part of the message.
 */
export const fingerprintOf = (error: FetchError.Trackable): string =>
  attempt(() => {
    const { message, context: { symbol } } = error
    return [
      ...["status", "apiCode", "reason", "errno", "phase"].map((key) => short(Reflect.get(error, key))),
      patternOf(message, symbol)
    ].join("|")
  }) ?? ""

/** The start of a message, with `#` for each number, id and instant, and `$` for the symbol. */
export const patternOf = (message: string, symbol: string | undefined): string => {
  const start = message.slice(0, maxText)
  const text = symbol === undefined || symbol === "" ? start : start.replaceAll(symbol, "$")
  let pattern = ""
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    const from = i
    let hasDigit = false
    for (let type = typeAt(text, i); type > 0; type = typeAt(text, ++i)) hasDigit ||= type === digit
    // A word with a digit is a number, an id or an instant.
    if (!hasDigit) continue
    pattern += `${text.slice(copied, from)}#`
    copied = i
  }
  return copied === 0 ? text : pattern + text.slice(copied)
}

const digit = 2

// For each character of ASCII: 1 within words, 2 for digits, 0 for others.
const types = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  return /\d/.test(character) ? digit : Number(/[\w.:-]/.test(character))
})

const typeAt = (text: string, i: number): number => i < text.length ? types[text.charCodeAt(i)] ?? 0 : 0

const short = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value).slice(0, 64) : ""
