/** A tracer that makes the spans of another one, with attributes by the conventions of OpenTelemetry and without secrets. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { Ambient } from "../fetch/ambient.js"
import { CallReport } from "../fetch/spanReport.js"
import { attempt } from "../safe/json.js"
import { redactText } from "../safe/redaction.js"
import { untraced } from "../safe/untraced.js"
import { attributesOfCall, attributesOfError, errorTypeOf } from "./errorAttributes.js"
import { addressOf, safeAttributes, safeName, safeValue } from "./safeAttributes.js"
import { safeExit } from "./safeExit.js"

const decorated = new WeakSet<Tracer.Tracer>()

export const decorate = (tracer: Tracer.Tracer): Tracer.Tracer => {
  if (decorated.has(tracer)) return tracer
  const own = Tracer.make({
    span(name, parent, context, links, startTime, kind, options) {
      const span = tracer.span(
        safeName(name),
        parent,
        context,
        links.length === 0 ? links : links.map(safeLink),
        startTime,
        kind,
        options
      )
      return attempt(() => changed(span, kind)) ?? changed(delegate(span), kind)
    },
    context: (execution, fiber) => tracer.context(execution, fiber)
  })
  decorated.add(own)
  return own
}

const State = Symbol("effect-errata/Tracing/State")

/** The own methods of a span, and what is remembered of it until its end. */
interface SpanState extends Pick<Tracer.Span, "attribute" | "event" | "end" | "addLinks"> {
  readonly kind: Tracer.SpanKind
  /** The status of the response. */
  status: unknown
  hasPort: boolean
}

interface Changed extends Tracer.Span {
  [State]: SpanState
  [CallReport]: (report: CallReport) => void
}

/**
 * The span with other methods. It stays the same object, which other parts of a program may recognise; its own state and
 * the methods that are not known here are not touched. The methods are shared by all spans: a closure for each would take
 * most of the time.
 */
const changed = (original: Tracer.Span, kind: Tracer.SpanKind): Tracer.Span => {
  // The properties are added below.
  const span = original as Changed
  // oxlint-disable-next-line typescript/unbound-method -- they are called on the span
  const { addLinks, attribute, end, event } = span
  span[State] = { addLinks, attribute, end, event, kind, status: undefined, hasPort: false }
  span.attribute = setAttribute
  span.event = addEvent
  span.addLinks = addSafeLinks
  span.end = endSpan
  span[CallReport] = takeReport
  if (kind === "client") countResend(span)
  return span
}

function setAttribute(this: Changed, key: string, value: unknown): void {
  const state = this[State]
  if (key === "server.address" && typeof value === "string" && value.includes("://")) {
    const address = addressOf(value)
    state.attribute.call(this, key, address?.host ?? safeValue(key, value))
    if (address?.port !== undefined && !state.hasPort) state.attribute.call(this, "server.port", address.port)
    return
  }
  if (key === "server.port") state.hasPort = true
  else if (key === "http.response.status_code") state.status = value
  state.attribute.call(this, key, safeValue(key, value))
}

function addEvent(
  this: Changed,
  name: string,
  startTime: bigint,
  attributes?: Record<string, unknown>
): void {
  if (!isOfLog(attributes)) {
    this[State].event.call(this, redactText(name), startTime, attributes && safeAttributes(attributes))
  }
}

function addSafeLinks(this: Changed, links: ReadonlyArray<Tracer.SpanLink>): void {
  this[State].addLinks.call(this, links.map(safeLink))
}

function endSpan(this: Changed, endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
  this[State].end.call(this, endTime, attempt(() => ended(exit, this)) ?? exit)
}

function takeReport(this: Changed, report: CallReport): void {
  setAll(attributesOfCall(report), this)
}

/** For a span that cannot be changed: an object that does the same, and takes other methods. */
const delegate = (span: Tracer.Span): Tracer.Span => {
  const changes = new Map<PropertyKey, unknown>()
  const read = (key: PropertyKey): unknown => {
    // The span may keep its state in private fields: it is the receiver of everything.
    const member: unknown = Reflect.get(span, key, span)
    return typeof member === "function" ? member.bind(span) : member
  }
  const handler: ProxyHandler<Tracer.Span> = {
    get: (_, key) => changes.has(key) ? changes.get(key) : read(key),
    has: (_, key) => changes.has(key) || Reflect.has(span, key),
    set: (_, key, value) => {
      changes.set(key, value)
      return true
    }
  }
  return new Proxy<Tracer.Span>(Object.create(Object.getPrototypeOf(span)), handler)
}

const setAll = (attributes: Readonly<Record<string, unknown>>, span: Changed): void => {
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== undefined) span[State].attribute.call(span, key, value)
  }
}

/** The number of the retry that a request belongs to. */
const countResend = (span: Changed): void => {
  const fiber = Fiber.getCurrentFiber()
  if (Option.isNone(fiber)) return
  const { attempt = 1 } = Context.get(fiber.value.currentContext, Ambient)
  if (attempt > 1) span[State].attribute.call(span, "http.request.resend_count", attempt - 1)
}

/** Sets the attributes of a failure, and returns the exit that the tracer gets. */
const ended = (exit: Exit.Exit<unknown, unknown>, span: Changed): Exit.Exit<unknown, unknown> => {
  const { attribute, kind, status } = span[State]
  if (Exit.isSuccess(exit)) {
    const isFailure = typeof status === "number" &&
      status >= (kind === "client" ? 400 : kind === "server" ? 500 : Infinity)
    if (!isFailure) return exit
    attribute.call(span, "error.type", String(status))
    return Exit.fail(statusError(status))
  }
  if (Cause.isInterruptedOnly(exit.cause)) return exit
  // The error itself, not the proxy that Effect wraps round it in a span.
  const thrown = primary(exit.cause)
  const error = attempt(() => Cause.originalError(thrown)) ?? thrown
  attribute.call(span, "error.type", errorTypeOf(error))
  setAll(attributesOfError(error, status), span)
  return safeExit(exit)
}

const primary = (cause: Cause.Cause<unknown>): unknown =>
  Option.getOrElse(Cause.failureOption(cause), () => Option.getOrUndefined(Cause.dieOption(cause)))

/** A response that is an error although the request succeeded: only a failure makes tracers set the status of a span. */
const statusError = (status: number): Error =>
  untraced(() => Object.defineProperty(new Error(`HTTP status ${status}`), "name", { value: "HttpStatusError" }))

/** A line of `ErrorLog`: the logger has it, and the end of the span says the same. */
const isOfLog = (attributes: Readonly<Record<string, unknown>> | undefined): boolean =>
  attributes !== undefined && "effect.logLevel" in attributes && "error_type" in attributes &&
  "exception_type" in attributes

const safeLink = (link: Tracer.SpanLink): Tracer.SpanLink => ({ ...link, attributes: safeAttributes(link.attributes) })
