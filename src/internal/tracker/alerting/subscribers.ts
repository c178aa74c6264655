/** The subscribers of a stream: each has a queue of its own, so that a slow one holds up neither publisher nor others. */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

const capacity = 256

/** One subscriber. Beyond 256 items its queue drops the oldest, and `onMissed` reports their number before the next one. */
export class Subscriber<A> {
  private readonly queue: Array<A>
  private readonly onMissed: (count: number) => A
  private missed = 0
  private isEnded = false
  private wake: (() => void) | undefined

  constructor(first: ReadonlyArray<A>, onMissed: (count: number) => A) {
    this.queue = [...first]
    this.onMissed = onMissed
  }

  offer(item: A): void {
    if (this.queue.length >= capacity) {
      this.queue.shift()
      this.missed++
    }
    this.queue.push(item)
    this.wake?.()
  }

  end(): void {
    this.isEnded = true
    this.wake?.()
  }

  /** The next item as soon as there is one, after what was missed before it; None after the end. */
  readonly take: Effect.Effect<Chunk.Chunk<A>, Option.Option<never>> = Effect.suspend(() =>
    this.isReady ? this.next() : Effect.zipRight(this.ready, this.take)
  )

  private readonly ready = Effect.async<void>((resume) => {
    // An item may have come since the last look: looking and waiting must be one step.
    if (this.isReady) return resume(Effect.void)
    this.wake = () => {
      this.wake = undefined
      resume(Effect.void)
    }
    return Effect.sync(() => {
      this.wake = undefined
    })
  })

  private get isReady(): boolean {
    return this.queue.length > 0 || this.isEnded
  }

  private next(): Effect.Effect<Chunk.Chunk<A>, Option.Option<never>> {
    const { missed } = this
    const item = Chunk.fromIterable(this.queue.splice(0, 1))
    this.missed = 0
    if (Chunk.isEmpty(item)) return Effect.fail(Option.none())
    return Effect.succeed(missed === 0 ? item : Chunk.prepend(item, this.onMissed(missed)))
  }
}

export class Subscribers<A> {
  private readonly all = new Set<Subscriber<A>>()
  private readonly onMissed: (count: number) => A
  private ended = false

  constructor(onMissed: (count: number) => A) {
    this.onMissed = onMissed
  }

  publish(item: A): void {
    for (const subscriber of this.all) subscriber.offer(item)
  }

  add(first: ReadonlyArray<A>): Subscriber<A> {
    const subscriber = new Subscriber(first, this.onMissed)
    if (this.ended) subscriber.end()
    else this.all.add(subscriber)
    return subscriber
  }

  remove(subscriber: Subscriber<A>): void {
    this.all.delete(subscriber)
  }

  /** Ends all streams, each after the items in its queue. Items that are published later are dropped. */
  end(): void {
    this.ended = true
    for (const subscriber of this.all) subscriber.end()
    this.all.clear()
  }
}

/** A stream that is subscribed from when it is run until it ends or is interrupted. */
export const stream = <A>(
  open: Effect.Effect<Subscriber<A>>,
  close: (subscriber: Subscriber<A>) => Effect.Effect<void>
): Stream.Stream<A> =>
  Stream.unwrapScoped(Effect.map(
    Effect.acquireRelease(open, close),
    (subscriber) => Stream.repeatEffectChunkOption(subscriber.take)
  ))
