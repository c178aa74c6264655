/** Decides the edges of the limits that a process knows, for the whole fleet. All effects must run one after the other. */
import * as Effect from "effect/Effect"
import type { Severity } from "../../../FetchError.js"
import { facts } from "../../../FetchError.js"
import { type Edge, replayOf } from "../../../internal/tracker/alerting/alertBuilder.js"
import type { Amounts } from "../../../internal/tracker/alerting/groupWatch.js"
import { emptyCode } from "../../../internal/tracker/counting/classification.js"
import type { Memory } from "../../../internal/tracker/memory.js"
import type * as Snapshot from "../../../internal/tracker/snapshotModel.js"
import type { Unavailable } from "../storeError.js"
import type { AlertBoard } from "./alertBoard.js"
import type { ActiveState, AlertState } from "./alertState.js"
import { decodeState, encodeEdge, encodeState, isNewer } from "./alertState.js"
import * as countWindows from "./countWindows.js"
import type { Decision, Hint, ValueAmounts } from "./decisions.js"
import { decideCount, decideGroup, exceeds, firingOf } from "./decisions.js"
import * as fields from "./fields.js"
import { changeOf } from "./fleetAlert.js"
import type { CountLimit, FleetLimit, FleetLimits } from "./fleetLimits.js"
import { keyOfEdge } from "./fleetLimits.js"
import * as LimitCounts from "./limitCounts.js"
import type { TrackerStore } from "./namedStore.js"
import type { SharedCounts, Sums } from "./sharedCounts.js"

export interface Deciding {
  readonly store: TrackerStore
  readonly memory: Memory
  readonly board: AlertBoard
  readonly counts: SharedCounts
  readonly limits: () => FleetLimits
  /** Whether there is no other process: then its own counts are exact. */
  readonly isAlone: () => boolean
  readonly flushMillis: number
  /** Gets the alerts that this process has made. */
  readonly made: (alerts: ReadonlyArray<Edge>) => Effect.Effect<void>
}

type GroupLimit = FleetLimits["groups"][number]

const maxAttempts = 5
/** The values of an alert that its state names. */
const maxValues = 1000

const severities: ReadonlyMap<string, Severity> = new Map(
  Object.values(facts).map(({ code, severity }) => [code, severity] as const)
)

/** True if the state is under the limit of this process. Another one is left to the processes with that limit. */
export const isUnder = ({ limit }: FleetLimit, { active }: AlertState): boolean =>
  active === undefined || (active.limit === limit.limit && active.recovered === limit.recovered &&
    active.window === countWindows.millis(limit.window))

export const make = ({ board, counts, flushMillis, isAlone, limits, made, memory, store }: Deciding) => {
  const limitCounts = LimitCounts.make(counts, memory, flushMillis)
  const { countNow, hasStayedRecovered, othersOf, storedOf } = limitCounts

  const severityOf = (code: string | undefined): Effect.Effect<Severity> =>
    code === undefined
      ? Effect.succeed("ERROR")
      : memory.step((core) => core.counts.codes.get(code)?.severity ?? severities.get(code) ?? "ERROR")

  /**
   * Changes the state of an alert as decided. If another process was faster, the decision is made again, without what the
   * counts of this process alone had suggested: the other process knew the same fleet.
   */
  const change = (
    limit: FleetLimit,
    decide: (active: ActiveState | undefined, isFirst: boolean) => Effect.Effect<Decision | undefined, Unavailable>
  ): Effect.Effect<void, Unavailable> =>
    Effect.gen(function*() {
      const severity = yield* severityOf(limit.code)
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const before = board.of(limit.key)
        const decision = yield* decide(before.state.active, attempt === 0)
        const next = decision === undefined
          ? undefined
          : changeOf(limit, before.state, decision, { set: limits().fingerprint, severity })
        if (next === undefined) return
        const isDone = yield* apply(limit.key, before, next)
        if (isDone) return
      }
    })

  /** Returns whether the state was as expected. */
  const apply = (
    key: string,
    before: { readonly text: string; readonly state: AlertState },
    { alerts, state }: { readonly state: AlertState; readonly alerts: ReadonlyArray<Edge> }
  ): Effect.Effect<boolean, Unavailable> =>
    Effect.gen(function*() {
      const text = encodeState(state)
      const edges = alerts.length === 0
        ? []
        : [
          encodeEdge({ key, state: text, version: state.version, escalations: state.active?.escalations ?? 0, alerts })
        ]
      const result = yield* store.changeState({ id: key, from: before.text, to: text, edges })
      if (result.isMade) {
        board.know(key, text)
        if (alerts.length > 0) {
          board.made(key, state, alerts, before.state)
          yield* made(alerts.filter((alert) => alert._tag === "Resolved" || !alert.replayed))
        }
        return true
      }
      // A state that the store has lost is put back first.
      if (isNewer(before.state, decodeState(result.state))) yield* counts.reconcile
      else board.know(key, result.state)
      return false
    })

  // -------------------------------------------------------------------------------------------------------------------
  // limits on counts
  // -------------------------------------------------------------------------------------------------------------------

  /** Decides from the counts of the store alone, so that all processes decide from the same ones. */
  const decideShared = (
    all: ReadonlyArray<CountLimit>,
    sums: Sums | undefined
  ): Effect.Effect<void, Unavailable> =>
    Effect.gen(function*() {
      const stored = yield* storedOf(all, sums)
      for (const limit of all) {
        const { key, limit: { recovered } } = limit
        if (!isUnder(limit, board.of(key).state)) continue
        yield* change(limit, (active, isFirst) =>
          Effect.gen(function*() {
            const count = (isFirst ? stored : yield* storedOf([limit], undefined)).get(key) ?? 0
            const now = yield* counts.storeNow
            const isRecovered = active !== undefined && count <= recovered && (yield* counts.isSettled)
            const mayResolve = hasStayedRecovered(key, isRecovered, now)
            return decideCount(limit.limit, firingOf(active), { hints: [], now, count, mayResolve })
          }))
      }
    })

  const decideCounts = (
    all: ReadonlyArray<CountLimit>,
    sums: Sums | undefined,
    hints: ReadonlyMap<string, ReadonlyArray<Hint>>
  ): Effect.Effect<void, Unavailable> =>
    Effect.gen(function*() {
      if (!isAlone()) return yield* decideShared(all, sums)
      const rests = yield* othersOf(all, sums)
      for (const limit of all) {
        if (!isUnder(limit, board.of(limit.key).state)) continue
        yield* change(limit, (active, isFirst) =>
          Effect.gen(function*() {
            const rest = isFirst ? rests.get(limit.key) ?? 0 : (yield* othersOf([limit], undefined)).get(limit.key) ?? 0
            const count = (yield* countNow(limit)) + rest
            return decideCount(limit.limit, firingOf(active), {
              hints: isFirst
                ? (hints.get(limit.key) ?? []).map((hint) => ({ ...hint, count: hint.count + rest }))
                : [],
              now: yield* counts.storeNow,
              count,
              mayResolve: yield* counts.isSettled
            })
          }))
      }
    })

  // -------------------------------------------------------------------------------------------------------------------
  // rules on values and ratios
  // -------------------------------------------------------------------------------------------------------------------

  /** The fields of a value that a rule is evaluated on. */
  const fieldsOf = ({ code, group: { by, minAttempts } }: GroupLimit, value: string) => {
    const ofValue = (kind: fields.ValueKind, code?: string) => fields.valueField(value, kind, code)
    return {
      group: by === undefined ? fields.events : fields.dimensionGroup(by),
      errors: by === undefined
        ? code === undefined ? fields.allErrors : fields.errorsOf(code)
        : code === undefined
        ? ofValue("f")
        : ofValue("=", code),
      // The errors of a value include expected empties, which only one code has.
      expected: by !== undefined && code === emptyCode ? ofValue("-") : undefined,
      attempts: minAttempts === undefined ? undefined : by === undefined ? fields.attempts : ofValue("t")
    }
  }

  /** The counts of values in the windows of a rule, from the sums of a flush, or read. */
  const amountsOf = (
    limit: GroupLimit,
    values: ReadonlyArray<string>,
    sums: Sums | undefined
  ): Effect.Effect<ReadonlyMap<string, ValueAmounts>, Unavailable> =>
    Effect.gen(function*() {
      const parts = values.map((value) => [value, fieldsOf(limit, value)] as const)
      const read = new Map<string, Map<number, number>>()
      const needed = new Set<string>()
      const group = parts[0]?.[1].group ?? ""
      const known = sums?.of.get(group)
      for (const [, { attempts, errors, expected }] of parts) {
        for (const field of [errors, expected, attempts]) {
          if (field === undefined) continue
          const sum = known?.get(field)
          if (sum !== undefined && sum.size > 0) read.set(field, new Map(sum))
          else needed.add(field)
        }
      }
      const names = Array.from(needed)
      // A count is compared in its own window; a share also in longer ones.
      const own = countWindows.millisOf[limit.group.window]
      const windows = limit.group.minAttempts === undefined
        ? [own]
        : countWindows.standard.filter((window) => window >= own)
      for (const window of names.length === 0 ? [] : windows) {
        for (let i = 0; i < names.length; i += 200) {
          const some = names.slice(i, i + 200)
          const { counts: lines } = yield* counts.timeline(group, window, some)
          for (const [j, field] of some.entries()) {
            const of = read.get(field) ?? new Map<number, number>()
            read.set(field, of.set(window, (lines[j] ?? []).reduce((sum, count) => sum + count, 0)))
          }
        }
      }
      const sumOf = (field: string | undefined, window: number) =>
        field === undefined ? 0 : read.get(field)?.get(window) ?? 0
      return new Map(parts.map(([value, { attempts, errors, expected }]) => {
        const within = (window: number): Amounts => ({
          errors: Math.max(0, sumOf(errors, window) - sumOf(expected, window)),
          attempts: sumOf(attempts, window)
        })
        const { day, hour, minute } = countWindows.millisOf
        return [value, { minute: within(minute), hour: within(hour), day: within(day) }] as const
      }))
    })

  /** The values of a rule that a flush has counted. */
  const touched = ({ code, group: { by } }: GroupLimit, sums: Sums): ReadonlyArray<string> => {
    if (by === undefined) return sums.of.has(fields.events) ? [""] : []
    const values = new Set<string>()
    for (const field of sums.of.get(fields.dimensionGroup(by))?.keys() ?? []) {
      const parts = fields.readValue(field)
      if (parts !== undefined && (parts.kind !== "=" || parts.code === code)) values.add(parts.value)
    }
    return Array.from(values)
  }

  const decideGroups = (
    all: ReadonlyArray<GroupLimit>,
    sums: Sums | undefined,
    hints: ReadonlyMap<string, ReadonlyArray<Hint>>,
    candidates: (limit: GroupLimit) => ReadonlyArray<string>
  ): Effect.Effect<void, Unavailable> =>
    Effect.gen(function*() {
      for (const limit of all) {
        const { state } = board.of(limit.key)
        if (!isUnder(limit, state)) continue
        const some = candidates(limit)
        // Without a flush, those that have not recovered may have.
        if (some.length === 0 && (sums !== undefined || state.active === undefined)) continue
        const values = Array.from(new Set([...some, ...state.active?.values ?? []]))
        const first = yield* amountsOf(limit, values, sums)
        const isQuiet = state.active === undefined &&
          !Array.from(first.values()).some((amounts) => exceeds(limit.limit, limit.group, amounts))
        if (isQuiet) continue
        yield* change(limit, (active, isFirst) =>
          Effect.gen(function*() {
            const all = Array.from(new Set([...first.keys(), ...active?.values ?? []]))
            const decision = decideGroup(limit.limit, limit.group, {
              firing: firingOf(active),
              values: active?.values ?? []
            }, {
              // The share of one process is not that of the fleet.
              hints: isFirst && isAlone() && limit.group.minAttempts === undefined ? hints.get(limit.key) ?? [] : [],
              now: yield* counts.storeNow,
              amounts: isFirst ? first : yield* amountsOf(limit, all, undefined),
              mayResolve: yield* counts.isSettled
            })
            return { ...decision, values: decision.values.slice(0, maxValues) }
          }))
      }
    })

  // -------------------------------------------------------------------------------------------------------------------
  // all limits
  // -------------------------------------------------------------------------------------------------------------------

  /** The edges of this process by limit, as hints. `offset` is the clock of the store less that of this process. */
  const hintsOf = (edges: ReadonlyArray<Edge>, offset: number): ReadonlyMap<string, ReadonlyArray<Hint>> => {
    const hints = new Map<string, Array<Hint>>()
    for (const edge of edges) {
      const key = keyOfEdge(edge)
      const { _tag: tag, at, count, more, values } = edge
      hints.set(key, [...hints.get(key) ?? [], { tag, at: at.epochMillis + offset, count, values, more }])
    }
    return hints
  }

  return {
    change,
    apply,

    /** Decides on the limits whose counts a flush has changed, and on those that this process alone exceeds. */
    afterFlush: (sums: Sums, edges: ReadonlyArray<Edge>): Effect.Effect<void, Unavailable> =>
      Effect.gen(function*() {
        const offset = (yield* counts.storeNow) - (yield* memory.step((_, { wall }) => wall))
        const hints = hintsOf(edges, Math.round(offset))
        const { counts: all, groups } = limits()
        const flushed = sums.of.get(fields.events)
        const due = []
        for (const limit of all) {
          const { active } = board.of(limit.key).state
          const mayEnd = active !== undefined && (yield* countNow(limit)) <= limit.limit.recovered
          if (mayEnd || flushed?.has(limit.field) === true || hints.has(limit.key)) due.push(limit)
        }
        if (due.length > 0) yield* decideCounts(due, sums, hints)
        if (groups.length > 0) yield* decideGroups(groups, sums, hints, (limit) => touched(limit, sums))
      }),

    /** Decides on all limits. `values` are the values of a rule that are not known to be below it. */
    all: (values: (limit: GroupLimit) => ReadonlyArray<string>): Effect.Effect<void, Unavailable> =>
      Effect.gen(function*() {
        const { counts, groups } = limits()
        if (counts.length > 0) yield* decideCounts(counts, undefined, new Map())
        if (groups.length > 0) yield* decideGroups(groups, undefined, new Map(), values)
      }),

    /** The counts of the fleet that some limits are compared with. */
    countsOf: (all: ReadonlyArray<CountLimit>): Effect.Effect<ReadonlyMap<string, number>, Unavailable> =>
      Effect.gen(function*() {
        const rests = yield* othersOf(all, undefined)
        const found = new Map<string, number>()
        for (const limit of all) found.set(limit.key, (yield* countNow(limit)) + (rests.get(limit.key) ?? 0))
        return found
      }),

    /** The time in milliseconds until the first alert on a count falls, if nothing is counted. */
    dueIn: Effect.suspend(() =>
      limitCounts.dueIn(limits().counts.filter(({ key }) => board.of(key).state.active !== undefined))
    ),

    /** Continues an alert of a snapshot: subscribers that know it get it again. */
    resume: (limit: FleetLimit, { alert, escalations, peak, since, values }: Snapshot.Active) =>
      Effect.gen(function*() {
        const before = board.of(limit.key)
        const version = before.state.version + 1
        const active = {
          since: since.epochMillis,
          escalations,
          peak,
          ...alert.by === undefined ? {} : { named: (alert.values?.length ?? 0) + (alert.more ?? 0) },
          values,
          limit: limit.limit.limit,
          recovered: limit.limit.recovered,
          window: countWindows.millis(limit.limit.window),
          set: limits().fingerprint,
          alert
        }
        yield* apply(limit.key, before, {
          state: { ...before.state, version, published: version, active },
          alerts: [replayOf(alert)]
        })
      }),

    /** Ends an alert, or continues it under another limit. */
    replace: (
      limit: FleetLimit,
      decide: (active: ActiveState) => Effect.Effect<Decision | undefined, Unavailable>
    ) => change(limit, (active) => active === undefined ? Effect.succeed(undefined) : decide(active))
  }
}
