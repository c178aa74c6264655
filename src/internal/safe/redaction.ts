/**
 * Masks the secrets in texts: by the name in front of them, and by their form.
 *
 * A text is read once from left to right. Where a name of a secret is followed by a delimiter, the value behind it is
 * masked, in every notation. Every step consumes the characters that it looked at, so that the work is linear in the
 * length of the text.
 */

import type { Value } from "./quoting.js"
import { end, endOfBrackets, exec, inQuotes, quote, some } from "./quoting.js"
import { isPlainText, isSecretName, locating, mask, naming, patternOfNames } from "./secretNames.js"
import { hasKeyedPath, hasLongRun, keyInPath, tokenShape } from "./tokenShapes.js"
import { redactValidation } from "./validation.js"

/** The stems of the names, and other signs of a secret. Most texts have none of them and are not read further. */
const suspicious =
  /key|secre|sig|toke|auth|cook|pass|pwd|cred|bear|jwt|sess|mnemo|seed|pin\b|otp|recov|asser|verif|jfrog|sid=|code=|:(?:\/\/[^\s/]*|[^\s:@/]{6,})@|%(?:25)*2F%(?:25)*2F|basic\s|eyJ|-BEGIN|\bws(?:\/|%)|%2Fws|streams=/i

const isSuspicious = (text: string): boolean =>
  hasLongRun(text) || suspicious.test(text) || text.includes(" -u ") || text.includes("--user")

const maxPasses = 8

// A text passes redaction several times on its way from the error to the log: recent results are remembered.
const masked = new Set<string>()
const maxMasked = 256
const maxMaskedLength = 2048

/** Masks secrets in free text: URLs, header lines, JSON in JSON, forms, XML, assignments. */
export const redactText = (text: string): string => {
  if (!isSuspicious(text) || masked.has(text)) return text
  let redacted = text
  for (let pass = 0; pass < maxPasses; pass++) {
    const before = redacted
    redacted = redactOnce(before)
    // A masked value may have held the end of a quote, a branch or a brace: the last pass is the one that masks nothing.
    if (redacted === before) break
  }
  if (redacted.length <= maxMaskedLength) {
    if (masked.size >= maxMasked) masked.clear()
    masked.add(redacted)
  }
  return redacted
}

/** One pass over the text. */
export const redactOnce = (text: string): string =>
  redactPairs(
    redactElements(redactShapes(redactStructures(text)))
      .replace(privateKey, mask)
      .replace(userInfo, `$1${mask}$2`)
      .replace(bareUserInfo, `${mask}@`)
      .replace(scheme, `$1${mask}`)
      .replace(webToken, mask)
      .replace(listenKey, `$1${mask}`)
  )

/** Masks tokens that are known by their form, and keys in the paths of URLs. */
const redactShapes = (text: string): string => {
  if (!hasLongRun(text)) return text
  const shaped = text.replace(tokenShape, mask)
  return hasKeyedPath(shaped) ? shaped.replace(keyInPath, mask) : shaped
}

/** Masks values whose name stands in front of other attributes, and the credentials of a command. */
const redactElements = (text: string): string => {
  const closed = text.includes("</") ? text.replace(attributed(text), `$1${mask}`) : text
  const parted = closed.includes("name=") ? closed.replace(formPart(closed), `$1${mask}`) : closed
  return parted.includes("-u") ? parted.replace(commandUser, `$1${mask}`) : parted
}

/** Masks values whose name stands elsewhere: in the tree of a validation, in another member of an object. */
const redactStructures = (text: string): string => redactObjects(text.includes("─ [") ? redactValidation(text) : text)

const privateKey =
  /-----BEGIN(?:[A-Z +]|%20)*PRIVATE(?:[ +]|%20)KEY(?:[ +]BLOCK)?-----[^]*?(?:-----END(?:[A-Z +]|%20)*PRIVATE(?:[ +]|%20)KEY(?:[ +]BLOCK)?-----|$)/g
const userInfo = /(:\/\/|%(?:25)*2F%(?:25)*2F)(?:<redacted>|(?!%(?:25)*(?:2F|3F|23))[^\s/?#"<>\\])+(@|%(?:25)*40)/gi
// In an address without a scheme, as of a proxy, the part before the host must look like a password.
const bareUserInfo = /(?<![\w.@:/-])[\w.-]{1,64}:(?=[^\s:@/"'<>]*\d)[^\s:@/"'<>]{6,}@(?=[\w-]+[.:]\w)/g
// The credentials of a command: `curl -u app:hunter2`.
const commandUser = /((?:^|\s)(?:-u|--user)[ =]\\*["']?)[^\s"':]{0,128}:[^\s"'\\]{3,}/g
// An element with attributes: `<Password Type="PasswordText">hunter2</Password>`.
const attributed = patternOfNames(
  "gi",
  (names) => `(<[\\w:.-]{0,64}(?:${names})[\\w:.-]{0,64}\\s[^<>]{0,256}>)[^<>]+(?=</)`
)
// A field of a form in parts.
const formPart = patternOfNames(
  "gi",
  (names) => `(\\bname=\\\\*"[\\w.-]{0,64}(?:${names})[\\w.-]{0,64}\\\\*"(?:\\s|\\\\[rn])+)[^\\s\\\\<>]+`
)
// The next word must look like credentials: "basic knowledge" does not.
const scheme =
  /(\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s+)(?!(?:realm|error|error_description|scope|charset|resource_metadata)=)(?=[\w+/.~-]*(?:\d|=|[a-z][A-Z])|[\w+/.~-]{20})[\w+/.~=-]{6,}/g
// A JSON web token: `eyJ` is `{"` in base64.
const webToken = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)?/g
// The name of the stream of a user is the key to it.
const listenKey = /((?:\bws|%(?:25)*2Fws)(?:\/|%(?:25)*2F)|[?&]streams=)[a-z\d]{60,}(?![a-z\d@])/gi

// ---------------------------------------------------------------------------------------------------------------------
// pairs of name and value
// ---------------------------------------------------------------------------------------------------------------------

const redactPairs = (text: string): string => {
  const names = namesIn(text)
  let redacted = ""
  let done = 0
  for (let name = exec(names, text, 0); name !== null; name = exec(names, text, names.lastIndex)) {
    const nameEnd = end(tail, text, names.lastIndex)
    names.lastIndex = nameEnd
    const tie = exec(delimiter, text, nameEnd)
    const value = tie === null ? loose(text, name.index, nameEnd) : valueBehind(text, name.index, tie)
    if (value === undefined) continue
    redacted += text.slice(done, value.from) + value.masked
    done = value.to
    names.lastIndex = value.to
  }
  return redacted + text.slice(done)
}

const namesIn = patternOfNames("gi")
// The rest of the name: `token_2`, `auth[token][]`.
const tail = /(?:[\w.-]|%(?:25)*(?:2D|5F|2E))*(?:\)(?=\]))?(?:\[[\w-]*\]|\])*/iy
// Space, also as the escapes of a string or a URL.
const space = "(?:\\s|(?:\\\\|%(?:25)*5C)+[nrt]|[+]|%(?:25)*(?:20|0A|0D|09))*"
const entity = "\\\\*&(?:amp;)*(?:quot|#34);"
// The closing quote of the name, if it has one, and the delimiter. In XML, the delimiter is the end of the tag.
const quoteMark = "\\\\*[\"'`]"
// The second half of a pair that is written as an object or as attributes: `{ name: "…", value: "…" }`.
const valueOfPair =
  `,${space}(?:${quoteMark})?value(?:${quoteMark})?${space}:|(?<=\\s)value${space}=(?!=)|(?<=\\s)with value(?=\\s)`
const delimiter = new RegExp(
  `((?:${quoteMark}|(?:%(?:25)*5C)*%(?:25)*22|${entity})?)${space}(${valueOfPair}|[,(]|=>|->|=(?!=)|:(?!:|//)|%(?:25)*3[AD]|>(?<=<[\\w:.-]*>)|%(?:25)*3E(?<=%(?:25)*3C[\\w:.-]*%(?:25)*3E))(${space})`,
  "iy"
)
// The quote before a name that is in one string with its value.
const opener = /(?<=(["'`])[\w.-]*)/y

/** The value behind a name and a delimiter. */
const valueBehind = (text: string, name: number, tied: RegExpExecArray): Value | undefined => {
  const [whole, nameQuote = "", tie = "", gap = ""] = tied
  const from = tied.index + whole.length
  if (exec(typed, text, name) !== null || exec(line, text, tied.index) !== null) return undefined
  if (nameQuote.endsWith(";")) return inEntities(text, from)
  if (/^[,v]./.test(tie) && nameQuote === "" && exec(tag, text, name) === null) return undefined
  const quoted = exec(quote, text, from)
  if (tie === "," || tie === "(") return argument(text, name, nameQuote, tie, quoted)
  if (quoted !== null) {
    return isOuter(quoted[0], nameQuote) ? undefined : inQuotes(text, from, quoted)
  }
  if (isPlainAt(text, name, from, tie, nameQuote)) return undefined
  const bracketed = text[from] === "[" || text[from] === "{" ? endOfBrackets(text, from) : from
  const encoded = nameQuote.startsWith("%")
  if (nameQuote !== "" && !encoded) {
    return some(from, bracketed === from ? end(bareValue, text, from) : bracketed, nameQuote + mask + nameQuote)
  }
  if (bracketed === from && /[\n\r]|\\[nr]/.test(gap)) {
    // A header can be folded. Other text on the next line is hardly the value.
    return tie === ":" && /^\r?\n[ \t]+$/.test(gap) ? some(from, end(wholeLine, text, from), mask) : undefined
  }
  if (tie === ">") return some(from, end(xmlValue, text, from), mask)
  if (!tie.endsWith(":") || encoded) return some(from, end(assignedValue, text, bracketed), mask)
  const rest = lines[exec(opener, text, name)?.[1] ?? ""] ?? headerValue
  return some(from, from + text.slice(from, end(rest, text, bracketed)).trimEnd().length, mask)
}

/** Returns whether the bare value is not a secret: a literal, a number in JSON, a word in a sentence. */
const isPlainAt = (text: string, name: number, from: number, tie: string, nameQuote: string): boolean => {
  const to = end(plainValue, text, from)
  if (to === from) return false
  const value = text.slice(from, to)
  // The name as it is written, of which the pattern finds a part.
  const whole = exec(nameBefore, text, name)?.[1] ?? ""
  const full = whole + text.slice(name, end(nameRest, text, name))
  if (isPlainText(full, value)) return true
  if (/^-?[\d.]+$/.test(value)) return nameQuote !== "" && tie === ":" && !/pass|pwd|pin$|otp$|secret(?!s)/i.test(full)
  return tie === ":" && nameQuote === "" && /^[a-z]+(?:_[a-z]+)*$/.test(value) &&
    !/pass|pwd|secret|cookie/i.test(full) &&
    exec(inSentence, text, name) !== null
}

const plainValue = /[\w.-]{1,64}(?=$|[\s,;&)}\]"'`\\])/y
const nameBefore = /(?<=([\w.-]{0,64}))/y
const nameRest = /[\w.-]{0,64}/y
const inSentence = /(?<=[a-z] [\w-]{0,64})/iy

/**
 * The value behind a name and a space, or the slash of a path. The word behind an option of a command is its value unless
 * it is a word of a sentence. Elsewhere a value must look like a credential.
 */
const loose = (text: string, name: number, nameEnd: number): Value | undefined => {
  const slash = end(pathStep, text, nameEnd)
  if (slash > nameEnd) {
    return exec(inPath, text, name) === null ? undefined : some(slash, end(credentialStep, text, slash), mask)
  }
  const from = end(verb, text, end(blanks, text, nameEnd))
  if (from === nameEnd) return undefined
  const option = exec(optionName, text, name) !== null
  const header = option || exec(headerName, text, name) !== null
  const quoted = exec(quote, text, from)
  if (quoted === null) return some(from, end(option ? optionValue : header ? credential : word, text, from), mask)
  const value = inQuotes(text, from, quoted)
  return header || exec(wordInQuotes, text, from) !== null ? value : undefined
}

/** The other of two in brackets, `["cookie", "…"]`, `set("cookie", "…")`, or the argument of `setCookie("…")`. */
const argument = (
  text: string,
  name: number,
  nameQuote: string,
  tie: string,
  quoted: RegExpExecArray | null
): Value | undefined => {
  if (quoted === null) return undefined
  if (tie === "(") return nameQuote === "" ? inQuotes(text, quoted.index, quoted) : undefined
  if (nameQuote !== quoted[0] || exec(firstOfTwo, text, name) === null) return undefined
  const value = inQuotes(text, quoted.index, quoted)
  return exec(closing, text, value.to) === null ? undefined : value
}

/**
 * Masks objects that name a value under another key, in any order: `{"value":"…","name":"apiKey"}`, or the issue of a
 * validation, `{"received":"…","path":["apiKey"],"message":"…"}`.
 */
const redactObjects = (text: string): string =>
  text.includes("{")
    ? text.replace(flatObject, (object) => {
      const issue = isSecretName(exec(pathMember, object, 0)?.[2] ?? "")
      return issue || isSecretName(exec(nameMember, object, 0)?.[2] ?? "") ? redactMembers(object, issue) : object
    })
    : text

const redactMembers = (object: string, issue: boolean): string => {
  const members = issue ? issueMember : valueMember
  let redacted = ""
  let done = 0
  for (let member = exec(members, object, 0); member !== null; member = exec(members, object, members.lastIndex)) {
    const from = members.lastIndex
    const quoted = exec(quote, object, from)
    const value = quoted === null
      ? some(from, end(bareValue, object, from), member[1] + mask + member[1])
      : inQuotes(object, from, quoted)
    if (value === undefined) continue
    const original = object.slice(value.from, value.to)
    redacted += object.slice(done, value.from) +
      (/^me?s/i.test(member[0]) && quoted !== null ? redactMessage(original, quoted[0]) : value.masked)
    done = value.to
    members.lastIndex = value.to
  }
  return redacted + object.slice(done)
}

const redactMessage = (message: string, quote: string): string =>
  quote + redactValidation(message.slice(quote.length, -quote.length), true) + quote

const flatObject = /\{[^{}]*(?:\}|$)/g
const member = (name: string) => `(?<![\\w-])(?:${name})((?:${quoteMark})?)${space}(?::|=>|=)${space}`
const nameMember = new RegExp(`${member(naming.names)}${quoteMark}([^"'\`\\\\]{1,64})`, "gi")
const pathMember = new RegExp(`${member(locating.paths)}(\\[[^\\]]*|${quoteMark}[^"'\`\\\\]*)`, "gi")
const valueMember = new RegExp(member(naming.values), "gi")
const issueMember = new RegExp(member(`${locating.values}|${locating.messages}`), "gi")

/** A value in quotes as HTML writes them. */
const inEntities = (text: string, from: number): Value | undefined => {
  const open = end(entityQuote, text, from)
  return some(open, end(open === from ? entityBare : entityValue, text, open), mask)
}

// Up to the end of the line; a quote ends it too, since the line may stand in a string, but not that of `="…"`.
const headerValue = /(?:=[ \t]*\\*"[^"\r\n]*"?|[^"\\\r\n]|\\+(?![\\"]))*/y
const lines: Readonly<Record<string, RegExp>> = { "'": /[^'\r\n]*/y, "`": /[^`\r\n]*/y }
const bareValue = /[^,}\]\r\n"'`\\]*[^\s,}\]"'`\\]/y
const assignedValue = /(?:(?:bearer|basic|digest|token)[ \t]+)?(?:<redacted>|:(?!\s|$)|[^\s&;,:"'`<>)}\]\\])+/iy
const xmlValue = /(?:<redacted>|[^<])+(?=<\/)|(?:<redacted>|[^<\s])+$/y

// `at token.ts:12:34` is a line of a program.
const line = /(?<=\.[cm]?[jt]sx?):\d+:\d+(?!\w)/y
// `readonly apiKey: string` is the type of a secret.
const typed = /(?<=\breadonly ["']?[\w.-]*)/y
const tag = /(?<=<[\w:.-]*)/y
// In a list of names and values, `["Host","…","Cookie","…"]`, a name stands at an even place.
const quotedText = `${space}\\\\*(?:"[^"]{0,4096}"|'[^']{0,4096}'|\`[^\`]{0,4096}\`)${space}`
const firstOfTwo = new RegExp(`(?<=[[(](?:${quotedText},${quotedText},){0,32}${space}\\\\*["'\`][\\w.-]*)`, "y")
const closing = new RegExp(`(?:${space},${quotedText},${quotedText}){0,32}${space},?${space}(?:[\\])]|$)`, "y")
const optionName = /(?<=--[\w.-]*)/y
const headerName = /(?<=(?<![\w-])[a-z]{1,2}-[\w.-]*)/iy
const blanks = /[ \t]+/y
const verb = /(?:(?:provided|supplied|given|used|is|was):?[ \t]+)?/iy
const optionValue =
  /(?:<redacted>|(?!-|(?:is|was|are|must|has|have|needs?|requires?|expects?|should|can|cannot|may|and|or|not|to|for|in|with|from|of|by|as|at|on|if|the|an?|options?|flags?|arguments?|parameters?|values?|missing|required|given|set)(?![\w-]))[^\s"'`<>\\,;)\]}]+)/iy
const credential = /(?:<redacted>|(?=[\w+/.~-]*\d|[\w+/.~-]{20})[\w+/.~=-]{6,})/y
const word = /(?:<redacted>|(?=[\w+/.~=-]{6})(?=[\d+/.~=-]*[a-z_])(?=[a-z_+/.~=-]*\d)[\w+/~=-]+(?:\.[\w+/~=-]+)*)/iy
const wordInQuotes = /\\*["'`](?:<redacted>|(?=[\d+/.~=-]*[a-z_])(?=[a-z_+/.~=-]*\d)[\w+/.~=-]{6,})\\*["'`]/iy
const pathStep = /\/|%(?:25)*2F/iy
const inPath = /(?<=(?:\/|%(?:25)*2F)[\w.-]*)/iy
// The address of a token is no secret.
const credentialStep = /(?:<redacted>|(?!0x[\da-fA-F]{40}(?![\da-fA-F]))(?=[\w+.~-]*\d|[\w+.~-]{20})[\w+.~=-]{6,})/y
const wholeLine = /(?:<redacted>|(?=[\w+/.~-]*\d|[\w+/.~-]{20})[\w+/.~=-]{6,})(?=[ \t]*(?:[\r\n]|$))/y
const entityQuote = new RegExp(entity, "y")
const entityValue = new RegExp(`(?:\\\\+&(?:amp;)*(?:quot|#34);|(?!${entity})[^<"])*`, "y")
const entityBare = /(?:<redacted>|[^\s,}\]&<"])*/y

/** A quote of the same kind, but of a string around the one the other stands in: it opens nothing. */
const isOuter = (quote: string, nameQuote: string): boolean =>
  quote.length < nameQuote.length && quote.at(-1) === nameQuote.at(-1)
