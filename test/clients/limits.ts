/** What a client is asked for, and how long it may take. */

/** Milliseconds to wait, of each kind that a client can tell apart; and the caller's own signal. */
export interface Limits {
  readonly connect?: number
  readonly headers?: number
  readonly body?: number
  readonly total?: number
  readonly signal?: AbortSignal
}

/** Rejects with whatever the client throws. */
export type Get = (url: string, limits: Limits) => Promise<unknown>

/** For clients that know but one limit. */
export const only = ({ body, connect, headers, total }: Limits): number | undefined =>
  connect ?? headers ?? body ?? total

/** For clients that know none but a signal. */
export const signalOf = (limits: Limits): AbortSignal | undefined => {
  const millis = only(limits)
  return limits.signal ?? (millis === undefined ? undefined : AbortSignal.timeout(millis))
}
