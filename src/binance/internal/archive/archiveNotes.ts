/** Results from the archive that the pieces of a fetch share, so that no request is made twice. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Once } from "../klines/once.js"
import type { Range } from "../klines/ranges.js"
import { FileDays } from "./fileDays.js"

// The number of absent files after which later ones are not requested.
const mostAbsent = 3

export class ArchiveNotes {
  /** The files that several pieces of a fetch need. */
  readonly files = new Once()
  readonly days: FileDays
  private readonly turn = Effect.unsafeMakeSemaphore(1)
  private absent: ReadonlyArray<number> = []

  /** The fetches of a stream share `days`, but not the files, which would fill the memory. */
  constructor(days = new FileDays()) {
    this.days = days
  }

  /**
   * Requests a file that is not published yet by the local clock, which may be behind: one at a time, until several
   * before it are absent. None if it is not requested.
   */
  upcoming<A, R>(
    { start }: Range,
    request: Effect.Effect<Option.Option<A>, never, R>,
    isFound: (file: A) => boolean
  ): Effect.Effect<Option.Option<A>, never, R> {
    return this.turn.withPermits(1)(
      Effect.suspend(() =>
        this.absent.filter((other) => other < start).length >= mostAbsent
          ? Effect.succeedNone
          : Effect.tap(request, (file) =>
            Effect.sync(() => {
              if (Option.isNone(file)) return
              this.absent = isFound(file.value)
                ? this.absent.filter((other) => other > start)
                : [...this.absent, start]
            }))
      )
    )
  }
}
