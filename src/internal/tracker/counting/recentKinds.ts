/** The kinds of recent errors, and the last error of each. */
import type * as FetchContext from "../../../FetchContext.js"
import { patternOf } from "../../log/fingerprint.js"
import type { Classification } from "./classification.js"

/** The number of kinds kept per code. */
export const maxKinds = 8

/** The fields kept of an error, without its cause and stack, which may retain any amount of memory. */
export interface Kept {
  /** Nanoseconds since the tracker started. */
  readonly now: number
  readonly classification: Classification
  readonly message: string
  readonly context: FetchContext.FetchContext
  /** Whether it is expected empty data. */
  readonly expected: boolean
  /** Undefined: not read. */
  readonly causes: ReadonlyArray<string> | undefined
}

/** An error with its number. */
export interface Numbered extends Kept {
  readonly index: number
}

/** Errors of one code and source whose messages have one pattern; expected empty data is a kind of its own. */
export interface Kind {
  pattern: string
  source: string | undefined
  expected: boolean
  /** The message of the last error. */
  message: string
  /** The number of the last error. */
  last: number
  /** The last error, once it has left the ring. */
  kept: Numbered | undefined
}

/** The kinds of one code that occurred last. */
export class RecentKinds {
  private readonly kinds: Array<Kind> = []
  /** The kind of the last error. */
  latest: Kind | undefined

  get kept(): ReadonlyArray<Numbered> {
    return this.kinds.flatMap(({ kept }) => kept ?? [])
  }

  /** The kind of an error, which becomes the latest one. */
  find(message: string, { source, symbol }: FetchContext.FetchContext, expected: boolean): Kind {
    return this.latest = this.ofMessage(message, source, expected) ?? this.ofPattern(message, source, symbol, expected)
  }

  // Messages are quicker to compare than patterns, and most errors of a storm have the same message.
  private ofMessage(message: string, source: string | undefined, expected: boolean): Kind | undefined {
    return this.kinds.find((kind) => kind.message === message && kind.source === source && kind.expected === expected)
  }

  private ofPattern(
    message: string,
    source: string | undefined,
    symbol: string | undefined,
    expected: boolean
  ): Kind {
    const { kinds } = this
    const pattern = patternOf(message, symbol)
    let kind = kinds.find((kind) => kind.pattern === pattern && kind.source === source && kind.expected === expected)
    if (kind === undefined && kinds.length === maxKinds) {
      kind = kinds.reduce((oldest, kind) => kind.last < oldest.last ? kind : oldest)
    }
    if (kind === undefined) kinds.push(kind = { pattern, source, expected, message, last: 0, kept: undefined })
    kind.pattern = pattern
    kind.source = source
    kind.expected = expected
    kind.message = message
    return kind
  }
}
