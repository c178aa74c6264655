/**
 * Windows of ten seconds over the errors of one code, source and level: which of them get a line of their own, and which
 * are only counted. Pure: the caller passes the time in milliseconds, and logs the counts that are due.
 */
import type * as LogLevel from "effect/LogLevel"
import type * as FetchError from "../../FetchError.js"
import { attempt, bounded } from "../safe/json.js"
import { fingerprintOf } from "./fingerprint.js"

/** Errors that get no line of their own. */
export interface Held {
  readonly code: string
  readonly source: string | undefined
  readonly level: LogLevel.LogLevel
  /** The number of errors held back since the window began. */
  readonly count: number
  /** Whether this is the sum of a window that has ended. */
  readonly closed: boolean
}

export interface Admission {
  /** Whether the error gets a line. */
  readonly inFull: boolean
  /** The counts to log before it. */
  readonly due: ReadonlyArray<Held>
}

export const windowMillis = 10_000
const linesPerWindow = 5
// Further lines of a window, for errors that differ from all before them.
const maxKinds = 16
const maxSymbols = 8
const maxWindows = 256
const maxName = 128

interface Window {
  readonly began: number
  readonly subject: Pick<Held, "code" | "source" | "level">
  readonly kinds: Set<string>
  readonly symbols: Set<string>
  admitted: number
  held: number
  reported: number
}

export class StormWindows {
  // Ordered by their beginning, so that those that have ended come first.
  private readonly all = new Map<string, Window>()

  /** Counts an error. */
  admit(error: FetchError.Trackable, level: LogLevel.LogLevel, now: number): Admission {
    const due = this.close(now)
    const window = this.windowOf(error, level, now)
    // Both are noted in any case: a later error of the same kind is no news.
    const differs = [isNew(window.kinds, fingerprintOf(error), maxKinds), isNewSymbol(window, error)].some(Boolean)
    if (window.admitted < linesPerWindow || differs) {
      window.admitted++
      return { inFull: true, due }
    }
    window.held++
    if (window.held < Math.max(10, window.reported * 10)) return { inFull: false, due }
    window.reported = window.held
    return { inFull: false, due: [...due, { ...window.subject, count: window.held, closed: false }] }
  }

  /** The sums of the windows that have ended. */
  close(now: number): ReadonlyArray<Held> {
    const due: Array<Held> = []
    for (const [key, window] of this.all) {
      if (now - window.began < windowMillis) break
      this.all.delete(key)
      if (window.held > window.reported) due.push({ ...window.subject, count: window.held, closed: true })
    }
    return due
  }

  /** The counts of the open windows that have not been reported yet. */
  open(): ReadonlyArray<Held> {
    return this.unreported().map((window) => {
      window.reported = window.held
      return { ...window.subject, count: window.held, closed: false }
    })
  }

  /** The time at which the next sum is due, if one is. */
  next(): number | undefined {
    const [first] = this.unreported()
    return first === undefined ? undefined : first.began + windowMillis
  }

  private unreported(): ReadonlyArray<Window> {
    return [...this.all.values()].filter(({ held, reported }) => held > reported)
  }

  private windowOf(error: FetchError.Trackable, level: LogLevel.LogLevel, now: number): Window {
    const code = name(() => error.code) ?? "UNKNOWN"
    const source = name(() => error.context.source)
    const own = JSON.stringify([level._tag, code, source])
    const crowded = this.all.size >= maxWindows && !this.all.has(own)
    const key = crowded ? "" : own
    const known = this.all.get(key)
    if (known !== undefined) return known
    const subject = crowded ? { code: "OTHER", source: undefined, level } : { code, source, level }
    const window: Window = {
      began: now,
      subject,
      kinds: new Set(),
      symbols: new Set(),
      admitted: 0,
      held: 0,
      reported: 0
    }
    this.all.set(key, window)
    return window
  }
}

/** Notes a value of a bounded set. */
const isNew = (known: Set<string>, value: string, limit: number): boolean => {
  if (known.has(value) || known.size >= limit) return false
  known.add(value)
  return true
}

const isNewSymbol = ({ symbols }: Window, error: FetchError.Trackable): boolean => {
  const symbol = name(() => error.context.symbol)
  return symbol !== undefined && isNew(symbols, symbol, maxSymbols)
}

/** A bounded text: errors of other programs may hold anything, or throw. */
const name = (read: () => unknown): string | undefined =>
  attempt(() => {
    const text = read()
    return text === undefined ? undefined : bounded(String(text), maxName)
  })
