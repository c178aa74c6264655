/**
 * Secrets never leave: what is masked, wherever it stands.
 *
 * One list of names decides. A text is read once from left to right: where a name from the list is followed by a
 * delimiter, the value behind it is masked, in whatever notation it is written. Every step consumes what it looked at,
 * so the work grows with the length of the text and no faster.
 */

import { isPlainText, isSecretName, locating, mask, naming, spelled } from "./secretNames.js"
import { hasKeyedPath, hasLongRun, keyInPath, tokenShape } from "./tokenShapes.js"

/** A cheap look before the work, by the stems of the names: most texts hold none of these. */
const suspicious =
  /key|secre|sig|toke|auth|cook|pass|pwd|cred|bear|jwt|sess|mnemo|seed|pin\b|otp\b|asser|verif|jfrog|sid=|code=|:(?:\/\/[^\s/]*|[^\s:@/]{6,})@|%(?:25)*2F%(?:25)*2F|basic\s|eyJ|-BEGIN|\bws(?:\/|%)|%2Fws|streams=/i

const isSuspicious = (text: string): boolean =>
  hasLongRun(text) || hasKeyedPath(text) || suspicious.test(text) || text.includes(" -u ") || text.includes("--user")

const maxPasses = 8

// A text is looked at wherever it passes, from the error to the log: what was masked of late need not be read again.
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
    // What was masked may have held the end of a quote, a branch or a brace: only a pass that masks nothing is the last.
    if (redacted === before) break
  }
  if (redacted.length <= maxMaskedLength) {
    if (masked.size >= maxMasked) masked.clear()
    masked.add(redacted)
  }
  return redacted
}

/** One pass. A text that it masks something in may have to be looked at again. */
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
  const shaped = hasLongRun(text) ? text.replace(tokenShape, mask) : text
  return hasKeyedPath(shaped) ? shaped.replace(keyInPath, mask) : shaped
}

/** Masks values whose name stands in front of other attributes, and the credentials of a command. */
const redactElements = (text: string): string => {
  const closed = text.includes("</") ? text.replace(attributed, `$1${mask}`) : text
  const parted = closed.includes("name=") ? closed.replace(formPart, `$1${mask}`) : closed
  return parted.includes("-u") ? parted.replace(commandUser, `$1${mask}`) : parted
}

/** Masks what is a secret because of what stands elsewhere: in the tree of a validation, in the members of an object. */
const redactStructures = (text: string): string => redactObjects(text.includes("─ [") ? redactTold(text) : text)

const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g
const userInfo = /(:\/\/|%(?:25)*2F%(?:25)*2F)(?:<redacted>|(?!%(?:25)*(?:2F|3F|23))[^\s/?#"<>\\])+(@|%(?:25)*40)/gi
// Of an address without a scheme, as proxies have it: what stands before the host must look like a password.
const bareUserInfo = /(?<![\w.@:/-])[\w.-]{1,64}:(?=[^\s:@/"'<>]*\d)[^\s:@/"'<>]{6,}@(?=[\w-]+[.:]\w)/g
// The credentials of a command: `curl -u app:hunter2`.
const commandUser = /((?:^|\s)(?:-u|--user)[ =]\\*["']?)[^\s"':]{0,128}:[^\s"'\\]{3,}/g
// An element with attributes: `<Password Type="PasswordText">hunter2</Password>`.
const attributed = new RegExp(`(<[\\w:.-]{0,64}(?:${spelled})[\\w:.-]{0,64}\\s[^<>]{0,256}>)[^<>]+(?=</)`, "gi")
// A field of a form in parts.
const formPart = new RegExp(
  `(\\bname=\\\\*"[\\w.-]{0,64}(?:${spelled})[\\w.-]{0,64}\\\\*"(?:\\s|\\\\[rn])+)[^\\s\\\\<>]+`,
  "gi"
)
// What follows must look like credentials: "basic knowledge" does not.
const scheme =
  /(\b(?:[Bb]earer|BEARER|[Bb]asic|BASIC)\s+)(?!(?:realm|error|error_description|scope|charset|resource_metadata)=)(?=[\w+/.~-]*(?:\d|=|[a-z][A-Z])|[\w+/.~-]{20})[\w+/.~=-]{6,}/g
// A JSON web token says by itself what it is: `eyJ` is `{"` in base64.
const webToken = /(?<![\w-])eyJ[\w-]{8,}\.[\w-]*(?:\.[\w-]*)?/g
// Whoever knows the name of a user's stream can listen to it.
const listenKey = /((?:\bws|%(?:25)*2Fws)(?:\/|%(?:25)*2F)|[?&]streams=)[a-z\d]{60,}(?![a-z\d@])/gi

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
    const value = tie === null ? loose(text, name.index, nameEnd) : valueBehind(text, name.index, tie)
    if (value === undefined) continue
    redacted += text.slice(done, value.from) + value.masked
    done = value.to
    names.lastIndex = value.to
  }
  return redacted + text.slice(done)
}

const names = new RegExp(spelled, "gi")
// The rest of the name: `token_2`, `auth[token][]`.
const tail = /(?:[\w.-]|%(?:25)*(?:2D|5F|2E))*(?:\)(?=\]))?(?:\[[\w-]*\]|\])*/iy
// Space, also as the escapes of a string or a URL.
const space = "(?:\\s|(?:\\\\|%(?:25)*5C)+[nrt]|[+]|%(?:25)*(?:20|0A|0D|09))*"
const entity = "\\\\*&(?:amp;)*(?:quot|#34);"
// The closing quote of the name, if it has one, then what ties it to its value; in XML that is the end of a tag.
const quoteMark = "\\\\*[\"'`]"
// The second half of a pair that is written as an object or as attributes: `{ name: "…", value: "…" }`.
const valueOfPair =
  `,${space}(?:${quoteMark})?value(?:${quoteMark})?${space}:|(?<=\\s)value${space}=(?!=)|(?<=\\s)with value(?=\\s)`
const delimiter = new RegExp(
  `((?:${quoteMark}|(?:%(?:25)*5C)*%(?:25)*22|${entity})?)${space}(${valueOfPair}|[,(]|=>|->|=(?!=)|:(?!:|//)|%(?:25)*3[AD]|>(?<=<[\\w:.-]*>)|%(?:25)*3E(?<=%(?:25)*3C[\\w:.-]*%(?:25)*3E))(${space})`,
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
    // A header may be folded; what else stands under a name is hardly its value.
    return tie === ":" && /^\r?\n[ \t]+$/.test(gap) ? some(from, end(wholeLine, text, from), mask) : undefined
  }
  if (tie === ">") return some(from, end(xmlValue, text, from), mask)
  if (!tie.endsWith(":") || encoded) return some(from, end(assignedValue, text, bracketed), mask)
  const rest = lines[exec(opener, text, name)?.[1] ?? ""] ?? headerValue
  return some(from, from + text.slice(from, end(rest, text, bracketed)).trimEnd().length, mask)
}

/** Returns whether the bare value is none of a secret: a literal, a number in JSON, a word in a sentence. */
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
 * The value where nothing ties it to its name but space, or the slash of a path. What stands behind an option of a
 * command is its value unless it is a word of a sentence; elsewhere a value must look like one.
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
 * Objects that tell of a value under another key, in whatever order: `{"value":"…","name":"apiKey"}`, or the issue of a
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
    const told = object.slice(value.from, value.to)
    redacted += object.slice(done, value.from) +
      (/^me?s/i.test(member[0]) && quoted !== null ? redactMessage(told, quoted[0]) : value.masked)
    done = value.to
    members.lastIndex = value.to
  }
  return redacted + object.slice(done)
}

const redactMessage = (told: string, quote: string): string =>
  quote + redactTold(told.slice(quote.length, -quote.length), true) + quote

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

const some = (from: number, to: number, masked: string): Value | undefined =>
  to > from ? { from, to, masked } : undefined

const quote = /(\\*)(["'`])/y
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

// ---------------------------------------------------------------------------------------------------------------------
// what a validation tells
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Masks the values in the words of a validation: those that stand under the path of a secret in a tree of issues, or
 * all, if the words are about a secret as a whole.
 *
 * A branch of a tree has as many bars before it as branches above it go on: that tells what stands under a path, also
 * where the lines of the tree were made one.
 */
export const redactTold = (text: string, secret: boolean = false): string => {
  let redacted = ""
  let done = 0
  let scope = secret ? 0 : undefined
  let bars = 0
  let barEnd = 0
  for (let next = exec(told, text, 0); next !== null; next = exec(told, text, told.lastIndex)) {
    const [found] = next
    const at = told.lastIndex
    if (found === "│" || found.endsWith("─ ")) {
      const before = bars > 0 && /^(?:\s|\\+[nrt])*$/.test(text.slice(barEnd, next.index)) ? bars : 0
      bars = found === "│" ? before + 1 : 0
      barEnd = at
      if (found === "│") continue
      if (scope !== undefined && before < scope) scope = undefined
      told.lastIndex = end(path, text, at)
      if (scope === undefined && isSecretName(text.slice(at, told.lastIndex))) {
        scope = found.startsWith("├") ? before + 1 : before
      }
      continue
    }
    if (scope === undefined) continue
    const value = toldValue(text, next)
    told.lastIndex = value.to
    redacted += text.slice(done, value.from) + value.masked
    done = value.to
  }
  return redacted + text.slice(done)
}

const toldValue = (text: string, found: RegExpExecArray): Value => {
  const from = found.index
  const quoted = exec(quote, text, from)
  if (quoted !== null) {
    const value = inQuotes(text, from, quoted)
    const name = text.slice(from + quoted[0].length, value.to - quoted[0].length)
    return /^[a-z_.-]{1,32}$/i.test(name) && isSecretName(name)
      ? { ...value, masked: text.slice(from, value.to) }
      : value
  }
  return { from, to: "[{".includes(found[0]) ? endOfBrackets(text, from) : from + found[0].length, masked: mask }
}

// A branch; a quote; what is called the value, unless it is a type; a word that looks like a credential.
const told =
  /│|[├└]─ |(?<![\w\\]|<redacted>)\\*["'`]|(?<=\b(?:actual|received|decode|got|value):? )(?:[[{]|(?!(?:string|number|bigint|boolean|symbol|object|array|function|undefined|null|nan|date|is|was|must|of|to|does|not)\b)(?:<redacted>|[^\s,;)"'`\\])+)|(?<![\w+/=.~-])(?=[\w+/=.~-]*\d)[\w+/=.~-]{8,}/giu
const path = /\[(?:[^\r\n├└│\\]|\\+(?![nr\\]))*/y

/** Where a match that begins at `index` ends; `index` if there is none. */
const end = (pattern: RegExp, text: string, index: number): number => {
  pattern.lastIndex = index
  return pattern.test(text) ? pattern.lastIndex : index
}

const exec = (pattern: RegExp, text: string, index: number): RegExpExecArray | null => {
  pattern.lastIndex = index
  return pattern.exec(text)
}
