/**
 * ccxt keeps of an answer what fits into a message: `kraken {"error":["EQuery:Unknown asset pair"]}`, `kraken GET https://… 429 Too Many
 * Requests {…}`, `kraken GET https://… fetch failed: connect ECONNREFUSED …`. That form is its structure.
 */
import { get, text } from "./read.js"

export interface Quoted {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly status: number | undefined
  readonly body: string | undefined
  /** The text after the address: the message of the underlying client. */
  readonly rest: string
}

const classes: ReadonlySet<string> = new Set(
  ("BaseError ExchangeError AuthenticationError PermissionDenied AccountNotEnabled AccountSuspended ArgumentsRequired BadRequest BadSymbol " +
    "OperationRejected NoChange MarginModeAlreadySet MarketClosed ManualInteractionNeeded RestrictedLocation InsufficientFunds InvalidAddress " +
    "AddressPending InvalidOrder OrderNotFound OrderNotCached OrderImmediatelyFillable OrderNotFillable DuplicateOrderId ContractUnavailable " +
    "NotSupported InvalidProxySettings ExchangeClosedByUser OperationFailed NetworkError DDoSProtection RateLimitExceeded ExchangeNotAvailable " +
    "OnMaintenance InvalidNonce ChecksumError RequestTimeout BadResponse NullResponse CancelPending UnsubscribeError")
    .split(" ")
)

const form = /^[a-z][a-z0-9]*(?: (GET|POST|PUT|DELETE|PATCH|HEAD) (\S+))? (?:(\d{3}) [^[{<]*)?(.*)$/s

/** The answer that an error of ccxt quotes; undefined for any other error. */
export const quoted = (link: unknown, name: unknown = get(link, "name")): Quoted | undefined => {
  if (!classes.has(name as string)) return undefined
  const found = form.exec(text(link, "message") ?? "")
  if (found === null) return undefined
  const [, method, url, status, rest = ""] = found
  const body = status !== undefined || /^[[{<]/.test(rest) ? rest : undefined
  return {
    method,
    url,
    status: status === undefined ? undefined : Number(status),
    body,
    rest: rest.replace(/^fetch failed: /, "")
  }
}
