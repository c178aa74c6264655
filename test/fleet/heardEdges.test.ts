/** A model of processes that hear, miss and publish again the edges of one alert. */
import { describe, expect, it } from "@effect/vitest"
import { Alert } from "effect-errata"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as fc from "effect/FastCheck"
import type { AlertState } from "../../src/fleet/internal/tracker/alertState.js"
import { type EdgeChange, HeardEdges } from "../../src/fleet/internal/tracker/heardEdges.js"

const common = (id: string, at: number) => ({
  id,
  code: "A",
  window: "minute",
  limit: 3,
  count: 4,
  severity: "ERROR" as const,
  at: DateTime.unsafeMake(at)
})
const fired = (id: string, at = 0) => new Alert.Fired({ ...common(id, at), replayed: false })
const escalated = (id: string, at = 0) => new Alert.Escalated({ ...common(id, at), replayed: false })
const resolved = (id: string, at = 0) =>
  new Alert.Resolved({
    ...common(id, at),
    since: DateTime.unsafeMake(0),
    duration: Duration.zero,
    peak: 4,
    reason: "recovered"
  })

/** The changes of an alert over its life: fired, escalated some times in some changes, resolved, and again. */
const history = fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .map((alerts) => {
    const changes: Array<EdgeChange> = []
    alerts.forEach((escalations, i) => {
      const id = `alert ${i}`
      let n = 0
      const add = (alerts: EdgeChange["alerts"]) =>
        changes.push({ version: changes.length + 1, escalations: n, alerts })
      add([fired(id)])
      for (const some of escalations) {
        n += some
        add(Array.from({ length: some }, () => escalated(id)))
      }
      n = 0
      add([resolved(id)])
    })
    return changes
  })

const names = (alerts: EdgeChange["alerts"]) => alerts.map(({ _tag, id }) => `${_tag} ${id}`)
const tags = (alerts: EdgeChange["alerts"]) => alerts.map(({ _tag }) => _tag)

/** The state after some changes, as the store has it. */
const stateAfter = (changes: ReadonlyArray<EdgeChange>): AlertState => {
  const alerts = changes.flatMap(({ alerts }) => alerts)
  const last = alerts.at(-1)
  const ended = alerts.findLast((alert) => alert._tag === "Resolved")
  const { escalations = 0, version = 0 } = changes.at(-1) ?? {}
  return {
    version,
    published: version,
    ...ended === undefined ? {} : { ended },
    ...last === undefined || last._tag === "Resolved" ? {} : {
      active: {
        since: 0,
        escalations,
        peak: 4,
        values: [],
        limit: 3,
        recovered: 2,
        window: 60_000,
        set: "",
        alert: last
      }
    }
  }
}

/** What a subscriber believes. It is wrong to fire twice, and to escalate or resolve what is not active. */
class Subscriber {
  active: string | undefined
  isWrong = false

  hear(alerts: EdgeChange["alerts"]): void {
    for (const { _tag, id } of alerts) {
      this.isWrong ||= _tag === "Fired" ? this.active !== undefined : this.active !== id
      this.active = _tag === "Resolved" ? undefined : id
    }
  }
}

describe("edges that subscribers have heard", () => {
  it.prop("each edge once and in order, however often and from where on changes are published again", [
    history,
    fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 10 })
  ], ([changes, replays]) => {
    const heard = new HeardEdges()
    const seen: Array<string> = []
    const hear = (change: EdgeChange) => seen.push(...names(heard.hear("a", change)))
    let at = 0
    for (const [upTo, back] of replays) {
      const to = Math.max(at, upTo % (changes.length + 1))
      for (const change of changes.slice(Math.max(0, at - back), to)) hear(change)
      at = to
    }
    for (const change of changes.slice(at)) hear(change)
    expect(seen).toEqual(changes.flatMap(({ alerts }) => names(alerts)))
  })

  it.prop("those who have missed changes get them from any process that has kept them", [
    history,
    fc.nat(30)
  ], ([changes, missed]) => {
    const [one, other] = [new HeardEdges(), new HeardEdges()]
    const kept = Math.min(changes.length, 12)
    const from = Math.max(changes.length - kept, missed % changes.length)
    for (const [i, change] of changes.entries()) {
      one.keep("a", change)
      one.hear("a", change)
      if (i < from) other.hear("a", change)
    }
    const again = one.after("a", other.versionOf("a"), stateAfter(changes), 0)
    expect(again.flatMap((change) => names(other.hear("a", change))))
      .toEqual(changes.slice(from).flatMap(({ alerts }) => names(alerts)))
    expect(one.after("a", 0, stateAfter(changes), 0).flatMap((change) => one.hear("a", change))).toEqual([])
  })

  it.prop("a state leads to the state of those who have heard every edge, whatever was missed", [
    history,
    fc.nat(30),
    fc.nat(30)
  ], ([changes, from, to]) => {
    const [one, other] = [from % changes.length, to % changes.length]
    const [first, last] = [Math.min(one, other), Math.max(one, other)]
    const heard = new HeardEdges()
    const subscriber = new Subscriber()
    for (const [i, change] of changes.entries()) {
      if (i < first || i > last) subscriber.hear(heard.hear("a", change))
      if (i === last) subscriber.hear(heard.catchUp("a", stateAfter(changes.slice(0, i + 1))))
      if (i < first || i >= last) {
        expect(subscriber.active).toBe(
          changes.slice(0, i + 1).flatMap(({ alerts }) => alerts).at(-1)?._tag === "Resolved"
            ? undefined
            : change.alerts.at(-1)?.id
        )
      }
    }
    expect(subscriber.isWrong).toBe(false)
  })

  // Two processes continue from the same state: one is cut off and the store loses its change.
  for (
    const { name, first, second, last, expected } of [
      {
        name: "fewer escalations, then more",
        first: { escalations: 1, alerts: [escalated("x")] },
        second: { escalations: 3, alerts: [escalated("x"), escalated("x"), escalated("x")] },
        expected: ["Escalated", "Escalated"]
      },
      {
        name: "more escalations, then fewer",
        first: { escalations: 2, alerts: [escalated("x"), escalated("x")] },
        second: { escalations: 1, alerts: [escalated("x")] },
        expected: []
      },
      {
        name: "resolved, then escalated and resolved",
        first: { escalations: 0, alerts: [resolved("x")] },
        second: { escalations: 1, alerts: [escalated("x")] },
        last: { escalations: 0, alerts: [resolved("x")] },
        expected: []
      },
      {
        name: "escalated, then resolved",
        first: { escalations: 1, alerts: [escalated("x")] },
        second: { escalations: 0, alerts: [resolved("x")] },
        expected: ["Resolved"]
      }
    ]
  ) {
    it(`two changes of one version: ${name}`, () => {
      const heard = new HeardEdges()
      heard.hear("a", { version: 1, escalations: 0, alerts: [fired("x")] })
      heard.hear("a", { version: 2, ...first })
      const again = tags(heard.hear("a", { version: 2, ...second }))
      const third = last === undefined ? [] : tags(heard.hear("a", { version: 3, ...last }))
      expect([...again, ...third]).toEqual(expected)
    })
  }

  it("edges that are too old are not published again, and few are kept", () => {
    const heard = new HeardEdges()
    const all = Array.from({ length: 100 }, (_, i): EdgeChange => ({
      version: i + 1,
      escalations: i + 1,
      alerts: [escalated("x", i + 1)]
    }))
    for (const change of all) heard.keep("a", change)
    const versions = (version: number, since: number) =>
      heard.after("a", version, stateAfter(all), since).map(({ version }) => version)
    expect(versions(0, 0)).toEqual(Array.from({ length: 12 }, (_, i) => 89 + i))
    expect(versions(0, 95)).toEqual([95, 96, 97, 98, 99, 100])
    expect(versions(98, 95)).toEqual([99, 100])
  })

  it("a process that knows a state and has not heard its edge can publish the alert of the state", () => {
    const heard = new HeardEdges()
    const before: EdgeChange = { version: 1, escalations: 0, alerts: [fired("x")] }
    const last: EdgeChange = { version: 2, escalations: 1, alerts: [escalated("x")] }
    heard.keep("a", before)
    expect(heard.after("a", 0, stateAfter([before, last]), 0)).toEqual([before, last])
    expect(heard.after("a", 1, stateAfter([before, last]), 0)).toEqual([last])
    // A state that is older than what was heard.
    heard.keep("a", last)
    expect(heard.after("a", 0, stateAfter([before]), 0)).toEqual([before])
  })
})
