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
import { addressOf, safeAttributes, safeValue } from "./safeAttributes.js"
import { safeExit } from "./safeExit.js"

const decorated = new WeakSet<Tracer.Tracer>()

export const decorate = (tracer: Tracer.Tracer): Tracer.Tracer => {
  if (decorated.has(tracer)) return tracer
  const own = Tracer.make({
    span(name, parent, context, links, startTime, kind, options) {
      const span = tracer.span(
        redactText(name),
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

interface Reported extends Tracer.Span {
  [CallReport]: (report: CallReport) => void
}

/**
 * The span with other methods. It stays the same object, which other parts of a program may recognise; its own state and
 * the methods that are not known here are not touched.
 */
const changed = (original: Tracer.Span, kind: Tracer.SpanKind): Tracer.Span => {
  // The property is added below.
  const span = original as Reported
  const attribute = span.attribute.bind(span)
  const event = span.event.bind(span)
  const end = span.end.bind(span)
  const addLinks = span.addLinks.bind(span)
  let status: unknown
  let hasPort = false
  span.attribute = (key, value) => {
    if (key === "server.address" && typeof value === "string" && value.includes("://")) {
      const address = addressOf(value)
      attribute(key, address?.host ?? safeValue(key, value))
      if (address?.port !== undefined && !hasPort) attribute("server.port", address.port)
      return
    }
    if (key === "server.port") hasPort = true
    if (key === "http.response.status_code") status = value
    attribute(key, safeValue(key, value))
  }
  span.event = (name, startTime, attributes) => {
    if (!isOfLog(attributes)) event(redactText(name), startTime, attributes && safeAttributes(attributes))
  }
  span.addLinks = (links) => addLinks(links.map(safeLink))
  span.end = (endTime, exit) => end(endTime, attempt(() => ended(exit, kind, status, attribute)) ?? exit)
  span[CallReport] = (report) => setAll(attributesOfCall(report), attribute)
  if (kind === "client") countResend(attribute)
  return span
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

type SetAttribute = (key: string, value: unknown) => void

const setAll = (attributes: Readonly<Record<string, unknown>>, attribute: SetAttribute): void => {
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) attribute(key, value)
}

/** The number of the retry that a request belongs to. */
const countResend = (attribute: SetAttribute): void => {
  const fiber = Fiber.getCurrentFiber()
  if (Option.isNone(fiber)) return
  const { attempt = 1 } = Context.get(fiber.value.currentContext, Ambient)
  if (attempt > 1) attribute("http.request.resend_count", attempt - 1)
}

/** Sets the attributes of a failure, and returns the exit that the tracer gets. */
const ended = (
  exit: Exit.Exit<unknown, unknown>,
  kind: Tracer.SpanKind,
  status: unknown,
  attribute: SetAttribute
): Exit.Exit<unknown, unknown> => {
  if (Exit.isSuccess(exit)) {
    const isFailure = typeof status === "number" &&
      status >= (kind === "client" ? 400 : kind === "server" ? 500 : Infinity)
    if (!isFailure) return exit
    attribute("error.type", String(status))
    return Exit.fail(statusError(status))
  }
  if (Cause.isInterruptedOnly(exit.cause)) return exit
  const error = primary(exit.cause)
  attribute("error.type", errorTypeOf(error))
  setAll(attributesOfError(error, status), attribute)
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
