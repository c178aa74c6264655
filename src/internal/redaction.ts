/**
 * Secrets never leave: what is masked, wherever it stands.
 *
 * One list of names decides. A text is read once from left to right: where a name from the list is followed by a
 * delimiter, the value behind it is masked, in whatever notation it is written. Every step consumes what it looked at,
 * so the work grows with the length of the text and no faster.
 */

/** What stands in place of a secret. Masking a masked text changes nothing. */
export const mask = "<redacted>"

// What may stand between the words of a name, also as a URL writes it.
const between = "(?:[-_. +]|%(?:25)*(?:2D|5F|2E|20|2B)){0,2}"

// A space is where a spelling may put punctuation; a lookahead keeps a longer word out: a secretary is no secret.
const spelled = [
  "api key",
  "(?:api|access) sign(?!al)",
  "(?:access|private|listen) key",
  "secret(?!ar[iy]|ion|ive)",
  "signature",
  "token(?!i[sz][aei])",
  "authori[sz]ation",
  "cookie",
  "pass (?:word(?!less)|wd|phrase|code)",
  "pwd",
  "credential",
  "bearer",
  "jwt",
  "session id"
].join("|").replaceAll(" ", between)

const secretName = new RegExp(spelled, "i")

/** Is a value under this name a secret? */
export const isSecretName = (name: string): boolean => secretName.test(name)

/** A cheap look before the work, by the stems of the names: most texts hold none of these. */
const suspicious =
  /key|secre|sign|toke|autho|cook|pass|pwd|cred|bear|jwt|sess|:\/\/[^\s/]*@|%(?:25)*2F%(?:25)*2F|basic\s|eyJ|-BEGIN/i

/** Masks secrets in free text: URLs, header lines, JSON in JSON, forms, XML, assignments. */
export const redactText = (text: string): string =>
  suspicious.test(text)
    ? redactPairs(
      text
        .replace(privateKey, mask)
        .replace(userInfo, `$1${mask}$2`)
        .replace(scheme, `$1${mask}`)
        .replace(webToken, mask)
    ).replace(userInfo, `$1${mask}$2`) // again: what was masked may have held a space that hid one
    : text

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g
const userInfo = /(:\/\/|%(?:25)*2F%(?:25)*2F)(?:<redacted>|(?!%(?:25)*(?:2F|3F|23))[^\s/?#"<>\\])+(@|%(?:25)*40)/gi
// What follows must look like credentials: "basic knowledge" does not.
const scheme =
  /(\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s+)(?=[\w+/.~-]*(?:\d|=|[a-z][A-Z])|[\w+/.~-]{20})[\w+/.~=-]{6,}/g
// A JSON web token says by itself what it is: `eyJ` is `{"` in base64.
const webToken = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)?/g

// ---------------------------------------------------------------------------------------------------------------------
// pairs of name and value
// ---------------------------------------------------------------------------------------------------------------------

const redactPairs = (text: string): string => {
  let redacted = ""
  let done = 0
  for (let name = exec(names, text, 0); name !== null; name = exec(names, text, names.lastIndex)) {
    const nameEnd = end(tail, text, names.lastIndex)
    names.lastIndex = nameEnd
    const tie = exec(delimiter, text, nameEnd)
    const value = tie === null ? undefined : valueBehind(text, name.index, tie)
    if (value === undefined) continue
    redacted += text.slice(done, value.from) + value.masked
    done = value.to
    names.lastIndex = value.to
  }
  return redacted + text.slice(done)
}

const names = new RegExp(spelled, "gi")
// The rest of the name: `token_2`, `auth[token][]`.
const tail = /(?:[\w.-]|%(?:25)*(?:2D|5F|2E))*(?:\[[\w-]*\]|\])*/iy
// Space, also as the escapes of a string or a URL.
const space = "(?:\\s|(?:\\\\|%(?:25)*5C)+[nrt]|[+]|%(?:25)*(?:20|0A|0D|09))*"
// The closing quote of the name, if it has one, then what ties it to its value; in XML that is the end of a tag.
const delimiter = new RegExp(
  `((?:\\\\*["'\`]|(?:%(?:25)*5C)*%(?:25)*22)?)${space}(=>|=(?!=)|:(?!:|//)|%(?:25)*3[AD]|>(?<=<[\\w:.-]*>)|%(?:25)*3E(?<=%(?:25)*3C[\\w:.-]*%(?:25)*3E))(${space})`,
  "iy"
)
// The quote right before the name, where the name and its value are one string.
const opener = /(?<=(["'`])[\w.-]*)/y

interface Value {
  readonly from: number
  readonly to: number
  readonly masked: string
}

/** The value behind a name and its tie, and what to write in its place. */
const valueBehind = (text: string, name: number, tied: RegExpExecArray): Value | undefined => {
  const [whole, nameQuote = "", tie = "", gap = ""] = tied
  const from = tied.index + whole.length
  const quoted = exec(quote, text, from)
  if (quoted !== null) {
    return isOuter(quoted[0], nameQuote) ? undefined : inQuotes(text, from, quoted)
  }
  const bracketed = text[from] === "[" || text[from] === "{" ? endOfBrackets(text, from) : from
  const encoded = nameQuote.startsWith("%")
  if (nameQuote !== "" && !encoded) {
    return some(from, bracketed === from ? end(bareValue, text, from) : bracketed, nameQuote + mask + nameQuote)
  }
  if (bracketed === from && /[\n\r]|\\[nr]/.test(gap)) return undefined
  if (tie === ">") return some(from, end(xmlValue, text, from), mask)
  if (tie !== ":" || encoded) return some(from, end(assignedValue, text, bracketed), mask)
  const line = lines[exec(opener, text, name)?.[1] ?? ""] ?? headerValue
  return some(from, from + text.slice(from, end(line, text, bracketed)).trimEnd().length, mask)
}

const some = (from: number, to: number, masked: string): Value | undefined =>
  to > from ? { from, to, masked } : undefined

const quote = /(\\*)(["'`])/y
// Up to the end of the line; a quote ends it too, since the line may stand in a string, but not that of `="…"`.
const headerValue = /(?:=[ \t]*\\*"[^"\r\n]*"?|[^"\\\r\n]|\\+(?![\\"]))*/y
const lines: Readonly<Record<string, RegExp>> = { "'": /[^'\r\n]*/y, "`": /[^`\r\n]*/y }
const bareValue = /[^,}\]\r\n"'`\\]*[^\s,}\]"'`\\]/y
const assignedValue = /(?:(?:bearer|basic|digest|token)[ \t]+)?(?:<redacted>|:(?!\s|$)|[^\s&;,:"'`<>)}\]\\])+/iy
const xmlValue = /(?:<redacted>|[^<])+(?=<\/)|(?:<redacted>|[^<\s])+$/y

/** A quote of the same kind, but of a string around the one the other stands in: it opens nothing. */
const isOuter = (quote: string, nameQuote: string): boolean =>
  quote.length < nameQuote.length && quote.at(-1) === nameQuote.at(-1)

/**
 * A string in quotes that are escaped `k` times, as a string inside a string is: with `n` backslashes before it, a
 * quote ends this string when `(n + 1) / (k + 1)` is odd, belongs to it when that is even, and ends a string around it
 * when it is no whole number.
 */
const inQuotes = (text: string, from: number, [open, escapes = "", kind = ""]: RegExpExecArray): Value => {
  const quotes = kind === "\"" ? /(?<!\\)\\*"/g : kind === "'" ? /(?<!\\)\\*'/g : /(?<!\\)\\*`/g
  quotes.lastIndex = from + open.length
  for (let next = quotes.exec(text); next !== null; next = quotes.exec(text)) {
    const level = next[0].length / (escapes.length + 1)
    if (!Number.isInteger(level)) return { from, to: next.index, masked: open + mask }
    if (level % 2 === 1) return { from, to: quotes.lastIndex, masked: open + mask + open }
  }
  return { from, to: text.length, masked: open + mask }
}

/** Where the brackets that open at `from` are closed; brackets in strings do not count. */
const endOfBrackets = (text: string, from: number): number => {
  let depth = 0
  let string: string | undefined
  const marks = /(?<!\\)\\*["'`]|[[\]{}]/g
  marks.lastIndex = from
  for (let next = marks.exec(text); next !== null; next = marks.exec(text)) {
    const found = next[0]
    const bracket = /[[\]{}]/.test(found)
    if (string !== undefined) {
      if (found === string) string = undefined
    } else if (!bracket) string = found
    else {
      depth += found === "[" || found === "{" ? 1 : -1
      if (depth === 0) return marks.lastIndex
    }
  }
  return text.length
}

/** Where a match that begins at `index` ends; `index` if there is none. */
const end = (pattern: RegExp, text: string, index: number): number => {
  pattern.lastIndex = index
  return pattern.test(text) ? pattern.lastIndex : index
}

const exec = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(text)
}
