/**
 * The one way in which the library writes to Effect's log. Loggers print what they receive, and many of them as it is, so
 * messages and annotations are clean before any logger sees them: without secrets, of bounded size, with escapes in place
 * of characters that break, hide or reorder a line.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as List from "effect/List"
import type * as LogLevel from "effect/LogLevel"
import * as Tracer from "effect/Tracer"
import { type Json, safeText } from "../safe/json.js"
import { fields, inOrder, visible } from "./line.js"

/** Annotations of a line; `undefined` leaves one out. */
export type Annotations = Readonly<Record<string, unknown>>

const maxMessage = 2048

/** Writes one line. Never fails: a logger that throws changes nothing for the caller. */
export const write = (
  level: LogLevel.LogLevel,
  message: string,
  annotations: Annotations = {},
  cause: Cause.Cause<unknown> = Cause.empty
): Effect.Effect<void> =>
  Effect.suspend(() =>
    Effect.annotateLogs(
      Effect.logWithLevel(level, visible(safeText(message, maxMessage)), cause),
      cleanAnnotations(annotations)
    )
  ).pipe(Effect.catchAllCause(() => Effect.void))

/**
 * Writes one line about more than one fetch: without the annotations, log spans and trace of the fetch during which it
 * happens to be written.
 */
export const writeDetached = (
  level: LogLevel.LogLevel,
  message: string,
  annotations: Annotations = {}
): Effect.Effect<void> => detached(write(level, message, annotations))

/** Runs an effect without the annotations, log spans and trace of the fiber around it. */
export const detached = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  effect.pipe(
    Effect.locally(FiberRef.currentLogAnnotations, HashMap.empty()),
    Effect.locally(FiberRef.currentLogSpan, List.empty()),
    Effect.mapInputContext<never, never>((context) => Context.omit(Tracer.ParentSpan)(context))
  )

const cleanAnnotations = (annotations: Annotations): Readonly<Record<string, Json>> =>
  cleanRecord(fields(inOrder(annotations)))

const cleanRecord = (record: { readonly [key: string]: Json }): Readonly<Record<string, Json>> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [visible(key), clean(value)] as const))

const clean = (value: Json): Json => {
  if (typeof value === "string") return visible(value)
  if (typeof value !== "object" || value === null) return value
  return isList(value) ? value.map(clean) : cleanRecord(value)
}

const isList = (value: Json): value is ReadonlyArray<Json> => Array.isArray(value)
