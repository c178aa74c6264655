/** Formats any log entry as one clean line of at most 8 kB. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as HashMap from "effect/HashMap"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import type { Traced } from "../error/causeChain.js"
import { trace } from "../error/causeChain.js"
import type { Json } from "../safe/json.js"
import { attempt, bounded, safeText, toJson } from "../safe/json.js"

type Entry = Logger.Logger.Options<unknown>

/** No line is longer, in bytes of UTF-8. */
const maxBytes = 8192

// What one part of the line may take of that.
const messageBytes = 2048
const causeBytes = 2048
const spansBytes = 512
const valueBytes = 1536

// Read of one value, which is more than is shown of it: a name before it, and what redaction shortens.
const valueCharacters = 2 * valueBytes

const maxParts = 16
const maxFields = 128
const maxCauses = 4

// ---------------------------------------------------------------------------------------------------------------------
// formats
// ---------------------------------------------------------------------------------------------------------------------

/** `timestamp [LEVEL] message | Error Context: {json}` */
const text = (entry: Entry): string => {
  const head = `${entry.date.toISOString()} [${level(entry)}] ${shortened(message(entry), messageBytes, visible)}`
  const context: Record<string, Json> = { ...annotations(entry), ...spans(entry) }
  const cause = causeText(entry.cause, context["error_message"])
  if (cause === "" && Object.keys(context).length === 0) return head
  const before = `${head} | Error Context: `
  const after = cause === "" ? "" : `"cause":${shortened(cause, causeBytes, json)}`
  const own = members(context, maxBytes - bytes(before) - bytes(after) - 3)
  return `${before}{${[own, after].filter((part) => part !== "").join(",")}}`
}

/** One JSON object: timestamp, level, message, and annotations, spans and cause where there are any. */
const object = (entry: Entry): string => {
  const cause = causeText(entry.cause, annotations(entry)["error_message"])
  const around = [
    `"timestamp":${json(entry.date.toISOString())}`,
    `"level":${json(level(entry))}`,
    `"message":${shortened(message(entry), messageBytes, json)}`,
    `"spans":{${members(spans(entry), spansBytes)}}`,
    ...(cause === "" ? [] : [`"cause":${shortened(cause, causeBytes, json)}`])
  ]
  const room = maxBytes - bytes(around.join(",")) - `{"annotations":{},}`.length
  return `{${around.toSpliced(3, 0, `"annotations":{${members(annotations(entry), room)}}`).join(",")}}`
}

// A logger that throws, or whose console throws, would fail the fiber that logs.
const toConsole = (format: (entry: Entry) => string): Logger.Logger<unknown, void> => {
  const logger = Logger.withConsoleLog(Logger.make(format))
  return Logger.make((entry) => {
    attempt(() => logger.log(entry))
  })
}

export const textLogger = toConsole(text)

export const jsonLogger = toConsole(object)

// ---------------------------------------------------------------------------------------------------------------------
// text
// ---------------------------------------------------------------------------------------------------------------------

// What moves the cursor, hides or reorders text, or breaks the line: C0, DEL and C1, line separators, the marks of
// bidirectional writing, characters without width, halves of surrogate pairs.
const unprintable =
  // oxlint-disable-next-line no-control-regex -- it matches control characters to escape them
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\p{Surrogate}]/gu

const shortEscapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** The text with what cannot be seen made visible, as JavaScript would write it: `\n`, `\u001b`. */
export const visible = (text: string): string =>
  text.replace(unprintable, (c) => shortEscapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)

// JSON escapes C0 and surrogates by itself; what `visible` adds is an escape within a JSON string, so nothing is lost.
const json = (value: Json): string => visible(JSON.stringify(value))

const encoder = new TextEncoder()

const bytes = (text: string): number => encoder.encode(text).length

/** Encodes the text, or as much of its beginning as needs no more than `limit` bytes. */
const shortened = (text: string, limit: number, encode: (text: string) => string): string => {
  let encoded = encode(text)
  for (let rest = text; bytes(encoded) > limit; encoded = encode(rest)) {
    rest = bounded(rest, Math.floor(rest.length * 0.7))
  }
  return encoded
}

// ---------------------------------------------------------------------------------------------------------------------
// parts
// ---------------------------------------------------------------------------------------------------------------------

const level = (entry: Entry): string => entry.logLevel._tag.toUpperCase()

const message = (entry: Entry): string =>
  safeText(
    Arr.ensure(entry.message).slice(0, maxParts).map((part) => {
      if (typeof part === "string") return safeText(part, messageBytes)
      const json = toJson(part, messageBytes)
      return typeof json === "string" ? json : JSON.stringify(json)
    }).join(" "),
    messageBytes
  )

// The source and the symbol come first: a line is read from its beginning and cut at its end.
const leading = [
  "error_type",
  "error_message",
  "severity",
  "exception_type",
  "symbol",
  "interval",
  "market_type",
  "source",
  "start_time",
  "end_time",
  "operation",
  "attempt",
  "url"
]

const annotations = (entry: Entry): Record<string, Json> => {
  const first = leading.flatMap((name) =>
    Option.toArray(Option.map(HashMap.get(entry.annotations, name), (value) => [name, value] as const))
  )
  return fields([...first, ...rest(entry.annotations).sort(([a], [b]) => a < b ? -1 : 1)])
}

/** Those of the entries that do not lead, as many as a line can show. */
const rest = (entries: Iterable<readonly [string, unknown]>): Array<readonly [string, unknown]> => {
  const found: Array<readonly [string, unknown]> = []
  for (const entry of entries) {
    if (found.length === maxFields) break
    if (!leading.includes(entry[0])) found.push(entry)
  }
  return found
}

/** The members of a record, those that lead first. */
export const inOrder = (record: Readonly<Record<string, unknown>>): ReadonlyArray<readonly [string, unknown]> => [
  ...leading.filter((name) => record[name] !== undefined).map((name) => [name, record[name]] as const),
  ...rest(Object.entries(record)).filter(([, value]) => value !== undefined)
]

const spans = (entry: Entry): Record<string, Json> =>
  fields(Array.from(entry.spans, (span) => [span.label, entry.date.getTime() - span.startTime]))

/**
 * Each field as JSON that is safe to let out. What a line has no room for is not read: values are read up to a bound of
 * their own, and fields until their total length exceeds a line.
 */
export const fields = (entries: ReadonlyArray<readonly [string, unknown]>): Record<string, Json> => {
  const record: Record<string, Json> = {}
  let left = maxBytes
  for (const [i, [key, value]] of entries.entries()) {
    if (i === maxFields || left <= 0) {
      record["…"] = `${entries.length - i} more`
      break
    }
    // Of one member, so that a secret is recognised by its name.
    for (const [name, json] of Object.entries(toJson({ [key]: value }, valueCharacters) ?? {})) {
      Object.defineProperty(record, name, { value: json, enumerable: true, configurable: true, writable: true })
      left -= name.length + sizeOf(json)
    }
  }
  return record
}

/** About the number of characters of a bounded value. */
const sizeOf = (value: Json): number => typeof value === "string" ? value.length : JSON.stringify(value).length

/** The members of a JSON object, as many as need no more than `room` bytes. */
const members = (record: Readonly<Record<string, Json>>, room: number): string => {
  const entries = Object.entries(record)
  const parts: Array<string> = []
  let left = room - `"…":"1000 more",`.length - 2
  for (const [key, value] of entries) {
    const whole = json(value)
    const part = `${json(key)}:${
      bytes(whole) <= valueBytes ? whole : shortened(typeof value === "string" ? value : whole, valueBytes, json)
    }`
    left -= bytes(part) + 1
    if (left < 0) {
      parts.push(`"…":"${entries.length - parts.length} more"`)
      break
    }
    parts.push(part)
  }
  return parts.join(",")
}

/** The chain of every failure and defect, one link a line; what the entry says already is not said again. */
const causeText = (cause: Cause.Cause<unknown>, said: Json | undefined): string => {
  if (Cause.isEmpty(cause)) return ""
  const errors = [...Cause.failures(cause), ...Cause.defects(cause)]
  return errors.length === 0
    ? "interrupted"
    : errors.slice(0, maxCauses).map((error) => causeLines(trace(error), said)).join("\n")
}

const causeLines = (links: ReadonlyArray<Traced>, said: Json | undefined): string =>
  links.map(({ frames = [], message, name }, i) =>
    [`${i === 0 ? "" : "[cause]: "}${i === 0 && message === said ? name : `${name}: ${message}`}`, ...frames].join("\n")
  ).join("\n")
