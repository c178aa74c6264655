/**
 * A simulated server with faults: behind real sockets, or as an HTTP client without any. What it serves is a pure function of
 * its state, a request and the time.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import type { Scope } from "effect/Scope"
import { type ArmedFaults, disarmed, noFaults } from "./armedFaults.js"
import { socketlessClient } from "./socketlessClient.js"
import { listen } from "./socketServer.js"
import type { Incoming, Reply } from "./wireModel.js"

/** The handle of a running server. */
export interface Handle<Fault, Request> {
  readonly url: string
  readonly requests: Effect.Effect<ReadonlyArray<Request>>
  readonly inject: (fault: Fault) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
}

/** The outcome of a request. */
export interface Outcome<Fault, Request, State> {
  readonly reply: Reply
  readonly request: Request
  readonly faults: ArmedFaults<Fault>
  readonly state: State
}

/** What a server does, apart from the network. */
export interface Behaviour<Fault, Request, State> {
  readonly seed: number
  /** The faults from the start on. */
  readonly faults: ReadonlyArray<Fault>
  readonly initial: State
  /** The clock is in milliseconds; `nth` is the number of the request, from 1. */
  readonly respond: (
    incoming: Incoming,
    current: {
      readonly faults: ArmedFaults<Fault>
      readonly state: State
      readonly clock: number
      readonly nth: number
    }
  ) => Outcome<Fault, Request, State>
  /** Adds a fault. Throws for one that is not valid. */
  readonly arm: (faults: ArmedFaults<Fault>, fault: Fault) => ArmedFaults<Fault>
  /** Ends limits and bans. */
  readonly lift: (state: State) => State
}

type Serve<A> = (
  handle: (incoming: Incoming) => Effect.Effect<Reply>
) => Effect.Effect<readonly [url: string, A], never, Scope>

/** A server that has not started: how it is reached is not decided yet. */
export type FaultyServer<Service> = <A>(serve: Serve<A>) => Effect.Effect<readonly [Service, A], never, Scope>

export const faultyServer = <Fault, Request, State, Service>(
  { arm, faults, initial, lift, respond, seed }: Behaviour<Fault, Request, State>,
  serviceOf: (handle: Handle<Fault, Request>) => Service
): FaultyServer<Service> =>
  Effect.fnUntraced(function*<A>(serve: Serve<A>) {
    const current = yield* Ref.make({
      faults: faults.reduce<ArmedFaults<Fault>>(arm, noFaults(seed)),
      requests: Chunk.empty<Request>(),
      state: initial
    })
    const [url, served] = yield* serve((incoming) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (clock) =>
          Ref.modify(current, ({ faults, requests, state }) => {
            const outcome = respond(incoming, { faults, state, clock, nth: Chunk.size(requests) + 1 })
            return [outcome.reply, {
              faults: outcome.faults,
              requests: Chunk.append(requests, outcome.request),
              state: outcome.state
            }]
          })
      )
    )
    const service = serviceOf({
      url,
      requests: Effect.map(Ref.get(current), ({ requests }) => Chunk.toReadonlyArray(requests)),
      inject: (fault) => Ref.update(current, (all) => ({ ...all, faults: arm(all.faults, fault) })),
      clear: Ref.update(current, (all) => ({ ...all, faults: disarmed(all.faults), state: lift(all.state) }))
    })
    return [service, served] as const
  })

/** The server on a free port of 127.0.0.1. */
export const socketLayer = <Self, Service>(
  tag: Context.Tag<Self, Service>,
  server: Effect.Effect<FaultyServer<Service>>
): Layer.Layer<Self> =>
  Layer.scoped(tag, Effect.flatMap(server, (start) => Effect.map(start(listen), ([service]) => service)))

/** The server as an `HttpClient` that responds for any host; `url` is where it pretends to be. */
export const clientLayer = <Self, Service>(
  tag: Context.Tag<Self, Service>,
  url: string,
  server: Effect.Effect<FaultyServer<Service>>
): Layer.Layer<Self | HttpClient.HttpClient> =>
  Layer.scopedContext(Effect.flatMap(server, (start) =>
    Effect.map(
      start((handle) => Effect.succeed([url, socketlessClient(handle)] as const)),
      ([service, client]) => Context.make(tag, service).pipe(Context.add(HttpClient.HttpClient, client))
    )))
