/** The turn of one process to deliver alerts to a receiver, where several processes have the same alerts. */
import type * as Effect from "effect/Effect"

export interface TurnTaken {
  /** Whether this process has the turn. */
  readonly isHeld: boolean
  /** The edges, of those asked for, that some process has delivered, with the times of the edges. */
  readonly delivered: ReadonlyMap<string, number>
}

/** At most one process has the turn. One that dies loses it after a few seconds. */
export interface DeliveryTurn {
  /** Takes or keeps the turn. `names` are the edges to ask for. */
  readonly take: (names: ReadonlyArray<string>) => Effect.Effect<TurnTaken>
  /** Tells all processes which edges were delivered, with the times of the edges. */
  readonly delivered: (edges: ReadonlyMap<string, number>) => Effect.Effect<void>
  /** Gives up the turn, if this process has it. */
  readonly release: Effect.Effect<void>
  /** Keeps a turn that was taken until it is released. */
  readonly keep: Effect.Effect<never>
}
