/** The types of a store: what processes of one fleet share. `FleetStore` publishes them. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Unavailable } from "./storeError.js"

/** A closed gate: calls from `address` to `host` wait until it opens. */
export interface ClosedGate {
  readonly host: string
  /** The time until it opens, in milliseconds. */
  readonly wait: number
  /** The message of the rate limit that closed it. */
  readonly message: string
  /** Whether the rate limit was a ban. */
  readonly isBan: boolean
}

export interface GateClosing extends ClosedGate {
  /** The name of the egress address: rate limits apply to an address. */
  readonly address: string
}

/** The limit of one host for one address. */
export interface WeightKey {
  readonly address: string
  readonly host: string
}

export interface WeightRequest extends WeightKey {
  /** The weight that the whole fleet may use in a minute. */
  readonly limit: number
  /** The least weight of use. */
  readonly weight: number
  /** The most weight that is taken if it is free: a block. At least `weight`. */
  readonly block: number
  /** What this process knows of a minute: a store that was emptied in it does not begin at 0. */
  readonly known: { readonly minute: number; readonly settled: number }
}

export interface WeightReservation {
  /** The weight that is reserved; 0 if `weight` does not fit. */
  readonly granted: number
  /** The weight used or reserved in this minute by the fleet, or by the address as far as the exchange has reported it. */
  readonly used: number
  /** The part of it that is not reserved, but used. */
  readonly settled: number
  /** The minute of the reservation: minutes since 1970 by the clock of the store. */
  readonly minute: number
  /** The time until the minute ends, in milliseconds. */
  readonly left: number
  /** Another one than before: the store was emptied, and knows of no reservations from before. */
  readonly epoch: number
}

/** The end of reservations of one minute. */
export interface WeightSettlement extends WeightKey {
  /** The minute in which the weight was reserved. */
  readonly minute: number
  /** The epoch of the reservations. */
  readonly epoch: number
  /** The reserved weight of requests whose answers report the used weight. */
  readonly answered: number
  /** The highest used weight that these answers report; 0 without answers. */
  readonly reported: number
  /** The reserved weight of requests that were sent and whose answers report nothing. */
  readonly spent: number
  /** The reserved weight that was not used. */
  readonly unused: number
}

/** A count of errors or attempts that is added. */
export interface Series {
  /** The group that is read as one: a dimension, or the codes. */
  readonly group: string
  /** The name of the series within its group. */
  readonly field: string
  readonly count: number
  /** Whether the counts in the windows are returned. */
  readonly isWanted: boolean
}

/** What one process has counted since its last batch. */
export interface Batch {
  /** The process: any text that no other process uses. */
  readonly process: string
  /** 1 for the first batch of the process, then 2, … */
  readonly seq: number
  /** The time since the events, in milliseconds. */
  readonly age: number
  /** The windows in which the series are counted, in milliseconds. */
  readonly windows: ReadonlyArray<number>
  /** At most 2,000; 500 keep the steps of the server short. */
  readonly series: ReadonlyArray<Series>
}

export type Flushed =
  | {
    readonly _tag: "Counted"
    /** The time of the store, in milliseconds since 1970. */
    readonly now: number
    /** For each wanted series, in order, its count in each window. */
    readonly sums: ReadonlyArray<ReadonlyArray<number>>
  }
  /** The batch was counted before: `last` is the newest batch of the process. Nothing is added. */
  | { readonly _tag: "Duplicate"; readonly now: number; readonly last: number }
  /** Batches between `last` and this one are missing. `last` is 0 if the process is unknown. Nothing is added. */
  | { readonly _tag: "Gap"; readonly now: number; readonly last: number }

export interface CountKey {
  readonly group: string
  /** The window in milliseconds. */
  readonly window: number
}

export interface Timeline {
  /** The time of the store, in milliseconds since 1970. */
  readonly now: number
  /** For each field, the counts by step, newest first. The newest step contains `now`. */
  readonly counts: ReadonlyArray<ReadonlyArray<number>>
}

/** An edge of an alert, in the order of the stream. */
export interface Edge {
  /** The position in the stream. */
  readonly id: string
  /** The time at which it was published, in milliseconds since 1970 by the clock of the store. */
  readonly at: number
  readonly edge: string
}

export interface StateChange {
  /** The alert. */
  readonly id: string
  /** The state that the change starts from; "" for none. */
  readonly from: string
  /** The new state; "" for none. */
  readonly to: string
  /** The edges of this change, which are published if the change is made. */
  readonly edges: ReadonlyArray<string>
}

export interface AlertStates {
  readonly states: ReadonlyMap<string, string>
  /** The position of the newest edge: `edges` from here on misses none and repeats none. */
  readonly last: string
}

type Result<A> = Effect.Effect<A, Unavailable>

/**
 * What a fleet shares, as primitives. Each is atomic and takes its time from the store, never from a process. They fail
 * at once or within the timeout of the store; streams never fail: they continue when the store is back.
 */
export interface Store {
  /** Identifies this process. */
  readonly process: string

  // gates

  /**
   * Closes a gate, or extends the time for which it is closed by at least one second. Returns whether it did: a shorter
   * extension is ignored.
   */
  readonly closeGate: (closing: GateClosing) => Result<boolean>
  /** The closed gates of an address. */
  readonly closedGates: (address: string) => Result<ReadonlyArray<ClosedGate>>
  /** The closed gates of an address: now, after each change, and when the store is back after an outage. */
  readonly gates: (address: string) => Stream.Stream<ReadonlyArray<ClosedGate>>

  // weight

  /** Reserves weight of the current minute, if it fits below the limit. */
  readonly reserve: (request: WeightRequest) => Result<WeightReservation>
  /** Ends reservations. Must not be repeated. Returns whether their minute is the current one or the one before. */
  readonly settle: (settlement: WeightSettlement) => Result<boolean>
  /** Registers this process in a group for `ttl` milliseconds. Returns the number of processes in the group. */
  readonly join: (group: string, ttl: number) => Result<number>
  /** Removes this process from a group. */
  readonly leave: (group: string) => Result<void>

  // counts

  /** Counts a batch exactly once. */
  readonly flush: (batch: Batch) => Result<Flushed>
  /** Makes `seq` the newest known batch of a process: the next one is `seq + 1`. */
  readonly resume: (process: string, seq: number) => Result<void>
  /**
   * The counts of all series of a group in a window, without those that are 0. A window is counted in 60 steps, and holds
   * up to one step more than its duration.
   */
  readonly counts: (key: CountKey) => Result<ReadonlyMap<string, number>>
  /** The counts by step of some series. */
  readonly timeline: (key: CountKey, fields: ReadonlyArray<string>) => Result<Timeline>
  /** Frees the series of a group whose events have all left the window. Returns their number. */
  readonly clean: (key: CountKey) => Result<number>

  // alerts

  /**
   * Changes the state of an alert, and publishes the edges of the change, if the state is the expected one. Returns the state
   * of the alert then, and whether this change was made.
   */
  readonly changeState: (change: StateChange) => Result<{ readonly isMade: boolean; readonly state: string }>
  /** Sets the states of alerts that have none, and publishes nothing. */
  readonly restoreStates: (states: ReadonlyMap<string, string>) => Result<void>
  /** The states of all alerts that have one. */
  readonly states: Result<AlertStates>
  /** All edges after a position. */
  readonly edges: (after: string) => Stream.Stream<Edge>
  /**
   * The edges of a group of processes from the first use of the group on, each to one of them, at least once: an edge counts
   * as delivered when the next one is pulled. One that a process has not finished within `idle` milliseconds goes to another.
   */
  readonly deliver: (group: string, idle: number) => Stream.Stream<Edge>

  // marks

  /** Adds marks to a set, each with a number. A number that is lower than before is ignored. The set keeps the highest 2,000. */
  readonly mark: (set: string, marks: ReadonlyMap<string, number>) => Result<void>
  /** The marks of a set among some names. */
  readonly marks: (set: string, names: ReadonlyArray<string>) => Result<ReadonlyMap<string, number>>

  // leases

  /** Takes or renews a lease for `ttl` milliseconds. Returns whether this process holds it. */
  readonly lease: (name: string, ttl: number) => Result<boolean>
  /** Gives up a lease. */
  readonly release: (name: string) => Result<void>
}
