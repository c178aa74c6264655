/** The schema of a record by names that come from outside, such as codes of errors. */
import * as Schema from "effect/Schema"

const isRecord = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null && !Array.isArray(u)

/**
 * A record whose keys may be any text. `Schema.Record` assigns its keys, which loses `__proto__`.
 *
 * `json` is the JSON Schema of the encoded values, for OpenAPI.
 */
export const recordOf = <A, I>(
  value: Schema.Schema<A, I>,
  json: object
): Schema.Schema<{ readonly [name: string]: A }, { readonly [name: string]: I }> => {
  const entries = Schema.Array(Schema.Tuple(Schema.String, value))
  // The values are checked as entries.
  const encoded = Schema.declare((u): u is { readonly [name: string]: I } => isRecord(u), {
    jsonSchema: { type: "object", additionalProperties: json }
  })
  const decoded = Schema.declare((u): u is { readonly [name: string]: A } => isRecord(u))
  return Schema.transform(
    Schema.transform(encoded, entries, {
      strict: true,
      decode: (record) => Object.entries(record),
      encode: (entries) => Object.fromEntries(entries)
    }),
    decoded,
    { strict: true, decode: (entries) => Object.fromEntries(entries), encode: (record) => Object.entries(record) }
  )
}
