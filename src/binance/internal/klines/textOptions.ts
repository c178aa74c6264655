/** The validated options of klines as text, and the overloads that CSV and JSON share. */
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Check from "../../../internal/options.js"

export interface CsvOptions {
  /** Writes the names of the columns as the first line, as in Binance's archive of futures. Default: `true`. */
  readonly header?: boolean | undefined
}

export interface JsonOptions {
  /** `columns`: an array for each field, as in `Klines`. `rows`: an array of objects. Default: `columns`. */
  readonly as?: "rows" | "columns" | undefined
}

export const csvOptions = Check.withDefault(
  Check.struct({ header: Check.withDefault(Check.bool, true) } satisfies Check.Checks<CsvOptions>),
  {}
)

export const jsonOptions = Check.withDefault(
  Check.struct(
    { as: Check.withDefault(Check.oneOf("layout", ["columns", "rows"]), "columns") } satisfies Check.Checks<JsonOptions>
  ),
  {}
)

/** True if the first argument is the data, not the options. */
export const isData = ([first]: IArguments): boolean =>
  Predicate.isObject(first) && ("openTime" in first || Stream.StreamTypeId in first)

/** The bytes of a text as a string. Throws if they exceed the maximum length of a string. */
export const decoded = (format: string, bytes: Uint8Array): string => {
  try {
    return new TextDecoder().decode(bytes)
  } catch (cause) {
    const message =
      `${format} of ${bytes.length} bytes is longer than a string can be; take fewer rows, or a stream of pieces`
    throw new Error(message, { cause })
  }
}
