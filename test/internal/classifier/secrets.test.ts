import { describe, expect, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { Classifier, FetchError } from "effect-errata"
import { inspect } from "node:util"

const K = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"

const refused = Either.getOrThrow(Either.flip(
  Schema.decodeUnknownEither(Schema.Struct({ a: Schema.Struct({ apiKey: Schema.Number }) }))({ a: { apiKey: K } })
))

const issues = (cause: unknown) => {
  const error = Classifier.classifySync(cause)
  return error._tag === "DataValidation" ? error.issues : error
}

describe("a secret that a validation refused", () => {
  it("is in no output of the error", () => {
    const error = Classifier.classifySync(refused)
    expect(issues(refused)).toEqual([{ path: "a.apiKey", message: "Expected number, actual \"<redacted>\"" }])
    const told = [
      error.message,
      error.stack,
      String(error),
      inspect(error),
      JSON.stringify(error),
      JSON.stringify(Schema.encodeSync(FetchError.FetchError)(error))
    ]
    for (const text of told) {
      expect(text).not.toContain(K)
    }
    expect(error.message).toContain("{ readonly a: { readonly apiKey: number } } └─ [\"a\"]")
  })

  it.each<[string, string, object]>([
    ["zod", "ZodError", {
      path: ["a", "apiKey"],
      message: `Invalid enum value. Expected 'a', received '${K}'`,
      received: K
    }],
    ["valibot", "ValiError", {
      path: [{ key: "a" }, { key: "apiKey" }],
      message: `Invalid type: Expected number but received "${K}"`,
      input: K
    }],
    ["yup", "ValidationError", {
      path: "a.apiKey",
      message: `a.apiKey must be a number, but the value was: \`"${K}"\``
    }],
    ["joi", "ValidationError", { path: ["a", "apiKey"], message: `"a.apiKey" with value "${K}" fails to match` }]
  ])("in the issues of %s", (_, name, issue) => {
    const cause = Object.assign(new Error("refused"), { name, issues: [issue] })
    const told = JSON.stringify(issues(cause))
    expect(told).toContain("apiKey")
    expect(told).toContain("<redacted>")
    expect(told).not.toContain(K)
  })

  it("other values are kept", () => {
    const cause = Object.assign(new Error("refused"), {
      name: "ZodError",
      issues: [{ path: ["price"], message: "Expected number, received 'cheap'" }]
    })
    expect(issues(cause)).toEqual([{ path: "price", message: "Expected number, received 'cheap'" }])
  })
})
