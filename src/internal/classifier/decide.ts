/** From evidence to a verdict: which of the 17 kinds an unknown value is. Nothing is constructed here. */
import { isFetchError } from "../../FetchError.js"
import { codeFinding } from "./codes.js"
import type { Finding } from "./finding.js"
import { Rank } from "./finding.js"
import { Defect } from "./links.js"
import { nameFinding, nameOf } from "./names.js"
import { phraseFinding } from "./phrases.js"
import { isObject } from "./read.js"
import { statusFinding } from "./status.js"
import { tagFinding } from "./tags.js"

const structure = (link: unknown, operation: string | undefined): Finding | undefined => {
  if (!isObject(link)) return undefined
  if (isFetchError(link)) return { tag: link._tag, rank: Rank.Final, link }
  if (link instanceof Defect) {
    return { tag: isFetchError(link.value) ? link.value._tag : "Internal", rank: Rank.Final, link: link.value }
  }
  const status = statusFinding(link)
  if (status !== undefined && status.rank >= Rank.Status) return status
  return stronger(
    stronger(nameFinding(link), tagFinding(link, operation)),
    stronger(status, codeFinding(link, operation))
  )
}

const stronger = (a: Finding | undefined, b: Finding | undefined): Finding | undefined =>
  a === undefined || (b !== undefined && b.rank >= a.rank) ? b : a

/** The outer of two statuses, the inner of two other facts. */
const beats = (found: Finding, best: Finding | undefined): boolean =>
  best === undefined || found.rank > best.rank ||
  (found.rank === best.rank && found.rank !== Rank.Status && found.rank !== Rank.Verdict)

/** The verdict over a chain of links, outermost first; `operation` is what the context says was being done. */
export const decide = (chain: ReadonlyArray<unknown>, operation?: string): Finding => {
  let best: Finding | undefined
  for (const link of chain) {
    const found = structure(link, operation)
    if (found !== undefined && beats(found, best)) best = found
  }
  if (best === undefined || best.rank <= Rank.Wording) {
    for (const link of chain) {
      const found = phraseFinding(link, operation)
      if (found !== undefined && beats(found, best)) best = found
    }
  }
  if (operation === "validate" && (best === undefined || best.rank <= Rank.Bug)) {
    const link = best?.link ?? chain[0]
    if (rejecting.has(nameOf(link) ?? "")) return { tag: "DataValidation", rank: Rank.Wrapper, link }
  }
  return best ?? { tag: "Unexpected", rank: Rank.Wrapper, link: chain[0] }
}

/** What a validation throws to say no. */
const rejecting: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError", "AssertionError"])
