/** The level at which an error is logged, and whether a fiber logs that level. */
import * as Context from "effect/Context"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as LogLevel from "effect/LogLevel"
import type * as FetchError from "../../FetchError.js"
import { attempt } from "../safe/json.js"

const levels = { INFO: LogLevel.Info, WARNING: LogLevel.Warning, ERROR: LogLevel.Error }

/** The level by severity; `DEBUG` for an expected empty. */
export const levelOf = (error: FetchError.Trackable): LogLevel.LogLevel =>
  attempt(() =>
    error.code === "DATA_EMPTY" && "expected" in error && error.expected === true
      ? LogLevel.Debug
      : levels[error.severity]
  ) ?? LogLevel.Error

/** The level of failures that are not the outcome of a call: see `ErrorLog.AttemptLevel`. */
export class AttemptLevel extends Context.Reference<AttemptLevel>()("effect-errata/ErrorLog/AttemptLevel", {
  defaultValue: (): LogLevel.LogLevel => LogLevel.Debug
}) {}

/** Whether the fiber logs entries of this level. `LogLevel.None` is the level of what is never logged. */
export const isWanted = (level: LogLevel.LogLevel, fiber: Fiber.RuntimeFiber<unknown, unknown>): boolean =>
  level._tag !== "None" && !LogLevel.lessThan(level, fiber.getFiberRef(FiberRef.currentMinimumLogLevel))
