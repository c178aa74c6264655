import { describe, expect, it } from "@effect/vitest"
import { Effect, Either, Schema } from "effect"
import { FetchError } from "effect-errata"
import { Core } from "../../../src/internal/tracker/core.js"
import { SnapshotSchema } from "../../../src/internal/tracker/snapshotCodec.js"
import * as SnapshotFile from "../../../src/internal/tracker/snapshotFile.js"
import { settings } from "../../../src/internal/tracker/trackerOptions.js"

const coreOf = (symbols: number, errors: number) => {
  const core = new Core(Either.getOrThrow(settings({})))
  const moment = { now: 0, wall: 1.7e12 }
  for (let i = 0; i < errors; i++) {
    moment.now += 5e9
    moment.wall += 5000
    const context = { symbol: `SYMBOL${(i * 7919) % symbols}`, source: i % 3 === 0 ? "rest" : "archive" }
    if (i % 7 === 0) core.succeeded(context, moment)
    else if (i % 5 === 0) core.track(new FetchError.DataEmpty({ reason: "source_gap", context }), moment)
    else {core.track(
        i % 2 === 0 ? new FetchError.NetworkTimeout({ context }) : new FetchError.NetworkDns({ context }),
        moment
      )}
  }
  return { core, moment }
}

describe("write", () => {
  it.live("the pieces are the JSON of the schema, and are read back as the same snapshot", () =>
    Effect.gen(function*() {
      const { core, moment } = coreOf(40, 3000)
      const [, snapshot] = core.snapshot(moment)
      const text = yield* SnapshotFile.write({ number: 7, value: core.lazySnapshot(moment)[1] })
      const json: unknown = JSON.parse(text.slice(text.indexOf("\n")))
      expect(json).toEqual(yield* Schema.encode(SnapshotSchema)(snapshot))
      expect(SnapshotFile.read(text, {})).toEqual(Either.right({ number: 7, value: snapshot }))
      expect(yield* SnapshotFile.write({ number: 7, value: snapshot })).toBe(text)
    }))

  it.live("what happens while it is written is not in it", () =>
    Effect.gen(function*() {
      const { core, moment } = coreOf(400, 3000)
      const expected = yield* SnapshotFile.write({ number: 7, value: core.snapshot(moment)[1] })
      const [, lazy] = core.lazySnapshot(moment)
      for (let i = 0; i < 2000; i++) {
        moment.now += 1e9
        core.track(new FetchError.NetworkTimeout({ context: { symbol: `SYMBOL${i}`, source: "rest" } }), moment)
      }
      core.cleanUp(moment)
      expect(yield* SnapshotFile.write({ number: 7, value: lazy })).toBe(expected)
    }))

  it.live("2,000 symbols hold up no timer for long", () =>
    Effect.gen(function*() {
      const { core, moment } = coreOf(2000, 20_000)
      // The processor time between two runs of a timer: other processes do not count.
      let longest = 0
      let turns = 0
      let last = process.cpuUsage()
      const looking = yield* Effect.fork(Effect.forever(Effect.zipRight(
        Effect.sync(() => {
          const { system, user } = process.cpuUsage(last)
          longest = Math.max(longest, (system + user) / 1000)
          last = process.cpuUsage()
          turns++
        }),
        Effect.sleep(0)
      )))
      yield* Effect.sleep(1)
      longest = 0
      const text = yield* SnapshotFile.write({ number: 1, value: core.lazySnapshot(moment)[1] })
      yield* Effect.sleep(1)
      looking.unsafeInterruptAsFork(looking.id())
      expect(text.length).toBeGreaterThan(300_000)
      expect(turns).toBeGreaterThan(text.length / 40_000)
      // About 5 ms on an idle machine; a snapshot in one step takes more than 100.
      expect(longest).toBeLessThan(60)
    }))
})
