/** Tracers of all kinds that a program may have, with what each has recorded. */
import * as OtelTracer from "@effect/opentelemetry/Tracer"
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Cause, type Context, Effect, Exit, Layer, type Option, Tracer } from "effect"

export interface Recorded {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: ReadonlyArray<readonly [name: string, attributes: Readonly<Record<string, unknown>>]>
  readonly failed: boolean
  /** All that the tracer can write about a failure. */
  readonly failure: string
}

interface Kind {
  readonly kind: string
  readonly layer: Layer.Layer<never>
  readonly spans: () => ReadonlyArray<Recorded>
}

const recordedOf = (span: Tracer.Span, events: ReadonlyArray<readonly [string, Record<string, unknown>]>): Recorded => {
  const { status } = span
  const isFailed = status._tag === "Ended" && Exit.isFailure(status.exit) && !Cause.isInterruptedOnly(status.exit.cause)
  return {
    name: span.name,
    attributes: Object.fromEntries(span.attributes),
    events,
    failed: isFailed,
    failure: isFailed && status._tag === "Ended" && Exit.isFailure(status.exit)
      ? Cause.pretty(status.exit.cause, { renderErrorCause: true })
      : ""
  }
}

type Events = Array<readonly [string, Record<string, unknown>]>

/** A tracer of another library, whose spans hold their state in private fields, and cannot be changed. */
class PrivateSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly sampled = true
  readonly spanId = "1"
  readonly traceId = "2"
  readonly #attributes = new Map<string, unknown>()
  readonly #events: Events = []
  #status: Tracer.SpanStatus

  readonly name: string
  readonly parent: Option.Option<Tracer.AnySpan>
  readonly context: Context.Context<never>
  readonly links: Array<Tracer.SpanLink>
  readonly kind: Tracer.SpanKind

  constructor(
    [name, parent, context, links, startTime, kind]: Parameters<Tracer.Tracer["span"]>,
    spans: Array<() => Recorded>
  ) {
    this.name = name
    this.parent = parent
    this.context = context
    this.links = [...links]
    this.kind = kind
    this.#status = { _tag: "Started", startTime }
    spans.push(() => recordedOf(this, this.#events))
    Object.freeze(this)
  }
  get attributes(): ReadonlyMap<string, unknown> {
    return this.#attributes
  }
  get status(): Tracer.SpanStatus {
    return this.#status
  }
  attribute(key: string, value: unknown) {
    this.#attributes.set(key, value)
  }
  event(name: string, _startTime: bigint, attributes: Record<string, unknown> = {}) {
    this.#events.push([name, attributes])
  }
  addLinks(links: ReadonlyArray<Tracer.SpanLink>) {
    this.links.push(...links)
  }
  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>) {
    this.#status = { _tag: "Ended", startTime: this.#status.startTime, endTime, exit }
  }
}

const kindOf = (kind: string, tracer: (spans: Array<() => Recorded>) => Tracer.Tracer): Kind => {
  const spans: Array<() => Recorded> = []
  return { kind, layer: Layer.setTracer(tracer(spans)), spans: () => spans.map((read) => read()) }
}

/** The default tracer of Effect. It keeps no spans: they are kept here. */
const native = (): Kind =>
  kindOf("the default tracer", (spans) => {
    const tracer = Effect.runSync(Effect.tracer)
    return Tracer.make({
      context: (f, fiber) => tracer.context(f, fiber),
      span: (...args) => {
        const span = tracer.span(...args)
        const events: unknown = Reflect.get(span, "events")
        spans.push(() =>
          recordedOf(
            span,
            (events as Array<[string, bigint, Record<string, unknown>]>).map(([name, , own]) => [name, own])
          )
        )
        return span
      }
    })
  })

const frozen = (): Kind =>
  kindOf("a tracer whose spans cannot be changed", (spans) =>
    Tracer.make({
      context: (f) => f(),
      span: (...args) => new PrivateSpan(args, spans)
    }))

const openTelemetry = (): Kind => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  return {
    kind: "the OpenTelemetry SDK",
    layer: Layer.unwrapEffect(Effect.map(
      OtelTracer.make.pipe(Effect.provideService(OtelTracer.OtelTracer, provider.getTracer("test"))),
      Layer.setTracer
    )),
    spans: () =>
      exporter.getFinishedSpans().map(({ attributes, events, name, status }) => ({
        name,
        attributes,
        events: events.filter(({ name }) => name !== "exception").map((
          { attributes = {}, name }
        ) => [name, attributes]),
        failed: `${status.code}` === "2",
        failure: JSON.stringify([status.message, events.filter(({ name }) => name === "exception")])
      }))
  }
}

export const kinds = [native, frozen, openTelemetry]
