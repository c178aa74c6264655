import { FileSystem } from "@effect/platform"
import { NodeContext, NodeKeyValueStore } from "@effect/platform-node"
import { SystemError } from "@effect/platform/Error"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import {
  Cause,
  Clock,
  ConfigProvider,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Scope,
  Stream,
  TestClock
} from "effect"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import * as FetchError from "effect-errata/FetchError"
import { LogCapture } from "effect-errata/testing"

const timeout = (symbol = "A") => new FetchError.NetworkTimeout({ context: { symbol } })

const track = (times: number, symbol?: string) =>
  Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => Effect.repeatN(tracker.track(timeout(symbol)), times - 1))

const total = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => Effect.map(tracker.stats(), ({ total }) => total))

const messages = Effect.map(
  LogCapture.entries,
  (entries) => entries.map(({ level, message }) => `${level} ${message}`)
)

/** A store over a map, which tests can inspect and make fail or hang. */
const makeStore = () => {
  const values = new Map<string, string>()
  const state = { fails: false, hangs: false, writes: 0 }
  const misbehaving = <A>(effect: Effect.Effect<A>) =>
    Effect.suspend(() =>
      state.hangs ? Effect.never : state.fails
        ? Effect.fail(
          new SystemError({
            reason: "PermissionDenied",
            module: "KeyValueStore",
            method: "set",
            description: "EACCES: permission denied, open '/state/error-tracker.0'"
          })
        )
        : effect
    )
  const store = KeyValueStore.makeStringOnly({
    get: (key) => misbehaving(Effect.sync(() => Option.fromNullable(values.get(key)))),
    set: (key, value) =>
      misbehaving(Effect.sync(() => {
        state.writes++
        values.set(key, value)
      })),
    remove: (key) => Effect.sync(() => values.delete(key)),
    clear: Effect.sync(() => values.clear()),
    size: Effect.sync(() => values.size)
  })
  return { values, state, layer: Layer.succeed(KeyValueStore.KeyValueStore, store) }
}

/** One run of a process. */
const live = <A, E, E2>(
  store: Layer.Layer<KeyValueStore.KeyValueStore, E2>,
  body: Effect.Effect<A, E, ErrorTracker.ErrorTracker>,
  options?: ErrorTracker.PersistedOptions
) => Effect.provide(body, ErrorTracker.layerPersisted(options).pipe(Layer.provide(store)))

const fnv = (text: string) =>
  Array.from(text)
    .reduce((hash, char) => BigInt.asUintN(32, (hash ^ BigInt(char.charCodeAt(0))) * 0x01000193n), 0x811c9dc5n)
    .toString(16)
    .padStart(8, "0")

const keys = ["error-tracker.0", "error-tracker.1"]

describe("layerPersisted", () => {
  it.effect("a restart keeps counts and active alerts, without a second Fired", () =>
    Effect.gen(function*() {
      const { layer } = makeStore()
      yield* live(layer, track(5))
      yield* TestClock.adjust("30 seconds")
      yield* live(
        layer,
        Effect.gen(function*() {
          const tracker = yield* ErrorTracker.ErrorTracker
          expect(yield* total).toBe(5)
          expect((yield* tracker.breakdown({ by: "symbol", window: "minute" }))[0]?.count).toBe(5)
          expect(yield* tracker.recent()).toHaveLength(5)
          expect((yield* tracker.activeAlerts).map(({ message }) => message)).toEqual([
            "THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 4 times in the last minute (threshold: 3)"
          ])
          const [heard] = yield* Stream.runCollect(Stream.take(tracker.alerts, 1))
          expect(heard?._tag).toBe("Fired")
          yield* track(1)
        })
      )
      // 5 at 0 and one at 30 seconds; down until 70 seconds.
      yield* TestClock.adjust("40 seconds")
      yield* live(
        layer,
        Effect.gen(function*() {
          const tracker = yield* ErrorTracker.ErrorTracker
          expect((yield* tracker.stats({ window: "1 minute" })).total).toBe(1)
          expect(yield* tracker.activeAlerts).toEqual([])
          yield* TestClock.adjust("0 seconds")
        })
      )
      expect(yield* messages).toEqual([
        "Warning THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 4 times in the last minute (threshold: 3)",
        "Info THRESHOLD RESOLVED: NETWORK_TIMEOUT is down to 1 in the last minute (threshold: 3, peak: 6)"
      ])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("saves on a schedule, alternating keys: a killed process loses at most one interval", () =>
    Effect.gen(function*() {
      const { layer, state, values } = makeStore()
      // Two processes one after the other, of which the first never comes to its end.
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        ErrorTracker.layerPersisted({ saveEvery: "20 seconds", key: "mine" }).pipe(Layer.provide(layer)),
        scope
      )
      yield* Effect.provide(track(3), context)
      expect(state.writes).toBe(0)
      yield* TestClock.adjust("20 seconds")
      expect([state.writes, Array.from(values.keys())]).toEqual([1, ["mine.0"]])
      yield* Effect.provide(track(2), context)
      yield* TestClock.adjust("39 seconds")
      expect([state.writes, Array.from(values.keys())]).toEqual([2, ["mine.0", "mine.1"]])
      yield* Effect.provide(track(7), context)
      expect(yield* live(layer, total, { key: "mine" })).toBe(5)
      expect(yield* live(layer, total, { key: "another" })).toBe(0)
    }))

  it.effect("a process that dies during a save leaves the snapshot before", () =>
    Effect.gen(function*() {
      for (const length of [0, 1, 20, 60, 500, -1]) {
        const { layer, values } = makeStore()
        yield* live(layer, track(3))
        yield* live(layer, track(2))
        expect(Array.from(values.keys())).toEqual(keys)
        values.set("error-tracker.1", values.get("error-tracker.1")!.slice(0, length))
        const damaged = values.get("error-tracker.1")
        expect(yield* live(layer, total)).toBe(3)
        expect(yield* live(layer, Effect.zipRight(track(1), total))).toBe(4)
        expect(yield* live(layer, total)).toBe(4)
        expect(values.get("error-tracker.1")).toBe(damaged)
        expect(Array.from(values.keys()).sort()).toEqual([...keys, "error-tracker.2"])
      }
      const logged = (yield* LogCapture.entries).filter(({ message }) => message.startsWith("A saved snapshot"))
      expect(logged).toHaveLength(18)
      expect(new Set(logged.map(({ annotations }) => annotations["error_type"]))).toEqual(
        new Set(["DATA_TRANSFORMATION", "DATA_INTEGRITY"])
      )
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("any changed character is detected", () =>
    Effect.gen(function*() {
      const { layer, values } = makeStore()
      yield* live(layer, track(3))
      const text = values.get("error-tracker.0")!
      for (let i = 0; i < text.length; i += 41) {
        const damaged = `${text.slice(0, i)}${text[i] === "7" ? "8" : "7"}${text.slice(i + 1)}`
        values.clear()
        values.set("error-tracker.0", damaged)
        expect(yield* live(layer, total)).toBe(0)
      }
    }))

  it.effect.each<[string, string, string]>([
    ["nothing", "", "DATA_TRANSFORMATION"],
    ["JSON of somebody else", "{\"version\":1}", "DATA_TRANSFORMATION"],
    ["a newer version", "effect-errata snapshot 2 7 00000000\n{}", "DATA_VALIDATION"],
    ["a wrong checksum", "effect-errata snapshot 1 7 00000000\n{}", "DATA_INTEGRITY"],
    ["another shape", `effect-errata snapshot 1 7 ${fnv("7\n{}")}\n{}`, "DATA_VALIDATION"],
    ["no JSON", `effect-errata snapshot 1 7 ${fnv("7\n{")}\n{`, "DATA_TRANSFORMATION"]
  ])(
    "Law 12: a snapshot that cannot be used is a typed error in the log, and is left in place: %s",
    ([, text, code]) =>
      Effect.gen(function*() {
        const { layer, values } = makeStore()
        values.set("error-tracker.0", text)
        expect(yield* live(layer, Effect.zipRight(track(1), total))).toBe(1)
        const [entry, ...others] = yield* LogCapture.entries
        expect(others).toEqual([])
        expect(entry?.annotations).toMatchObject({ error_type: code, operation: "read", key: "error-tracker.0" })
        // Whatever it is, it is not for the log.
        if (text !== "") expect(JSON.stringify(entry)).not.toContain(JSON.stringify(text).slice(1, -1))
        expect(entry?.message).toMatch(
          /^A saved snapshot of the error tracker cannot be read and is left in place; counting starts from zero: /
        )
        expect(yield* live(layer, total)).toBe(1)
        expect(values.get("error-tracker.0")).toBe(text)
      }).pipe(Effect.provide(LogCapture.layer))
  )

  it.effect("processes that are killed while they save, again and again, do not stop the saving", () =>
    Effect.gen(function*() {
      const { layer, values } = makeStore()
      for (let run = 1; run <= 12; run++) {
        expect(yield* live(layer, Effect.zipRight(track(1), total))).toBe(run)
        // A store of files truncates a file before it writes to it.
        const slot = Array.from({ length: 8 }, (_, i) => `error-tracker.${i}`).find((key) => !values.has(key))
        if (slot !== undefined) values.set(slot, "")
      }
      expect(values.size).toBe(8)
      // A foreign text is kept also then.
      const foreign = new Map(Array.from({ length: 8 }, (_, i) => [`error-tracker.${i}`, i === 3 ? "" : "theirs"]))
      for (const [key, text] of foreign) values.set(key, text)
      expect(yield* live(layer, Effect.zipRight(track(1), total))).toBe(1)
      expect(yield* live(layer, Effect.zipRight(track(1), total))).toBe(2)
      expect([...values].filter(([key]) => key !== "error-tracker.3")).toEqual(
        [...foreign].filter(([key]) => key !== "error-tracker.3")
      )
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("a failing store is logged once per outage, and counting goes on", () =>
    Effect.gen(function*() {
      const { layer, state } = makeStore()
      state.fails = true
      yield* live(
        layer,
        Effect.gen(function*() {
          yield* track(2)
          yield* TestClock.adjust("10 minutes")
          expect(yield* total).toBe(2)
          state.fails = false
          yield* TestClock.adjust("10 minutes")
          state.fails = true
          yield* TestClock.adjust("10 minutes")
          expect(yield* total).toBe(2)
        })
      )
      expect((yield* messages).map((line) => line.replace(/: .*/, ""))).toEqual([
        "Error A saved snapshot of the error tracker cannot be read and is left in place; counting starts from zero",
        "Info Snapshots of the error tracker are saved again",
        "Error Snapshots of the error tracker cannot be saved"
      ])
      expect((yield* LogCapture.entries)[2]?.annotations).toMatchObject({
        error_type: "STORAGE_PERMISSION",
        operation: "write",
        key: "error-tracker.0"
      })
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("Law 12: both reads fail at the start: the snapshots are kept, and their counts are added when they can be read", () =>
    Effect.gen(function*() {
      const { layer, state, values } = makeStore()
      yield* live(layer, track(5))
      yield* TestClock.adjust("10 minutes")
      yield* live(layer, track(2, "B"))
      const before = new Map(values)
      yield* TestClock.adjust("10 minutes")
      state.fails = true
      yield* live(
        layer,
        Effect.gen(function*() {
          const tracker = yield* ErrorTracker.ErrorTracker
          expect(yield* total).toBe(0)
          yield* track(1)
          yield* TestClock.adjust("5 minutes")
          expect(new Map(values)).toEqual(before)
          state.fails = false
          yield* TestClock.adjust("1 minute")
          expect(yield* total).toBe(8)
          // One 6 minutes ago, two 16 minutes ago, five 26 minutes ago.
          const last = (window: Duration.DurationInput) => Effect.map(tracker.stats({ window }), ({ total }) => total)
          expect(yield* Effect.all([last("7 minutes"), last("17 minutes"), last("27 minutes")])).toEqual([1, 3, 8])
          expect(yield* tracker.breakdown({ by: "symbol", window: "hour" })).toMatchObject([
            { value: "A", count: 6 },
            { value: "B", count: 2 }
          ])
          expect(yield* tracker.recent()).toHaveLength(8)
        })
      )
      expect(yield* live(layer, total)).toBe(8)
      expect(Array.from(values.keys())).toEqual(keys)
      expect((yield* messages).filter((line) => /snapshot/i.test(line)).map((line) => line.replace(/: .*/, "")))
        .toEqual([
          "Error A saved snapshot of the error tracker cannot be read and is left in place; counting starts from zero",
          "Info A saved snapshot of the error tracker can be read again",
          "Info Snapshots of the error tracker are saved again"
        ])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("Law 12: a process that ends before the store can be read again destroys nothing", () =>
    Effect.gen(function*() {
      const { layer, state, values } = makeStore()
      yield* live(layer, track(5))
      yield* live(layer, track(5))
      const before = new Map(values)
      for (const fault of ["fails", "hangs"] as const) {
        state[fault] = true
        const run = yield* Effect.fork(live(layer, Effect.zipRight(track(1), Effect.sleep("3 minutes"))))
        yield* TestClock.adjust("5 minutes")
        yield* Fiber.join(run)
        state[fault] = false
        expect(new Map(values)).toEqual(before)
      }
      expect(yield* live(layer, total)).toBe(10)
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("Law 12: for any content of two slots, unusable content is left in place, and no later count is lost", () =>
    Effect.gen(function*() {
      const newer = "effect-errata snapshot 2 7 00000000\n{}"
      const contents = [undefined, "", "{\"theirs\":1}", newer, "fails", "saved"] as const
      for (const zero of contents) {
        for (const one of contents) {
          const values = new Map<string, string>()
          const broken = new Set<string>()
          const store = KeyValueStore.makeStringOnly({
            get: (key) =>
              broken.has(key)
                ? Effect.die(new Error("EISDIR"))
                : Effect.sync(() => Option.fromNullable(values.get(key))),
            set: (key, value) => Effect.sync(() => values.set(key, value)),
            remove: () => Effect.void,
            clear: Effect.void,
            size: Effect.succeed(0)
          })
          const layer = Layer.succeed(KeyValueStore.KeyValueStore, store)
          yield* live(layer, track(3))
          const saved = values.get(keys[0]!)!
          values.clear()
          const held = [[keys[0]!, zero], [keys[1]!, one]] as const
          for (const [key, content] of held) {
            if (content === "fails") broken.add(key)
            else if (content !== undefined) values.set(key, content === "saved" ? saved : content)
          }
          const first = zero === "saved" || one === "saved" ? 3 : 0
          const noneReadable = zero === "fails" && one === "fails"
          for (let life = 1; life <= 4; life++) {
            const at = `${zero}, ${one}, life ${life}`
            expect([at, yield* live(layer, Effect.zipRight(track(1), total))]).toEqual([
              at,
              noneReadable ? 1 : first + life
            ])
            for (const [key, content] of held) {
              if (content === "fails") expect([at, values.has(key)]).toEqual([at, false])
              else if (content !== undefined && content !== "saved") {
                expect([at, values.get(key)]).toEqual([at, content])
              }
            }
          }
        }
      }
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("a store that hangs is given up at the start, at every save and at the end", () =>
    Effect.gen(function*() {
      const { layer, state } = makeStore()
      state.hangs = true
      const run = yield* Effect.fork(live(layer, Effect.zipRight(track(2), Effect.as(Effect.sleep("2 minutes"), 1))))
      yield* TestClock.adjust("5 seconds")
      yield* TestClock.adjust("2 minutes")
      expect(Option.isNone(yield* Fiber.poll(run))).toBe(true)
      yield* TestClock.adjust("10 seconds")
      expect(yield* Fiber.join(run)).toBe(1)
      expect((yield* LogCapture.entries).map(({ annotations }) => annotations["error_type"])).toEqual([
        "STORAGE_READ"
      ])
    }).pipe(Effect.provide(LogCapture.layer)))

  const broken: Readonly<Record<string, () => Effect.Effect<never>>> = {
    "dies": () => Effect.die(new Error("no")),
    "throws": () => {
      throw new Error("no")
    },
    "throws no error": () => {
      throw undefined
    },
    "is interrupted": () => Effect.interrupt,
    // A store written without types.
    "returns no Effect": () => undefined as never,
    "returns a Promise": () => Promise.resolve(null) as never
  }

  it.effect.each(
    Object.keys(broken).flatMap((fault) => [[fault, fault], [fault, "dies"], ["dies", fault]] as const)
  )("a store whose get %s and whose set %s counts as failing", ([get, set]) =>
    Effect.gen(function*() {
      const store = Layer.succeed(
        KeyValueStore.KeyValueStore,
        KeyValueStore.makeStringOnly({
          get: broken[get]!,
          set: broken[set]!,
          remove: () => Effect.void,
          clear: Effect.void,
          size: Effect.succeed(0)
        })
      )
      expect(yield* Effect.exit(live(store, Effect.zipRight(track(2), total)))).toEqual(Exit.succeed(2))
    }))

  it.effect("the end interrupts a save that has begun, saves for the last time, and logs no failure", () =>
    Effect.gen(function*() {
      const { layer, state, values } = makeStore()
      const run = yield* Effect.fork(live(layer, Effect.zipRight(track(2), Effect.as(Effect.sleep("61 seconds"), 1))))
      yield* TestClock.adjust("59 seconds")
      state.hangs = true
      yield* TestClock.adjust("1 second")
      state.hangs = false
      yield* TestClock.adjust("1 second")
      expect(yield* Fiber.join(run)).toBe(1)
      expect(state.writes).toBe(1)
      expect(values.size).toBe(1)
      expect(yield* messages).toEqual([])
    }).pipe(Effect.provide(LogCapture.layer)))

  it.effect("saved snapshots are redacted like logs", () =>
    Effect.gen(function*() {
      const { layer, values } = makeStore()
      const secret = "s3cr3tValue"
      yield* live(
        layer,
        Effect.gen(function*() {
          const tracker = yield* ErrorTracker.ErrorTracker
          const context = {
            symbol: `https://x.test/?apiKey=${secret}`,
            source: `https://user:${secret}@x.test`,
            url: `https://x.test/?signature=${secret}`,
            attributes: { apiKey: secret, note: `token=${secret}` }
          }
          yield* tracker.track(new FetchError.NetworkTimeout({ message: `password=${secret}`, context }))
          yield* tracker.track({
            _tag: `token=${secret}`,
            code: `apiKey=${secret}`,
            category: `secret=${secret}`,
            severity: "ERROR",
            message: `Authorization: Bearer ${secret}`,
            context
          })
          yield* tracker.track(new FetchError.DataEmpty({ reason: "api_response", context }))
          yield* tracker.succeeded(context, "1 second")
        }),
        { rules: [{ name: "sick", by: "symbol", window: "hour", limit: 1 }] }
      )
      expect(values.get("error-tracker.0")).toContain("NETWORK_TIMEOUT")
      expect(values.get("error-tracker.0")).toContain("sick")
      expect(values.get("error-tracker.0")).not.toContain(secret)
    }))

  it.effect("two trackers share a store under different keys", () =>
    Effect.gen(function*() {
      const { layer } = makeStore()
      const both = Effect.gen(function*() {
        const one = yield* Effect.provide(
          ErrorTracker.ErrorTracker,
          yield* Layer.build(ErrorTracker.layerPersisted({ key: "one" }))
        )
        const two = yield* Effect.provide(
          ErrorTracker.ErrorTracker,
          yield* Layer.build(ErrorTracker.layerPersisted({ key: "two" }))
        )
        yield* one.track(timeout())
        return [(yield* one.stats()).total, (yield* two.stats()).total]
      }).pipe(Effect.scoped, Effect.provide(layer))
      expect(yield* both).toEqual([1, 0])
      expect(yield* both).toEqual([2, 0])
    }))

  it.scopedLive("with real files", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const store = NodeKeyValueStore.layerFileSystem(`${directory}/state`)
      yield* live(store, track(4, "BTCUSDT"), { key: "app/errors" })
      expect((yield* fs.readDirectory(`${directory}/state`)).sort()).toEqual(["app%2Ferrors.0"])
      yield* live(
        store,
        Effect.gen(function*() {
          expect(yield* total).toBe(4)
          yield* track(1)
        }),
        { key: "app/errors" }
      )
      yield* fs.truncate(`${directory}/state/app%2Ferrors.1`, 100n)
      expect(yield* live(store, total, { key: "app/errors" })).toBe(4)
      yield* fs.writeFile(`${directory}/state/app%2Ferrors.0`, new Uint8Array(5000))
      yield* fs.writeFile(`${directory}/state/app%2Ferrors.1`, new Uint8Array([0xff, 0xfe, 0x00]))
      // What has been counted since the first damage is in a slot of its own.
      expect(yield* live(store, Effect.zipRight(track(1), total), { key: "app/errors" })).toBe(5)
      // A folder where the file should be.
      yield* fs.remove(`${directory}/state/app%2Ferrors.0`)
      yield* fs.makeDirectory(`${directory}/state/app%2Ferrors.0`)
      expect(yield* live(store, total, { key: "app/errors" })).toBe(5)
    }).pipe(Effect.provide([NodeContext.layer, LogCapture.layer])))

  it.effect.each<[unknown, string]>([
    [{ saveEvery: 0 }, "saveEvery is 0: it must be a positive, finite duration, as in \"5 seconds\""],
    [{ saveEvery: -1 }, "saveEvery is -1: it must be a positive, finite duration, as in \"5 seconds\""],
    [{ saveEvery: NaN }, "saveEvery is NaN: it must be a positive, finite duration, as in \"5 seconds\""],
    [{ saveEvery: Infinity }, "saveEvery is Infinity: it must be a positive, finite duration, as in \"5 seconds\""],
    [{ saveEvery: "often" }, "saveEvery is \"often\": it must be a positive, finite duration, as in \"5 seconds\""],
    [{ key: "" }, "key is \"\": it must be a non-empty string"],
    [{ key: 3 }, "key is 3: it must be a non-empty string"],
    [{ recent: -1 }, "recent is -1: it must be a whole number from 0 to 10000"],
    [
      { saveevery: 1 },
      "unknown option \"saveevery\", did you mean \"saveEvery\"? Known: thresholds, rules, codes, dimensions, maxValues, sweepEvery, recent, key, saveEvery"
    ],
    [
      null,
      "options is null: it must be an object with any of thresholds, rules, codes, dimensions, maxValues, sweepEvery, recent, key, saveEvery"
    ]
  ])("dies of %j", ([options, message]) =>
    Effect.gen(function*() {
      const layer: ReturnType<typeof ErrorTracker.layerPersisted> = Reflect.apply(
        ErrorTracker.layerPersisted,
        undefined,
        [options]
      )
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
      // Compared by the message: exceptions of one class are equal to `toEqual` whatever they say.
      expect(Exit.isFailure(exit) && String(Cause.squash(exit.cause))).toBe(
        `IllegalArgumentException: ErrorTracker: ${message}`
      )
    }).pipe(Effect.provide(makeStore().layer)))

  it("requires a store, and cannot fail", () => {
    expectTypeOf(ErrorTracker.layerPersisted()).toEqualTypeOf<
      Layer.Layer<ErrorTracker.ErrorTracker, never, KeyValueStore.KeyValueStore>
    >()
  })
})

describe("snapshot, restore", () => {
  it.scoped("restore publishes alerts that became active and resolves those that are not", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard: Array<string> = []
      const settled = Effect.repeatN(Effect.yieldNow(), 100)
      yield* Effect.forkScoped(
        Stream.runForEach(tracker.alerts, ({ message }) => Effect.sync(() => heard.push(message)))
      )
      yield* settled
      const empty = yield* tracker.snapshot
      yield* track(4)
      const full = yield* tracker.snapshot
      yield* tracker.restore(full)
      yield* settled
      expect(heard).toHaveLength(1)
      yield* tracker.restore(empty)
      yield* settled
      expect(heard[1]).toBe(
        "THRESHOLD RESOLVED: the limit of NETWORK_TIMEOUT was changed or removed, or its counts were reset (threshold: 3, peak: 4)"
      )
      yield* tracker.restore(full)
      yield* settled
      expect(heard.slice(2)).toEqual([
        "THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 4 times in the last minute (threshold: 3)"
      ])
      yield* TestClock.adjust("2 minutes")
      yield* settled
      expect(heard.slice(3)).toEqual([
        "THRESHOLD RESOLVED: NETWORK_TIMEOUT is down to 0 in the last minute (threshold: 3, peak: 4)"
      ])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("ages continue from the snapshot", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* TestClock.adjust("90 minutes")
      yield* track(2)
      const snapshot = yield* tracker.snapshot
      expect(Duration.format(Duration.millis(snapshot.age))).toBe("1h 30m")
      yield* tracker.reset
      yield* TestClock.adjust("10 minutes")
      yield* tracker.restore(snapshot)
      expect((yield* tracker.stats({ window: "10 minutes" })).total).toBe(2)
      yield* TestClock.adjust("1 millis")
      expect((yield* tracker.stats({ window: "10 minutes" })).total).toBe(0)
      expect((yield* tracker.snapshot).age).toBe(100 * 60_000 + 1)
      expect(yield* Clock.currentTimeMillis).toBe(100 * 60_000 + 1)
    }).pipe(Effect.provide(ErrorTracker.layer())))
})

describe("setLimits", () => {
  it.scoped("subscribers get Resolved when an exceeded limit is removed", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const heard: Array<string> = []
      yield* Effect.forkScoped(
        Stream.runForEach(tracker.alerts, (alert) =>
          Effect.sync(() => heard.push(alert._tag === "Resolved" ? alert.reason : alert._tag)))
      )
      yield* Effect.repeatN(Effect.yieldNow(), 100)
      yield* track(4)
      yield* tracker.setLimits({ thresholds: { NETWORK_TIMEOUT: {} } })
      yield* Effect.repeatN(Effect.yieldNow(), 100)
      expect(heard).toEqual(["Fired", "withdrawn"])
      expect(yield* tracker.activeAlerts).toEqual([])
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("accepts the limits that `config` reads, and refuses other options of a tracker", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      const provider = ConfigProvider.fromMap(new Map([["THRESHOLDS_MINE_PER_DAY", "1"]]))
      yield* tracker.setLimits(yield* Effect.withConfigProvider(ErrorTracker.config({ codes: ["MINE"] }), provider))
      expect((yield* tracker.snapshot).limits.filter(({ code }) => code === "MINE").map(({ limit }) => limit)).toEqual([
        1
      ])
      yield* tracker.setLimits(yield* Effect.withConfigProvider(ErrorTracker.config(), provider))
      const options: ErrorTracker.Options = { recent: 5 }
      expect((yield* Effect.flip(tracker.setLimits(options))).message).toContain("unknown option \"recent\"")
    }).pipe(Effect.provide(ErrorTracker.layer())))

  it.effect("replaces the limits; invalid ones are refused and change nothing", () =>
    Effect.gen(function*() {
      const tracker = yield* ErrorTracker.ErrorTracker
      yield* track(3)
      const error = yield* Effect.flip(tracker.setLimits({ thresholds: { NETWORK_TIMEOUT: { perMinute: 0 } } }))
      expect(error.message).toBe(
        "ErrorTracker.setLimits: thresholds.NETWORK_TIMEOUT.perMinute is 0: it must be a whole number of at least 1"
      )
      const unknown = { name: "a", by: "nothing", window: "hour", limit: 1 } as const
      expect((yield* Effect.flip(tracker.setLimits({ rules: [unknown] }))).message).toBe(
        "ErrorTracker.setLimits: rules[0].by: unknown dimension \"nothing\". Known: symbol, source, market, interval"
      )
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
      yield* tracker.setLimits({ thresholds: { NETWORK_TIMEOUT: { perHour: 2 } } })
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).exceeded).toEqual(
        Option.some({ window: "hour", limit: 2, count: 3 })
      )
      yield* tracker.setLimits({})
      expect((yield* tracker.verdict("NETWORK_TIMEOUT")).verdict).toBe("normal")
      expect(yield* messages).toEqual([
        "Warning THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 3 times in the last hour (threshold: 2)",
        "Info THRESHOLD RESOLVED: the limit of NETWORK_TIMEOUT was changed or removed, or its counts were reset (threshold: 10, peak: 3)"
      ])
    }).pipe(Effect.provide(Layer.provideMerge(ErrorTracker.layer(), LogCapture.layer))))
})
