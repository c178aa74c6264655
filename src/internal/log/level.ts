/** At which level an error is logged, and whether anybody wants to know. */
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import type * as FetchError from "../../FetchError.js"
import { attempt } from "../safe/json.js"

const levels = { INFO: LogLevel.Info, WARNING: LogLevel.Warning, ERROR: LogLevel.Error }

/** By severity; an expected empty is worth a `DEBUG`. */
export const levelOf = (error: FetchError.Trackable): LogLevel.LogLevel =>
  attempt(() =>
    error.code === "DATA_EMPTY" && "expected" in error && error.expected === true
      ? LogLevel.Debug
      : levels[error.severity]
  ) ?? LogLevel.Error

/** Does the fiber log what is of this level? */
export const isWanted = (level: LogLevel.LogLevel, fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean =>
  !LogLevel.lessThan(level, fiber.getFiberRef(FiberRef.currentMinimumLogLevel))
