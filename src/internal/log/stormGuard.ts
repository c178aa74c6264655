/**
 * Which errors have a line of their own in a log, and which are only counted. Pure: who asks tells what time it is, in
 * milliseconds, and logs what is due.
 */
import type * as LogLevel from "effect/LogLevel"
import type * as FetchError from "../../FetchError.js"
import { attempt, bounded } from "../safe/json.js"

/** Errors that have no line of their own. */
export interface Held {
  readonly code: string
  readonly source: string | undefined
  readonly level: LogLevel.LogLevel
  /** How many were held back since the window began. */
  readonly count: number
  /** Is that the sum of a window that is over? */
  readonly closed: boolean
}

export interface Admission {
  readonly inFull: boolean
  /** The counts that are due. */
  readonly due: ReadonlyArray<Held>
}

export const windowMillis = 10_000
const linesPerWindow = 5
const maxWindows = 256
const maxName = 128

interface Window {
  readonly began: number
  readonly subject: Pick<Held, "code" | "source" | "level">
  admitted: number
  held: number
  told: number
}

export class Windows {
  // In the order in which they began, so that the closed ones come first.
  private readonly all = new Map<string, Window>()

  /** Counts an error in: shall it have a line, and which counts are due? */
  admit(error: FetchError.Trackable, level: LogLevel.LogLevel, now: number): Admission {
    const due = this.close(now)
    const window = this.windowOf(error, level, now)
    if (window.admitted < linesPerWindow) {
      window.admitted++
      return { inFull: true, due }
    }
    window.held++
    if (window.held < Math.max(10, window.told * 10)) return { inFull: false, due }
    window.told = window.held
    return { inFull: false, due: [...due, { ...window.subject, count: window.held, closed: false }] }
  }

  /** The sums of the windows that are over. */
  close(now: number): ReadonlyArray<Held> {
    const due: Array<Held> = []
    for (const [key, window] of this.all) {
      if (now - window.began < windowMillis) break
      this.all.delete(key)
      if (window.held > window.told) due.push({ ...window.subject, count: window.held, closed: true })
    }
    return due
  }

  /** The counts of the windows that are open, as far as nobody was told. */
  open(): ReadonlyArray<Held> {
    return this.untold().map((window) => {
      window.told = window.held
      return { ...window.subject, count: window.held, closed: false }
    })
  }

  /** When the next sum is due, if any is. */
  next(): number | undefined {
    const [first] = this.untold()
    return first === undefined ? undefined : first.began + windowMillis
  }

  private untold(): ReadonlyArray<Window> {
    return [...this.all.values()].filter(({ held, told }) => held > told)
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
    const window = { began: now, admitted: 0, held: 0, told: 0, subject }
    this.all.set(key, window)
    return window
  }
}

/** Other people's errors may say anything, or throw. */
const name = (read: () => unknown): string | undefined =>
  attempt(() => {
    const text = read()
    return text === undefined ? undefined : bounded(String(text), maxName)
  })
