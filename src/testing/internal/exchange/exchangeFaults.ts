/** The types of faults, which `Fault` publishes: those of any server, and those that only an exchange has. */
import type * as Duration from "effect/Duration"
import type { Interval } from "../../../binance/Interval.js"
import type { Market } from "../../../binance/Market.js"
import type { WireAction, WireWhen } from "../wire/faultModel.js"

export interface Fault {
  readonly when?: When | undefined
  readonly do: Action
}

export interface When extends WireWhen {
  readonly method?: string | undefined
  /**
   * The whole path (`/api/v3/klines`) or its end (`klines`, `BTCUSDT-1h-2024-01.zip.CHECKSUM`); of a `FaultyApi` also the
   * path of a route (`/users/:id`).
   */
  readonly path?: string | undefined
  /** The API of the exchange, or its archive. */
  readonly source?: "rest" | "vision" | undefined
  readonly market?: Market | undefined
  readonly symbol?: string | undefined
  readonly interval?: Interval | undefined
}

export type Malformation = "short" | "notNumber" | "null" | "duplicate" | "unordered"

export type Corruption =
  | "flipped"
  | "truncated"
  | "empty"
  | "html"
  | "staleChecksum"
  | "otherChecksum"
  | "noChecksum"

/** The part of the rows that a short answer has. */
export type Kept = "first" | "last" | "outer"

export type Action =
  | WireAction
  | { readonly _tag: "Banned"; readonly duration: Duration.Duration }
  | { readonly _tag: "EmptyList" }
  | { readonly _tag: "MalformedRows"; readonly malformation: Malformation }
  | { readonly _tag: "Gaps"; readonly ranges: ReadonlyArray<{ readonly start: number; readonly end: number }> }
  | { readonly _tag: "ShortRows"; readonly keep: Kept; readonly share: number }
  | { readonly _tag: "OtherRange"; readonly shift: Duration.Duration | "latest" }
  | { readonly _tag: "CorruptFile"; readonly corruption: Corruption }
  | { readonly _tag: "Late"; readonly duration: Duration.Duration }
