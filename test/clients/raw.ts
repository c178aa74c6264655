/** An error as its client threw it, in words. */
import * as Cause from "effect/Cause"
import * as Runtime from "effect/Runtime"
import { inspect } from "node:util"

const maxLinks = 8

/** The error and its causes: `TypeError: fetch failed <- Error [ECONNREFUSED]: connect ECONNREFUSED …`. */
export const wordsOf = (raw: unknown): string => {
  const links: Array<string> = []
  for (let link = inside(raw); link !== undefined && links.length < maxLinks; link = causeOf(link)) {
    links.push(wordOf(link))
  }
  return links.join(" <- ")
}

const inside = (raw: unknown): unknown =>
  Runtime.isFiberFailure(raw)
    ? Cause.squash(raw[Runtime.FiberFailureCauseId])
    : Cause.isCause(raw)
    ? Cause.squash(raw)
    : raw

const causeOf = (link: unknown): unknown => (link instanceof Error ? link.cause : undefined)

const wordOf = (link: unknown): string => {
  if (!(link instanceof Error)) return inspect(link, { depth: 1, breakLength: Infinity })
  return `${link.name}${"code" in link ? ` [${String(link.code)}]` : ""}: ${link.message}`
}
