/** The names of secrets: one list, for the keys of objects and for texts. */

/** The text in place of a secret. Masking a masked text changes nothing. */
export const mask = "<redacted>"

// Punctuation between the words of a name; also as a URL writes it.
const between = "[-_. +]{0,2}"
const betweenEncoded = "(?:[-_. +]|%(?:25)*(?:2[0BDE]|5F)){0,2}"

// Words before `key` in the names of secrets. In a header, any other word counts, too: see `headerKey`.
const keyWords =
  "api|access|private|listen|subscription|encryption|master|consumer|signing|account|storage|service|licen[cs]e|" +
  "instrumentation|functions?|app|application|client|session|webhook|hmac|aes|ssh|deploy|hapi|crtfc|auth|admin|" +
  "rapid api|shared|user|integration|project"

// Words before `key` in headers that hold no secret.
const plainKeys =
  "idempotency|surrogate|cache|sort|partition|primary|foreign|routing|message|translation|group|public|" +
  "websocket|row|range|object|lookup|index|unique|order|dedup(?:lication)?|correlation|sec|host|x"

// Words before `token` that make it an asset, a page or a number of tokens.
const plainTokens =
  "(?:next|prev|previous|page|continuation|sync|cursor|resume|start|quote|base|fee|reward|input|output|" +
  "native|underlying|wrapped|stable|collateral|debt|gas|lp|pool|nft|max|min|total|prompt|completion|cached|reasoning|" +
  "num|number of|remaining|used|unexpected|unknown|limit|from|to|in|out|sell|buy|pay)"

// Words behind a name that make it a fact about the secret, not the secret.
const facts =
  "(?:length|polic(?:y|ies)|required|requires|attempts?|expire[sd]? at|expires in|expire[sd]?|expiry|expiration|ttl|lifetime|max age|" +
  "ur[li]s?|endpoint|version|algorithm|header|count|limit|size|enabled|disabled|present|valid|invalid|missing|hint|" +
  "state|status|issuer|per|remaining|found|bucket|usage|budget|used|path|file|manager|provider|store|consent)"

// Words behind `token` that make it an asset or a kind of token.
const tokenFacts =
  "(?:address|symbol|name|id|types?|in|out|standard|amount|price|decimals|supply|balance|contract|list|" +
  "pair|mint|program|holders?|info|[01](?!\\d))"

/** All names. A space is where a spelling can have punctuation. A lookahead keeps longer words out: a secretary is no secret. */
const all = [
  // The facts stand as few times as possible: V8 compiles a pattern at its first use, and each word takes time.
  "(?:" + [
    `(?:${keyWords}) key(?!words?|board|space|frames?|store|less)`,
    "secret(?!ar[iy]|ion|ive)(?! (?:name|arn))",
    "signature(?! method)",
    "pass (?:word(?!less)|wd|phrase|code)(?! reset)",
    "jwt"
  ].join("|") + `)(?! (?:${facts}))`,
  `(?:cookie(?!s? name)|credential(?!s? provider))(?!s? (?:${facts}))`,
  `token(?!i[sz][aei])(?<!${plainTokens} token)(?!s? (?:${facts}|${tokenFacts})(?![a-z]))`,
  "(?:api|access) sign(?!al)",
  // The lookbehinds stand behind the word, so that they are tried where it is, and nowhere else.
  `key(?=$|["'\`\\\\:])(?<=[a-z]-key)(?<!(?:${plainKeys})-key)`,
  "authori[sz]ation(?! (?:code is|url|endpoint|server))",
  "pwd",
  "(?:db|smtp|s?ftp|ldap|mail|admin|root) pass(?![a-z])",
  "recovery codes?",
  "otp (?:code|seed)",
  "bearer",
  "session id",
  "mnemonic",
  "seed phrase",
  "code verifier",
  "client assertion",
  "jfrog art api",
  // Only as a whole name, and where it is one: the sign of a number is no secret.
  "(?:(?<![\\w-])|(?<=%(?:25)*[\\dA-F]{2}))(?:sign?|auth|pass|pin|otp|assertion)(?=$|[\"'`\\\\=>]|:\\s?\\\\*[\"'`]|&quot;|%(?:25)*(?:22|3D))",
  // In the query of a URL only.
  "(?:key|sid)(?==|%(?:25)*3D)(?<=(?:[?&#]|%(?:25)*(?:3F|26|23))(?:key|sid))",
  "code(?=(?:=|%(?:25)*3D)(?:[\\w./+-]|%2F){12})(?<=(?:[?&#]|%(?:25)*(?:3F|26|23))code)"
].join("|")

/** Makes a pattern of all names in a text. The one for texts without codes of a URL is compiled in a fraction of the time. */
export const patternOfNames = (flags: string, around: (names: string) => string = (names) => names) => {
  const [plain, encoded] = [between, betweenEncoded].map((one) => new RegExp(around(all.replaceAll(" ", one)), flags))
  return (text: string): RegExp => (text.includes("%") ? encoded : plain)!
}

// The stems of the names, so that the pattern is compiled when it is needed.
const stem =
  /key|secre|sig|toke|auth|cook|pass|pwd|cred|bear|jwt|session|mnemo|seed|pin|otp|recov|asser|verif|jfrog|sid|code/i
const nameIn = patternOfNames("i")
const maxName = 1024

const isNamed = (name: string): boolean => stem.test(name) && nameIn(name).test(name)

/** Returns whether a value under this name is a secret. A name that is too long to be read counts as one. */
export const isSecretName = (name: string): boolean => name.length > maxName || isNamed(name)

// Numbers under these names are secrets, too: a PIN, a code, a password of digits.
const numeric = /pass|pwd|pin$|otp$|secret(?!s)/i
const maxPlain = 64
const asset = /^(?:[A-Z]{2,6}|0x[\da-fA-F]{40})$/

/**
 * Returns whether the value under a name is a secret. A boolean is none, nor is a number that counts tokens, nor the
 * symbol or address of an asset under `token`.
 */
export const isSecret = (name: string, value: unknown): boolean =>
  name.length > maxName || (isNamed(name) && !isPlain(name, value))

const isPlain = (name: string, value: unknown): boolean => {
  switch (typeof value) {
    case "boolean":
    case "undefined":
      return true
    case "number":
      return !numeric.test(name)
    case "string":
      return value.length <= maxPlain && isPlainText(name, value)
    default:
      return value === null ||
        (/^tokens$/i.test(name) && Array.isArray(value) &&
          value.every((item) => typeof item === "string" && asset.test(item)))
  }
}

/** The same of a value as a text writes it, without quotes. */
export const isPlainText = (name: string, value: string): boolean =>
  /^(?:|true|false|null|undefined|none|nil|NaN|[+-]?Infinity|on|off|yes|no|enabled|disabled)$/i.test(value) ||
  (/^tokens?$/i.test(name) && asset.test(value)) || (/^jwt$/i.test(name) && /^JW[TSE](?:[A-Z][a-z]+)+$/.test(value)) ||
  (/tokens$/i.test(name) && /^\d+$/.test(value))

/** The keys of an object that names a value: `{ name: "apiKey", value: "…" }`. */
export const naming = { names: "name|key|field|param|parameter|property|header", values: "value|rejectedValue" }

/** The keys of an object that reports a fault in a value: its path, the value, and the message. */
export const locating = {
  paths: "path|instancePath|dataPath",
  values: "value|received|input|actual|data|originalValue|rejectedValue",
  messages: "message|msg"
}
