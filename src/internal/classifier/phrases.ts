/**
 * Well-known messages, for errors that lost everything else: on their way out of a worker, through a log, or because
 * their author threw text. Each is anchored to the beginning: a word inside a message decides nothing.
 */
import { quoted } from "./ccxt.js"
import { certificateTexts } from "./certificateTexts.js"
import { clauseFinding, lastParagraph, linesOf } from "./clauses.js"
import { byCode } from "./codes.js"
import { meaningFinding, nameMeaningFinding } from "./codeWords.js"
import type { Finding, Kind, Phase } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { get, text } from "./read.js"
import { rustFinding, rustMessage } from "./rust.js"
import { sqliteTexts } from "./sqlite.js"
import { byStatus } from "./status.js"
import { reasons } from "./statusReasons.js"

const timeout = (phase?: Phase): Kind => kind("NetworkTimeout", Rank.Wording, phase)
const connection = kind("NetworkConnection", Rank.Wording)
const dns = kind("NetworkDns", Rank.Wording)
const corrupt = kind("DataIntegrity", Rank.Wording)
const format = kind("ApiFormat", Rank.Wording)
const unreadable = kind("DataTransformation", Rank.Wording)
const json = kind("DataTransformation", Rank.Format)
const bug = kind("Internal", Rank.Wording)
const aborted = kind("Unexpected", Rank.Abort)

/** Messages that stand for a code. */
const codedTexts = [...certificateTexts, ...sqliteTexts]

const phrases: ReadonlyArray<readonly [RegExp, Kind]> = [
  // undici and fetch
  [/^Connect Timeout Error/, timeout("connect")],
  [/^Headers Timeout Error/, timeout("headers")],
  [/^Body Timeout Error/, timeout("body")],
  [
    /^(?:unknown scheme|bad port|Fetch failed: Requests to port \d+ are blocked|invalid method|invalid path|Failed to parse URL)/,
    bug
  ],
  [
    /^(?:redirect count exceeded|unexpected redirect|URL scheme must be a HTTP\(S\) scheme|Invalid redirect URL)/,
    format
  ],
  [/^proxy authentication required/, kind("ApiAuth", Rank.Wording)],
  // node-fetch
  [/^(?:maximum redirect reached|uri requested responds with|content size at .* over limit)/, format],
  [/^invalid json response body at /, unreadable],
  [/^(?:network timeout at|Response timeout while trying to fetch)/, timeout()],
  // ccxt
  [/^redirect to \S+ was not followed/, format],
  [
    /^(?:other side closed|socket hang up|aborted|Premature close|premature close|ERR_STREAM_PREMATURE_CLOSE)$/,
    connection
  ],
  [/^Client network socket disconnected before secure TLS connection was established/, connection],
  [
    /^(?:fetch failed|terminated|Failed to fetch|Load failed|network error|Network Error|NetworkError when attempting to fetch resource\.|[Nn]etwork request failed|Network connection lost\.?|The network connection was lost\.?|The Internet connection appears to be offline\.?|cancelled by peer|Connection (?:terminated|closed|lost|ended|reset)(?: unexpectedly| by (?:the )?(?:peer|server|remote host))?\.?|Connection is closed\.?|Socket closed(?: unexpectedly)?\.?|Received network error or non-101 status code\.?|WebSocket was closed before the connection was established)$/,
    connection
  ],
  [
    /^(?:The server aborted pending request|stream has been aborted|Invalid response body while trying to fetch .*: Premature close)/,
    connection
  ],
  // Browsers and React Native. Error reporters such as Sentry append the host: `Failed to fetch (api.test)`
  [
    /^(?:fetch failed|Failed to fetch|Load failed|NetworkError when attempting to fetch resource\.) \([^()\s]+\)$/,
    connection
  ],
  [/^A server with the specified hostname could not be found\.?"?$/, dns],
  [/^Unable to resolve host "/, dns],
  [/^net::ERR_(?:NAME_(?:NOT_RESOLVED|RESOLUTION_FAILED)|DNS_)/, dns],
  [/^net::ERR_(?:CONNECTION_)?TIMED_OUT\b/, timeout()],
  [/^net::ERR_ABORTED\b/, aborted],
  [/^net::ERR_CONTENT_DECODING_/, corrupt],
  [
    /^net::ERR_(?:INVALID_(?:RESPONSE|HTTP_RESPONSE|CHUNKED_ENCODING|REDIRECT)|TOO_MANY_REDIRECTS|UNSAFE_REDIRECT|RESPONSE_HEADERS_)/,
    format
  ],
  [
    /^net::ERR_(?:CONNECTION|SOCKET|ADDRESS|NETWORK|INTERNET|PROXY|TUNNEL|EMPTY_RESPONSE|SSL|HTTP2|QUIC|INCOMPLETE|CONTENT_LENGTH)/,
    connection
  ],
  [
    /^(?:Could not connect to the server\.?|A TLS error caused the secure connection to fail\.?|An SSL error has occurred|Error in (?:input|body) stream|unexpected end of stream on |Failed to connect to \S+)/,
    connection
  ],
  // Bun
  [
    /^(?:The socket connection was closed unexpectedly|Unable to connect\. Is the computer able to access the url|Was there a typo in the url or port|WebSocket connection to '[^']*' failed)/,
    connection
  ],
  // Redirects: Bun, Deno, Cloudflare, Safari
  [
    /^(?:Fetch failed: (?:Maximum number of redirects|Encountered redirect|Can ?not redirect)|(?:The response redirected|redirected|too many) (?:too many times|(?:HTTP )?redirects\b))/i,
    format
  ],
  // The permissions of Deno
  [/^Requires (?:read|write) access to /, kind("StoragePermission", Rank.Wording)],
  [/^Requires (?:net|env|run|sys|ffi|import) access to /, bug],
  [/^Response body length does not match content-length header/, corrupt],
  [/^(?:Headers Overflow Error|Parse Error: |Response does not match the HTTP\/1\.1 protocol|Header overflow)/, format],
  [
    /^(?:maxContentLength size of|Maximum number of redirects exceeded|Redirected \d+ times|Response content exceeded max size)/,
    format
  ],
  [
    /^(?:This operation was aborted|The operation was aborted\.?|The user aborted a request\.?|cancell?ed|Request aborted)$/,
    aborted
  ],
  [/^(?:The operation was aborted due to timeout|signal timed out)$/, timeout("total")],
  // Node.js, OpenSSL, zlib, brotli
  [/^(?:write EPROTO )?(?:[0-9A-F]{8,}:)?error:[0-9A-F]+:SSL routines:/, connection],
  [/^(?:[0-9A-F]{8,}:)?error:[0-9A-F]+:.*(?:bad decrypt|wrong final block length)/, corrupt],
  [/^(?:Unsupported state or unable to authenticate data)$/, corrupt],
  [
    /^(?:incorrect header check|incorrect data check|incorrect length check|invalid (?:block type$|distance too far|distances? (?:code|set)|code lengths|code -- |literal\/length|literal\/lengths|stored block lengths|bit length repeat|window size$))/,
    corrupt
  ],
  [
    /^(?:unexpected end of file|too many length or distance symbols|header crc mismatch|unknown compression method|unknown header flags set)/,
    corrupt
  ],
  [/^(?:Decompression failed|invalid gzip data|invalid zlib data|(?:reached )?unexpected EOF)$/, corrupt],
  [
    /^(?:invalid gzip header|corrupt (?:gzip|deflate|zlib|brotli|zstd) stream|(?:inflate|deflate|gzip|gunzip|zlib|brotli|zstd)(?: decompression)? (?:error|failed)(?:$|:))/i,
    corrupt
  ],
  [/^The encoded data (?:is|was) not valid/, unreadable],
  // Arrow
  [/^(?:Expected to read \d+ (?:metadata )?bytes|Offset is outside the bounds of the DataView)/, corrupt],
  // yauzl, fflate, unzipper
  [
    /^(?:end of central directory record signature not found|End of central directory record|invalid central directory)/i,
    corrupt
  ],
  [
    /^(?:FILE_ENDED|invalid (?:local file header|zip data$|comment length)|unsupported compression method)/i,
    corrupt
  ],
  [
    /^(?:compressed\/uncompressed size mismatch|too many bytes in the stream|not enough bytes in the stream|extra field length exceeds)/i,
    corrupt
  ],
  // Checksums and lengths
  [
    /^(?:\w+ )?(?:checksum|crc(?:-?32c?)?|sha-?\d{1,3}|md5|digest|hash|integrity|etag|content-length|length|size)(?: \w+)? (?:mismatch|verification failed|check failed|does not match)/i,
    corrupt
  ],
  [/^(?:invalid|bad|wrong|incorrect) (?:checksum|crc(?:-?32c?)?|digest|sha-?\d{1,3})(?:$|[:,]| for | of )/i, corrupt],
  // Time
  [
    /^(?:(?:the |a |this )?(?:http |network |api )?(?:request|connection|socket|operation|response|fetch|query) )?(?:has )?(?:timeout|timed out)(?:[.!]?$| after ['\d]| exceeded)/i,
    timeout("total")
  ],
  [/^(?:response )?timeout of \d+ ?ms exceeded/i, timeout("total")],
  [/^request timed out \(\d+ ms\)/, timeout("total")],
  [/^Timeout awaiting '/, timeout()],
  [/^Reached the max retries per request limit/, connection],
  // Chromium, by way of its drivers
  [/^(?:[\w.]+: )?net::ERR_NAME_NOT_RESOLVED\b/, kind("NetworkDns", Rank.Wording)],
  [/^(?:[\w.]+: )?net::ERR_(?:CONNECTION_)?TIMED_OUT\b/, timeout()],
  [
    /^(?:[\w.]+: )?net::ERR_(?:CONNECTION_|INTERNET_|ADDRESS_|NETWORK_|EMPTY_|SSL_|CERT_|PROXY_|SOCKET_)\w+/,
    connection
  ],
  // Databases, brokers and shells
  [/^Can't reach database server\b/, connection],
  [
    /^(?:Channel|Connection|(?:Web)?Socket) (?:is |was )?(?:closed|closing|ended|lost|terminated|not (?:available|connected|open|established))(?:[.:]|$| (?:unexpectedly|abruptly|before|during|while|by)\b)/,
    connection
  ],
  [
    /^(?:the )?connection to [^\n]{1,160}?(?: (?:was|is|has been) (?:closed or )?(?:broken|closed|lost|terminated|interrupted|reset|dropped)\b| could not be established\b| terminated unexpectedly\b| received end-of-file\b)/i,
    connection
  ],
  [
    /^(?:disconnected from \S+: \d{4}\b|TNS:(?:no listener|lost contact|connection closed|packet \w+ failure)|CONNECTION ERROR: Couldn't connect to|Unreachable hosts\b|[^.\n]{0,80}\bclient is offline\b)/,
    connection
  ],
  [
    /^(?:(?:Failed to fetch|error loading) dynamically imported module: |Importing a module script failed\.)/,
    connection
  ],
  [
    /^(?:The )?(?:server|peer|remote host|database) (?:has )?(?:unexpectedly )?(?:closed|terminated|dropped) the connection\b/i,
    connection
  ],
  [
    /^(?:Server sent FIN packet unexpectedly|No Living connections$|Not connected\.?$|(?:xhr (?:poll|post)|websocket) error$)/,
    connection
  ],
  [
    /^(?:Connection refused: (?:Not authorized|Bad user ?name or password)$|Authentication failed against |(?:ORA-01017: )?invalid username\/password\b|(?:password )?authentication failed for user\b|Login failed for user\b)/i,
    kind("ApiAuth", Rank.Wording)
  ],
  [/^Connection refused(?:[.:]|$)/, connection],
  [/^(?:ERR max number of clients reached|error code: 1015$)/, kind("ApiRateLimit", Rank.Wording)],
  [/^(?:Knex: )?Timeout acquiring a connection\b/, timeout()],
  [/^Timed out (?:while )?(?:waiting for|fetching|acquiring|connecting|authenticating|reading|writing)\b/i, timeout()],
  // A session that timed out wants a login.
  [
    /^(?!.{0,80}\b(?:session|token|cookie|login)\b)(?:[\w'`"./:-]+ ){1,10}timed out(?:[.!,]|$| after \d)/i,
    timeout("total")
  ],
  [/^(?:connection (?:request )?timeout(?:: timeout of \d|\. request exceeded))/i, timeout("total")],
  [/^(?:\w+\.\w+: |Navigation )?timeout (?:of )?\d+ ?ms exceeded/i, timeout("total")],
  [
    /^(?:Timeout \((?:\w+ )?(?:socket|connection)\)|(?:Heartbeat|Keep-?alive|Connack|Ping|Greeting|Idle) (?:timeout|timed out))$/i,
    timeout()
  ],
  [/^Operation `[^`]{1,200}` buffering timed out after\b/, timeout()],
  [/^timeout error\.?$/i, timeout("total")],
  [/^Error reading response as text: (?:aborted|terminated|other side closed)/, connection],
  [
    /^(?:Opening handshake has timed out|timeout expired$|Connection terminated due to connection timeout)/,
    timeout("connect")
  ],
  [
    /^(?:Command|Query|Statement|Transaction|Job|Task|Handshake|Read|Write|Connect|Acquire|Lock)(?: inactivity| read| wait)? (?:timed out|timeout)\b/i,
    timeout("total")
  ],
  [/^canceling statement due to (?:statement|lock|user) (?:timeout)/, timeout("total")]
]

/** Words for a status, as clients put it at the head of their messages. */
const statusWords: ReadonlyArray<RegExp> = [
  /^Request failed with status code (\d{3})\b/,
  /^Response code (\d{3}) \(/,
  /^Response status code (\d{3})\b/,
  /^(?:StatusCode|Decode|EmptyBody)(?:: [^(]*| error) \((\d{3}) [A-Z]+ /,
  /^HTTP (?:error|status)?[!:,]? ?(?:status)?(?: code)?[:=]? ?(\d{3})\b/i,
  /^HTTP\/\d(?:\.\d)? (\d{3})\b/,
  /^\[[A-Z]+\] "[^"]*": (\d{3})\b/,
  /^(?:(?:bad|unexpected|invalid|error|http|response|received|got) ){0,2}(?:status|status code)(?: on response)?[:=]? ([1-5]\d\d)$/i,
  /^Unexpected server response: (\d{3})\b/,
  /^(?:WebSocket connection to '[^']*' failed|failed to connect to WebSocket): [A-Za-z ]{0,40}(?:101 )?[A-Za-z ]{0,40}: (\d{3})$/,
  /^WebSocket connection to '[^']*' failed: Error during WebSocket handshake: Unexpected response code: (\d{3})$/,
  /^Proxy response \((\d{3})\)/,
  /^tunneling socket could not be established, statusCode=(\d{3})\b/,
  /^server response (\d{3}) [A-Z]/,
  /^An HTTP protocol error occurred: statusCode = (\d{3})\b/,
  /^GraphQL Error \(Code: (\d{3})\)/,
  /^error code: ([45]\d\d)$/,
  /^(?:Network error: )?Response not successful: Received status code (\d{3})\b/,
  /^got status: ([45]\d\d) [A-Z]/,
  /^Non-200 status code \(([45]\d\d)\)/,
  new RegExp(`^([45]\\d\\d) (?:${reasons})[a-z-]*(?: [A-Za-z'-]+){0,4}(?:$|[:,] )`)
]

/** `connect ECONNREFUSED 127.0.0.1:9`, `ENOENT: no such file or directory, open '/x'`. */
const systemCall = /^([a-z]\w*) (E[A-Z][A-Z0-9_]+)\b/
const systemError = /^(E[A-Z][A-Z0-9]+): [^,]+(?:, (\w+))?/

/** A message that is only a code: `ERR_ERROR_FORMAT_PADDING_2`, `ECONNREFUSED`. */
const bareCode = /^(E[A-Z][A-Z0-9_]{1,60})$/

/** A code that is a word, alone or before an address: `NS_ERROR_UNKNOWN_HOST`, `CONNECTION_LOSS[-4]`, `RateLimitExceeded`. */
const bareWord = /^(?:An API error occurred: )?([A-Za-z][\w.-]{3,60})(?:$|\[-?\d+\]$| at https?:)/

/** Bun, where it has no text for a code: `ZlibError fetching "https://…". For more information, …`. */
const fetching = /^([A-Z]\w{3,60}) fetching "/

const patterns = [
  systemCall,
  systemError,
  bareCode,
  bareWord,
  fetching,
  rustMessage,
  ...statusWords,
  ...[...codedTexts, ...phrases].map(([phrase]) => phrase)
]

/** All phrases with the same flags as one pattern: most messages match none, and are tested once. */
const any = [...new Set(patterns.map(({ flags }) => flags))].map((flags) =>
  new RegExp(patterns.filter((pattern) => pattern.flags === flags).map(({ source }) => source).join("|"), flags)
)

/** Whether the message states a status and nothing else. */
export const isStatusPhrase = (message: string): boolean =>
  statusWords.some((word) => word.test(message)) || reasonAlone.test(message)

const reasonAlone = new RegExp(`^(?:${reasons})[a-z-]*(?: [A-Za-z'-]+){0,4}$`)

/** The finding of the message of a link, or of a link that is text itself. */
export const phraseFinding = (link: unknown, operation: string | undefined): Finding | undefined => {
  if (typeof link === "string") return saidFinding(link, link, operation)
  const message = quoted(link)?.rest ?? text(link, "message")
  const found = message === undefined ? undefined : saidFinding(message, link, operation)
  return found ?? (link instanceof Error ? undefined : answerFinding(link, operation))
}

/** The finding of what an answer says that was thrown as it came. */
const answerFinding = (link: unknown, operation: string | undefined): Finding | undefined => {
  const error = get(link, "error")
  const said = [...answerNames.map((name) => get(link, name)), get(get(link, "status"), "error_message")]
  if (Array.isArray(error)) said.push(error[0])
  for (const words of said) {
    const found = typeof words === "string" ? saidFinding(words, link, operation) : undefined
    if (found !== undefined) return found
  }
  return undefined
}

const answerNames = ["msg", "retMsg", "error", "error_message", "err-msg", "reason", "result"] as const

const saidFinding = (whole: string, link: unknown, operation: string | undefined): Finding | undefined => {
  if (whole.length > maxMessage) return undefined
  const named = whole.includes(": ") || whole.startsWith("Error Domain=") ? heads.exec(whole)?.[0] ?? "" : ""
  const message = whole.slice(named.length)
  if (message === "") return traceFinding(text(link, "stack") ?? "", link, operation)
  if (isJsonError(link, message)) return finding(json, link)
  const last = lastParagraph(message)
  return headFinding(message, link, operation) ??
    (last === undefined ? undefined : headFinding(last, link, operation)) ??
    clauseFinding(message, link, operation) ?? linesFinding(message, link, operation) ??
    nameMeaningFinding(lastName.exec(named)?.[1] ?? "", link)
}

/** The finding of the first line that says something. */
const linesFinding = (message: string, link: unknown, operation: string | undefined): Finding | undefined => {
  for (const line of linesOf(message)) {
    const said = line.replace(heads, "")
    const found = headFinding(said, link, operation) ?? clauseFinding(said, link, operation)
    if (found !== undefined) return found
  }
  return undefined
}

/** The finding of the beginning of a message. */
const headFinding = (message: string, link: unknown, operation: string | undefined): Finding | undefined => {
  if (!any.some((pattern) => pattern.test(message))) return undefined
  const call = systemCall.exec(message)
  const failed = systemError.exec(message)
  const bare = bareCode.exec(message)
  const coded = call
    ? byCode(call[2]!, call[1], link, operation)
    : failed
    ? byCode(failed[1]!, failed[2], link, operation)
    : bare
    ? byCode(bare[1]!, undefined, link, operation) ?? meaningFinding(bare[1]!, link)
    : meaningFinding(bareWord.exec(message)?.[1] ?? fetching.exec(message)?.[1] ?? "", link)
  if (coded !== undefined) return { ...coded, rank: Rank.Wording }
  const known = codedTexts.find(([phrase]) => phrase.test(message))
  if (known !== undefined) return finding(known[1], link, known[2])
  for (const word of statusWords) {
    const status = Number(word.exec(message)?.[1] ?? 0)
    const found = byStatus(status)
    if (found !== undefined) return finding(kind(found.tag, Rank.Wording), link, undefined, status)
  }
  if (rustMessage.test(message)) return rustFinding(message, link, operation)
  const found = phrases.find(([phrase]) => phrase.test(message))
  return found && finding(found[1], link)
}

/** The finding of the first line of the stack, for an error without a message. */
const traceFinding = (trace: string, link: unknown, operation: string | undefined): Finding | undefined => {
  if (silent.test(trace)) return finding(kind("ApiAuth", Rank.Wording), link, undefined, 407)
  const found = byCode(headed.exec(trace)?.[1] ?? "", undefined, link, operation)
  return found && { ...found, rank: Rank.Wording }
}

/** Node.js writes the code into the trace, `AggregateError [ECONNREFUSED]: `, and there it survives a structured clone. */
const headed = /^\w+ \[(E[A-Z0-9_]+)\]: /

/** undici's fetch refuses a 407 with an error that says nothing; no other of its silent errors comes from there. */
const silent = /^[ \t]+at makeNetworkError .*\n[ \t]+at httpNetworkOrCacheFetch /m

/**
 * Names at the head of a message: `TypeError: fetch failed`, `Uncaught Error: …`, `java.net.ConnectException: …`,
 * `ORA-12170: …`, `SQLITE_BUSY: …`, `page.goto: …`.
 */
const heads =
  /^(?:Uncaught )?(?:(?:[A-Za-z]\w{0,40}\.){0,8}\w{0,40}(?:Error|Exception)(?: \[\w+\])?: |(?:[A-Za-z]\w{0,40}\.){1,8}\w{1,40}: |[A-Z]{2,10}-\d{2,6}: |[A-Z][A-Z\d]{1,20}(?:_[A-Z\d]{1,20}){1,5}: |\[Errno -?\d{1,5}\] |Error Domain=\w{1,60} Code=-?\d{1,6} "){1,4}/

/** The innermost name among them. It counts where the rest says nothing. */
const lastName = /(\w{1,60}(?:Error|Exception))(?: \[\w+\])?: $/

// A message beyond this is a document, not a phrase.
const maxMessage = 16_384

/** `JSON.parse` throws a SyntaxError, as a broken script does: only the wording distinguishes the two. */
const isJsonError = (link: unknown, message: string): boolean =>
  get(link, "name") === "SyntaxError" && jsonError.test(message) &&
  (isJsonMessage(message) || /^Cannot convert .* to a BigInt$/s.test(message))

const jsonError =
  /^(?:Unexpected|Expected|Unterminated|Bad|No number|Exponent|JSON|Failed to parse JSON|Cannot convert|.* is not valid JSON$)/s

export const isJsonMessage = (message: string): boolean => /\bJSON\b/.test(message)
