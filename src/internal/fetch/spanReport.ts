/** Reports the outcome of a call to the span around it, if a tracer of `Tracing` made that span. */
import type * as Fiber from "effect/Fiber"
import { attempt } from "../safe/json.js"

/** How a call ended that needed more than one attempt, or failed. */
export interface CallReport {
  /** The number of attempts that were sent. */
  readonly attempts: number
  /** The codes of the attempts before the last one, oldest first. */
  readonly earlier: ReadonlyArray<string>
  /** Why there was no further attempt. Undefined: the last one succeeded. */
  readonly gaveUp: string | undefined
  readonly refused: boolean
}

/** The member of a span that takes the report of a call. */
export const CallReport = Symbol.for("effect-errata/Tracing/CallReport")

export const reportCall = (fiber: Fiber.RuntimeFiber<unknown, unknown>, report: () => CallReport): void => {
  const span = fiber.currentSpan
  if (span === undefined || !(CallReport in span)) return
  const take: unknown = Reflect.get(span, CallReport)
  if (typeof take === "function") attempt((): unknown => Reflect.apply(take, span, [report()]))
}
