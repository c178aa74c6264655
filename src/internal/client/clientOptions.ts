/** The options of a tracked client. */
import * as Either from "effect/Either"
import * as Check from "../options.js"
import { isTemplate } from "./endpoint.js"

const template: Check.Check<string> = (path, value) =>
  isTemplate(value) ? Either.right(value) : Check.wrong(path, value, `a path, as in "/users/:id"`)

const templates = Check.listOf("a list of paths, or a function", template)

const policy: Check.Check<unknown> = (path, value) =>
  Check.isRecord(value) && typeof value["run"] === "function"
    ? Either.right(value)
    : Check.wrong(path, value, "a policy, as RetryPolicy.make returns it")

export const clientOptions = Check.struct({
  source: Check.optional(Check.text),
  retry: Check.optional(policy),
  timeout: Check.optional(Check.duration()),
  endpoints: Check.optional((path, value): Check.Checked<unknown> =>
    typeof value === "function" ? Either.right(value) : templates(path, value)
  ),
  accept: Check.optional(Check.fn()),
  isIdempotent: Check.optional(Check.fn())
})
