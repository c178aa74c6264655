/** The parameters of the routes of `TrackerApi`, read from texts. A value that is not valid is refused with the valid ones. */
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Check from "../options.js"
import * as iso8601 from "../safe/iso8601.js"
import { safeText } from "../safe/json.js"

const maxText = 128
const maxMessage = 512

/** A parameter whose text is checked: Left is what is wrong. */
const parameter = <A>(
  to: Schema.Schema<A>,
  decode: (text: string) => Either.Either<A, string>,
  encode: (value: A) => string,
  description: string
): Schema.Schema<A, string> =>
  Schema.transformOrFail(Schema.String.annotations({ description }), to, {
    strict: true,
    decode: (text, _, ast) => Either.mapLeft(decode(text), (message) => new ParseResult.Type(ast, text, message)),
    encode: (value) => ParseResult.succeed(encode(value))
  })

const shown = (text: string): string => JSON.stringify(safeText(text, 64))

const units = { ms: "millis", s: "seconds", m: "minutes", h: "hours", d: "days" } as const

const duration = Check.duration({ most: Duration.days(1) })

/** `90s`, `5m`, `1h`, `1d`, or as Effect writes durations: `5 minutes`. At most one day. */
export const Length: Schema.Schema<Duration.Duration, string> = parameter(
  Schema.DurationFromSelf,
  (text) => {
    const short = /^(\d{1,9}(?:\.\d{1,3})?) ?(ms|[smhd])$/.exec(text)
    const [, amount, unit] = short ?? []
    const known = Object.entries(units).find(([name]) => name === unit)
    const checked = duration("", known === undefined ? text : `${amount} ${known[1]}`)
    return Either.mapLeft(
      checked,
      () => `${shown(text)} must be a positive duration of at most 1 day, as in 90s, 5m, 1h or 1d`
    )
  },
  (value) => `${Duration.toMillis(value)}ms`,
  "A positive duration of at most one day, as in `90s`, `5m`, `1h` or `1d`"
)

const oneOf = <const Name extends string>(
  names: ReadonlyArray<Name>,
  description: string
): Schema.Schema<Name, string> =>
  parameter(
    Schema.declare((u): u is Name => names.some((name) => name === u)),
    (text) => {
      const known = names.find((name) => name === text)
      return known === undefined
        ? Either.left(
          `${shown(text)} must be one of ${names.join(", ")}${Check.didYouMean(text.slice(0, maxText), names)}`
        )
        : Either.right(known)
    },
    (name) => name,
    description
  )

/** One of the windows that are counted at all times. */
export const Window = oneOf(["minute", "hour", "day"], "`minute`, `hour` or `day`")

/** A code, a dimension, a symbol or a source. */
export const Text: Schema.Schema<string, string> = parameter(
  Schema.String,
  (text) =>
    text.trim() !== "" && text.length <= maxText
      ? Either.right(text)
      : Either.left(`${shown(text)} must be a text of 1 to ${maxText} characters`),
  (text) => text,
  `A text of 1 to ${maxText} characters`
)

/** A whole number from 1. */
export const limit = (most: number): Schema.Schema<number, string> =>
  parameter(
    Schema.Number,
    (text) => {
      const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN
      return value >= 1 && value <= most
        ? Either.right(value)
        : Either.left(`${shown(text)} must be a whole number from 1 to ${most}`)
    },
    String,
    `A whole number from 1 to ${most}`
  )

/** An instant in ISO 8601. */
export const Instant: Schema.Schema<DateTime.Utc, string> = parameter(
  Schema.DateTimeUtcFromSelf,
  (text) => {
    const parsed = text.length > 64 ? { fault: "too long" } : iso8601.parse(text)
    return "millis" in parsed && Math.abs(parsed.millis) <= 8.64e15
      ? Either.right(DateTime.unsafeMake(parsed.millis))
      : Either.left(`${shown(text)} must be an instant in ISO 8601, as in 2026-01-31T12:00:00Z`)
  },
  DateTime.formatIso,
  "An instant in ISO 8601, UTC without an offset, as in `2026-01-31T12:00:00Z`"
)

/** Refuses unknown parameters, and names all that is wrong. */
const refusing = (known: ReadonlyArray<string>) => ({
  parseOptions: { onExcessProperty: "error", errors: "all" } as const,
  message: (issue: ParseResult.ParseIssue) => ({
    message: safeText(problemsOf(issue, known).join("; "), maxMessage),
    override: true
  })
})

/**
 * The parameters of one route. Unknown ones are refused. The message names every parameter that is not valid, and shows no
 * more than 64 characters of a value, without secrets.
 */
export const query = <Fields extends Schema.Struct.Fields>(
  fields: Fields
): Schema.Schema<
  Schema.Simplify<Schema.Struct.Type<Fields>>,
  Schema.Simplify<Schema.Struct.Encoded<Fields>>,
  Schema.Struct.Context<Fields>
> => {
  const known = Object.keys(fields)
  return Schema.asSchema(Schema.Struct(fields)).annotations(refusing(known))
}

/** The parameters of a route that has none. A struct without fields accepts any. */
export const noQuery: Schema.Schema<{ readonly [name: string]: never }> = Schema.Record({
  key: Schema.String,
  value: Schema.Never
}).annotations(refusing([]))

/** An optional parameter. */
export const optional = <A>(schema: Schema.Schema<A, string>) => Schema.optionalWith(schema, { exact: true })

const problemsOf = (issue: ParseResult.ParseIssue, known: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (issue._tag === "Composite") {
    return Arr.ensure<ParseResult.ParseIssue | ReadonlyArray<ParseResult.ParseIssue>>(issue.issues).flat()
      .flatMap((issue) => problemsOf(issue, known))
  }
  if (issue._tag !== "Pointer") return [faultOf(issue)]
  const name = String(Arr.ensure(issue.path)[0])
  return known.includes(name)
    ? [`${name}: ${faultOf(issue.issue)}`]
    : [
      `unknown parameter ${shown(name)}${Check.didYouMean(name.slice(0, maxText), known) || "."} Known: ${
        known.join(", ") || "none"
      }`
    ]
}

const faultOf = (issue: ParseResult.ParseIssue): string => {
  if (issue._tag === "Missing") return "is required"
  if (issue._tag === "Transformation" || issue._tag === "Refinement" || issue._tag === "Pointer") {
    return faultOf(issue.issue)
  }
  // A parameter that occurs twice is a list, for which there is no message of its own.
  return (issue._tag === "Type" ? issue.message : undefined) ?? "must occur once"
}
