/** Evaluates the objectives that a process knows, for the whole fleet, once for each full minute of the store. */
import * as Effect from "effect/Effect"
import type { Outcomes } from "../../../internal/tracker/alerting/objective.js"
import type { Unavailable } from "../storeError.js"
import type { AlertBoard } from "./alertBoard.js"
import { isUnder } from "./alertDecider.js"
import type { ActiveState } from "./alertState.js"
import * as countWindows from "./countWindows.js"
import type { Decision } from "./decisions.js"
import { firingOf } from "./decisions.js"
import * as fields from "./fields.js"
import type { FleetLimit, FleetLimits } from "./fleetLimits.js"
import { decideObjective, type OutcomeSteps } from "./objectiveDecisions.js"
import type { SharedCounts } from "./sharedCounts.js"

type ObjectiveLimit = FleetLimits["objectives"][number]

export interface Deciding {
  readonly board: AlertBoard
  readonly counts: SharedCounts
  readonly limits: () => FleetLimits
  /** The time in which every process has flushed what it had counted in a full minute, in milliseconds. */
  readonly flushMillis: number
  readonly change: (
    limit: FleetLimit,
    decide: (active: ActiveState | undefined) => Effect.Effect<Decision | undefined, Unavailable>
  ) => Effect.Effect<void, Unavailable>
}

/** The series whose sum is a count: those with a minus are subtracted. */
interface Summed {
  readonly group: string
  readonly failures: ReadonlyArray<readonly [field: string, sign: 1 | -1]>
  readonly events: string
}

const { day, hour, minute } = countWindows.millisOf
const perRead = 100

const summedOf = ({ objective: { by, of } }: ObjectiveLimit, value: string): Summed =>
  by !== undefined
    ? {
      group: fields.dimensionGroup(by),
      failures: [[fields.valueField(value, "f"), 1]],
      events: fields.valueField(value, "t")
    }
    : of === "attempts"
    ? { group: fields.events, failures: [[fields.allErrors, 1]], events: fields.attempts }
    : {
      group: fields.events,
      // Refused calls fail; calls that end with an expected empty do not.
      failures: [[fields.calls("failed"), 1], [fields.expectedCalls, -1], [fields.calls("refused"), 1]],
      events: fields.calls("made")
    }

export const make = ({ board, change, counts, flushMillis, limits }: Deciding) => {
  let evaluated = -Infinity

  /** The values whose rate may exceed the limit, and those that have not recovered. */
  const candidates = (limit: ObjectiveLimit): Effect.Effect<ReadonlyArray<string>, Unavailable> =>
    Effect.gen(function*() {
      const { limit: { limit: rate }, objective: { by, long, minEvents } } = limit
      if (by === undefined) return [""]
      const all = yield* counts.counts(fields.dimensionGroup(by), long > 60 ? day : hour)
      // The failures of the long window are some of these.
      const least = rate * minEvents
      const found = new Set(board.of(limit.key).state.active?.values)
      for (const [field, count] of all) {
        const parts = fields.readValue(field)
        if (parts?.kind === "f" && count > least) found.add(parts.value)
      }
      return Array.from(found)
    })

  /** Reads the outcomes of values by step. */
  const outcomesOf = (
    limit: ObjectiveLimit,
    values: ReadonlyArray<string>,
    at: number
  ): Effect.Effect<ReadonlyMap<string, OutcomeSteps>, Unavailable> =>
    Effect.gen(function*() {
      const found = new Map<string, OutcomeSteps>()
      for (let i = 0; i < values.length; i += perRead) {
        const some = values.slice(i, i + perRead)
        const minutes = yield* stepsOf(limit, some, hour)
        // The newest step is that of the current minute, which may not be the one that began at this instant.
        const later = Math.max(0, Math.floor((yield* counts.storeNow) / minute) - at / minute)
        const days = limit.objective.long > 60 ? yield* stepsOf(limit, some, day) : []
        for (const [j, value] of some.entries()) {
          found.set(value, { minutes: (minutes[j] ?? []).slice(later), days: days[j] ?? [] })
        }
      }
      return found
    })

  const stepsOf = (
    limit: ObjectiveLimit,
    values: ReadonlyArray<string>,
    window: number
  ): Effect.Effect<ReadonlyArray<ReadonlyArray<Outcomes>>, Unavailable> => {
    const summed = values.map((value) => summedOf(limit, value))
    const names = summed.flatMap(({ events, failures }) => [events, ...failures.map(([field]) => field)])
    return Effect.map(counts.timeline(summed[0]?.group ?? "", window, names), ({ counts: lines }) => {
      let next = 0
      return summed.map(({ failures }) => {
        const events = lines[next++] ?? []
        const parts = failures.map(([, sign]) => ({ sign, line: lines[next++] ?? [] }))
        return events.map((events, step): Outcomes => ({
          events,
          failures: parts.reduce((sum, { line, sign }) => sum + sign * (line[step] ?? 0), 0)
        }))
      })
    })
  }

  /** The newest full minute that every process has flushed. */
  const dueAt = Effect.map(counts.storeNow, (now) => Math.floor((now - 1.5 * flushMillis) / minute) * minute)

  return {
    /** Evaluates all objectives, unless this process has done so for the newest full minute. */
    all: Effect.gen(function*() {
      const { objectives } = limits()
      if (objectives.length === 0) return
      const at = yield* dueAt
      if (at <= evaluated || !(yield* counts.isSettled)) return
      for (const limit of objectives) {
        const { state } = board.of(limit.key)
        if (!isUnder(limit, state)) continue
        const values = yield* candidates(limit)
        if (values.length === 0 && state.active === undefined) continue
        const outcomes = yield* outcomesOf(limit, values, at)
        yield* change(limit, (active) =>
          Effect.succeed(decideObjective(limit.limit, limit.objective, {
            firing: firingOf(active),
            values: active?.values ?? []
          }, { at, outcomes })))
      }
      evaluated = at
    })
  }
}
