import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import type { Window } from "../../../../src/ErrorTracker.js"
import type { Amounts, Gauge } from "../../../../src/internal/tracker/alerting/groupWatch.js"
import { GroupWatch } from "../../../../src/internal/tracker/alerting/groupWatch.js"
import { Dimension } from "../../../../src/internal/tracker/counting/dimension.js"
import { CurrentSecond } from "../../../../src/internal/tracker/counting/slots.js"
import type * as Threshold from "../../../../src/Threshold.js"

interface Event {
  readonly second: number
  readonly value: string
  readonly failed: boolean
}

const widths = { minute: 1, hour: 60, day: 1440 }

/** Told edges, in seconds; shares as they are. */
type Told = readonly [Threshold.Edge["_tag"], at: number, count: number, reason?: string]

const told = (edge: Threshold.Edge): Told =>
  edge._tag === "Resolved" && edge.reason !== undefined
    ? [edge._tag, edge.at / 1e9, edge.count, edge.reason]
    : [edge._tag, edge.at / 1e9, edge.count]

/** The law, word by word, looked at before every second and after every event, with every event kept. */
const oracle = (
  { limit, recovered }: Pick<Threshold.Limit, "limit" | "recovered">,
  minAttempts: number | undefined,
  events: ReadonlyArray<Event>,
  end: number
): ReadonlyArray<Told> => {
  const edges: Array<Told> = []
  const sick = new Set<string>()
  let firing: { escalations: number; named: number } | undefined
  const amounts = (value: string, window: Window, second: number, seen: number): Amounts => {
    const step = Math.ceil(second / widths[window])
    const inside = events.slice(0, seen).filter((event) =>
      event.value === value && Math.ceil(event.second / widths[window]) > step - 61
    )
    return { errors: inside.filter(({ failed }) => failed).length, attempts: inside.length }
  }
  const amount = (value: string, window: Window, second: number, seen: number) => {
    const { attempts, errors } = amounts(value, window, second, seen)
    return minAttempts === undefined ? errors : attempts < minAttempts ? undefined : errors / attempts
  }
  const leaves = (value: string, second: number, seen: number): { amount: number; reason?: string } | undefined => {
    for (const window of minAttempts === undefined ? ["minute" as const] : ["minute", "hour", "day"] as const) {
      const count = amount(value, window, second, seen)
      if (count !== undefined) return count > recovered ? undefined : { amount: count }
    }
    return { amount: 0, reason: "silence" }
  }
  const leave = (values: Iterable<string>, at: number, second: number, seen: number) => {
    let last: { amount: number; reason?: string } | undefined
    for (const value of values) {
      const left = leaves(value, second, seen)
      if (left === undefined) continue
      sick.delete(value)
      if (last === undefined || left.amount > last.amount) last = left
    }
    if (last === undefined || sick.size > 0) return
    edges.push(last.reason === undefined ? ["Resolved", at, last.amount] : ["Resolved", at, last.amount, last.reason])
    firing = undefined
  }
  let seen = 0
  for (let second = 0; second <= end; second++) {
    leave([...sick], second - 1, second, seen)
    for (; events[seen]?.second === second; seen++) {
      const { value } = events[seen]!
      const count = amount(value, "minute", second, seen + 1)
      if (count !== undefined && count > limit) {
        sick.add(value)
        const worst = Math.max(...Array.from(sick, (value) => amount(value, "minute", second, seen + 1) ?? 0))
        const before = edges.length
        if (firing === undefined) {
          firing = { escalations: 0, named: 0 }
          edges.push(["Fired", second, worst])
        }
        if (count > limit * 2 ** (firing.escalations + 1) || sick.size >= firing.named * 2) {
          for (; worst > limit * 2 ** (firing.escalations + 1); firing.escalations++) {
            edges.push(["Escalated", second, worst])
          }
          if (edges.length === before) edges.push(["Escalated", second, worst])
        }
        if (edges.length > before) firing.named = sick.size
      } else if (sick.has(value)) leave([value], second, second, seen + 1)
    }
  }
  return edges
}

const gaps = FastCheck.array(
  FastCheck.tuple(
    FastCheck.oneof(FastCheck.nat(1), FastCheck.nat(20), FastCheck.constant(70)),
    FastCheck.constantFrom("A", "A", "B", "C"),
    FastCheck.boolean(),
    // How often somebody looks before it happens.
    FastCheck.nat(2)
  ),
  { minLength: 20, maxLength: 80, size: "max" }
)

describe("GroupWatch", () => {
  const tells = (
    gaps: ReadonlyArray<readonly [number, string, boolean, number]>,
    limit: number,
    recovered: number,
    minAttempts: number | undefined
  ) => {
    const hands = new CurrentSecond()
    const counts = new Dimension(10, hands)
    const gauge: Gauge = {
      values: () => counts.names(),
      trend: () => [],
      read: (value, window, now) => {
        const index = window === "minute" ? 0 : window === "hour" ? 1 : 2
        const row = counts.row(value, index, undefined, Math.ceil(now / 1e9))
        return { errors: row?.count ?? 0, attempts: row?.attempts ?? 0 }
      }
    }
    const watch = new GroupWatch(
      { name: "minute", window: Duration.minutes(1), limit, recovered },
      { by: "symbol", window: "minute", minAttempts },
      gauge
    )
    const edges: Array<Threshold.Edge> = []
    const events: Array<Event> = []
    const settle = (second: number) => {
      hands.turn(second * 1e9)
      edges.push(...watch.settle(second * 1e9))
    }
    let second = 0
    for (const [gap, value, failed, looks] of gaps) {
      for (let look = 1; look <= looks; look++) {
        watch.isActive((second + gap * look / 3) * 1e9)
        settle(second + gap * look / 3)
      }
      second += gap
      settle(second)
      if (failed) counts.failed(value, counts.of("CODE"), false, true)
      else counts.succeeded(value)
      edges.push(...watch.counted(value, second * 1e9))
      events.push({ second, value, failed })
    }
    const end = second + 200
    settle(end)
    expect(edges.map(told)).toEqual(oracle({ limit, recovered }, minAttempts, events, end))
    return edges.length
  }

  it("Law 8: the edges of counts are those of the law, at any times of evaluation", () => {
    let edges = 0
    FastCheck.assert(
      FastCheck.property(gaps, FastCheck.integer({ min: 1, max: 5 }), FastCheck.nat(5), (gaps, limit, fall) => {
        edges += tells(gaps, limit, Math.max(0, limit - fall), undefined)
      }),
      { numRuns: 150 }
    )
    expect(edges).toBeGreaterThan(100)
  })

  it("Law 8: the edges of failure rates are those of the law, at any times of evaluation", () => {
    let edges = 0
    FastCheck.assert(
      FastCheck.property(
        gaps,
        FastCheck.constantFrom(0.1, 0.2, 0.3, 0.5, 0.7),
        FastCheck.constantFrom(0.3, 0.8, 1),
        FastCheck.integer({ min: 1, max: 6 }),
        (gaps, limit, recoverAt, minAttempts) => {
          edges += tells(gaps, limit, limit * recoverAt, minAttempts)
        }
      ),
      { numRuns: 150 }
    )
    expect(edges).toBeGreaterThan(100)
  })
})
