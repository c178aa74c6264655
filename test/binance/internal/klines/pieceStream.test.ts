import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { pieceStream } from "../../../../src/binance/internal/klines/pieceStream.js"

/** Yields to other fibers `count` times. */
const turns = (count: number): Effect.Effect<void> => Effect.repeatN(Effect.yieldNow(), count)

/** Fetches that take the given numbers of turns; `mostAhead` is the largest number of fetches that were started and not yet emitted. */
const fetcher = (options: { readonly turns: ReadonlyArray<number>; readonly failing?: number | undefined }) => {
  const seen = { started: 0, released: 0, mostAhead: 0, emitted: 0 }
  const fetch = (piece: number) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        seen.started++
        seen.mostAhead = Math.max(seen.mostAhead, seen.started - seen.emitted)
      }),
      () =>
        Effect.zipRight(
          turns(options.turns[piece] ?? 0),
          piece === options.failing ? Effect.fail(`piece ${piece}`) : Effect.succeed(piece)
        ),
      () => Effect.sync(() => seen.released++)
    )
  return { seen, fetch }
}

const pieces = (count: number) => Array.from({ length: count }, (_, i) => i)

describe("pieceStream", () => {
  it("emits in order and fetches at most `prefetch` ahead, for any durations of pieces and consumer", () =>
    FastCheck.assert(FastCheck.asyncProperty(
      FastCheck.array(FastCheck.nat(50), { maxLength: 12 }),
      FastCheck.nat(3),
      FastCheck.nat(50),
      FastCheck.option(FastCheck.nat(12), { nil: undefined }),
      async (lengths, prefetch, pause, failing) => {
        const { fetch, seen } = fetcher({ turns: lengths, failing })
        const emitted: Array<number> = []
        const exit = await pieceStream(pieces(lengths.length), prefetch, fetch).pipe(
          Stream.runForEach((piece) =>
            Effect.zipRight(
              Effect.sync(() => {
                seen.emitted++
                emitted.push(piece)
              }),
              turns(pause)
            )
          ),
          Effect.runPromiseExit
        )
        const isFailing = failing !== undefined && failing < lengths.length
        expect(exit).toEqual(isFailing ? Exit.fail(`piece ${failing}`) : Exit.void)
        expect(emitted).toEqual(pieces(isFailing ? failing : lengths.length))
        expect(seen.mostAhead).toBeLessThanOrEqual(prefetch + 1)
        expect(seen.released).toBe(seen.started)
      }
    )))

  it.effect("fetches ahead while the consumer works, and starts nothing before it is run", () =>
    Effect.gen(function*() {
      const { fetch, seen } = fetcher({ turns: [1, 1, 1, 1] })
      const stream = pieceStream(pieces(4), 1, fetch)
      expect(seen.started).toBe(0)
      const started: Array<number> = []
      yield* Stream.runForEach(stream, () => Effect.zipRight(turns(100), Effect.sync(() => started.push(seen.started))))
      expect(started).toEqual([2, 3, 4, 4])
    }))

  it.effect("with a prefetch of 0, fetches each piece when it is pulled", () =>
    Effect.gen(function*() {
      const { fetch, seen } = fetcher({ turns: [] })
      const first = yield* pieceStream(pieces(4), 0, fetch).pipe(Stream.take(2), Stream.runCollect)
      expect(Chunk.toReadonlyArray(first)).toEqual([0, 1])
      expect(seen).toMatchObject({ started: 2, released: 2 })
    }))

  it.effect("draws pieces lazily, and anew in each run", () =>
    Effect.gen(function*() {
      let drawn = 0
      const endless = {
        *[Symbol.iterator]() {
          for (;;) yield drawn++
        }
      }
      yield* pieceStream(endless, 2, Effect.succeed).pipe(Stream.take(3), Stream.runDrain)
      expect(drawn).toBeLessThanOrEqual(6)
      const again = yield* Stream.runCollect(Stream.take(pieceStream(pieces(3), 1, Effect.succeed), 3))
      expect(Chunk.toReadonlyArray(again)).toEqual([0, 1, 2])
    }))

  it.effect("interrupts pending fetches when the consumer is interrupted, fails, or takes no more", () =>
    Effect.gen(function*() {
      for (const end of ["interrupted", "failed", "taken"] as const) {
        const { fetch, seen } = fetcher({ turns: [0, 1e9, 1e9] })
        const reached = yield* Deferred.make<void>()
        const stream = pieceStream(pieces(3), 2, fetch).pipe(
          Stream.tap(() => Deferred.succeed(reached, undefined)),
          Stream.mapEffect((piece) => end === "failed" ? Effect.fail("consumer") : Effect.succeed(piece)),
          end === "taken" ? Stream.take(1) : Stream.take(3)
        )
        const fiber = yield* Effect.fork(Stream.runDrain(stream))
        yield* Deferred.await(reached)
        if (end === "interrupted") yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        expect(Exit.isSuccess(exit)).toBe(end === "taken")
        expect(seen.started).toBeGreaterThan(1)
        expect(seen.released).toBe(seen.started)
      }
    }))

  it.effect("dies if a fetch dies or throws", () =>
    Effect.gen(function*() {
      const dying = yield* Effect.flip(
        Effect.sandbox(Stream.runDrain(pieceStream(pieces(2), 1, () => Effect.die("piece"))))
      )
      expect(dying).toEqual(Cause.die("piece"))
      const fetch = (): Effect.Effect<number> => {
        throw new Error("thrown")
      }
      const thrown = yield* Effect.flip(Effect.sandbox(Stream.runDrain(pieceStream(pieces(2), 1, fetch))))
      expect(Cause.squash(thrown)).toEqual(new Error("thrown"))
    }))
})
