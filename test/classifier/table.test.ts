/** Tables of codes, as APIs document them. */
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as Option from "effect/Option"

const classified = (cause: unknown, options: Classifier.TableOptions) =>
  Classifier.classifySync(cause, { rules: [Classifier.table(options)] })

const answer = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => ({
  response: { status, headers, data: body }
})

describe("Classifier.table refuses", () => {
  const refused: ReadonlyArray<readonly [unknown, string]> = [
    [{}, "rows is undefined: it must be an object of rows by code, or a function from a code to a row"],
    [{ row: {} }, "unknown option \"row\", did you mean \"rows\"? Known: name, select, rows"],
    [{ rows: {}, name: "" }, "name is \"\": it must be a non-empty string"],
    [{ rows: {}, select: "code" }, "select is \"code\": it must be a function"],
    [{ rows: { 7: 3 } }, "rows[\"7\"] is 3: it must be an object with any of tag, retryable, hint, vague"],
    [
      { rows: { a: { tag: "API_RATE_LIMIT" } } },
      "rows[\"a\"].tag: \"API_RATE_LIMIT\" is the code of an error, write its tag, \"ApiRateLimit\""
    ],
    [{ rows: { a: { tag: "ApiAuth", retry: true } } }, "rows[\"a\"]: unknown option \"retry\"."],
    [{ rows: { a: { tag: "ApiAuth", retryable: 1 } } }, "rows[\"a\"].retryable is 1: it must be true or false"],
    [{ rows: { a: { tag: "ApiAuth", reason: "delisted" } } }, "rows[\"a\"]: unknown option \"reason\"."],
    [{ rows: { a: { tag: "DataEmpty" } } }, "rows[\"a\"].reason is undefined: it must be one of date_range,"],
    [
      { rows: { a: { tag: "ApiRateLimits" } } },
      "rows[\"a\"].tag: unknown tag \"ApiRateLimits\", did you mean \"ApiRateLimit\"?"
    ]
  ]

  it.each(refused)("%j", (options, message) => {
    assert.throws(() => Classifier.table(options as Classifier.TableOptions), `Classifier.table: ${message}`)
  })
})

describe("Classifier.table", () => {
  it("names the request once, also where the message of the client names it", () => {
    const request = HttpClientRequest.get("https://api.example.com/users/1")
    const cause = new HttpClientError.ResponseError({
      request,
      response: HttpClientResponse.fromWeb(request, new Response(null, { status: 422 })),
      reason: "StatusCode"
    })
    const { message } = classified(cause, { name: "Users", select: () => "odd", rows: { odd: { tag: "ApiFormat" } } })
    assert.match(message, /^Users odd: /)
    assert.strictEqual(message.split("https://api.example.com/users/1").length, 2)
  })

  const rows = {
    quota: { tag: "ApiRateLimit", retryable: false, hint: "buy a larger plan" },
    7: { tag: "ApiAuth" },
    gone: { tag: "DataEmpty", reason: "source_gap" },
    odd: { tag: "Unexpected", retryable: true, vague: true }
  } as const

  it("the code of the body decides over the status, and the message holds code, words and hint", () => {
    const error = classified(answer(500, { error: { code: "quota", message: "No calls left" } }), {
      name: "Weather",
      rows
    })
    assert.deepStrictEqual([error._tag, error.retryable], ["ApiRateLimit", false])
    assert.strictEqual(error.message, "Weather quota: No calls left - buy a larger plan")
    assert.deepInclude(error, { status: 500, apiCode: "quota" })
  })

  it("a number is looked up by its digits; so is the code that a client put on its error", () => {
    assert.strictEqual(classified(answer(400, { code: 7 }), { rows })._tag, "ApiAuth")
    assert.strictEqual(classified(Object.assign(new Error("no"), { code: 7 }), { rows })._tag, "ApiAuth")
  })

  it("418 and 429 always mean a rate limit; their wait is read from the answer", () => {
    for (const status of [418, 429]) {
      const error = classified(answer(status, { code: 7 }, { "retry-after": "9" }), { rows })
      assert.strictEqual(error._tag, "ApiRateLimit")
      assert.isTrue(Option.isSome(error.retryAfter))
    }
  })

  it("a vague code yields to any status but 200 and 400", () => {
    for (const status of [200, 400]) assert.isTrue(classified(answer(status, { code: "odd" }), { rows }).retryable)
    assert.strictEqual(classified(answer(401, { code: "odd" }), { rows })._tag, "ApiAuth")
    assert.strictEqual(classified(answer(504, { code: "odd" }), { rows })._tag, "NetworkTimeout")
  })

  it("a code without a row leaves the decision to the status; so does a name that every object has", () => {
    for (const code of ["unknown", "constructor", "__proto__", "toString"]) {
      assert.strictEqual(classified(answer(403, { code }), { rows })._tag, "ApiPermission")
    }
  })

  it("a code of the operating system is none of the API", () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" })
    assert.strictEqual(classified(refused, { rows: { ECONNREFUSED: { tag: "ApiAuth" } } })._tag, "NetworkConnection")
  })

  it("an empty answer is data that is not there", () => {
    assert.deepInclude(classified(answer(404, { code: "gone" }), { rows }), { _tag: "DataEmpty", reason: "source_gap" })
  })
})

describe("a table that is wrong", () => {
  const refused = (options: unknown) => {
    // As from JavaScript, without a compiler.
    const make = Classifier.table as (options: unknown) => Classifier.Rule
    try {
      make(options)
    } catch (error) {
      return String(error)
    }
    return "accepted"
  }
  const rows: ReadonlyArray<readonly [options: unknown, message: RegExp]> = [
    [undefined, /Classifier\.table: options is undefined/],
    [{ row: {} }, /unknown option "row", did you mean "rows"\?/],
    [{}, /rows is undefined: it must be an object of rows by code, or a function from a code to a row/],
    [
      { rows: { a: { tag: "ApiRateLimt" } } },
      /rows\["a"\]\.tag: unknown tag "ApiRateLimt", did you mean "ApiRateLimit"\?/
    ],
    [{ rows: { a: { tag: "ApiAuth", retry: true } } }, /unknown option "retry"/],
    [{ rows: { a: { tag: "DataEmpty" } } }, /rows\["a"\]\.reason is undefined: it must be one of date_range/],
    [{ rows: { a: { tag: "ApiAuth", reason: "delisted" } } }, /unknown option "reason"/],
    [{ rows: {}, select: "code" }, /select is "code": it must be a function/]
  ]
  for (const [options, message] of rows) {
    it(JSON.stringify(options) ?? "nothing", () => assert.match(refused(options), message))
  }
})

describe("documented tables", () => {
  it("GitHub: the errors of a 422 become issues", () => {
    const github: Classifier.TableOptions = {
      name: "GitHub",
      select: (_, { response }) => {
        const { body, status } = Option.getOrElse(response, () => ({ body: undefined, status: 0 }))
        if (status !== 422 || typeof body !== "object" || body === null || !("errors" in body)) return undefined
        const errors: ReadonlyArray<{ readonly field: string; readonly code: string }> = Array.isArray(body.errors)
          ? body.errors
          : []
        return { code: 422, issues: errors.map(({ code, field }) => ({ path: field, message: code })) }
      },
      rows: { 422: { tag: "DataValidation" } }
    }
    const body = {
      message: "Validation Failed",
      errors: [{ resource: "Issue", field: "title", code: "missing_field" }]
    }
    assert.deepInclude(classified(answer(422, body), github), {
      _tag: "DataValidation",
      message: "GitHub 422: Validation Failed",
      issues: [{ path: "title", message: "missing_field" }]
    })
    assert.strictEqual(classified(answer(500, body), github)._tag, "ApiFormat")
  })

  it("SQLSTATE: classes of codes by a function", () => {
    const postgres: Classifier.TableOptions = {
      rows: (code) => {
        if (code === "40P01") return { tag: "Unexpected", retryable: true, hint: "run the transaction again" }
        return String(code).startsWith("23") ? { tag: "DataIntegrity", retryable: false } : undefined
      }
    }
    const thrown = (code: string) => Object.assign(new Error("from the server"), { code, severity: "ERROR" })
    assert.isTrue(classified(thrown("40P01"), postgres).retryable)
    assert.deepInclude(classified(thrown("23505"), postgres), {
      _tag: "DataIntegrity",
      message: "23505: from the server"
    })
  })

  it("GraphQL: the code of the first error of a 200", () => {
    const graphql: Classifier.TableOptions = {
      rows: { BUDGET_SPENT: { tag: "ApiRateLimit" }, ITEM_GONE: { tag: "DataEmpty", reason: "source_gap" } }
    }
    const body = (code: string) => ({ data: null, errors: [{ message: "no", extensions: { code } }] })
    assert.strictEqual(classified(answer(200, body("BUDGET_SPENT")), graphql)._tag, "ApiRateLimit")
    assert.strictEqual(classified(answer(200, body("ITEM_GONE")), graphql)._tag, "DataEmpty")
  })
})
