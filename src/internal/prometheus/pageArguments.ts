/** The arguments of pages besides their options, checked. */
import * as Either from "effect/Either"
import * as Check from "../options.js"

/** The path of the page: the router would never match another path. */
export const pathOf: Check.Check<unknown> = (path, value) =>
  value === "*" || (typeof value === "string" && value.startsWith("/"))
    ? Either.right(value)
    : Check.wrong(path, value, `a path that starts with a slash, as in "/metrics"; the options are the second argument`)

/** What a page is written from. */
export const source: Check.Check<unknown> = (path, value) =>
  Array.isArray(value) || (Check.isRecord(value) && Array.isArray(value["codes"]))
    ? Either.right(value)
    : Check.wrong(path, value, "a snapshot of a tracker, or a list of families")
