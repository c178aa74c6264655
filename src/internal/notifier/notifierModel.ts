/** The types of the notifier: its receivers and its state. `Notifier` publishes them. */
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Severity } from "../../FetchError.js"
import type { Active, Edge } from "./edge.js"

export interface Delivery {
  /**
   * Identifies the edge among all edges of all alerts: the same for every attempt, and after a restart. A receiver that has
   * seen it can ignore the alert.
   */
  readonly key: string
  /** When the alert fired. */
  readonly since: DateTime.Utc
  /** 1 for the first attempt of this process. */
  readonly attempt: number
}

export interface ActiveAlert {
  /** The newest edge that was delivered. */
  readonly alert: Active
  /** When the alert fired. */
  readonly since: DateTime.Utc
}

export interface KeepAlive<out R> {
  readonly every: Duration.DurationInput
  /** Gets all alerts that are active, at least one. It is not retried before the next time. */
  readonly send: (alerts: ReadonlyArray<ActiveAlert>) => Effect.Effect<unknown, unknown, R>
}

export interface ReceiverOptions {
  /**
   * The name of the receiver in log lines, and in the key under which its progress is stored: `notifier.NAME`. The names of
   * the receivers of a layer are different. Default: `webhook`, `alertmanager`, or `notifier` for a `send` of your own.
   */
  readonly name?: string | undefined
  /** The receiver gets alerts of this severity and above. Default: `INFO`, all alerts. */
  readonly minSeverity?: Severity | undefined
  /** The longest time that one attempt may take. Default: 10 seconds. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * The delays between attempts: `base · 2^(n − 1)` after the n-th failure in a row, half of it jitter, at most `cap`.
   * Default: 1 second, and 1 minute.
   */
  readonly retry?: {
    readonly base?: Duration.DurationInput | undefined
    readonly cap?: Duration.DurationInput | undefined
  } | undefined
  /** The largest number of alerts that wait for the receiver. Default: 256. */
  readonly maxPending?: number | undefined
  /** The longest time for which the end of the layer waits for what is pending to be delivered. Default: 5 seconds. */
  readonly drainTimeout?: Duration.DurationInput | undefined
}

export interface Receiver<out R = never> extends ReceiverOptions {
  /**
   * Delivers one alert. It is delivered when the effect succeeds. When the effect fails, dies or takes too long, it is run
   * again, unless the error is a final answer of the receiver.
   */
  readonly send: (alert: Edge, delivery: Delivery) => Effect.Effect<unknown, unknown, R>
  /** For receivers that forget an alert unless it is repeated. */
  readonly keepAlive?: KeepAlive<R> | undefined
}

export interface ReceiverStatus {
  readonly name: string
  /** The number of alerts that wait. */
  readonly pending: number
  /** The numbers of alerts since the start of the layer. */
  readonly delivered: number
  readonly dropped: number
  readonly rejected: number
  /** The reason of the last failure, while attempts fail. */
  readonly failure: Option.Option<string>
}

export interface Service {
  /** The progress of each receiver. */
  readonly status: Effect.Effect<ReadonlyArray<ReceiverStatus>>
}
