/** What a series of a dimension counts. */

type Kind = "errors" | "rest" | "expected" | "successes"

/** What a series counts: the errors of a value with a code, or another count of a value; or the `rest` of a code. */
export interface SeriesOwner {
  readonly value: { readonly name: string; readonly attempted: boolean } | undefined
  readonly what: Kind
  readonly code: string
}

export const ownerOf = (
  value: SeriesOwner["value"],
  what: Kind,
  code = ""
): SeriesOwner => ({ value, what, code })
