/** A fleet within one program: every layer that is built on this store counts as a process. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Gates, Weight } from "./memoryAddress.js"
import { Counts } from "./memoryCounts.js"
import { Marks } from "./memoryMarks.js"
import { type Entry, SharedLog } from "./sharedLog.js"
import type * as Model from "./storeModel.js"

/** What all processes of the fleet share. */
export class Shared {
  readonly gates = new Map<string, Gates>()
  readonly gateLogs = new Map<string, SharedLog<void>>()
  readonly weights = new Map<string, Weight>()
  readonly members = new Map<string, Map<string, number>>()
  readonly counts = new Counts()
  readonly states = new Map<string, string>()
  readonly edges = new SharedLog<string>(1000)
  readonly groups = new Map<string, Group>()
  readonly marks = new Map<string, Marks>()
  readonly leases = new Map<string, { readonly holder: string; readonly until: number }>()
}

/** What a group of processes has delivered: the position, and the edges that are under way. */
interface Group {
  cursor: string
  readonly pending: Map<string, { readonly edge: Model.Edge; since: number }>
}

const getOrMake = <A>(map: Map<string, A>, key: string, make: () => A): A => {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}

const edgeOf = ({ at, id, value }: Entry<string>): Model.Edge => ({ id, at, edge: value })

/** The store of one process. */
export const make = (shared: Shared, process: string): Model.Store => {
  const atNow = <A>(f: (now: number) => A): Effect.Effect<A> => Effect.map(Clock.currentTimeMillis, f)
  const gatesOf = (address: string) => getOrMake(shared.gates, address, () => new Gates())
  const gateLogOf = (address: string) => getOrMake(shared.gateLogs, address, () => new SharedLog<void>(1))
  const weightOf = ({ address, host }: Model.WeightKey) =>
    getOrMake(shared.weights, JSON.stringify([address, host]), () => new Weight())
  const membersOf = (group: string, now: number) => {
    const members = getOrMake(shared.members, group, () => new Map<string, number>())
    for (const [member, until] of members) if (until <= now) members.delete(member)
    return members
  }
  const closedGates = (address: string) => atNow((now) => gatesOf(address).list(now))

  return {
    process,
    closeGate: (closing) =>
      atNow((now) => {
        const isClosed = gatesOf(closing.address).close(closing, now)
        if (isClosed) gateLogOf(closing.address).append(undefined, now)
        return isClosed
      }),
    closedGates,
    gates: (address) =>
      Stream.suspend(() => {
        const log = gateLogOf(address)
        return Stream.concat(Stream.make(undefined), log.stream(log.newest)).pipe(
          Stream.mapEffect(() => closedGates(address))
        )
      }),
    reserve: (request) => atNow((now) => weightOf(request).reserve(request, now)),
    settle: (settlement) => atNow((now) => weightOf(settlement).settle(settlement, now)),
    join: (group, ttl) => atNow((now) => membersOf(group, now).set(process, now + ttl).size),
    leave: (group) => atNow((now) => void membersOf(group, now).delete(process)),
    flush: (batch) => atNow((now) => shared.counts.flush(batch, now)),
    resume: (process, seq) => Effect.sync(() => shared.counts.resume(process, seq)),
    counts: (key) => atNow((now) => shared.counts.counts(key, now)),
    timeline: (key, fields) => atNow((now) => shared.counts.timeline(key, fields, now)),
    clean: (key) => atNow((now) => shared.counts.clean(key, now)),
    changeState: ({ edges, from, id, to }) =>
      atNow((now) => {
        const state = shared.states.get(id) ?? ""
        if (state !== from) return { isMade: false, state }
        if (to === "") shared.states.delete(id)
        else shared.states.set(id, to)
        for (const edge of edges) shared.edges.append(edge, now)
        return { isMade: true, state: to }
      }),
    restoreStates: (states) =>
      Effect.sync(() => {
        for (const [id, state] of states) if (!shared.states.has(id)) shared.states.set(id, state)
      }),
    states: Effect.sync(() => ({ states: new Map(shared.states), last: shared.edges.newest })),
    edges: (after) => Stream.map(shared.edges.stream(after), edgeOf),
    deliver: (group, idle) => deliver(shared, group, idle),
    mark: (set, marks) => Effect.sync(() => getOrMake(shared.marks, set, () => new Marks()).add(marks)),
    marks: (set, names) => Effect.sync(() => shared.marks.get(set)?.among(names) ?? new Map()),
    lease: (name, ttl) =>
      atNow((now) => {
        const lease = shared.leases.get(name)
        if (lease !== undefined && lease.until > now && lease.holder !== process) return false
        shared.leases.set(name, { holder: process, until: now + ttl })
        return true
      }),
    release: (name) =>
      Effect.sync(() => {
        if (shared.leases.get(name)?.holder === process) shared.leases.delete(name)
      })
  }
}

/** Each pull finishes the edge of the one before. */
const deliver = (shared: Shared, name: string, idle: number): Stream.Stream<Model.Edge> =>
  Stream.suspend(() => {
    const group = getOrMake<Group>(shared.groups, name, () => ({ cursor: shared.edges.newest, pending: new Map() }))

    /** An edge that another process has not finished, or else the next one. */
    const take = (now: number): Model.Edge | undefined => {
      const left = Array.from(group.pending.values()).find(({ since }) => now - since >= idle)
      if (left !== undefined) {
        left.since = now
        return left.edge
      }
      const [entry] = shared.edges.after(group.cursor)
      if (entry === undefined) return undefined
      const edge = edgeOf(entry)
      group.cursor = edge.id
      group.pending.set(edge.id, { edge, since: now })
      return edge
    }

    const pull: Effect.Effect<Model.Edge> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const edge = take(now)
      if (edge !== undefined) return Effect.succeed(edge)
      // Whichever comes first: a new edge, or the time at which one that is under way is left.
      return Effect.zipRight(Effect.raceFirst(shared.edges.next(group.cursor), Effect.sleep(idle)), pull)
    })

    return Stream.unfoldEffect("", (finished) =>
      Effect.suspend(() => {
        group.pending.delete(finished)
        return Effect.asSome(Effect.map(pull, (edge) => [edge, edge.id] as const))
      }))
  })
