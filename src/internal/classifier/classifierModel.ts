/** The types of the classifier that its rules and tables share. */
import type * as Option from "effect/Option"
import type * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"

/** The answer of a server, as far as its client kept it. */
export interface Response {
  /** The HTTP status; 0 where the client kept the body but not the status. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed if it is JSON, else text; `undefined` when it was not read. */
  readonly body: unknown
}

/** The request that failed, as far as its client kept it. */
export interface Request {
  readonly method: string | undefined
  readonly url: string | undefined
}

/** What a rule knows besides the cause. */
export interface RuleOptions {
  readonly context: FetchContext.FetchContext
  /** Epoch milliseconds. */
  readonly now: number
  readonly request: Request
  readonly response: Option.Option<Response>
}

export type Rule = (cause: unknown, options: RuleOptions) => Option.Option<FetchError.FetchError>

export type Code = string | number

/** The code of a failure, and what else the API says about it. */
export interface Selected {
  readonly code: Code
  /** The API's own words. Default: the reason in the body of the answer. */
  readonly message?: string | undefined
  /** What is wrong with the request, field by field: the `issues` of a `DataValidation`. */
  readonly issues?: ReadonlyArray<{ readonly path: string; readonly message: string }> | undefined
}

interface CommonRow {
  /** Does the same request make sense again? Default: that of the tag. */
  readonly retryable?: boolean | undefined
  /** What to do about it; becomes part of the message. */
  readonly hint?: string | undefined
  /**
   * Does the code say nothing by itself ("unknown error")? Then the HTTP status decides, unless it is 200 or 400.
   * Default false.
   */
  readonly vague?: boolean | undefined
}

/** The meaning of one code. */
export type Row =
  | (CommonRow & { readonly tag: Exclude<FetchError.FetchError["_tag"], "DataEmpty"> })
  | (CommonRow & { readonly tag: "DataEmpty"; readonly reason: FetchError.EmptyReason })

export interface TableOptions {
  /** The head of the messages, such as the name of the API. Default: none. */
  readonly name?: string | undefined
  /**
   * Reads the code from the answer, or from the error that was thrown. Undefined: the table has nothing to say. Default:
   * the code in the body of the answer, wherever APIs keep it, else the `code` of the error.
   */
  readonly select?: ((cause: unknown, options: RuleOptions) => Selected | Code | undefined) | undefined
  /** The rows by code. A function serves codes that come in ranges, or whose meaning depends on the context. */
  readonly rows:
    | { readonly [code: string]: Row }
    | ((code: Code, options: RuleOptions) => Row | undefined)
}
