/**
 * From evidence to a verdict: which of the 17 kinds an unknown value is. Nothing is constructed here.
 *
 * Most errors are decided by one look at each link of their chain of causes; only where that finds nothing firm are the
 * rarer places searched, then the wording.
 */
import type { FetchError } from "../../FetchError.js"
import { TypeId } from "../../FetchError.js"
import { codeFinding } from "./codes.js"
import { codeWordFinding, nameEndingFinding } from "./codeWords.js"
import type { Finding } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { isDefect, links, maxDepth, maxLinks, maxMembers } from "./links.js"
import { classNameFinding, nameFinding, nameOf, toldName } from "./names.js"
import { phraseFinding } from "./phrases.js"
import { protocolFinding } from "./protocols.js"
import type { Foreign } from "./read.js"
import { get, isObject, text } from "./read.js"
import { quotedFinding, shapedStatusFinding, statusFinding, statusOf } from "./status.js"
import { tagFinding } from "./tags.js"

/** The finding of a value. `operation` is that of the context. */
export const decide = (cause: unknown, operation?: string): Finding => {
  if (isOwn(cause)) return ownFinding(cause)
  const search: Search = { best: undefined, left: maxLinks, operation }
  survey(cause, 0, search)
  const { best } = search
  if (best?.code === "ECONNRESET" && wasAborted(cause)) return finding(kind("Unexpected", Rank.Abort), cause)
  if (best !== undefined && best.rank >= Rank.Fact && !isOwnMistake(best)) return best
  const chain = links(cause)
  // Without a cause there is nothing that could overrule a status.
  if (best !== undefined && best.rank === Rank.BareStatus && chain.length === 1) return best
  const found = deliberate(chain, best, operation)
  return found.rank === Rank.Abort && chain.some(ranOutOfTime)
    ? finding(kind("NetworkTimeout", Rank.Fact, "total"), found.link)
    : found
}

/** A request that was aborted by its own timeout: the signal in its options still knows why. */
const ranOutOfTime = (link: unknown): boolean =>
  holders.some((name) => get(get(get(get(link, name), "signal"), "reason"), "name") === "TimeoutError")

const holders = ["config", "options", "request"] as const

/** A request that its caller aborted may die of the socket closed under it; the signal in its options still knows. */
const wasAborted = (cause: unknown): boolean =>
  get(get(get(cause, "options"), "signal"), "aborted") === true &&
  get(get(get(get(cause, "options"), "signal"), "reason"), "name") !== "TimeoutError"

/** One of the 17: asked of everything, so it has to be cheap. */
export const isOwn = (value: unknown): value is FetchError => {
  try {
    // By the name itself: V8 is twice as fast at that as at a constant that holds it.
    return (value as { readonly [TypeId]?: unknown } | null | undefined)?.["~effect-errata/FetchError"] === TypeId
  } catch {
    return false
  }
}

const final = Rank.Final

// Written out, and with a constant of its own: a tenth of the time of the decision.
const ownFinding = (own: FetchError): Finding => ({
  tag: own._tag,
  rank: final,
  phase: undefined,
  link: own,
  code: undefined,
  status: undefined
})

interface Search {
  best: Finding | undefined
  /** How many links may still be looked at. */
  left: number
  readonly operation: string | undefined
}

/** A link, then its causes: so the innermost of equals is the last, as is the first of several members. */
const survey = (link: unknown, depth: number, search: Search): void => {
  if (depth >= maxDepth || search.left-- <= 0 || !isObject(link)) return
  const found = structure(link, search.operation)
  if (found !== undefined && beats(found, search.best)) search.best = found
  let cause: unknown
  let errors: unknown
  try {
    cause = link["cause"]
    errors = link["errors"]
    if (Array.isArray(errors)) {
      for (let i = Math.min(errors.length, maxMembers) - 1; i >= 0; i--) survey(errors[i], depth + 1, search)
    }
  } catch {
    // A value that cannot be read is no evidence.
  }
  if (cause !== undefined) survey(cause, depth + 1, search)
}

/** The finding of the structure of a link: the strongest of status, code, tag and name. */
const structure = (link: Foreign, operation: string | undefined): Finding | undefined => {
  if (isOwn(link)) return ownFinding(link)
  const status = statusFinding(link)
  if (status !== undefined && status.rank >= Rank.Status) return status
  const known = stronger(stronger(status, codeFinding(link, operation)), tagFinding(link, operation))
  if (known !== undefined && known.rank >= Rank.Fact) return known
  const name = toldName(link)
  return name === undefined || (known !== undefined && get(link, "_tag") === name)
    ? known
    : stronger(nameFinding(name, link), stronger(quotedFinding(name, link), known))
}

const stronger = (a: Finding | undefined, b: Finding | undefined): Finding | undefined =>
  a === undefined || (b !== undefined && b.rank >= a.rank) ? b : a

/** The outer of two statuses, the inner of two other facts. */
const beats = (found: Finding, best: Finding | undefined): boolean =>
  best === undefined || found.rank > best.rank ||
  (found.rank === best.rank && found.rank !== Rank.Status && found.rank !== Rank.Verdict)

/** For what one look does not decide: carriers of errors, wording, traces, and what the context says. */
const deliberate = (
  chain: ReadonlyArray<unknown>,
  first: Finding | undefined,
  operation: string | undefined
): Finding => {
  let best = first
  const hear = (found: Finding | undefined) => {
    if (found !== undefined && beats(found, best)) best = found
  }
  for (const link of chain) {
    if (isDefect(link)) {
      return finding(kind(isOwn(link.value) ? link.value._tag : "Internal", Rank.Final), link.value)
    }
    if (isObject(link)) hear(anyStructure(link, operation))
  }
  if (best === undefined || best.rank <= Rank.Wording) {
    for (const link of chain) {
      hear(phraseFinding(link, operation))
    }
  }
  if (best !== undefined && best.code === "UND_ERR_ABORTED") {
    // A proxy that refuses the tunnel: undici aborts the request over it, and quotes the status.
    const quoted = chain.map((link) => phraseFinding(link, operation)).find((found) => found?.status !== undefined)
    if (quoted !== undefined) return quoted
  }
  if (best === undefined || best.rank <= Rank.Bug) {
    const decoding = chain.find(isDecoding)
    if (decoding !== undefined) return finding(kind("DataIntegrity", Rank.Wording), decoding)
  }
  if (best !== undefined && isOwnMistake(best) && chain.some(redirects)) return { ...best, tag: "ApiFormat" }
  if (best?.rank === Rank.Bug && chain.some(isRedirecting)) return { ...best, tag: "ApiFormat" }
  if (operation === "validate" && (best === undefined || best.rank <= Rank.Bug)) {
    const link = best?.link ?? chain[0]
    if (rejecting.has(nameOf(link) ?? "")) return finding(kind("DataValidation", Rank.Wrapper), link)
  }
  return best ?? finding(kind("Unexpected", Rank.Wrapper), chain[0])
}

/** What a link says by its structure, wherever it keeps it: dearer than `structure`, and asked only where that is not firm. */
const anyStructure = (link: Foreign, operation: string | undefined): Finding | undefined => {
  // Errors of Effect are named by their tags, which say more.
  const isTagged = get(link, "_tag") === nameOf(link)
  const usual = stronger(isTagged ? undefined : classNameFinding(link), structure(link, operation))
  if (usual !== undefined && usual.rank >= Rank.Status) return usual
  const shaped = stronger(shapedStatusFinding(link), protocolFinding(link))
  const worded = stronger(nameEndingFinding(nameOf(link) ?? "", link), codeWordFinding(link))
  return stronger(stronger(worded, shaped), usual)
}

const isOwnMistake = (found: Finding): boolean => found.tag === "Internal" && found.code !== undefined

/**
 * Was it thrown inside a library that decodes Arrow or zip? Broken input makes them stumble anywhere, under the name of
 * a bug: only the trace shows it.
 */
const isDecoding = (link: unknown): boolean => decoders.test(frames.exec(text(link, "stack") ?? "")?.[0] ?? "")

const frames = /(?:^|\n)[ \t]+at .*(?:\n.*){0,2}/

const decoders =
  /[\\/]node_modules[\\/](?:apache-arrow|flatbuffers|@uwdata[\\/]flechette|yauzl|unzipper|fflate|fd-slicer)[\\/]/

/**
 * Did the server send the request elsewhere? Then a bad address is its own. The caller's fails before the fetch does, and
 * so never inside a fetch that failed.
 */
const redirects = (link: unknown): boolean => {
  const status = statusOf(link)
  const code = get(link, "code")
  return (status !== undefined && status >= 300 && status < 400) || code === "ERR_FR_REDIRECTION_FAILURE" ||
    code === "ERR_NETWORK" || /^(?:fetch failed$|Redirect loop detected)/.test(text(link, "message") ?? "")
}

/** Deno's fetch rethrows the error of a bad URL unchanged. Only the stack shows that the URL came from a redirect. */
const isRedirecting = (link: unknown): boolean =>
  /^TypeError: Invalid URL: .*\n(?:[ \t]+at .*\n){0,3}[ \t]+at httpRedirectFetch \(ext:deno_fetch\//.test(
    text(link, "stack") ?? ""
  )

/** The errors of a validation that fails. */
const rejecting: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError", "AssertionError"])
