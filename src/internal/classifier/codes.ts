/** The string `code` of an error: of the operating system, the resolver, TLS, zlib, Node.js, undici, axios, got. */
import { byFile, fileCodes } from "./fileErrors.js"
import type { Finding, Kind, Phase } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { get, isObject, text } from "./read.js"

const timeout = (phase?: Phase): Kind => kind("NetworkTimeout", Rank.Fact, phase)
const connection = kind("NetworkConnection", Rank.Fact)
const dns = kind("NetworkDns", Rank.Fact)
const format = kind("ApiFormat", Rank.Fact)
const corrupt = kind("DataIntegrity", Rank.Fact)
const unreadable = kind("DataTransformation", Rank.Format)
const invalid = kind("DataValidation", Rank.Format)
const aborted = kind("Unexpected", Rank.Abort)
const bug = kind("Internal", Rank.Fact)
const other = kind("Unexpected", Rank.Fact)

const table = (rows: ReadonlyArray<readonly [Kind, string]>): ReadonlyMap<string, Kind> =>
  new Map(rows.flatMap(([found, codes]) => codes.split(/\s+/).map((code) => [code, found] as const)))

const codes = table([
  // Sockets. ECONNABORTED is also the timeout of axios and superagent, see below.
  [
    connection,
    "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN ENETRESET ENOTCONN"
  ],
  [
    connection,
    "EADDRINUSE EADDRNOTAVAIL EPROTO EAFNOSUPPORT EPROTONOSUPPORT ESHUTDOWN ENOTSOCK EISCONN EALREADY EMSGSIZE"
  ],
  [connection, "ENOBUFS ENONET ERR_SOCKET_CLOSED ERR_SOCKET_CLOSED_BEFORE_CONNECTION ERR_STREAM_PREMATURE_CLOSE"],
  [connection, "UND_ERR_SOCKET UND_ERR_INFO UND_ERR_PRX_TLS ERR_HTTP2_STREAM_ERROR ERR_HTTP2_SESSION_ERROR"],
  [connection, "ERR_HTTP2_GOAWAY_SESSION HPE_INVALID_EOF_STATE ERR_PROXY_TUNNEL EHTTP2"],
  [timeout(), "ETIMEDOUT ESOCKETTIMEDOUT ETIME ERR_HTTP_REQUEST_TIMEOUT"],
  [timeout("connect"), "UND_ERR_CONNECT_TIMEOUT ERR_SOCKET_CONNECTION_TIMEOUT ERR_TLS_HANDSHAKE_TIMEOUT ECONNTIMEOUT"],
  [timeout("headers"), "UND_ERR_HEADERS_TIMEOUT"],
  [timeout("body"), "UND_ERR_BODY_TIMEOUT"],
  // The resolver, also c-ares.
  [
    dns,
    "ENOTFOUND EAI_AGAIN EAI_FAIL EAI_NONAME EAI_NODATA EAI_ADDRFAMILY EAI_BADFLAGS EAI_FAMILY EAI_MEMORY EAI_SERVICE"
  ],
  [dns, "EAI_SOCKTYPE EAI_SYSTEM EAI_OVERFLOW EAI_CANCELED EAI_PROTOCOL ESERVFAIL EREFUSED ENONAME EBADNAME EBADRESP"],
  [dns, "EFORMERR ENOTIMP ETIMEOUT EBADQUERY EBADFAMILY EBADHINTS ENOTINITIALIZED EDESTRUCTION EDNS"],
  // Certificates and the handshake, by the names of OpenSSL and Node.js.
  [
    connection,
    "DEPTH_ZERO_SELF_SIGNED_CERT SELF_SIGNED_CERT_IN_CHAIN CERT_HAS_EXPIRED CERT_NOT_YET_VALID CERT_REVOKED"
  ],
  [connection, "CERT_UNTRUSTED CERT_REJECTED CERT_SIGNATURE_FAILURE CERT_CHAIN_TOO_LONG INVALID_CA INVALID_PURPOSE"],
  [
    connection,
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT UNABLE_TO_GET_ISSUER_CERT_LOCALLY HOSTNAME_MISMATCH"
  ],
  [
    connection,
    "UNABLE_TO_GET_CRL UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY ERR_TLS_CERT_ALTNAME_INVALID ERR_TLS_CERT_ALTNAME_FORMAT"
  ],
  // Answers that are not the HTTP that was due.
  [format, "UND_ERR_HEADERS_OVERFLOW UND_ERR_RES_EXCEEDED_MAX_SIZE ERR_TOO_MANY_REDIRECTS ERR_FR_TOO_MANY_REDIRECTS"],
  [format, "ERR_FR_REDIRECTION_FAILURE ERR_HTTP2_HEADER_SINGLE_VALUE ERR_HTTP2_INVALID_STREAM"],
  // What arrived is not what was sent.
  [
    corrupt,
    "UND_ERR_RES_CONTENT_LENGTH_MISMATCH ERR_HTTP_CONTENT_LENGTH_MISMATCH Z_DATA_ERROR Z_BUF_ERROR Z_NEED_DICT"
  ],
  [
    corrupt,
    "Z_STREAM_ERROR EINTEGRITY EBADSIZE ERR_OSSL_BAD_DECRYPT ERR_OSSL_EVP_BAD_DECRYPT ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH"
  ],
  // Mail
  [connection, "ECONNECTION ESOCKET"],
  [kind("ApiAuth", Rank.Fact), "EAUTH ELOGIN"],
  [kind("ApiRateLimit", Rank.Fact), "ETHROTTLE ETHROTTLED"],
  // Text or bytes that do not read as what they should be.
  [unreadable, "ERR_BODY_PARSE_FAILURE ERR_ENCODING_INVALID_ENCODED_DATA ERR_INVALID_CHAR_IN_BODY EJSONPARSE"],
  [invalid, "FST_ERR_VALIDATION ERR_VALIDATION"],
  [
    aborted,
    "ABORT_ERR ERR_ABORTED UND_ERR_ABORTED UND_ERR_ABORT ERR_CANCELED ERR_CANCELLED ABORTED ECANCELED ECANCELLED"
  ],
  [aborted, "UND_ERR_DESTROYED UND_ERR_CLOSED"],
  // The caller's own mistakes.
  [bug, "ERR_INVALID_URL ERR_ASSERTION ERR_MODULE_NOT_FOUND MODULE_NOT_FOUND ERR_REQUIRE_ESM ERR_INTERNAL_ASSERTION"],
  [
    bug,
    "ERR_UNSUPPORTED_PROTOCOL ERR_BAD_OPTION ERR_BAD_OPTION_VALUE ERR_NOT_SUPPORT ERR_DEPRECATED ERR_HTTP_HEADERS_SENT ERR_BODY_ALREADY_USED"
  ],
  [bug, "UND_ERR_INVALID_ARG UND_ERR_INVALID_RETURN_VALUE UND_ERR_NOT_SUPPORTED UND_ERR_REQ_CONTENT_LENGTH_MISMATCH"],
  [bug, "UND_ERR_BPL_MISSING_UPSTREAM ERR_METHOD_NOT_IMPLEMENTED ERR_STREAM_DESTROYED ERR_STREAM_WRITE_AFTER_END"],
  [
    bug,
    "ERR_STREAM_PUSH_AFTER_EOF ERR_STREAM_NULL_VALUES ERR_STREAM_ALREADY_FINISHED ERR_STREAM_CANNOT_PIPE ERR_INVALID_STATE"
  ],
  [
    bug,
    "ERR_FR_MAX_BODY_LENGTH_EXCEEDED ERR_UNESCAPED_CHARACTERS ERR_INVALID_PROTOCOL ERR_OUT_OF_RANGE ERR_MISSING_ARGS"
  ],
  [
    bug,
    "ERR_UNKNOWN_ENCODING ERR_MULTIPLE_CALLBACK ERR_USE_AFTER_CLOSE ERR_WORKER_OUT_OF_MEMORY ERR_BUFFER_OUT_OF_BOUNDS"
  ],
  // A time limit, but not of a request.
  [other, "ERR_SCRIPT_EXECUTION_TIMEOUT ERR_SCRIPT_EXECUTION_INTERRUPTED ERR_CHILD_PROCESS_STDIO_MAXBUFFER"],
  // Only a hint of where: what happened stands in the message or the cause.
  [kind("NetworkConnection", Rank.Wrapper), "ERR_NETWORK ERR_GOT_REQUEST_ERROR UND_ERR"],
  [kind("ApiFormat", Rank.Wrapper), "ERR_BAD_RESPONSE ERR_BAD_REQUEST ERR_NON_2XX_3XX_RESPONSE UND_ERR_RESPONSE"],
  [kind("ApiFormat", Rank.Wrapper), "UND_ERR_RESPONSE_STATUS_CODE UND_ERR_REQ_RETRY ERR_READING_RESPONSE_STREAM"]
])

/** Families of codes too large to list. */
const families: ReadonlyArray<readonly [RegExp, Kind]> = [
  [/^HPE_/, format],
  // Frames that break the protocol of WebSocket.
  [/^WS_ERR_/, format],
  [/^ERR_(?:SSL|TLS)_/, connection],
  // Certificates that OpenSSL and BoringSSL refuse for a reason not listed above.
  [/^(?:UNABLE_TO_[A-Z_]*(?:CERT|CRL|ISSUER)[A-Z_]*|UNKNOWN_CERTIFICATE_VERIFICATION_ERROR)$/, connection],
  // Brotli's decoder: `ERR__ERROR_FORMAT_PADDING_1`.
  [/^(?:ERR_?_ERROR_|ERR_BROTLI_DECODER_|ZSTD_error_)/, corrupt],
  [/^ERR_(?:INVALID|HTTP|HTTP2)_/, bug],
  [/^(?:ERR_SOCKET_BAD|ERR_IPC|ERR_WORKER|ERR_VM|ERR_UNKNOWN|ERR_UNSUPPORTED|ERR_IMPORT|ERR_PACKAGE|ERR_CRYPTO)_/, bug],
  [/^CSV_/, unreadable]
]

const isResolver = (syscall: string): boolean => syscall.startsWith("query") || resolvers.has(syscall)

const resolvers: ReadonlySet<string> = new Set([
  "getaddrinfo",
  "getnameinfo",
  "getHostByAddr",
  "getHostByName",
  "reverse"
])

const listed = (code: string): Kind | undefined =>
  codes.get(code) ?? families.find(([family]) => family.test(code))?.[1]

/** The finding of a bare code, for a message that quotes one. */
export const byCode = (
  code: string,
  syscall: string | undefined,
  link: unknown,
  operation?: string
): Finding | undefined => {
  if (syscall !== undefined && isResolver(syscall)) return finding(dns, link, code)
  if (fileCodes.has(code)) return byFile(code, syscall, link, operation)
  const found = code === "ECONNABORTED" ? aborting(link, syscall) : listed(code)
  if (found === undefined) return undefined
  // c-ares has this code, beside the system call; without one, it is a deadline of the driver of a database.
  if (code === "ETIMEOUT" && syscall === undefined) return finding(timeout(), link, code)
  if (code === "ETIMEDOUT") return finding(timeout(timedOut(link, syscall)), link, code)
  return finding(found, link, code)
}

/** The finding of the `code` of a link. */
export const codeFinding = (link: unknown, operation: string | undefined): Finding | undefined => {
  try {
    const code = isObject(link) ? link["code"] : undefined
    if (typeof code !== "string" || code === "" || !isObject(link)) return undefined
    const syscall = link["syscall"]
    return byCode(code, typeof syscall === "string" ? syscall : undefined, link, operation)
  } catch {
    return undefined
  }
}

// axios and superagent call a request that they gave up themselves ECONNABORTED; from the operating system it comes
// with the system call.
const aborting = (link: unknown, syscall: string | undefined): Kind => {
  if (syscall !== undefined) return connection
  const message = text(link, "message") ?? ""
  if (/^request aborted/i.test(message)) return aborted
  return get(link, "isAxiosError") === true || text(link, "name") === "AxiosError" || /time(?:d )?out/i.test(message)
    ? timeout(phaseOfMessage(message))
    : connection
}

const gotPhases: Readonly<Record<string, Phase>> = {
  lookup: "connect",
  connect: "connect",
  secureConnect: "connect",
  response: "headers",
  read: "body",
  request: "total"
}

const timedOut = (link: unknown, syscall: string | undefined): Phase | undefined => {
  if (syscall === "connect") return "connect"
  // got names the step; Node.js tries the addresses of a host one by one, and collects what came of each.
  const event = text(link, "event")
  if (event !== undefined) return gotPhases[event]
  const members = get(link, "errors")
  if (isObject(members)) return "connect"
  return phaseOfMessage(text(link, "message") ?? "")
}

const phaseOfMessage = (message: string): Phase | undefined =>
  /^(?:connect\b|connection timed? ?out)/i.test(message)
    ? "connect"
    : /^response timeout/i.test(message)
    ? "headers"
    : /^read\b/i.test(message)
    ? undefined
    : /^timeout of/i.test(message)
    ? "total"
    : undefined
