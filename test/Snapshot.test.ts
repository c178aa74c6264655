import { describe, expect, it } from "@effect/vitest"
import * as FetchError from "effect-errata/FetchError"
import * as Snapshot from "effect-errata/Snapshot"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import type * as ErrorTracker from "../src/ErrorTracker.js"
import { Core } from "../src/internal/tracker/core.js"
import { latencyIn } from "../src/internal/tracker/counting/views.js"
import { settings } from "../src/internal/tracker/trackerOptions.js"
import { byDepth } from "./depth.js"

const json = Schema.parseJson(Snapshot.Snapshot)
const throughJson = (snapshot: Snapshot.Snapshot) => Schema.decodeSync(json)(Schema.encodeSync(json)(snapshot))

const hour = 3_600_000
// Three quarters of an hour past.
const start = 480_000 * hour + 2_700_000

/** A core with its clocks, in milliseconds. */
class Tracker {
  core: Core
  private origin: number
  readonly edges: Array<string> = []

  constructor(options: ErrorTracker.Options, millis = 0) {
    this.core = new Core(Either.getOrThrow(settings(options)))
    this.origin = millis
  }

  moment(millis: number) {
    return { now: (millis - this.origin) * 1e6, wall: start + millis }
  }

  tell(edges: ReturnType<Core["settle"]>) {
    for (const edge of edges) this.edges.push(`${edge._tag} ${edge.message} ${edge.at.epochMillis}`)
  }

  snapshot(millis: number): Snapshot.Snapshot {
    const [edges, snapshot] = this.core.snapshot(this.moment(millis))
    this.tell(edges)
    return snapshot
  }

  restore(snapshot: Snapshot.Snapshot, millis: number): void {
    const [edges, core] = this.core.restore(snapshot, this.moment(millis))
    this.tell(edges)
    this.core = core
    this.origin = millis - core.now / 1e6
  }

  /** Everything that can be asked. */
  answers(millis: number) {
    const moment = this.moment(millis)
    const { core } = this
    const { at: _, ...snapshot } = this.snapshot(millis)
    return {
      total: core.stats(undefined, moment),
      windows: [1, 30_000, 60_000, hour, 24 * hour].map((window) => core.stats(Duration.millis(window), moment)),
      rates: core.rates(moment),
      breakdowns: ["symbol", "source"].flatMap((by) =>
        [undefined, "minute" as const, "hour" as const, "day" as const].flatMap((window) =>
          [undefined, "DATA_EMPTY", "NETWORK_TIMEOUT"].map((code) => core.breakdown({ by, window, code }, moment))
        )
      ),
      timeline: core.timeline({ window: Duration.hours(1), step: Duration.seconds(30), code: undefined }, moment),
      empty: [undefined, Duration.minutes(1)].map((window) => core.emptyData(window, moment)),
      latency: ["source", "symbol"].map((by) =>
        core.read((view) => latencyIn(view, { by }), moment)
          .map(({ count, p50, p99, value }) => ({ value, count, p50, p99 }))
      ),
      active: core.activeAlerts(moment),
      verdicts: ["DATA_EMPTY", "NETWORK_TIMEOUT"].map((code) => core.verdict(code, moment)),
      recent: core.recent(Infinity, undefined, moment),
      snapshot
    }
  }
}

type Event = readonly [gap: number, what: "fail" | "empty" | "expected" | "own" | "ok", symbol: string, times: number]

const happen = (tracker: Tracker, [, what, symbol, times]: Event, millis: number) => {
  const context = { symbol, source: symbol < "C" ? "rest" : "vision" }
  for (let i = 0; i < times; i++) {
    const moment = tracker.moment(millis)
    tracker.tell(
      what === "ok"
        ? tracker.core.succeeded(context, moment, Duration.millis(10 + i))
        : tracker.core.track(
          what === "fail"
            ? new FetchError.NetworkTimeout({ context })
            : what === "own"
            ? { _tag: "Own", code: "OWN", category: "Mine", severity: "INFO", message: "own", context }
            : new FetchError.DataEmpty({ reason: what === "empty" ? "api_response" : "source_gap", context }),
          moment,
          symbol === "A"
        )
    )
  }
}

const events = FastCheck.array(
  FastCheck.tuple(
    FastCheck.oneof(
      FastCheck.nat(50),
      FastCheck.nat(30_000),
      FastCheck.constantFrom(1000, 60_000, hour),
      FastCheck.nat(5 * hour)
    ),
    FastCheck.constantFrom("fail" as const, "empty" as const, "expected" as const, "own" as const, "ok" as const),
    FastCheck.constantFrom("A", "B", "C", "D"),
    FastCheck.oneof(FastCheck.constant(1), FastCheck.nat(7))
  ),
  { minLength: 5, maxLength: 30, size: "max" }
)

const options: ErrorTracker.Options = {
  dimensions: ["symbol", "source"],
  maxValues: 3,
  recent: 5,
  rules: [
    { name: "all", window: "5 minutes", limit: 5 },
    { name: "own", code: "OWN", window: "hour", limit: 2 },
    { name: "sick", by: "symbol", window: "minute", limit: 2 },
    { name: "hour", by: "symbol", code: "NETWORK_TIMEOUT", window: "hour", limit: 3, recoverAt: 0.5 },
    { name: "share", window: "hour", ratio: 0.5, minAttempts: 5 },
    { name: "source", by: "source", window: "minute", ratio: 0.3, minAttempts: 3 }
  ]
}

describe("Snapshot", () => {
  it("Law 7: a restored tracker gives the reads and alerts of the original, at once and later", () => {
    FastCheck.assert(
      FastCheck.property(events, FastCheck.nat(25), FastCheck.nat(5000), (events, cut, later) => {
        const tracker = new Tracker(options)
        let restored: Tracker | undefined
        let millis = 0
        for (const [index, event] of events.entries()) {
          millis += event[0]
          happen(tracker, event, millis)
          if (restored !== undefined) happen(restored, event, millis)
          if (index !== cut) continue
          // The process was down for a while; nothing happened in the other one, either.
          const snapshot = throughJson(tracker.snapshot(millis))
          expect(snapshot).toEqual(tracker.snapshot(millis))
          millis += later
          restored = new Tracker(options, millis)
          restored.restore(snapshot, millis)
          tracker.edges.length = 0
        }
        if (restored === undefined) return
        const { snapshot: { watched: _, ...after }, ...answers } = restored.answers(millis)
        const { snapshot: { watched: __, ...before }, ...expected } = tracker.answers(millis)
        expect(answers).toEqual(expected)
        expect(after).toEqual(before)
        expect(restored.edges).toEqual(tracker.edges)
      }),
      {
        numRuns: byDepth(40, 100),
        examples: [
          // A failure rate that rises while the process is down, since successes leave the window.
          [[[0, "expected", "A", 5], [hour, "fail", "A", 5], [1000, "fail", "A", 0], [0, "fail", "A", 2]], 1, 1],
          // A failure rate whose attempts become too few while the process is down.
          [[[0, "ok", "A", 7], [1000, "ok", "A", 1], [hour, "fail", "A", 4], [1000, "fail", "A", 1]], 2, 1]
        ]
      }
    )
  })

  const filled = (millis = 0) => {
    const tracker = new Tracker(options, millis)
    happen(tracker, [0, "fail", "A", 5], millis)
    happen(tracker, [0, "expected", "D", 2], millis)
    happen(tracker, [0, "ok", "B", 3], millis)
    return tracker
  }

  it("Law 8: an active alert stays active without a second Fired; one that ended meanwhile is resolved at that instant", () => {
    const before = filled()
    const after = new Tracker(options, 1000)
    after.restore(throughJson(before.snapshot(500)), 20_000)
    expect(after.edges).toEqual([])
    expect(after.core.activeAlerts(after.moment(20_000))).toEqual(before.core.activeAlerts(before.moment(20_000)))
    expect(after.core.activeAlerts(after.moment(20_000)).length).toBeGreaterThan(2)
    const long = new Tracker(options, 0)
    long.restore(throughJson(before.snapshot(500)), 10 * hour)
    long.tell(long.core.settle(long.moment(10 * hour)))
    expect(long.edges.map((edge) => edge.split(" ")[0])).toEqual(Array.from(long.edges, () => "Resolved"))
    expect(long.edges).toContain(
      `Resolved THRESHOLD RESOLVED: NETWORK_TIMEOUT is down to 0 in the last minute (threshold: 3, peak: 5) ${
        start + 60_000
      }`
    )
  })

  it("Law 4: ages continue by the wall clock, unless it went back", () => {
    const snapshot = throughJson(filled().snapshot(0))
    const total = (millis: number, window: number) => {
      const tracker = new Tracker(options, 0)
      tracker.restore(snapshot, millis)
      return tracker.core.stats(Duration.millis(window), tracker.moment(millis)).total
    }
    expect([total(60_000, 60_000), total(60_001, 60_000)]).toEqual([7, 0])
    expect([total(hour, hour), total(hour + 1, hour)]).toEqual([7, 0])
    expect(total(-5 * hour, 1)).toBe(7)
    expect(total(400 * 24 * hour, 24 * hour)).toBe(0)
    // What was two hours old is so still, whatever the clock says now.
    const late = new Tracker(options)
    late.restore(throughJson(filled().snapshot(2 * hour)), -5 * hour)
    const within = (window: number) => late.core.stats(Duration.millis(window), late.moment(-5 * hour)).total
    expect([within(2 * hour - 1), within(2 * hour)]).toEqual([0, 7])
  })

  it("Law 5: rounding to milliseconds moves no event across the edge of a window", () => {
    const total = (happened: number, taken: number) => {
      const core = new Core(Either.getOrThrow(settings({})))
      core.track(new FetchError.NetworkDns(), { now: happened, wall: start })
      const [, snapshot] = core.snapshot({ now: taken, wall: start })
      const [, restored] = core.restore(throughJson(snapshot), { now: taken, wall: start })
      return restored.stats(Duration.minutes(1), { now: restored.now, wall: start }).total
    }
    expect(total(400_000, 60_000_400_000)).toBe(1)
    expect(total(400_000, 60_000_400_001)).toBe(0)
    expect(total(600_000, 60_000_400_000)).toBe(1)
    expect(total(400_000, 60_000_600_000)).toBe(0)
  })

  it("limits, rules, dimensions and bounds are those of the restoring tracker", () => {
    const snapshot = throughJson(filled().snapshot(0))
    const other = new Tracker({
      dimensions: ["market", "source"],
      recent: 2,
      thresholds: { NETWORK_TIMEOUT: { perMinute: 4, perHour: 1 } },
      rules: [{ name: "sick", by: "source", window: "minute", limit: 2 }]
    }, 0)
    other.restore(snapshot, 1000)
    expect(other.core.breakdown({ by: "symbol" }, other.moment(1000))).toEqual([])
    expect(other.core.breakdown({ by: "source" }, other.moment(1000)).map(({ count, value }) => [value, count]))
      .toEqual(
        [["rest", 5], ["vision", 2]]
      )
    // The last two, and the last one of another kind.
    expect(other.core.recent(Infinity, undefined, other.moment(1000))).toHaveLength(3)
    expect(other.edges.map((edge) => edge.replace(/ \d+$/, ""))).toEqual([
      "Resolved THRESHOLD RESOLVED: the limit of sick: errors was changed or removed, or its counts were reset, symbol A (threshold: 2, peak: 5)",
      "Resolved THRESHOLD RESOLVED: the limit of hour: NETWORK_TIMEOUT was changed or removed, or its counts were reset, symbol A (threshold: 3, peak: 5)",
      "Resolved THRESHOLD RESOLVED: the limit of share: errors was changed or removed, or its counts were reset (threshold: 50 %, peak: 100 %)",
      "Resolved THRESHOLD RESOLVED: the limit of source: errors was changed or removed, or its counts were reset, source rest (threshold: 30 %, peak: 100 %)",
      "Fired THRESHOLD EXCEEDED: NETWORK_TIMEOUT occurred 5 times in the last hour (threshold: 1)",
      "Escalated THRESHOLD ESCALATED: NETWORK_TIMEOUT occurred 5 times in the last hour (threshold: 1)",
      "Escalated THRESHOLD ESCALATED: NETWORK_TIMEOUT occurred 5 times in the last hour (threshold: 1)",
      "Fired THRESHOLD EXCEEDED: sick: errors occurred 5 times in the last minute, source rest (threshold: 2)",
      "Escalated THRESHOLD ESCALATED: sick: errors occurred 5 times in the last minute, source rest (threshold: 2)"
    ])
  })

  it("hours are those of the wall clock in UTC, with the time the tracker was running", () => {
    const tracker = new Tracker(options, 0)
    const hours = (millis: number) => {
      const { codes, watched } = tracker.snapshot(millis)
      return { watched, timeouts: codes.find(({ code }) => code === "NETWORK_TIMEOUT")?.hours }
    }
    // It begins at a quarter to.
    happen(tracker, [0, "fail", "A", 2], 0)
    happen(tracker, [0, "fail", "A", 3], 900_000 - 1)
    happen(tracker, [0, "fail", "A", 4], 900_000)
    expect(hours(900_000)).toEqual({ watched: [900, 0], timeouts: [5, 4] })
    happen(tracker, [0, "expected", "A", 9], 2 * hour)
    happen(tracker, [0, "fail", "A", 1], 2 * hour)
    expect(hours(2 * hour)).toEqual({ watched: [900, 3600, 2700], timeouts: [5, 4, 1] })
    expect(tracker.snapshot(2 * hour).codes.find(({ code }) => code === "DATA_EMPTY")?.hours).toEqual([0, 0, 0])
    // Down for two hours, but for a quarter of one.
    tracker.restore(throughJson(tracker.snapshot(2 * hour)), 4 * hour - 900_000)
    expect(hours(4 * hour)).toEqual({ watched: [900, 3600, 2700, 0, 900], timeouts: [5, 4, 1, 0, 0] })
    happen(tracker, [0, "fail", "A", 7], 4 * hour)
    expect(hours(27 * 24 * hour).timeouts?.slice(0, 6)).toEqual([5, 4, 1, 0, 7, 0])
    const full = hours(28 * 24 * hour)
    expect(full.timeouts).toHaveLength(672)
    expect(full.timeouts?.slice(0, 5)).toEqual([4, 1, 0, 7, 0])
    expect(full.watched.slice(-2)).toEqual([3600, 2700])
    tracker.restore(throughJson(tracker.snapshot(28 * 24 * hour)), 28 * 24 * hour)
    expect(hours(28 * 24 * hour)).toEqual(full)
    expect(hours(100 * 24 * hour).timeouts).toEqual(Array.from({ length: 672 }, () => 0))
  })

  it("minutes equal the timeline of a day", () => {
    FastCheck.assert(
      FastCheck.property(events, (events) => {
        const tracker = new Tracker(options)
        let millis = 0
        for (const event of events) happen(tracker, event, millis += event[0])
        const snapshot = throughJson(tracker.snapshot(millis))
        const timeline = tracker.core.timeline(
          { window: Duration.days(1), step: Duration.minutes(1), code: "NETWORK_TIMEOUT" },
          tracker.moment(millis)
        )
        const minutes = Snapshot.minutes(snapshot, "NETWORK_TIMEOUT")
        expect(minutes).toEqual(timeline.map(({ count }) => count).slice(-minutes.length))
        expect(minutes.length).toBe(Math.min(1440, Math.floor(millis / 60_000) + 1))
        expect(Snapshot.minutes(snapshot, "NONE").every((count) => count === 0)).toBe(true)
      }),
      { numRuns: 30 }
    )
  })

  it("hostile names are kept", () => {
    const tracker = new Tracker(options)
    const context = { symbol: "__proto__", source: "constructor" }
    const own = {
      _tag: "Own",
      code: "__proto__",
      category: "toString",
      severity: "INFO" as const,
      message: "",
      context
    }
    tracker.core.track(own, tracker.moment(0))
    const after = new Tracker(options)
    after.restore(throughJson(tracker.snapshot(0)), 0)
    expect(after.answers(0)).toEqual(tracker.answers(0))
    expect(Object.keys(after.core.stats(undefined, after.moment(0)).byCode)).toEqual(["__proto__"])
  })

  it("Law 6: the size of a snapshot at default caps", { timeout: 60_000 }, () => {
    const tracker = new Tracker({})
    const codes = Object.values(FetchError.facts).map(({ code }) => code)
    const contexts = Array.from({ length: 3000 }, (_, i) => ({
      symbol: `S${i}`,
      source: `O${i}`,
      market: `M${i}`,
      interval: `I${i}`
    }))
    for (let i = 0; i < 20_000; i++) {
      const context = contexts[i % 3000]!
      const error = {
        _tag: "Own",
        code: codes[i % 17]!,
        category: "C",
        severity: "ERROR" as const,
        message: "",
        context
      }
      tracker.core.track(error, tracker.moment(i))
      tracker.core.succeeded(context, tracker.moment(i))
    }
    const text = Schema.encodeSync(json)(tracker.snapshot(60_000))
    expect(text.length).toBeLessThan(16e6)
    const after = new Tracker({})
    after.restore(Schema.decodeSync(json)(text), 60_000)
    expect(after.core.stats(undefined, after.moment(60_000))).toEqual(
      tracker.core.stats(undefined, tracker.moment(60_000))
    )
  })

  const encoded = Schema.encodeSync(Snapshot.Snapshot)(filled().snapshot(1000))

  it.each<[string, object]>([
    ["a newer version", { version: 2 }],
    ["no instant", { at: "yesterday" }],
    ["a negative age", { age: -1 }],
    ["a total that is no number", { dropped: null }],
    ["numbers that are none", { watched: "1,2,?" }],
    ["numbers too large", { watched: "zzzzzzzzzzzzz" }],
    ["something else", { codes: {} }],
    ["a severity that is none", { recent: [{ ...encoded.recent[0], severity: "FATAL" }] }]
  ])("is not read where there is %s", (_, change) => {
    expect(Either.isRight(Schema.decodeUnknownEither(Snapshot.Snapshot)(encoded))).toBe(true)
    expect(Either.isLeft(Schema.decodeUnknownEither(Snapshot.Snapshot)({ ...encoded, ...change }))).toBe(true)
  })

  it("a snapshot written before calls were counted decodes with none", () => {
    const { calls: _, ...older } = encoded
    const none = { total: 0, ages: [] }
    const calls = { made: none, recovered: none, failed: none, refused: none }
    expect(Schema.decodeSync(Snapshot.Snapshot)(older)).toEqual({
      ...Schema.decodeSync(Snapshot.Snapshot)(encoded),
      calls
    })
  })

  it("a snapshot written before durations were kept by dimension is restored with those by source", () => {
    const { latencies, ...older } = encoded
    expect(latencies?.map(({ name }) => name)).toEqual(["symbol"])
    const decoded = Schema.decodeSync(Snapshot.Snapshot)(older)
    const tracker = new Tracker(options, 1000)
    tracker.restore(decoded, 1000)
    const values = (by: string) => tracker.core.read((view) => latencyIn(view, { by }), tracker.moment(1000)).length
    expect(values("source")).toBeGreaterThan(0)
    expect(values("symbol")).toBe(0)
  })

  const leaves = (json: unknown, path: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> =>
    typeof json === "object" && json !== null
      ? Object.entries(json).flatMap(([key, value]) => leaves(value, [...path, key]))
      : [path]

  it("every snapshot that decodes can be restored and read", () => {
    const text = JSON.stringify(encoded)
    const all = leaves(encoded)
    let read = 0
    FastCheck.assert(
      FastCheck.property(
        FastCheck.array(
          FastCheck.tuple(
            FastCheck.nat(all.length - 1),
            FastCheck.constantFrom<string | number>(
              0,
              1,
              Number.MAX_SAFE_INTEGER,
              1e12,
              0.5,
              "",
              ";;;",
              "1;2;3;4;5;6;7",
              "2gosa7pa2gv;2gosa7pa2gv,2gosa7pa2gv;1",
              `5;${"1,".repeat(3000)}1`,
              "1" + ";1,1".repeat(60),
              "A",
              "__proto__",
              "minute"
            )
          ),
          { minLength: 1, maxLength: 6 }
        ),
        (changes) => {
          const json: unknown = JSON.parse(text)
          for (const [leaf, value] of changes) {
            const path = all[leaf]!
            const parent = path.slice(0, -1).reduce((at: unknown, key) => Reflect.get(Object(at), key), json)
            Reflect.set(Object(parent), path.at(-1)!, value)
          }
          const snapshot = Schema.decodeUnknownEither(Snapshot.Snapshot)(json)
          if (Either.isLeft(snapshot)) return
          read++
          const tracker = new Tracker(options)
          tracker.restore(snapshot.right, 1000)
          happen(tracker, [0, "fail", "A", 3], 2000)
          tracker.answers(3000)
          tracker.tell(tracker.core.cleanUp(tracker.moment(4000)))
        }
      ),
      { seed: 7, numRuns: byDepth(150, 200) }
    )
    expect(read).toBeGreaterThanOrEqual(10)
  })
})
