/** The part of a store that the trackers of one name share: several trackers may use one store. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as Model from "../storeModel.js"

type Part = Pick<
  Model.Store,
  | "process"
  | "flush"
  | "resume"
  | "counts"
  | "timeline"
  | "clean"
  | "changeState"
  | "states"
  | "edges"
  | "deliver"
  | "mark"
  | "marks"
  | "lease"
  | "join"
  | "leave"
  | "release"
>

/** The store as trackers see it. */
export interface TrackerStore extends Part {}

export const named = (store: Model.Store, name: string): TrackerStore => {
  const prefix = `${name} `
  const own = (text: string) => `${prefix}${text}`
  const keyOf = ({ group, window }: Model.CountKey): Model.CountKey => ({ group: own(group), window })
  const ofTracker = (edges: Stream.Stream<Model.Edge>): Stream.Stream<Model.Edge> =>
    Stream.filterMap(
      edges,
      (edge) =>
        edge.edge.startsWith(prefix) ? Option.some({ ...edge, edge: edge.edge.slice(prefix.length) }) : Option.none()
    )
  return {
    process: store.process,
    flush: (batch) =>
      store.flush({
        ...batch,
        process: own(batch.process),
        series: batch.series.map((series) => ({ ...series, group: own(series.group) }))
      }),
    resume: (process, seq) => store.resume(own(process), seq),
    counts: (key) => store.counts(keyOf(key)),
    clean: (key) => store.clean(keyOf(key)),
    timeline: (key, fields) => store.timeline(keyOf(key), fields),
    changeState: (change) => store.changeState({ ...change, id: own(change.id), edges: change.edges.map(own) }),
    states: Effect.map(store.states, ({ last, states }) => ({
      last,
      states: new Map(
        Array.from(states).flatMap(([id, state]) => id.startsWith(prefix) ? [[id.slice(prefix.length), state]] : [])
      )
    })),
    edges: (after) => ofTracker(store.edges(after)),
    deliver: (group, idle) => ofTracker(store.deliver(own(group), idle)),
    mark: (set, marks) => store.mark(own(set), marks),
    marks: (set, names) => store.marks(own(set), names),
    join: (group, ttl) => store.join(own(group), ttl),
    leave: (group) => store.leave(own(group)),
    lease: (lease, ttl) => store.lease(own(lease), ttl),
    release: (lease) => store.release(own(lease))
  }
}
