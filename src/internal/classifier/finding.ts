/** The evidence that one link of a cause chain gives, and how much it counts. */
import type { facts } from "../../FetchError.js"

export type Tag = keyof typeof facts

export type Phase = "connect" | "headers" | "body" | "total"

/**
 * How much a piece of evidence counts. The stronger one decides; of two equally strong the inner one, which stood nearer
 * to the fault.
 */
export const Rank = {
  /** A wrapper that says where something went wrong, not what: `Decode`, `Transport`, `ERR_BAD_RESPONSE`. */
  Wrapper: 1,
  /** The name of a programming bug: `TypeError`. Much is thrown under these names. */
  Bug: 2,
  /** A well-known message. */
  Wording: 3,
  /** An abort that the caller asked for. */
  Abort: 4,
  /** The answer came, and could not be read or was not valid. */
  Format: 5,
  /** A status without any trace of an answer: a client may have made it up. */
  BareStatus: 6,
  /** A fact of the socket, the resolver, the clock, the disk, the checksum. */
  Fact: 7,
  /** A fact from a module that also knows which operation failed. */
  Operation: 8,
  /** The status of an answer: the server's own word. */
  Status: 9,
  /** A status that nothing overrules: 418, 429. */
  Verdict: 10,
  /** Classified already, or a defect. */
  Final: 11
} as const

export type Rank = (typeof Rank)[keyof typeof Rank]

export interface Kind {
  readonly tag: Tag
  readonly rank: Rank
  readonly phase?: Phase | undefined
}

export interface Finding extends Kind {
  /** The link with the evidence. */
  readonly link: unknown
  /** The code that decided: of the operating system, of TLS, of a client. */
  readonly code: string | undefined
  readonly status: number | undefined
}

export const kind = (tag: Tag, rank: Rank, phase?: Phase): Kind => ({ tag, rank, phase })

/** The finding of a link. Always of one shape, and never by spreading: this runs for every link of every error. */
export const finding = (
  { phase, rank, tag }: Kind,
  link: unknown,
  code?: string,
  status?: number
): Finding => ({ tag, rank, phase, link, code, status })
