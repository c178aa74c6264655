/** The streams of a fleet. Each has a connection of its own, which waits for entries. They outlast outages. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type * as Model from "../storeModel.js"
import type { Connection } from "./connection.js"
import * as replies from "./redisReplies.js"
import * as scripts from "./scripts.js"

// The time for which a read waits on the server. A read without an answer after this time has lost its connection.
export const block = Duration.seconds(1)
const blockMillis = Duration.toMillis(block)

const pause = Effect.sleep("200 millis")

/** Repeats a read for ever. One that fails is repeated after a pause. */
const polled = <A, E>(read: Effect.Effect<ReadonlyArray<A>, E>): Stream.Stream<A> =>
  Stream.repeatEffectChunk(
    Effect.flatMap(
      Effect.either(read),
      Either.match({
        onLeft: () => Effect.as(pause, Chunk.empty<A>()),
        onRight: (found) => Effect.succeed(Chunk.unsafeFromArray(found))
      })
    )
  )

const newestOf = (connection: Connection, key: string) => connection.run(scripts.newest, [key], [], replies.text)

const after = (connection: Connection, key: string, cursor: string) =>
  connection.command(
    "read",
    "XREAD",
    ["COUNT", 100, "BLOCK", blockMillis, "STREAMS", key, cursor],
    replies.readEntries
  )

/**
 * Runs an effect now, after each change of a stream, and when the connection is back: changes of the time between are not
 * lost, since the effect reads a state.
 */
export const onChange = <A, E>(
  connection: Connection,
  key: string,
  read: Effect.Effect<A, E>
): Stream.Stream<A> =>
  Stream.suspend(() => {
    let cursor: string | undefined
    return polled(
      Effect.gen(function*() {
        if (cursor === undefined) {
          const newest = yield* newestOf(connection, key)
          const state = yield* read
          cursor = newest
          return [state]
        }
        const entries = yield* after(connection, key, cursor)
        if (entries.length === 0) return []
        const state = yield* read
        cursor = entries.at(-1)?.id ?? cursor
        return [state]
      }).pipe(Effect.tapError(() => Effect.sync(() => cursor = undefined)))
    )
  })

const edgeOf = ({ fields, id }: replies.StreamEntry): Model.Edge => ({
  id,
  at: replies.timeOf(id),
  edge: replies.text(fields[1])
})

export const edges = (connection: Connection, key: string, start: string): Stream.Stream<Model.Edge> =>
  Stream.suspend(() => {
    let cursor = start
    let isBack = false
    return polled(
      Effect.gen(function*() {
        if (isBack) {
          // A replica that lagged behind, or a server that was emptied, continues with earlier positions.
          const newest = yield* newestOf(connection, key)
          if (replies.isBefore(newest, cursor)) cursor = newest
          isBack = false
        }
        const entries = yield* after(connection, key, cursor)
        cursor = entries.at(-1)?.id ?? cursor
        return entries.map(edgeOf)
      }).pipe(Effect.tapError(() => Effect.sync(() => isBack = true)))
    )
  })

/** The settings of a group of processes that share the deliveries. */
export interface GroupSettings {
  readonly key: string
  readonly group: string
  readonly consumer: string
  readonly idle: number
  readonly ttl: number
}

/** Each pull acknowledges the edge of the one before. */
export const deliver = (
  connection: Connection,
  { consumer, group, idle, key, ttl }: GroupSettings
): Stream.Stream<Model.Edge> =>
  Stream.suspend(() => {
    // A group starts with the edges after its first use; one that the server has forgotten, with all that are left.
    let start: string | undefined = "$"
    let finished: string | undefined
    const next = Effect.gen(function*() {
      if (start !== undefined) {
        yield* connection.run(scripts.createGroup, [key], [group, start, ttl], replies.number)
        start = undefined
      }
      if (finished !== undefined) {
        yield* connection.command("deliver", "XACK", [key, group, finished], replies.number)
        finished = undefined
      }
      const left = yield* connection.command(
        "deliver",
        "XAUTOCLAIM",
        [key, group, consumer, idle, "0-0", "COUNT", 1],
        (answer) => replies.entries(replies.list(answer)[1])
      )
      const found = left.length > 0 ? left : yield* connection.command(
        "deliver",
        "XREADGROUP",
        ["GROUP", group, consumer, "COUNT", 1, "BLOCK", Math.min(blockMillis, idle), "STREAMS", key, ">"],
        replies.readEntries
      )
      finished = found[0]?.id
      return found.map(edgeOf)
    })
    return Stream.ensuring(
      polled(Effect.tapError(next, ({ message }) =>
        Effect.sync(() => {
          if (message.includes("NOGROUP")) start = "0"
        }))),
      Effect.ignore(connection.run(scripts.leaveGroup, [key], [group, consumer], replies.number))
    )
  })
