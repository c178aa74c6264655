/** The alerts of a fleet, each delivered by one of its processes. */
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Edge } from "../../../internal/tracker/alerting/alertBuilder.js"
import type * as Model from "../storeModel.js"
import { decodeEdge } from "./alertState.js"
import { named } from "./namedStore.js"

export interface DeliverySettings {
  readonly name: string
  readonly group: string
  readonly idle: Duration.Duration
}

/** The alerts of one change of state are pulled one by one: the change is acknowledged after the last one. */
export const alertDeliveries = (store: Model.Store, { group, idle, name }: DeliverySettings): Stream.Stream<Edge> =>
  Stream.flatMap(named(store, name).deliver(group, Duration.toMillis(idle)), ({ edge }) =>
    Stream.rechunk(
      Stream.fromChunk(Option.match(decodeEdge(edge), {
        onNone: () => Chunk.empty<Edge>(),
        onSome: ({ alerts }) => Chunk.unsafeFromArray(alerts)
      })),
      1
    ))
