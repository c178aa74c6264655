/** Warnings about settings that have no effect, each logged once per tracker. */
import type { Rule } from "./alerting/limits.js"
import { knownDimensions } from "./counting/dimensionReader.js"

// An attribute that no error has had may still occur; after this many errors it is probably misspelt.
const errorsBeforeEmptyDimension = 64

/** The counts that notices are derived from. */
export interface Observed {
  /** True if any attempt was counted. */
  readonly attempted: boolean
  readonly calls: { readonly made: { readonly total: number } }
  readonly dimensions: ReadonlyArray<{ readonly name: string; readonly counts: { readonly size: number } }>
}

export class Notices {
  private errors = 0
  private pending: Array<string> = []
  private readonly issued = new Set<string>()

  get hasAny(): boolean {
    return this.pending.length > 0
  }

  take(): ReadonlyArray<string> {
    const { pending } = this
    this.pending = []
    return pending
  }

  /** Counts an error. True if it is time to {@link look}: after 1, 2, 4, 8, … errors. */
  isDue(): boolean {
    const n = ++this.errors
    return (n & (n - 1)) === 0
  }

  look({ attempted, calls, dimensions }: Observed, rules: ReadonlyArray<Rule>): void {
    const { errors } = this
    for (const { group, name } of attempted ? [] : rules) {
      if (group?.minAttempts === undefined || errors < group.minAttempts) continue
      this.issue(
        `rule ${name}`,
        `The rule ${
          JSON.stringify(name)
        } never fires: it limits a ratio, and of ${errors} errors none is an attempt. ` +
          "Count attempts with Fetch.tracked({…}, { attempts: true })"
      )
    }
    for (const { name, objective } of rules) {
      const isCounted = objective?.of === "attempts" ? attempted : calls.made.total > 0
      if (objective === undefined || isCounted || errors < objective.minEvents) continue
      this.issue(
        `rule ${name}`,
        `The objective ${JSON.stringify(name)} never fires: of ${errors} errors none is that of ${
          objective.of === "attempts"
            ? "an attempt. Count attempts with Fetch.tracked({…}, { attempts: true })"
            : "a call. Count calls with Fetch.retry or Fetch.failover, or set of: \"attempts\""
        }`
      )
    }
    for (const { counts, name } of errors < errorsBeforeEmptyDimension ? [] : dimensions) {
      if (counts.size > 0 || knownDimensions.includes(name)) continue
      this.issue(
        `dimension ${name}`,
        `The dimension ${
          JSON.stringify(name)
        } is empty: none of ${errors} errors has a field or an attribute of this name`
      )
    }
  }

  private issue(key: string, message: string): void {
    if (this.issued.has(key)) return
    this.issued.add(key)
    this.pending.push(message)
  }
}
