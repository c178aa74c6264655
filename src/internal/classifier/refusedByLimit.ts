/** Refusals that are limits: an answer of 403 may say that the caller may not, or that it may not yet. */
import type { Answer } from "./answer.js"
import { reasonOf } from "./answerReason.js"
import { codesOf, namesLimit } from "./codeWords.js"
import type { Finding } from "./finding.js"

/** The finding, as a rate limit where the answer says that a limit was the reason. */
export const asLimit = (finding: Finding, answer: Answer | undefined): Finding => {
  const { link, status, tag } = finding
  const mayBe = tag === "ApiPermission" ? status === 403 || status === 451 : tag === "ApiFormat" && status === 400
  if (!mayBe || !isLimit(link, answer, tag)) return finding
  return { ...finding, tag: "ApiRateLimit" }
}

const isLimit = (link: unknown, answer: Answer | undefined, tag: Finding["tag"]): boolean =>
  codesOf(link).some(namesLimit) || codesOf(answer?.body).some(namesLimit) ||
  namesLimit((link as { readonly name?: unknown } | null)?.name) ||
  (tag === "ApiPermission" && answer !== undefined && (
    answer.headers["retry-after"] !== undefined || isExhausted(answer.headers) ||
    wording.test(reasonOf(answer.body) ?? "")
  ))

const isExhausted = (headers: Readonly<Record<string, string>>): boolean =>
  Object.entries(headers).some(([name, value]) => remaining.test(name) && /^\s*0+\s*$/.test(value)) ||
  /(?:^|[;,\s])(?:r|remaining)=0\b/.test(headers["ratelimit"] ?? "")

const remaining = /rate-?limit-(?:[a-z]+-)*remaining/

const wording =
  /\brate[- ]?limit|\btoo many requests\b|\bthrottl|\b(?:request|quota|usage) limit (?:exceeded|reached)\b|\bquota exceeded\b|\babuse detection\b|^error code: 1015$/i
