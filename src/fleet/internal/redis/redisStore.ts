/** The store of one process over Redis. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { leastExtension, maxHosts } from "../memoryAddress.js"
import { maxMarks } from "../memoryMarks.js"
import { stepOf } from "../ring.js"
import type { Unavailable } from "../storeError.js"
import type * as Model from "../storeModel.js"
import { type Connect, type Connection, open } from "./connection.js"
import { Health } from "./health.js"
import * as replies from "./redisReplies.js"
import * as streams from "./redisStreams.js"
import * as scripts from "./scripts.js"

// Cursors and states outlive a weekend without errors.
const cursorTtl = Duration.toMillis("2 days")
const stateTtl = Duration.toMillis("14 days")
// A page of a hash is about half a millisecond of the server.
const page = 200

export interface Settings {
  readonly name: string
  readonly process: string
  readonly timeout: Duration.Duration
  readonly connect: Connect
}

/** Succeeds whether the server is there or not: at the latest after the timeout of a command. */
export const make = Effect.fnUntraced(function*(
  { connect, name, process, timeout }: Settings
): Effect.fn.Return<Model.Store, never, Scope.Scope> {
  const connection = yield* open(connect, timeout)
  const health = new Health(name)
  const run: Connection["run"] = (script, keys, args, read) =>
    health.watch(script.name)(connection.run(script, keys, args, read))

  // One hash tag keeps all keys on one node of a cluster. The number is the version of the layout.
  const key = (kind: string, ...parts: ReadonlyArray<string | number>) =>
    [`errata:{${name}}:1`, kind, ...parts].join(":")
  const countKey = ({ group, window }: Model.CountKey) => key("c", window, group)
  const weightKey = ({ address, host }: Model.WeightKey) => key("w", address, host)

  /** A stream with a connection of its own. */
  const streaming = <A>(make: (connection: Connection) => Stream.Stream<A>): Stream.Stream<A> =>
    Stream.unwrapScoped(
      Effect.gen(function*() {
        const reader = yield* open(connect, Duration.sum(streams.block, timeout))
        yield* reader.ready
        return make(reader)
      })
    )

  /** All pages of a scan. */
  const scan = <A>(
    script: scripts.Script,
    key: Model.CountKey,
    read: (found: ReadonlyArray<unknown>) => A
  ): Effect.Effect<ReadonlyArray<A>, Unavailable> =>
    Effect.gen(function*() {
      const pages: Array<A> = []
      let cursor = "0"
      do {
        const [next, found] = yield* run(script, [countKey(key)], [cursor, stepOf(key.window), page], (answer) => {
          const [next, ...found] = replies.list(answer)
          return [replies.text(next), read(found)] as const
        })
        pages.push(found)
        cursor = next
      } while (cursor !== "0")
      return pages
    })

  const gatesKey = (address: string) => key("g", address)
  const gateLogKey = (address: string) => key("gl", address)
  const readGates = (by: Connection["run"]) => (address: string) =>
    by(
      scripts.closedGates,
      [gatesKey(address)],
      [],
      (answer) =>
        replies.groups(replies.list(answer), 4).map(([host, wait, isBan, message]) => ({
          host: replies.text(host),
          wait: replies.number(wait),
          message: replies.text(message),
          isBan: replies.number(isBan) === 1
        }))
    )

  yield* connection.ready

  return {
    process,
    closeGate: ({ address, host, isBan, message, wait }) =>
      run(
        scripts.closeGate,
        [gatesKey(address), gateLogKey(address)],
        [host, Math.ceil(wait), isBan ? 1 : 0, message, leastExtension, maxHosts],
        isOne
      ),
    closedGates: readGates(run),
    gates: (address) =>
      streaming((reader) => streams.onChange(reader, gateLogKey(address), readGates(reader.run)(address))),

    reserve: ({ block, known, limit, weight, ...of }) =>
      run(scripts.reserve, [weightKey(of)], [limit, weight, block, known.minute, known.settled], (answer) => {
        const [granted, used, settled, minute, left, epoch] = replies.list(answer)
        return {
          granted: replies.number(granted),
          used: replies.number(used),
          settled: replies.number(settled),
          minute: replies.number(minute),
          left: replies.number(left),
          epoch: replies.number(epoch)
        }
      }),
    settle: ({ answered, epoch, minute, reported, spent, unused, ...of }) =>
      run(scripts.settle, [weightKey(of)], [minute, answered, reported, spent, unused, epoch], isOne),
    join: (group, ttl) => run(scripts.join, [key("m", group)], [process, ttl], replies.number),
    leave: (group) => run(scripts.leave, [key("m", group)], [process], nothing),

    flush: (batch) => {
      const { args, keys } = flushArguments(batch, countKey)
      return run(scripts.flush, [key("p", batch.process), ...keys], args, (answer): Model.Flushed => {
        const [tag, last, now, ...sums] = replies.list(answer)
        if (tag === "Counted") {
          return {
            _tag: "Counted",
            now: replies.number(now),
            sums: replies.groups(sums, batch.windows.length).map((one) => one.map(replies.number))
          }
        }
        return { _tag: tag === "Duplicate" ? tag : "Gap", last: replies.number(last), now: replies.number(now) }
      }).pipe(Effect.map((flushed) => flushed._tag === "Counted" ? inOrder(batch, flushed) : flushed))
    },
    resume: (process, seq) => run(scripts.resume, [key("p", process)], [seq, cursorTtl], nothing),
    counts: (of) =>
      Effect.map(
        scan(scripts.counts, of, (found) =>
          replies.groups(found, 2).map(([field, sum]) =>
            [replies.text(field), replies.number(sum)] as const
          )),
        (pages) => new Map(pages.flat())
      ),
    timeline: (of, fields) =>
      run(scripts.timeline, [countKey(of)], [stepOf(of.window), ...fields], (answer) => {
        const [now, ...counts] = replies.list(answer)
        return { now: replies.number(now), counts: counts.map((line) => replies.list(line).map(replies.number)) }
      }),
    clean: (of) =>
      Effect.map(
        scan(scripts.clean, of, ([freed]) => replies.number(freed)),
        (pages) => pages.reduce((sum, freed) => sum + freed, 0)
      ),

    changeState: ({ edges, from, id, to }) =>
      run(scripts.changeState, [key("a"), key("log")], [id, from, to, stateTtl, ...edges], (answer) => {
        const [isMade, state] = replies.list(answer)
        return { isMade: isOne(isMade), state: replies.text(state) }
      }),
    restoreStates: (states) =>
      states.size === 0
        ? Effect.void
        : run(scripts.restoreStates, [key("a")], [stateTtl, ...Array.from(states).flat()], nothing),
    states: run(scripts.states, [key("a"), key("log")], [stateTtl], (answer) => {
      const [last, ...states] = replies.list(answer)
      return {
        last: replies.text(last),
        states: new Map(
          replies.groups(states, 2).map(([id, state]) => [replies.text(id), replies.text(state)] as const)
        )
      }
    }),
    edges: (after) => streaming((reader) => streams.edges(reader, key("log"), after)),
    deliver: (group, idle) =>
      streaming((reader) =>
        streams.deliver(reader, { key: key("log"), group, consumer: process, idle, ttl: stateTtl })
      ),

    mark: (set, marks) =>
      marks.size === 0
        ? Effect.void
        : run(
          scripts.mark,
          [key("mark", set)],
          [stateTtl, maxMarks, ...Array.from(marks, ([name, value]) => [value, name]).flat()],
          nothing
        ),
    marks: (set, names) =>
      names.length === 0
        ? Effect.succeed(new Map())
        : run(scripts.marks, [key("mark", set)], names, (answer) =>
          new Map(
            replies.list(answer).flatMap((score, i) =>
              score === null ? [] : [[names[i] ?? "", replies.number(score)] as const]
            )
          )),

    lease: (name, ttl) => run(scripts.lease, [key("lease", name)], [process, ttl], isOne),
    release: (name) => run(scripts.release, [key("lease", name)], [process], nothing)
  }
})

const isOne = (answer: unknown): boolean => replies.number(answer) === 1

const nothing = (): void => undefined

/** The series by group, since a hash holds the series of one group in one window. */
const byGroup = (series: ReadonlyArray<Model.Series>): ReadonlyMap<string, ReadonlyArray<number>> => {
  const groups = new Map<string, Array<number>>()
  series.forEach(({ group }, i) => {
    const of = groups.get(group)
    if (of === undefined) groups.set(group, [i])
    else of.push(i)
  })
  return groups
}

const flushArguments = (
  { age, seq, series, windows }: Model.Batch,
  keyOf: (key: Model.CountKey) => string
): { readonly keys: ReadonlyArray<string>; readonly args: ReadonlyArray<string | number> } => {
  const groups = byGroup(series)
  const keys: Array<string> = []
  const args: Array<string | number> = [seq, Math.max(0, Math.round(age)), cursorTtl, windows.length]
  // A hash lives as long as its newest event is in the window.
  for (const window of windows) {
    args.push(stepOf(window), Math.min(stateTtl, Math.ceil(window) + stepOf(window) + 60_000))
  }
  args.push(groups.size)
  for (const [group, indices] of groups) {
    for (const window of windows) keys.push(keyOf({ group, window }))
    args.push(indices.length)
    // The checks of the compiler do not follow indices: each is one of `series`.
    for (const i of indices) args.push(series[i]!.field)
    for (const i of indices) args.push(series[i]!.count)
    for (const i of indices) args.push(series[i]!.isWanted ? 1 : 0)
  }
  return { keys, args }
}

/** The sums in the order of the series: the script returns them by group. */
const inOrder = (
  { series }: Model.Batch,
  flushed: Extract<Model.Flushed, { readonly _tag: "Counted" }>
): Model.Flushed => {
  const wanted = Array.from(byGroup(series).values()).flat().filter((i) => series[i]?.isWanted)
  const sums = wanted.map((i, at) => [i, flushed.sums[at] ?? []] as const)
  return { ...flushed, sums: sums.sort(([a], [b]) => a - b).map(([, sum]) => sum) }
}
