/** A world: what the exchange has, how it and the clocks misbehave, and what is asked. Plain data, so it can be printed. */
import type { ArchiveFault, RestFault, RestKind } from "./faults.js"
import type { DiskFault } from "./memoryFiles.js"
import type { Interval, Span, Traded } from "./truth.js"

export type Source = "cache" | "vision" | "rest"

/** A request to the manager. */
export interface Ask {
  /** The index of the series. */
  readonly of: number
  readonly span: Span
  /** A stream is resumed where it failed, a few times. */
  readonly by: "fetch" | "stream" | "refresh"
  /** The length of the pieces of a stream. */
  readonly pieces?: Interval | undefined
  /** Milliseconds after which the caller gives up. */
  readonly patience?: number | undefined
}

/** Requests that run at once. */
export interface Step {
  readonly asks: ReadonlyArray<Ask>
  /** Milliseconds that pass before. */
  readonly pause: number
  /** Milliseconds by which the wall clock of the client is set ahead before. */
  readonly clockStep: number
  /** The manager is built again before, on the same cache. */
  readonly restart: boolean
  /** Faults have ended before. */
  readonly isCalm: boolean
  /** The share of the files of the cache that are damaged before. */
  readonly damaged?: number | undefined
  /** A fault of the disk that lasts until the next step. */
  readonly disk?: DiskFault | undefined
}

/** A fault of all requests about an instant. */
interface Barred {
  readonly instant: number
  readonly kind: RestKind
}

export interface World {
  readonly seed: number
  /** The first one is the subject; the others share its market and interval. */
  readonly series: readonly [Traded, ...ReadonlyArray<Traded>]
  /** The time of the exchange when the world begins. */
  readonly now: number
  /** Milliseconds by which the clock of the client is ahead of the exchange's. */
  readonly clientOffset: number
  /** The most rows that the exchange puts into one answer. */
  readonly pageSize: number
  /** Milliseconds after its close at which the newest closed candle appears in answers. */
  readonly lag: number
  /** Milliseconds after its close within which a candle has values that are not final yet. */
  readonly unsettled?: number | undefined
  readonly dateHeader: boolean
  /** Milliseconds for which the answers of the archive have been in a cache, at most. */
  readonly cached?: number | undefined
  /** Whether the client knows where the archive lists its files. */
  readonly listing: boolean
  /** Whether the listing fails. */
  readonly isListingDown?: boolean | undefined
  /** Milliseconds that an answer takes. */
  readonly latency?: number | undefined
  /** Whether failed requests are retried. Default: true. */
  readonly retries?: boolean | undefined
  /** Whether futures answer about a delisted symbol as before, not with -1122. */
  readonly isServedAfter?: boolean | undefined
  readonly barred?: Barred | undefined
  readonly sources: ReadonlyArray<Source>
  readonly concurrency: number
  readonly archive: {
    /** Milliseconds after the end of a day at which its file appears. */
    readonly delay: number
    /** Milliseconds after the first Monday after a month at which its file appears. */
    readonly monthDelay: number
    /** The archive has no files that begin before. */
    readonly begins: number
    /** The names of files that the archive has lost. */
    readonly lost: ReadonlyArray<string>
    readonly header: boolean
    readonly micros: boolean
    readonly deflate: boolean
  }
  readonly restFaults: ReadonlyArray<RestFault>
  readonly archiveFaults: ReadonlyArray<ArchiveFault>
  /** The faults last until the last step. */
  readonly steps: ReadonlyArray<Step>
}
