/** A rule from a table of codes, as APIs document them. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as FetchError from "../../FetchError.js"
import * as Check from "../options.js"
import { apiCodeOf, excerptOf, oneLine, reasonOf } from "./answerReason.js"
import { classes } from "./classes.js"
import type { Code, Response, Row, Rule, RuleOptions, Selected, TableOptions } from "./classifierModel.js"
import { systemCode } from "./codeWords.js"
import { get } from "./read.js"
import { waitOf } from "./waits.js"

export const table = (options: TableOptions): Rule => {
  Check.orThrow("Classifier.table", checked("", options))
  const { name, rows, select = codeOf } = options
  const rowOf = typeof rows === "function"
    ? rows
    : (code: Code) => Object.hasOwn(rows, String(code)) ? rows[String(code)] : undefined
  return (cause, options) => {
    const status = statusOf(options.response)
    if (status === 418 || status === 429) return Option.none()
    const found = select(cause, options)
    if (found === undefined) return Option.none()
    const selected = typeof found === "object" ? found : { code: found }
    const row = rowOf(selected.code, options)
    if (row === undefined || (row.vague === true && status !== undefined && status !== 200 && status !== 400)) {
      return Option.none()
    }
    return Option.some(errorOf(cause, selected, row, name, options))
  }
}

/** The tag of an error. Its code is easily written in its place. */
const tag: Check.Check<string> = (path, value) => {
  const byCode = Object.entries(FetchError.facts).find(([, { code }]) => code === value)
  return byCode === undefined
    ? Check.oneOf("tag", Object.keys(FetchError.facts))(path, value)
    : Either.left(`${path}: ${JSON.stringify(value)} is the code of an error, write its tag, "${byCode[0]}"`)
}

const rowFields = {
  tag,
  retryable: Check.optional(Check.bool),
  hint: Check.optional(Check.text),
  vague: Check.optional(Check.bool)
}

const otherRow = Check.struct(rowFields)
const emptyRow = Check.struct({ ...rowFields, reason: Check.oneOf("reason", FetchError.EmptyReason.literals) })

const row: Check.Check<unknown> = (path, value) =>
  Check.isRecord(value) && value["tag"] === "DataEmpty" ? emptyRow(path, value) : otherRow(path, value)

const rows: Check.Check<unknown> = (path, value) =>
  typeof value === "function"
    ? Either.void
    : Check.isRecord(value)
    ? Either.all(Object.entries(value).map(([code, one]) => row(`${path}[${JSON.stringify(code)}]`, one)))
    : Check.wrong(path, value, "an object of rows by code, or a function from a code to a row")

const checked = Check.struct(
  { name: Check.optional(Check.text), select: Check.optional(Check.fn()), rows } satisfies Check.Checks<TableOptions>
)

const statusOf = (response: Option.Option<Response>): number | undefined =>
  Option.match(response, { onNone: () => undefined, onSome: ({ status }) => status || undefined })

/** The code in the body, else that of the error. */
const codeOf = (cause: unknown, { response }: RuleOptions): Code | undefined => {
  const inBody = Option.match(response, {
    onNone: () => undefined,
    onSome: ({ body, status }) => apiCodeOf(body, status)
  })
  if (inBody !== undefined) return inBody
  const code = get(cause, "code")
  return typeof code === "number" || (typeof code === "string" && !systemCode.test(code)) ? code : undefined
}

const errorOf = (
  cause: unknown,
  { code, issues, message }: Selected,
  row: Row,
  name: string | undefined,
  { context, now, request: { method, url }, response }: RuleOptions
): FetchError.FetchError => {
  const answer = Option.getOrUndefined(response)
  const words = message ?? reasonOf(answer?.body) ?? reasonOf(get(cause, "message"))
  const head = [name, code].filter((part) => part !== undefined).join(" ")
  const reason = [words === undefined ? undefined : oneLine(words), row.hint].filter((part) => part !== undefined)
  // The message of a client often names the request already.
  const request = url === undefined || words?.includes(url) === true
    ? ""
    : ` (${method === undefined ? url : `${method} ${url}`})`
  const common = {
    message: `${reason.length === 0 ? head : `${head}: ${reason.join(" - ")}`}${request}`,
    context,
    cause,
    retryable: row.retryable,
    retryAfter: waitOf({
      headers: answer?.headers ?? {},
      body: answer?.body ?? cause,
      error: cause,
      limited: row.tag === "ApiRateLimit",
      now
    })
  }
  switch (row.tag) {
    case "DataEmpty":
      return new FetchError.DataEmpty({ reason: row.reason, ...common })
    case "DataValidation":
      return new FetchError.DataValidation({ issues, ...common })
    case "ApiRateLimit":
    case "ApiAuth":
    case "ApiPermission":
    case "ApiFormat":
      return new classes[row.tag]({
        status: statusOf(response),
        apiCode: code,
        bodyExcerpt: excerptOf(answer?.body),
        ...common
      })
    default:
      return new classes[row.tag](common)
  }
}
