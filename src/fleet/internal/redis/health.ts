/** Tells the log when the store stops working and when it works again: one line each, whatever the number of operations. */
import * as Effect from "effect/Effect"
import * as LogLevel from "effect/LogLevel"
import { writeDetached } from "../../../internal/log/write.js"
import type { Unavailable } from "../storeError.js"

export class Health {
  /** The operations whose last run failed. Reads may succeed while the server refuses writes. */
  private readonly failing = new Set<string>()

  private readonly name: string

  constructor(name: string) {
    this.name = name
  }

  /** Watches the runs of an operation. */
  watch(operation: string): <A>(effect: Effect.Effect<A, Unavailable>) => Effect.Effect<A, Unavailable> {
    return Effect.tapBoth({
      onFailure: ({ message }) => {
        const isFirst = this.failing.size === 0
        this.failing.add(operation)
        return isFirst
          ? writeDetached(
            LogLevel.Warning,
            `Fleet store not available: this process continues with what it knows. ${message}`,
            { fleet: this.name }
          )
          : Effect.void
      },
      onSuccess: () =>
        this.failing.delete(operation) && this.failing.size === 0
          ? writeDetached(LogLevel.Info, "Fleet store available again", { fleet: this.name })
          : Effect.void
    })
  }
}
