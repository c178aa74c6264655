/** The days for which the archive has files of an instrument, as far as its listing was read. */
import * as Effect from "effect/Effect"
import * as Interval from "../../Interval.js"
import { Once } from "../klines/once.js"
import type { Range } from "../klines/ranges.js"

export class FileDays {
  /** No day between a time and this day has files. */
  private readonly known: Array<{ readonly after: number; readonly day: number }> = []
  /** The ends of the instrument that two parts of the archive agree on. */
  readonly agreed = new Set<"first" | "last">()
  private readonly once = new Once()
  private readonly turn = Effect.unsafeMakeSemaphore(1)
  private readonly others = new Map<string, FileDays>()

  /** The days of another instrument of the market. */
  of(symbol: string): FileDays {
    const days = this.others.get(symbol) ?? new FileDays()
    this.others.set(symbol, days)
    return days
  }

  /** True if no day of a period has files. */
  isEmpty({ end, start }: Range): boolean {
    return this.known.some(({ after, day }) =>
      (after === -Infinity || Interval.next("1d", after) <= start) && end <= day
    )
  }

  /**
   * The first day with files, or the first one after a time. `request` reads the listing where that is not known yet;
   * undefined if it cannot be read, which is not attempted twice.
   */
  first<R>(
    after: number | undefined,
    request: Effect.Effect<number | undefined, never, R>
  ): Effect.Effect<number | undefined, never, R> {
    const time = after ?? -Infinity
    // One at a time: an answer often covers the questions of other files.
    return this.turn.withPermits(1)(Effect.suspend(() => {
      const found = this.known.find((one) => one.after <= time && time < one.day)
      if (found !== undefined) return Effect.succeed(found.day)
      const noted = Effect.tap(request, (day) =>
        Effect.sync(() => {
          if (day !== undefined) this.known.push({ after: time, day })
        }))
      return this.once.run(`${time}`, noted)
    }))
  }
}
