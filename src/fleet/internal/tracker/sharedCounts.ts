/**
 * The counts of a fleet, as one of its processes keeps them up: what it has counted is flushed, and what the store has lost is
 * put back. All effects must run one after the other.
 */
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import type { Core } from "../../../internal/tracker/core.js"
import type { Memory } from "../../../internal/tracker/memory.js"
import type { Unavailable } from "../storeError.js"
import type { CountKey } from "../storeModel.js"
import type { AlertBoard } from "./alertBoard.js"
import type { FleetState } from "./alertState.js"
import { decodeFleet, decodeState, encodeEdge, encodeFleet, fleetKey, isNewer, setPrefix } from "./alertState.js"
import { Changes } from "./changes.js"
import * as countWindows from "./countWindows.js"
import * as fields from "./fields.js"
import type { FleetLimits } from "./fleetLimits.js"
import type { SentBatch } from "./flushQueue.js"
import { FlushQueue } from "./flushQueue.js"
import type { Membership } from "./membership.js"
import type { TrackerStore } from "./namedStore.js"
import { OwnCounts } from "./ownCounts.js"
import { seedOf } from "./seed.js"

/** The counts of series that the store returned with a flush: by group, field, and the windows of their batch. */
export interface Sums {
  readonly now: number
  readonly of: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<number, number>>>
}

/** After counts were lost, alerts are not resolved for this time: other processes are putting theirs back. */
const settlingMillis = 5000

/** The least time between two probes. */
const probeMillis = 1000

const maxAttempts = 5
const listed = "1"
const relistMillis = 600_000

export interface SharedCounts extends ReturnType<typeof make> {}

export const make = (
  { board, limits, members, memory, store }: {
    readonly store: TrackerStore
    readonly members: Membership
    readonly memory: Memory
    readonly board: AlertBoard
    readonly limits: () => FleetLimits
  }
) => {
  let changes = new Changes()
  let fleet: FleetState | undefined
  let incarnation = 0
  // The incarnation for which the store was checked for losses before the first batch.
  let checked = -1
  let settledAt = -Infinity
  let probedAt = -Infinity
  // Whether the store may have lost data or another process has changed the state of the fleet.
  let isDoubtful = false
  // The clock of the store less the clock of the tracker, in milliseconds. No decision precedes the first reconciliation.
  let storeTime = 0
  let isTimeKnown = false
  // The sets of limits of all processes, and when the others are to list theirs again.
  let listedSets: ReadonlySet<string> = new Set()
  let listsUntil = -Infinity
  const queue = new FlushQueue((group, field) => {
    if (group !== fields.events) return group === fields.empties ? countWindows.withAlways : countWindows.standard
    const custom = limits().customWindows.get(field)
    return custom === undefined ? countWindows.withAlways : [...countWindows.withAlways, ...custom]
  })
  const own = new OwnCounts((group) => group === fields.events || group === fields.empties)

  /** The time of the tracker in milliseconds. */
  const nowMillis = memory.step((_, { now }) => now / 1e6)
  const coreOf: Effect.Effect<readonly [Core, number]> = memory.step((core, { now }) => [core, Math.max(now, core.now)])
  const process = () => `${store.process}.${incarnation}`
  // The counts of each epoch have keys of their own: a batch that was sent to an emptied store before this process noticed the
  // loss, and that is put back afterwards, is not counted twice.
  const epoch = () => `${fleet?.generation ?? 0}.${(Hash.string(fleet?.epoch ?? "") >>> 0).toString(36)}`
  const groupOf = (group: string) => `${epoch()}.${group}`

  // -------------------------------------------------------------------------------------------------------------------
  // the state of the fleet
  // -------------------------------------------------------------------------------------------------------------------

  const changeFleet = (from: string, to: FleetState): Effect.Effect<string, Unavailable> => {
    const text = encodeFleet(to)
    return Effect.map(
      store.changeState({
        id: fleetKey,
        from,
        to: text,
        edges: [encodeEdge({ key: fleetKey, state: text, version: to.version, escalations: 0, alerts: [] })]
      }),
      ({ state }) => state
    )
  }

  const newEpoch = () => `${store.process}.${incarnation}.${(fleet?.version ?? 0) + 1}`

  /**
   * Takes the states of the store, and puts back those that it has lost. Returns whether it has lost the counts of this
   * process.
   */
  const reconcile: Effect.Effect<boolean, Unavailable> = Effect.gen(function*() {
    if (!isTimeKnown) yield* learnTime
    const { states } = yield* store.states
    yield* listSets(states)
    let stored = decodeFleet(states.get(fleetKey))
    const isLost = fleet !== undefined && stored?.epoch !== fleet.epoch
    if (stored === undefined || (fleet !== undefined && stored.version < fleet.version)) {
      const next = {
        version: Math.max(fleet?.version ?? 0, stored?.version ?? 0) + 1,
        epoch: stored?.epoch ?? newEpoch(),
        generation: Math.max(fleet?.generation ?? 0, stored?.generation ?? 0)
      }
      stored = decodeFleet(yield* changeFleet(states.get(fleetKey) ?? "", next)) ?? next
    }
    // Before the counts: an alert that is active is not to fire again.
    for (const key of board.all.keys()) yield* putBackState(key, states.get(key) ?? "")
    for (const [key, text] of states) board.know(key, text)
    yield* adopt(stored, isLost)
    isDoubtful = false
    return isLost
  })

  const learnTime: Effect.Effect<void, Unavailable> = Effect.gen(function*() {
    const { now } = yield* store.timeline({ group: groupOf(fields.events), window: countWindows.millisOf.minute }, [])
    storeTime = now - (yield* nowMillis)
    isTimeKnown = true
  })

  /** Puts back a state that the store has lost, and the edges that it may have lost with it. */
  const putBackState = (key: string, found: string): Effect.Effect<void, Unavailable> =>
    Effect.gen(function*() {
      let there = found
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const { state, text } = board.of(key)
        const stored = decodeState(there)
        if (!isNewer(state, stored)) return
        const edges = board.lostEdges(key, stored.published, (yield* nowMillis) + storeTime)
        const { isMade, state: now } = yield* store.changeState({ id: key, from: there, to: text, edges })
        if (isMade) return
        board.know(key, now)
        there = now
      }
    })

  /** Lists the limits of this process, and counts the sets of limits that are listed. */
  const listSets = (states: ReadonlyMap<string, string>): Effect.Effect<void, Unavailable> =>
    Effect.gen(function*() {
      const set = `${setPrefix}${limits().fingerprint}`
      const others = Array.from(states.keys()).filter((key) => key.startsWith(setPrefix) && key !== set)
      listedSets = new Set([...others, set])
      if (!states.has(set)) {
        // Processes with other limits hear of it: they look more often from then on.
        const edge = encodeEdge({ key: set, state: listed, version: 1, escalations: 0, alerts: [] })
        yield* store.changeState({ id: set, from: "", to: listed, edges: [edge] })
      }
      const now = yield* nowMillis
      if (others.length === 0 || now < listsUntil) return
      // The processes with such limits may be gone. Those that are not list them again.
      listsUntil = now + relistMillis
      for (const other of others) yield* store.changeState({ id: other, from: listed, to: "", edges: [] })
    })

  /** Takes the state of the fleet. Counts that were lost are put back, those of an earlier generation discarded. */
  const adopt = (next: FleetState, isLost: boolean): Effect.Effect<void> =>
    Effect.gen(function*() {
      const before = fleet
      if (before !== undefined && next.version < before.version) return
      fleet = next
      if (before === undefined) return
      if (next.version !== before.version) {
        const now = yield* nowMillis
        settledAt = now + settlingMillis
        members.lose(now)
      }
      if (next.generation !== before.generation) {
        yield* memory.service.reset
        forget()
      } else if (isLost || next.epoch !== before.epoch) yield* putBack
    })

  /** Adds all counts of this process to those of the fleet, which has none of them. */
  const putBack: Effect.Effect<void> = Effect.map(
    Effect.flatten(memory.step((core, { now }) => {
      forget()
      const latest = Math.max(now, core.now)
      changes.startFrom(core, latest)
      return seedOf(core, latest, limits())
    })),
    (batches) => queue.addBatches(batches)
  )

  /**
   * Starts a new generation: the counts of the fleet are discarded. The counts of this process must have been replaced
   * before: they are the first ones of the new generation.
   */
  const startGeneration: Effect.Effect<void, Unavailable> = Effect.gen(function*() {
    const { states } = yield* store.states
    const stored = decodeFleet(states.get(fleetKey)) ?? fleet
    const next = {
      version: (stored?.version ?? 0) + 1,
      epoch: stored?.epoch ?? newEpoch(),
      generation: (stored?.generation ?? 0) + 1
    }
    fleet = decodeFleet(yield* changeFleet(states.get(fleetKey) ?? "", next)) ?? next
    yield* putBack
  })

  /** Starts again, as a process without counts. */
  const forget = (): void => {
    incarnation++
    changes = new Changes()
    queue.clear()
    own.clear()
  }

  // -------------------------------------------------------------------------------------------------------------------
  // flushes
  // -------------------------------------------------------------------------------------------------------------------

  /** Takes what was counted since the last call. */
  const cut: Effect.Effect<void> = Effect.gen(function*() {
    const [core, now] = yield* coreOf
    const all = []
    const steps = changes.steps(core, now, limits())
    for (const [i, step] of steps.entries()) {
      if (i > 1) yield* Effect.yieldNow()
      all.push(...step())
    }
    queue.add(all, now / 1e6)
  })

  /** Where nothing is counted, no other batch shows that a replica has lost the last ones. */
  const probe: Effect.Effect<void> = Effect.map(nowMillis, (now) => {
    if (!queue.isEmpty || now - probedAt < probeMillis || !queue.hasRecent(now)) return
    probedAt = now
    queue.addProbe(now)
  })

  const isWanted = (group: string, field: string): boolean => {
    const { counts, dimensions, groups } = limits()
    if (group === fields.events) {
      return counts.some((limit) => limit.field === field) || groups.length > 0 && field === fields.attempts
    }
    if (dimensions.size === 0 || group === fields.empties) return false
    const kind = fields.readValue(field)
    return kind !== undefined &&
      groups.some(({ code, group: { by, minAttempts } }) =>
        by !== undefined && fields.dimensionGroup(by) === group && (
          kind.kind === (code === undefined ? "f" : "=") && (code === undefined || code === kind.code) ||
          kind.kind === "t" && minAttempts !== undefined
        )
      )
  }

  const send = (batch: SentBatch, age: number, wanted: ReadonlyArray<boolean>) =>
    store.flush({
      process: process(),
      seq: batch.seq,
      age,
      windows: batch.windows,
      series: batch.series.map(({ count, field, group }, i) => ({
        group: groupOf(group),
        field,
        count,
        isWanted: wanted[i] ?? false
      }))
    })

  /** Sends what waits, in order. Returns the counts of the series that limits are on. */
  const flush: Effect.Effect<Sums, Unavailable> = Effect.gen(function*() {
    if (fleet === undefined || isDoubtful) yield* reconcile
    yield* cut
    yield* probe
    const of = new Map<string, Map<string, Map<number, number>>>()
    for (let batch = queue.next(); batch !== undefined; batch = queue.next()) {
      if (batch.seq === 1 && checked !== incarnation) {
        // An emptied store takes a first batch like any other.
        checked = incarnation
        if (yield* reconcile) continue
      }
      const { at, series, windows } = batch
      const wanted = series.map(({ field, group }) => isWanted(group, field))
      const now = yield* nowMillis
      const flushed = yield* send(batch, Math.max(0, now - at), wanted)
      storeTime = flushed.now - now
      if (flushed._tag === "Gap") {
        if (yield* reconcile) continue
        const first = queue.replayAfter(flushed.last)
        if (first > flushed.last) yield* store.resume(process(), first)
        continue
      }
      queue.acknowledge(now)
      own.add(batch, flushed.now - Math.max(0, now - at))
      let next = 0
      for (const [i, { field, group }] of series.entries()) {
        if (!wanted[i]) continue
        const fieldsOf = of.get(group) ?? new Map<string, Map<number, number>>()
        of.set(group, fieldsOf)
        // What was counted in an earlier attempt has no sums: it is read.
        const sums = flushed._tag === "Counted" ? flushed.sums[next++] ?? [] : []
        fieldsOf.set(field, new Map(windows.flatMap((window, w) => sums[w] === undefined ? [] : [[window, sums[w]]])))
      }
    }
    return { now: (yield* nowMillis) + storeTime, of }
  })

  // -------------------------------------------------------------------------------------------------------------------
  // reads
  // -------------------------------------------------------------------------------------------------------------------

  /** The counts of the other processes by step, newest first. Steps may be negative; sums of a whole window are not. */
  const others = (
    group: string,
    window: number,
    names: ReadonlyArray<string>
  ): Effect.Effect<ReadonlyMap<string, ReadonlyArray<number>>, Unavailable> =>
    names.length === 0 ? Effect.succeed(new Map()) : Effect.map(
      store.timeline({ group: groupOf(group), window }, names),
      ({ counts, now }) =>
        new Map(names.map((name, i) => {
          const mine = own.timeline(group, name, window, now)
          return [name, (counts[i] ?? []).map((count, step) => count - (mine[step] ?? 0))] as const
        }))
    )

  return {
    flush,
    reconcile,
    /** Takes the state of the fleet that another process has set. Returns whether this process has to reconcile its own. */
    doubt: (next: FleetState): boolean => {
      if (fleet !== undefined && (next.version !== fleet.version || next.epoch !== fleet.epoch)) isDoubtful = true
      return isDoubtful
    },
    startGeneration,
    /** The name of the counts that the fleet has now. */
    epoch,
    others,
    own,
    /** Whether processes have different limits. */
    hasOtherLimits: () => listedSets.size > 1,
    /** False if the processes with a set of limits are gone, or have not listed it again yet. */
    isListed: (set: string) => listedSets.has(`${setPrefix}${set}`),
    /** To be called when the limits of this process change. */
    listAgain: () => {
      listsUntil = -Infinity
    },
    /** False while counts that the store has lost are being put back: they are too low. */
    isSettled: Effect.map(nowMillis, (now) => now >= settledAt && members.isComplete(now)),
    /** The time of the store in milliseconds since 1970, as far as it is known. */
    storeNow: Effect.map(nowMillis, (now) => now + storeTime),
    /** Frees the series of a group whose events have left the window. */
    clean: ({ group, window }: CountKey) => store.clean({ group: groupOf(group), window }),
    counts: (group: string, window: number) => store.counts({ group: groupOf(group), window }),
    timeline: (group: string, window: number, names: ReadonlyArray<string>) =>
      store.timeline({ group: groupOf(group), window }, names)
  }
}
