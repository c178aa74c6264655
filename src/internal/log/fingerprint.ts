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
    const { symbol } = error.context
    const message = error.message.slice(0, maxText)
    const general = symbol === undefined || symbol === "" ? message : message.replaceAll(symbol, "$")
    return [
      ...["status", "apiCode", "reason", "errno", "phase"].map((key) => short(Reflect.get(error, key))),
      // A word with a digit is a number, an id or an instant.
      general.replace(/[\w.:-]*\d[\w.:-]*/g, "#")
    ].join("|")
  }) ?? ""

const short = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value).slice(0, 64) : ""
