/** The reads that answer for the fleet: the exact counts of this process, and those of the others. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Severity } from "../../../FetchError.js"
import * as FetchError from "../../../FetchError.js"
import { facts } from "../../../FetchError.js"
import type { Core } from "../../../internal/tracker/core.js"
import type { Row } from "../../../internal/tracker/counting/dimension.js"
import { other } from "../../../internal/tracker/counting/dimension.js"
import type { StepsInput, TimelineInput } from "../../../internal/tracker/counting/timelines.js"
import * as views from "../../../internal/tracker/counting/views.js"
import { windowIndex } from "../../../internal/tracker/counting/windows.js"
import type { Memory } from "../../../internal/tracker/memory.js"
import type * as Model from "../../../internal/tracker/model.js"
import type { Moment } from "../../../internal/tracker/timekeeper.js"
import { stepOf } from "../ring.js"
import type { Unavailable } from "../storeError.js"
import * as countWindows from "./countWindows.js"
import * as fields from "./fields.js"
import type { SharedCounts } from "./sharedCounts.js"

type Result<A> = Effect.Effect<A, Unavailable>
type Lines = ReadonlyMap<string, ReadonlyArray<number>>

const knownFacts = new Map<string, { readonly category: string; readonly severity: Severity }>(
  Object.values(facts).map(({ code, ...known }) => [code, known])
)

const severityOf = (text: string): Severity =>
  FetchError.Severity.literals.find((severity) => severity === text) ?? "ERROR"

export const make = (counts: SharedCounts, memory: Memory) => {
  /** The counts of the other processes in a group of bounded size, by step of the window that covers `millis`. */
  const othersWithin = (group: string, millis: number | undefined): Result<Lines> =>
    Effect.gen(function*() {
      const { length, window } = countWindows.covering(millis)
      const known = yield* counts.counts(group, window)
      const lines = yield* counts.others(group, window, Array.from(known.keys()))
      return new Map(Array.from(lines, ([field, steps]) => [field, steps.slice(0, length)] as const))
    })

  const sumsOf = (lines: Lines): ReadonlyMap<string, number> =>
    new Map(Array.from(lines, ([field, steps]) => [field, Math.max(0, steps.reduce((sum, n) => sum + n, 0))] as const))

  const read = <A>(f: (core: Core, now: number, moment: Moment) => A): Effect.Effect<A> =>
    memory.step((core, moment) => {
      const now = Math.max(moment.now, core.now)
      core.counts.hands.turn(now)
      return f(core, now, moment)
    })

  const stats = (within: Duration.Duration | undefined): Result<Model.Stats> =>
    Effect.gen(function*() {
      const window = within && views.nanos(within)
      const others = sumsOf(yield* othersWithin(fields.events, window === undefined ? undefined : window / 1e6))
      const of = (field: string) => others.get(field) ?? 0
      return yield* read(({ counts }, now, { wall }) => {
        const byCode = new Map(counts.byCode(window, now).map((counted) => [counted.code, counted]))
        for (const [field, count] of others) {
          const event = fields.readEvent(field)
          if (event?.what !== "errors" && event?.what !== "expected" || count === 0) continue
          const { code } = event
          const known = byCode.get(code) ??
            { code, ...factsOf(counts.codes.get(code), code, others), count: 0, expected: 0 }
          byCode.set(code, {
            ...known,
            count: known.count + count,
            expected: known.expected + (event.what === "expected" ? count : 0)
          })
        }
        const isAttempted = counts.attempted || of(fields.attempts) > 0
        const retried = counts.retried((tally) => tally.count(window, now))
        const called = counts.called((tally) => tally.count(window, now))
        return views.stats(
          Array.from(byCode.values()),
          isAttempted ? counts.successes.count(window, now) + of(fields.successes) : undefined,
          {
            // Never within a window: what lost detail is counted since the start.
            dropped: counts.dropped + (window === undefined ? of(fields.dropped) : 0),
            retry: {
              retries: retried.retries + of(fields.retries("retries")),
              giveUps: retried.giveUps + of(fields.retries("giveUps")),
              gateWaits: retried.gateWaits + of(fields.retries("gateWaits")),
              refusals: retried.refusals + of(fields.retries("refusals")),
              openCircuits: retried.openCircuits + of(fields.retries("openCircuits"))
            },
            calls: {
              made: called.made + of(fields.calls("made")),
              recovered: called.recovered + of(fields.calls("recovered")),
              failed: called.failed + of(fields.calls("failed")),
              refused: called.refused + of(fields.calls("refused"))
            }
          },
          window,
          wall
        )
      })
    })

  const rates: Result<Model.Rates> = Effect.gen(function*() {
    const within = (window: Duration.DurationInput) =>
      Effect.map(
        stats(Duration.decode(window)),
        ({ byCode }) => Object.fromEntries(Object.entries(byCode).map(([code, { count }]) => [code, count]))
      )
    return { minute: yield* within("1 minute"), hour: yield* within("1 hour"), day: yield* within("1 day") }
  })

  /** The counts of all values of a dimension. Without a window: of the last day, as far as other processes have counted. */
  const rows = (
    by: string,
    window: Model.BreakdownOptions["window"],
    code: string | undefined
  ): Result<ReadonlyArray<Row>> =>
    Effect.gen(function*() {
      const shared = yield* counts.counts(fields.dimensionGroup(by), countWindows.millisOf[window ?? "day"])
      const byValue = new Map<
        string,
        { all: number; count: number; expected: number; successes: number; attempted: boolean }
      >()
      for (const [field, count] of shared) {
        const parts = fields.readValue(field)
        if (parts === undefined) continue
        const name = parts.kind === "!" ? other : parts.value
        const row = byValue.get(name) ?? { all: 0, count: 0, expected: 0, successes: 0, attempted: false }
        byValue.set(name, row)
        if (parts.kind === "=" || parts.kind === "?") row.all += count
        if (parts.kind === "=" && (code === undefined || code === parts.code)) row.count += count
        if (parts.kind === "?" && code === undefined || parts.kind === "!" && code === parts.code) row.count += count
        if (parts.kind === "-") row.expected += count
        if (parts.kind === "+") row.successes += count
        if (parts.kind === "t" || parts.kind === "+") row.attempted = true
      }
      const local = yield* read(({ counts }) =>
        counts.of(by)?.rows(window === undefined ? undefined : windowIndex[window], code) ?? []
      )
      const own = new Map(window === undefined ? local.map((row) => [row.value, row]) : [])
      for (const value of own.keys()) {
        if (!byValue.has(value)) byValue.set(value, { all: 0, count: 0, expected: 0, successes: 0, attempted: false })
      }
      return Array.from(byValue, ([value, { all, attempted, count, expected, successes }]): Row => {
        const mine = own.get(value)
        return {
          value,
          count: Math.max(count, mine?.count ?? 0),
          expected: Math.max(expected, mine?.expected ?? 0),
          attempts: Math.max(attempted ? successes + all : 0, mine?.attempts ?? 0)
        }
      }).filter(({ attempts, count }) => count > 0 || code === undefined && attempts > 0)
    })

  /** The code of most of the errors of each value. */
  const mostly = (by: string, window: "minute" | "hour" | "day"): Result<ReadonlyMap<string, string>> =>
    Effect.map(counts.counts(fields.dimensionGroup(by), countWindows.millisOf[window]), (shared) => {
      const most = new Map<string, readonly [string, number]>()
      for (const [field, count] of shared) {
        const parts = fields.readValue(field)
        if (parts?.kind === "=" && count > (most.get(parts.value)?.[1] ?? 0)) most.set(parts.value, [parts.code, count])
      }
      return new Map(Array.from(most, ([value, [code]]) => [value, code]))
    })

  const emptyData = (within: Duration.Duration | undefined): Result<Model.EmptyData> =>
    Effect.gen(function*() {
      const window = within && views.nanos(within)
      const others = sumsOf(yield* othersWithin(fields.empties, window === undefined ? undefined : window / 1e6))
      return yield* read(({ counts }, now, { wall }) => {
        const all = new Map(counts.empties.rows(window, now).map((row) => [`${row.reason}\0${row.source}`, row]))
        for (const [field, count] of others) {
          const { isExpected, reason: text, source } = fields.readEmpties(field)
          const reason = FetchError.EmptyReason.literals.find((reason) => reason === text)
          if (reason === undefined || count === 0) continue
          const key = `${reason}\0${source}`
          const row = all.get(key) ?? { reason, source, expected: 0, unexpected: 0 }
          all.set(key, {
            ...row,
            expected: row.expected + (isExpected ? count : 0),
            unexpected: row.unexpected + (isExpected ? 0 : count)
          })
        }
        const sorted = Array.from(all.values())
          .sort((a, b) => b.expected + b.unexpected - a.expected - a.unexpected)
        return views.emptyData(sorted, window, wall)
      })
    })

  /**
   * What other processes have counted in each step of a timeline, oldest first. A step of the timeline gets the steps of the
   * store that begin in it.
   */
  const spread = (lines: ReadonlyArray<ReadonlyArray<number>>, window: number, step: number, length: number) => {
    const spread = Array.from({ length }, () => 0)
    for (const line of lines) {
      line.forEach((count, i) => {
        const at = Math.floor(i * stepOf(window) / step)
        if (at < length) spread[at] = (spread[at] ?? 0) + count
      })
    }
    return spread.map((count) => Math.max(0, count)).reverse()
  }

  /** Adds the counts of others to the steps of a timeline of this process. */
  const onTop = (
    { step, window }: StepsInput,
    length: number,
    select: (field: string) => boolean
  ): Result<ReadonlyArray<number>> =>
    Effect.gen(function*() {
      const whole = Math.min(Duration.toMillis(window), countWindows.millisOf.day)
      const lines = yield* othersWithin(fields.events, whole)
      const width = Math.max(1e-6, Duration.toMillis(step), whole / 1440)
      const selected = Array.from(lines).flatMap(([field, line]) => select(field) ? [line] : [])
      return spread(selected, countWindows.covering(whole).window, width, length)
    })

  const timeline = (options: TimelineInput): Result<ReadonlyArray<Model.TimelineStep>> =>
    Effect.gen(function*() {
      const local = yield* memory.service.timeline(options)
      if (local.length === 0) return local
      const { code } = options
      const others = yield* onTop(options, local.length, (field) => {
        const event = fields.readEvent(field)
        return (event?.what === "errors" || event?.what === "expected") && (code === undefined || code === event.code)
      })
      return local.map(({ at, count }, i) => ({ at, count: count + (others[i] ?? 0) }))
    })

  const callTimeline = (options: StepsInput): Result<ReadonlyArray<Model.CallStep>> =>
    Effect.gen(function*() {
      const local = yield* memory.service.callTimeline(options)
      if (local.length === 0) return local
      const of = (what: keyof Model.CallCounts) => onTop(options, local.length, (field) => field === fields.calls(what))
      const [made, recovered, failed, refused] = yield* Effect.all([
        of("made"),
        of("recovered"),
        of("failed"),
        of("refused")
      ])
      return local.map((step, i) => ({
        at: step.at,
        made: step.made + (made[i] ?? 0),
        recovered: step.recovered + (recovered[i] ?? 0),
        failed: step.failed + (failed[i] ?? 0),
        refused: step.refused + (refused[i] ?? 0)
      }))
    })

  return { stats, rates, rows, mostly, emptyData, timeline, callTimeline }
}

/** The category and severity of a code that only other processes have met. */
const factsOf = (
  local: { readonly category: string; readonly severity: Severity } | undefined,
  code: string,
  others: ReadonlyMap<string, number>
): { readonly category: string; readonly severity: Severity } => {
  if (local !== undefined) return { category: local.category, severity: local.severity }
  const known = knownFacts.get(code)
  if (known !== undefined) return { category: known.category, severity: known.severity }
  for (const field of others.keys()) {
    const event = fields.readEvent(field)
    if (event?.what === "facts" && event.code === code) {
      return { category: event.category, severity: severityOf(event.severity) }
    }
  }
  return { category: "Other", severity: "ERROR" }
}
