/** The `name` of an error. */
import type { Finding, Kind, Phase } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import type { Foreign } from "./read.js"
import { get, text } from "./read.js"

const timeout = (phase?: Phase): Kind => kind("NetworkTimeout", Rank.Fact, phase)
const bug = kind("Internal", Rank.Bug)
const request = kind("ApiFormat", Rank.Fact)

const table = (rows: ReadonlyArray<readonly [Kind, string]>): ReadonlyMap<string, Kind> =>
  new Map(rows.flatMap(([found, names]) => names.split(" ").map((name) => [name, found] as const)))

const names = table([
  [timeout("total"), "TimeoutError RequestTimeout RequestTimeoutError Timeout"],
  [timeout("connect"), "ConnectTimeoutError ConnectTimeout ConnectionTimeoutError"],
  [timeout("headers"), "HeadersTimeoutError ResponseTimeoutError"],
  [timeout("body"), "BodyTimeoutError ReadTimeout ReadTimeoutError"],
  [
    kind("Unexpected", Rank.Abort),
    "AbortError CanceledError CancelError CancelledError InterruptedException ExchangeClosedByUser"
  ],
  [
    kind("DataValidation", Rank.Format),
    "ZodError $ZodError ValiError ValidationError CastError SchemaError StructError AssertError TypeBoxError ArkErrors TypeGuardError"
  ],
  [
    kind("DataIntegrity", Rank.Fact),
    "ChecksumError ChecksumMismatch ChecksumMismatchError IntegrityError ResponseContentLengthMismatchError"
  ],
  [
    kind("DataTransformation", Rank.Format),
    "JSONDecodeError JSONParseError ParserError ParseError InvalidCharacterError CsvError"
  ],
  [kind("NetworkConnection", Rank.Fact), "SocketError"],
  // Words for the whole network: anything more precise in the chain is better.
  [
    kind("NetworkConnection", Rank.Wrapper),
    "NetworkError ConnectionError FetchError RequestError ReadError UploadError"
  ],
  [kind("ApiFormat", Rank.Fact), "HTTPParserError ResponseExceededMaxSizeError HeadersOverflowError MaxRedirectsError"],
  [kind("ApiFormat", Rank.Wrapper), "HTTPError HttpError"],
  [kind("StorageSpace", Rank.Fact), "QuotaExceededError"],
  [kind("StoragePermission", Rank.Format), "NotAllowedError PermissionError NoModificationAllowedError"],
  [kind("StorageRead", Rank.Format), "NotReadableError FileNotFoundError"],
  [bug, "TypeError RangeError ReferenceError SyntaxError EvalError URIError AssertionError InternalError"],
  [
    kind("Internal", Rank.Fact),
    "InvalidArgumentError InvalidReturnValueError NotSupportedError DataCloneError InvalidStateError"
  ],
  // ccxt, which keeps the class and little else.
  [kind("ApiRateLimit", Rank.Fact), "RateLimitExceeded DDoSProtection"],
  [kind("ApiAuth", Rank.Fact), "AuthenticationError InvalidNonce"],
  [kind("ApiPermission", Rank.Fact), "PermissionDenied AccountNotEnabled AccountSuspended RestrictedLocation"],
  [
    request,
    "BadSymbol BadRequest BadResponse OrderNotFound InvalidOrder OperationRejected InsufficientFunds MarketClosed"
  ],
  [request, "InvalidAddress NoChange ContractUnavailable DuplicateOrderId ManualInteractionNeeded OnMaintenance"],
  [kind("ApiFormat", Rank.Wrapper), "ExchangeError ExchangeNotAvailable OperationFailed"],
  [kind("DataEmpty", Rank.Fact), "NullResponse"],
  [kind("Internal", Rank.Fact), "ArgumentsRequired NotSupported InvalidProxySettings"]
])

/** The name of an error: its `name`, else that of its class. */
export const nameOf = (link: unknown): string | undefined => {
  const name = text(link, "name")
  return name === undefined || name === "Error" ? text(get(link, "constructor"), "name") ?? name : name
}

/** The `name` of a link. */
export const toldName = (link: Foreign): string | undefined => {
  try {
    const name = link["name"]
    return typeof name === "string" ? name : undefined
  } catch {
    return undefined
  }
}

/** The finding of the `name` of a link. */
export const nameFinding = (name: string, link: Foreign): Finding | undefined => {
  const found = names.get(name)
  return found && finding(found, link)
}

/** The finding of the name of the class, for a link without a `name` of its own. */
export const classNameFinding = (link: Foreign): Finding | undefined => nameFinding(nameOf(link) ?? "", link)
