/** A stream of entries in memory: what a stream of Redis is to the processes of a fleet. */
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Stream from "effect/Stream"

export interface Entry<A> {
  readonly id: string
  readonly at: number
  readonly value: A
}

/** Positions look like those of Redis: `0-0` is before all entries. */
const positionOf = (count: number): string => `${count}-0`
const numberOf = (position: string): number => Number(position.split("-")[0])

export class SharedLog<A> {
  private entries: ReadonlyArray<Entry<A>> = []
  private count = 0
  private changed = Deferred.unsafeMake<void>(FiberId.none)

  private readonly max: number

  /** Keeps the newest `max` entries. */
  constructor(max: number) {
    this.max = max
  }

  /** The position of the newest entry. */
  get newest(): string {
    return positionOf(this.count)
  }

  append(value: A, at: number): void {
    this.entries = [...this.entries, { id: positionOf(++this.count), at, value }].slice(-this.max)
    const { changed } = this
    this.changed = Deferred.unsafeMake(FiberId.none)
    Deferred.unsafeDone(changed, Effect.void)
  }

  after(id: string): ReadonlyArray<Entry<A>> {
    return this.entries.filter((entry) => numberOf(entry.id) > numberOf(id))
  }

  /** Waits for entries after a position. */
  next(id: string): Effect.Effect<ReadonlyArray<Entry<A>>> {
    return Effect.suspend(() => {
      const found = this.after(id)
      return found.length > 0
        ? Effect.succeed(found)
        : Effect.zipRight(Deferred.await(this.changed), Effect.suspend(() => this.next(id)))
    })
  }

  stream(after: string): Stream.Stream<Entry<A>> {
    return Stream.unfoldChunkEffect(
      after,
      (cursor) =>
        Effect.map(this.next(cursor), (found) => [Chunk.unsafeFromArray(found), found.at(-1)?.id ?? cursor] as const)
          .pipe(Effect.asSome)
    )
  }
}
