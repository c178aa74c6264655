/**
 * The calls that a fiber is in, and the failures of each that have no log line yet.
 *
 * A call is what `Fetch.retry` or `Fetch.failover` runs. A failure that `Fetch.tracked` counts inside of one is not logged
 * at once, since only the call knows what it is: an attempt that is tried again, or the outcome. A call inside of another
 * one hands its outcome on in the same way, so the outermost call is the one that is logged and counted.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import type * as HashMap from "effect/HashMap"
import type * as List from "effect/List"
import type * as LogSpan from "effect/LogSpan"
import type * as FetchError from "../../FetchError.js"
import type { Outcome } from "../log/logError.js"
import type { Reporting } from "../tracker/reporting.js"

type Runtime = Fiber.RuntimeFiber<unknown, unknown>

/** A failure that has no log line yet. */
export interface Failure {
  /** The error, and the defects beside it. */
  readonly errors: readonly [FetchError.Trackable, ...ReadonlyArray<FetchError.Trackable>]
  readonly reporting: Reporting
  /** The outcome of the call that failed with it. None: it is that of an attempt. */
  readonly outcome: Outcome | undefined
  readonly nanos: bigint
  readonly annotations: HashMap.HashMap<string, unknown>
  readonly spans: List.List<LogSpan.LogSpan>
}

// A failure that has not reached the end of its attempt by then was handled by the program.
const longestWay = 1_000_000_000n
const mostFailures = 16
const mostEarlier = 16

/** What the calls of one operator have in common. */
export interface CallSettings {
  readonly reporting: Reporting
  /** Why a call ends whose attempts give no reason themselves. */
  readonly lastReason: string
}

/** What is known of a call once something has failed. */
interface Trouble {
  /** The number of attempts that failed and were followed by another one. */
  attempts: number
  /** The codes of their errors, the latest ones. */
  earlier: ReadonlyArray<string>
  /** Whether a call inside of this one recovered. */
  isRecovered: boolean
  /** Whether the latest failure is to be logged; unknown where nothing inside is tracked. */
  logging: "owed" | "ignored" | "unknown"
  /** Why the call makes no more attempts. */
  gaveUp: string | undefined
  /** Whether the last error is that of an attempt; otherwise the call was refused, or ended before its next attempt. */
  isSent: boolean
  failures: ReadonlyArray<Failure>
}

/** A call while it runs. Most calls succeed at once, so there is nothing in it that only a failure needs. */
export class CallState {
  readonly settings: CallSettings
  /** The call that the fiber was in before. */
  readonly outer: CallState | undefined
  /** When the call began. */
  readonly nanos: bigint
  isOpen = true
  private known: Trouble | undefined = undefined

  constructor(settings: CallSettings, outer: CallState | undefined, nanos: bigint) {
    this.settings = settings
    this.outer = outer
    this.nanos = nanos
  }

  /** The call that this one is part of. */
  get parent(): CallState | undefined {
    return this.outer?.isOpen === true ? this.outer : undefined
  }

  /** Nothing has failed inside. */
  get isPlain(): boolean {
    return this.known === undefined
  }

  get trouble(): Trouble {
    return this.known ??= {
      attempts: 0,
      earlier: [],
      isRecovered: false,
      logging: "unknown",
      gaveUp: undefined,
      isSent: true,
      failures: []
    }
  }

  add(failure: Failure): void {
    this.trouble.logging = "owed"
    this.trouble.failures = [...this.trouble.failures, failure]
  }

  /** The failures so far. Each is taken once. */
  takeAll(): ReadonlyArray<Failure> {
    if (this.known === undefined) return []
    const { failures } = this.known
    this.known.failures = []
    return failures
  }

  /** The failures that the program has handled by now while the attempt goes on. */
  takeHandled(nanos: bigint): ReadonlyArray<Failure> {
    if (this.known === undefined || this.known.failures.length === 0) return []
    const { failures } = this.known
    const handled = failures.filter(({ nanos: then }, i) =>
      nanos - then > longestWay || failures.length - i > mostFailures
    )
    this.known.failures = failures.filter((failure) => !handled.includes(failure))
    return handled
  }

  /** Notes that so many attempts were made in vain, and are followed by another one. */
  attemptFailed(error: FetchError.Trackable, attempts: number): void {
    this.trouble.attempts += attempts
    this.trouble.earlier = [...this.trouble.earlier.slice(1 - mostEarlier), error.code]
    this.trouble.isSent = true
  }
}

/**
 * The current call of one fiber. Setting a FiberRef copies all of them, which takes longer than a fetch that succeeds at
 * once: a fiber sets its cell once, and then writes into it. A forked fiber gets a cell of its own with the same call.
 */
interface Cell {
  owner: Runtime | undefined
  current: CallState | undefined
}

const cells = globalValue(
  Symbol.for("effect-errata/Fetch/callState"),
  () =>
    FiberRef.unsafeMake<Cell | undefined>(undefined, {
      fork: (cell) => cell?.current === undefined ? undefined : { owner: undefined, current: cell.current },
      join: (parent) => parent
    })
)

/** The cell of the fiber. One of another fiber, as a captured runtime has it, is not its own. */
const foundCell = (fiber: Runtime): Cell | undefined => {
  const cell = fiber.getFiberRef(cells)
  if (cell === undefined) return undefined
  cell.owner ??= fiber
  return cell.owner === fiber ? cell : undefined
}

/**
 * The call that the fiber is in, if it is still running. In a fiber that is interrupted, it may be one that the
 * interruption has ended.
 */
export const callOf = (fiber: Runtime): CallState | undefined => {
  const call = foundCell(fiber)?.current
  return call?.isOpen === true && Cause.isEmpty(fiber.getFiberRef(FiberRef.interruptedCause)) ? call : undefined
}

/** Gives the fiber a cell of its own. */
export const withCell = (fiber: Runtime): Effect.Effect<void> =>
  FiberRef.set(cells, { owner: fiber, current: undefined })

/** Begins a call in the fiber. None if the fiber has no cell of its own. */
export const enterCall = (fiber: Runtime, settings: CallSettings): CallState | undefined => {
  const cell = foundCell(fiber)
  return cell === undefined ? undefined : cell.current = new CallState(settings, cell.current, nanosOf(fiber))
}

/** Ends the call that the fiber has begun with these settings. */
export const leaveCall = (fiber: Runtime, settings: CallSettings): CallState | undefined => {
  const cell = foundCell(fiber)
  if (cell === undefined) return undefined
  let call = cell.current
  // Calls inside of it that were interrupted have not ended themselves.
  while (call !== undefined && call.settings !== settings) call = call.outer
  if (call === undefined) return undefined
  call.isOpen = false
  cell.current = call.outer
  return call
}

// The clock of the services that were read last, which nearly always are those of the fiber: looking it up takes a third of
// the time of a reading.
let services: Runtime["currentDefaultServices"] | undefined
let clock: Clock.Clock

export const nanosOf = ({ currentDefaultServices }: Runtime): bigint => {
  if (currentDefaultServices !== services) {
    clock = Context.unsafeGet(currentDefaultServices, Clock.Clock)
    services = currentDefaultServices
  }
  return clock.unsafeCurrentTimeNanos()
}
