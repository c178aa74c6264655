/**
 * The context of a fetch, which its errors and log lines carry: symbol, source, range, URL and attributes.
 *
 * Guide: [The 17 errors](../docs/errors.md).
 *
 * @since 0.1.0
 * @module
 */
import * as DateTime from "effect/DateTime"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as iso8601 from "./internal/safe/iso8601.js"
import { attempt, safeText, toJson } from "./internal/safe/json.js"
import { isSecret, mask } from "./internal/safe/secretNames.js"

// ---------------------------------------------------------------------------------------------------------------------
// models
// ---------------------------------------------------------------------------------------------------------------------

/**
 * Further properties of a fetch, by name. Values under the name of a secret are masked. At most 32 are kept.
 *
 * @since 0.1.0
 * @category models
 */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/**
 * The context as callers write it. `start` and `end` are in any form that `DateTime` accepts. Properties without a key of
 * their own go into `attributes`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Input {
  /** The instrument, as the exchange spells it: `BTCUSDT`. */
  readonly symbol?: string | undefined
  /** The candle interval: `1m`, `1h`. */
  readonly interval?: string | undefined
  /** The market of the instrument: `SPOT`. */
  readonly market?: string | undefined
  /** The name of the source: `rest`, `archive`, `cache`. */
  readonly source?: string | undefined
  /** The first instant of the requested range. */
  readonly start?: DateTime.DateTime.Input | undefined
  /** The end of the requested range. */
  readonly end?: DateTime.DateTime.Input | undefined
  /** The URL of the request. Secrets in it are masked. */
  readonly url?: string | undefined
  /** The operation that failed. It decides between `StorageRead` and `StorageWrite` if the error does not. */
  readonly operation?: "fetch" | "validate" | "read" | "write" | (string & {}) | undefined
  /** The number of the attempt. The first is 1. */
  readonly attempt?: number | undefined
  readonly attributes?: Attributes | undefined
}

/**
 * The context of an error: an {@link Input} with its instants as ISO 8601 in UTC.
 *
 * @since 0.1.0
 * @category models
 */
export interface FetchContext {
  readonly symbol?: string | undefined
  readonly interval?: string | undefined
  readonly market?: string | undefined
  readonly source?: string | undefined
  /** ISO 8601, UTC: `2024-01-01T00:00:00.000Z`. */
  readonly start?: string | undefined
  /** ISO 8601, UTC. */
  readonly end?: string | undefined
  readonly url?: string | undefined
  readonly operation?: string | undefined
  readonly attempt?: number | undefined
  readonly attributes?: Attributes | undefined
}

/**
 * The schema of {@link FetchContext}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FetchContext: Schema.Schema<FetchContext> = Schema.Struct({
  symbol: Schema.optional(Schema.String),
  interval: Schema.optional(Schema.String),
  market: Schema.optional(Schema.String),
  source: Schema.optional(Schema.String),
  start: Schema.optional(Schema.String),
  end: Schema.optional(Schema.String),
  url: Schema.optional(Schema.String),
  operation: Schema.optional(Schema.String),
  attempt: Schema.optional(Schema.Number),
  // Not Schema.Record, whose decoder assigns and so loses an attribute named `__proto__`.
  attributes: Schema.optional(Schema.declare(
    (value: unknown): value is Attributes =>
      Predicate.isRecord(value) &&
      Object.values(value).every((value) => ["string", "number", "boolean"].includes(typeof value)),
    {
      identifier: "Attributes",
      jsonSchema: { type: "object", additionalProperties: { type: ["string", "number", "boolean"] } },
      arbitrary: () => (fc) => fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()))
    }
  ))
})

// ---------------------------------------------------------------------------------------------------------------------
// constructors
// ---------------------------------------------------------------------------------------------------------------------

/**
 * The empty context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: FetchContext = Object.freeze({})

/**
 * Makes a context. Never throws: an invalid instant is kept as text, and other values become text where text is required.
 * Texts are bounded, and secrets in them are masked.
 *
 * @example
 * import { FetchContext } from "effect-errata"
 *
 * const context = FetchContext.make({ symbol: "BTCUSDT", start: new Date(0), url: "https://x.test/?apiKey=abc" })
 *
 * assert.strictEqual(context.start, "1970-01-01T00:00:00.000Z")
 * assert.strictEqual(context.url, "https://x.test/?apiKey=<redacted>")
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (input: Input): FetchContext => {
  if (input === empty || made.has(input)) return input as FetchContext
  return settled(attempt(() => normalise(input)) ?? {})
}

/**
 * Merges two contexts. Where both name a key, `inner` wins, since it is closer to the failure. Attributes are merged one
 * by one by the same rule.
 *
 * @example
 * import { FetchContext } from "effect-errata"
 *
 * assert.deepStrictEqual(
 *   { ...FetchContext.merge({ source: "app", symbol: "BTCUSDT" }, { source: "rest" }) },
 *   { source: "rest", symbol: "BTCUSDT" }
 * )
 *
 * @since 0.1.0
 * @category combinators
 */
export const merge: {
  (inner: Input): (outer: Input) => FetchContext
  (outer: Input, inner: Input): FetchContext
} = dual(2, (outer: Input, inner: Input): FetchContext => {
  const under = make(outer)
  const over = make(inner)
  if (isEmpty(under)) return over
  if (isEmpty(over)) return under
  if (hasKeysOf(over, under)) return over
  const merged: FetchContext = { ...under, ...over }
  return settled(
    under.attributes && over.attributes
      ? { ...merged, attributes: firstOf({ ...over.attributes, ...under.attributes, ...over.attributes }) }
      : merged
  )
})

/**
 * Returns `true` for a context without keys.
 *
 * @since 0.1.0
 * @category guards
 */
export const isEmpty = (context: FetchContext): boolean => {
  for (const _ in context) return false
  return true
}

/**
 * Returns the context as a flat record with the names of log lines: `symbol`, `interval`, `market_type`, `source`,
 * `start_time`, `end_time`, `url`, `operation`, `attempt`, and the attributes, which do not overwrite these.
 *
 * @example
 * import { FetchContext } from "effect-errata"
 *
 * assert.deepStrictEqual(FetchContext.toRecord({ market: "SPOT", attributes: { shard: 3 } }), {
 *   shard: 3,
 *   market_type: "SPOT"
 * })
 *
 * @since 0.1.0
 * @category combinators
 */
export const toRecord = (context: FetchContext): Attributes => {
  const record: Record<string, string | number | boolean> = { ...context.attributes }
  for (const [key, name] of logNames) {
    const value = context[key]
    if (value !== undefined) record[name] = value
  }
  return record
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// The frozen results of `make`, which need no second pass.
const made = new WeakSet<Input>()

const settled = (context: FetchContext): FetchContext => {
  made.add(Object.freeze(context))
  return context
}

/** Returns whether `over` has every key of `under`: merging the same context again changes nothing. */
const hasKeysOf = (over: FetchContext, under: FetchContext): boolean => {
  if (under.attributes !== undefined) return false
  for (const key in under) if (!Object.hasOwn(over, key)) return false
  return true
}

const maxAttributes = 32

const firstOf = (attributes: Attributes): Attributes =>
  Object.freeze(Object.fromEntries(Object.entries(attributes).slice(0, maxAttributes)))

const logNames = [
  ["symbol", "symbol"],
  ["interval", "interval"],
  ["market", "market_type"],
  ["source", "source"],
  ["start", "start_time"],
  ["end", "end_time"],
  ["url", "url"],
  ["operation", "operation"],
  ["attempt", "attempt"]
] as const

const texts = ["symbol", "interval", "market", "source", "url", "operation"] as const

const normalise = (input: Input): FetchContext => {
  const context: { -readonly [K in keyof FetchContext]: FetchContext[K] } = {}
  for (const key of texts) {
    const value: unknown = input[key]
    if (value !== undefined && value !== null) context[key] = safeText(String(value))
  }
  if (Predicate.isNotNullable(input.start)) context.start = instant(input.start)
  if (Predicate.isNotNullable(input.end)) context.end = instant(input.end)
  if (typeof input.attempt === "number" && Number.isFinite(input.attempt)) context.attempt = input.attempt + 0
  if (typeof input.attributes === "object" && input.attributes !== null) {
    const attributes = Object.entries(input.attributes).slice(0, maxAttributes).map(([key, value]) =>
      [safeText(key, 128), isSecret(key, value) ? mask : attribute(value)] as const
    )
    context.attributes = Object.freeze(Object.fromEntries(attributes))
  }
  return context
}

const instant = (input: DateTime.DateTime.Input): string => {
  if (typeof input === "string") return instantOfText(input)
  return Option.match(attempt(() => DateTime.make(input)) ?? Option.none(), {
    onNone: () => instantOfText(String(input)),
    onSome: DateTime.formatIso
  })
}

// Strict, so that a text that was kept stays the same when it is read again.
const instantOfText = (text: string): string => {
  const parsed = iso8601.parse(text)
  return "fault" in parsed ? safeText(text) : DateTime.formatIso(DateTime.unsafeMake(parsed.millis))
}

const attribute = (value: unknown): string | number | boolean => {
  const json = toJson(value)
  return typeof json === "object" ? safeText(JSON.stringify(json)) : json
}
