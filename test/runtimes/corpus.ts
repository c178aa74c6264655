/**
 * Provokes the faults in the runtime that runs this program, and writes a line of JSON for each: what was thrown, and how
 * it was classified. Then a line with what the rest of the package did. `argv[2]` is the addresses, as JSON.
 */
import * as Classifier from "effect-errata/Classifier"
import type { FetchError } from "effect-errata/FetchError"
import * as Effect from "effect/Effect"
import { argv, exit } from "node:process"
import type { Addresses, Fault } from "./faults.js"
import { faults } from "./faults.js"
import { usage } from "./usage.js"

const maxLinks = 8

/** The error and its causes: `TypeError: fetch failed <- Error [ECONNREFUSED]: connect ECONNREFUSED …`. */
const wordsOf = (raw: unknown): string => {
  const links: Array<string> = []
  for (let link = raw; link !== undefined && link !== null && links.length < maxLinks; link = causeOf(link)) {
    links.push(wordOf(link))
  }
  return links.join(" <- ")
}

const causeOf = (link: unknown): unknown => (link instanceof Error ? link.cause : undefined)

const wordOf = (link: unknown): string => {
  if (!(link instanceof Error)) return Object.prototype.toString.call(link)
  return `${link.name}${"code" in link ? ` [${String(link.code)}]` : ""}: ${link.message}`
}

interface Thrown {
  readonly raw: unknown
}

const hung: Thrown = { raw: new Error("The fault hangs") }

const thrownBy = async ({ provoke }: Fault): Promise<Thrown | undefined> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const limit = new Promise<Thrown>((resolve) => {
    timer = setTimeout(() => resolve(hung), 5000)
  })
  const provoked = Promise.resolve().then(provoke).then(() => undefined, (raw: unknown) => ({ raw }))
  return Promise.race([provoked, limit]).finally(() => clearTimeout(timer))
}

const evidence = ["status", "errno", "phase", "hostname", "banned"] as const

const seenIn = (error: FetchError) => {
  const fields: { readonly [name: string]: unknown } = { ...error }
  return {
    tag: error._tag,
    retryable: error.retryable,
    ...Object.fromEntries(
      evidence.filter((name) => fields[name] !== undefined && fields[name] !== false).map((
        name
      ) => [name, fields[name]])
    )
  }
}

const write = (line: unknown): void => console.log(JSON.stringify(line))

export interface Result {
  readonly fault: string
  readonly seen: { readonly [name: string]: unknown }
  readonly message: string
  /** What was thrown, with its causes. */
  readonly raw: string
}

const addresses: Addresses = JSON.parse(argv[2] ?? "{}")

const results = await Promise.all(
  faults(addresses).map(async (fault): Promise<Result> => {
    const thrown = await thrownBy(fault)
    if (thrown === undefined) return { fault: fault.name, seen: { tag: "fine" }, raw: "", message: "" }
    const error = await Effect.runPromise(Classifier.classify(thrown.raw))
    return { fault: fault.name, seen: seenIn(error), raw: wordsOf(thrown.raw), message: error.message }
  })
)
for (const result of results) write(result)
write(await usage(addresses["flaky"] ?? ""))
exit(0)
