/** The issues that a validation reported, whichever library validated. */
import * as ParseResult from "effect/ParseResult"
import { attempt } from "../safe/json.js"
import { get, isObject, text } from "./read.js"

export interface Issue {
  readonly path: string
  readonly message: string
}

const maxIssues = 16
const maxSteps = 64

/** The issues of a ParseError of Effect, or of zod, valibot, yup, joi, ajv; undefined where there are none. */
export const issuesOf = (link: unknown): ReadonlyArray<Issue> | undefined => {
  const issues = attempt(() => ofEffect(link)) ?? attempt(() => ofList(link))
  return issues === undefined || issues.length === 0 ? undefined : issues
}

const ofEffect = (link: unknown): ReadonlyArray<Issue> | undefined =>
  ParseResult.isParseError(link)
    ? ParseResult.ArrayFormatter.formatIssueSync(first(link.issue)).slice(0, maxIssues).map(({ message, path }) => ({
      path: pathOf(path),
      message
    }))
    : undefined

/** The tree of issues that is the message of a ParseError, as far as it is read. */
export const treeOf = (link: unknown): string | undefined =>
  get(link, "_tag") === "ParseError"
    ? attempt(() =>
      ParseResult.isParseError(link) ? ParseResult.TreeFormatter.formatIssueSync(first(link.issue)) : undefined
    )
    : undefined

/** The first issues: a page of rows may be wrong in every one of them, and formatting takes long. */
const first = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  switch (issue._tag) {
    case "Composite": {
      const [one, ...others] = "_tag" in issue.issues ? [issue.issues] : issue.issues
      return new ParseResult.Composite(
        issue.ast,
        issue.actual,
        [first(one), ...others.slice(0, maxIssues - 1).map(first)],
        issue.output
      )
    }
    case "Pointer":
      return new ParseResult.Pointer(issue.path, issue.actual, first(issue.issue))
    case "Refinement":
      return new ParseResult.Refinement(issue.ast, issue.actual, issue.kind, first(issue.issue))
    case "Transformation":
      return new ParseResult.Transformation(issue.ast, issue.actual, issue.kind, first(issue.issue))
    default:
      return issue
  }
}

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
    ? path.slice(0, maxSteps).map((step) => String(isObject(step) ? get(step, "key") : step)).join(".")
    : typeof path === "string"
    ? path
    : ""
