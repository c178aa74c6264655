/** A page that is served until it is closed, for tests in a browser. */
import { ErrorTracker } from "effect-errata"
import { Dashboard } from "effect-errata/dashboard"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Scope from "effect/Scope"

export interface Served extends Dashboard.Service {
  readonly tracker: ErrorTracker.Service
  readonly close: () => Promise<void>
}

const quiet = Logger.withMinimumLogLevel(LogLevel.None)

export const serve = async (
  options: Dashboard.Options & {
    readonly tracker?: ErrorTracker.Service | undefined
    readonly trackerOptions?: ErrorTracker.Options | undefined
    readonly clock?: Clock.Clock | undefined
  } = {}
): Promise<Served> => {
  const { clock, tracker, trackerOptions, ...rest } = options
  const scope = Effect.runSync(Scope.make())
  const layer = Dashboard.layer({ port: 0, ...rest }).pipe(
    Layer.provideMerge(
      tracker === undefined ? ErrorTracker.layer(trackerOptions) : Layer.succeed(ErrorTracker.ErrorTracker, tracker)
    )
  )
  const context = await Effect.runPromise(
    Layer.buildWithScope(layer, scope).pipe(quiet, Effect.withClock(clock ?? Clock.make()))
  )
  return {
    ...Context.get(context, Dashboard.Dashboard),
    tracker: Context.get(context, ErrorTracker.ErrorTracker),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

export const run = <A>(effect: Effect.Effect<A, never, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect).pipe(quiet))
