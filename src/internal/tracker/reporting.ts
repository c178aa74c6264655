/**
 * Reports of the operators of `Fetch` to a tracker, besides errors and successes, and the guard of its log. They are not
 * part of the public service: they are attached to the service under a symbol that the type of the service does not show.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as ErrorLog from "../../ErrorLog.js"
import { withPauses } from "../pauses.js"
import type { DeliveryTurn } from "./deliveryTurn.js"
import type { Measured, Selection } from "./measures/measure.js"
import type { RetryCounts, Service } from "./model.js"
import { evaluated, type Snapshot } from "./snapshotModel.js"

/**
 * The outcome of a call that did not succeed at once. `recovered`: it succeeded later. `refused`: it was never sent. `empty`:
 * it failed with an expected empty, which counts towards no objective.
 */
export type CallOutcome = "recovered" | "failed" | "refused" | "empty"

export interface Reporting {
  /** Counts an action of a retry policy. */
  readonly retried: (what: keyof RetryCounts) => Effect.Effect<void>
  /** Counts a call when it ends. */
  readonly called: (outcome: CallOutcome) => Effect.Effect<void>
  /** Counts a call that succeeded at its first attempt, at next to no cost. */
  readonly callSucceeded: () => void
  /** Limits the log lines of errors that occur too often. */
  readonly stormGuard: ErrorLog.Storm
  /** The families of metrics. Undefined for a tracker whose only source is its service. */
  readonly measure?: ((selection: Selection) => Effect.Effect<Measured>) | undefined
  /** See `Core.lazySnapshot`. Undefined for a tracker whose only source is its service. */
  readonly lazySnapshot?: Effect.Effect<Snapshot> | undefined
  /**
   * The counts of this process alone, which are read at once. Undefined for a tracker that has no others.
   */
  readonly local?: Service | undefined
  /** The turns of a fleet to deliver to a receiver. Undefined for a tracker whose alerts are those of this process. */
  readonly deliveryTurn?: ((receiver: string) => DeliveryTurn) | undefined
}

const key = Symbol.for("effect-errata/ErrorTracker/Reporting")

/** The service with a way to report to it. */
export const withReporting = <S extends object>(service: S, reporting: Reporting): S => ({
  ...service,
  [key]: reporting
})

/** Reporting for a tracker that counts no calls: it only guards the log. */
export const guardOnly = (stormGuard: ErrorLog.Storm): Reporting => ({
  retried: () => Effect.void,
  called: () => Effect.void,
  callSucceeded: () => {},
  stormGuard
})

const nothing = guardOnly({ admit: (_error, _level, write) => write })

const isReporting = (u: unknown): u is Reporting =>
  Predicate.hasProperty(u, "retried") && Predicate.hasProperty(u, "called") &&
  Predicate.hasProperty(u, "callSucceeded") && Predicate.hasProperty(u, "stormGuard")

/** The reporting of a tracker. A tracker without reporting, such as a user's own object, ignores reports. */
export const reportingOf = (tracker: Service): Reporting => {
  const reporting: unknown = Reflect.get(tracker, key)
  return isReporting(reporting) ? reporting : nothing
}

/** A snapshot that is made in pieces: the event loop is not blocked by thousands of values. */
export const pausedSnapshot = (tracker: Service): Effect.Effect<Snapshot> => {
  const { lazySnapshot } = reportingOf(tracker)
  return lazySnapshot === undefined
    ? tracker.snapshot
    : Effect.flatMap(lazySnapshot, (snapshot) => withPauses(() => evaluated(snapshot)))
}
