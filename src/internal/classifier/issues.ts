/** What a validation found wrong, in the words of whichever library validated. */
import * as ParseResult from "effect/ParseResult"
import { attempt } from "../json.js"
import { get, isObject, text } from "./read.js"

export interface Issue {
  readonly path: string
  readonly message: string
}

const maxIssues = 16

/** The issues of a ParseError of Effect, or of zod, valibot, yup, joi, ajv; undefined where none are told. */
export const issuesOf = (link: unknown): ReadonlyArray<Issue> | undefined => {
  const issues = attempt(() => ofEffect(link)) ?? attempt(() => ofList(link))
  return issues === undefined || issues.length === 0 ? undefined : issues
}

const ofEffect = (link: unknown): ReadonlyArray<Issue> | undefined =>
  ParseResult.isParseError(link)
    ? ParseResult.ArrayFormatter.formatErrorSync(link).slice(0, maxIssues).map(({ message, path }) => ({
      path: path.map(String).join("."),
      message
    }))
    : undefined

const ofList = (link: unknown): ReadonlyArray<Issue> | undefined => {
  const list = ["issues", "details", "inner", "errors"].map((name) => get(link, name)).find(Array.isArray)
  return list?.slice(0, maxIssues).map((issue) => {
    const path = get(issue, "path") ?? get(issue, "instancePath")
    return { path: pathOf(path), message: typeof issue === "string" ? issue : text(issue, "message") ?? "" }
  })
}

// valibot gives objects with a key.
const pathOf = (path: unknown): string =>
  Array.isArray(path)
    ? path.map((step) => String(isObject(step) ? get(step, "key") : step)).join(".")
    : typeof path === "string"
    ? path
    : ""
