/** The types of the classifier that its rules and tables share. */
import type * as Option from "effect/Option"
import type * as FetchContext from "../../FetchContext.js"
import type * as FetchError from "../../FetchError.js"

/** The response of a server, as far as the client kept it. */
export interface Response {
  /** The HTTP status; 0 where the client kept the body but not the status. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed JSON, else text; `undefined` if it was not read. */
  readonly body: unknown
}

/** The request that failed, as far as the client kept it. */
export interface Request {
  readonly method: string | undefined
  readonly url: string | undefined
}

/** The input of a rule besides the cause. */
export interface RuleOptions {
  readonly context: FetchContext.FetchContext
  /** The current time in epoch milliseconds. */
  readonly now: number
  readonly request: Request
  readonly response: Option.Option<Response>
}

export type Rule = (cause: unknown, options: RuleOptions) => Option.Option<FetchError.FetchError>

export type Code = string | number

/** The code of a failure, and further details from the API. */
export interface Selected {
  readonly code: Code
  /** The message of the API. Default: the reason in the body of the response. */
  readonly message?: string | undefined
  /** The invalid fields of the request: the `issues` of a `DataValidation`. */
  readonly issues?: ReadonlyArray<{ readonly path: string; readonly message: string }> | undefined
}

interface CommonRow {
  /** Whether the same request may succeed later. Default: that of the tag. */
  readonly retryable?: boolean | undefined
  /** A remedy, which is added to the message. */
  readonly hint?: string | undefined
  /**
   * Whether the code has no meaning of its own ("unknown error"). The HTTP status then decides, unless it is 200 or 400.
   * Default false.
   */
  readonly vague?: boolean | undefined
}

/** The meaning of one code. */
export type Row =
  | (CommonRow & { readonly tag: Exclude<FetchError.FetchError["_tag"], "DataEmpty"> })
  | (CommonRow & { readonly tag: "DataEmpty"; readonly reason: FetchError.EmptyReason })

export interface TableOptions {
  /** The first part of the messages, such as the name of the API. Default: none. */
  readonly name?: string | undefined
  /**
   * Reads the code from the response, or from the error that was thrown. Undefined: the rule does not apply. Default: the
   * code in the body of the response, else the `code` of the error.
   */
  readonly select?: ((cause: unknown, options: RuleOptions) => Selected | Code | undefined) | undefined
  /** The rows by code. Use a function for ranges of codes, or for codes whose meaning depends on the context. */
  readonly rows:
    | { readonly [code: string]: Row }
    | ((code: Code, options: RuleOptions) => Row | undefined)
}
