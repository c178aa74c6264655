/** The attributes of a span that failed. */
import * as Predicate from "effect/Predicate"
import * as FetchError from "../../FetchError.js"
import { isCounted } from "../error/mark.js"
import type { CallReport } from "../fetch/spanReport.js"
import { attempt } from "../safe/json.js"
import { redactText } from "../safe/redaction.js"
import { kept } from "./safeAttributes.js"

type Attributes = Readonly<Record<string, unknown>>

const maxType = 128

/** The code of a trackable error; else the tag or the name of what was thrown. */
export const errorTypeOf = (error: unknown): string =>
  attempt(() => {
    if (FetchError.isTrackable(error)) return typeText(error.code)
    if (Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag)) return typeText(error._tag)
    if (!(error instanceof Error)) return undefined
    return typeText(error.name === "Error" ? error.constructor.name : error.name)
  }) ?? "_OTHER"

/** One name, no sentence: a type has few values. */
const typeText = kept((text) => text !== "" && text.length <= maxType ? redactText(text) : undefined)

const sourceText = kept(redactText)

/** `status` is that of the response, if the span has one. */
export const attributesOfError = (error: unknown, status: unknown): Attributes =>
  attempt(() => {
    if (!FetchError.isTrackable(error)) return {}
    const { attributes = {}, source } = error.context
    const gaveUp = attributes["gave_up"]
    const refused = attributes["refused"]
    const own: unknown = "status" in error ? error.status : undefined
    return {
      "http.response.status_code": status === undefined && Predicate.isNumber(own) ? own : undefined,
      "errata.source": source === undefined ? undefined : sourceText(source),
      "errata.attempts": error.context.attempt,
      "errata.gave_up": Predicate.isString(gaveUp) ? gaveUp : undefined,
      "errata.refused": Predicate.isString(refused) ? refused : undefined,
      // The failure has a line in the log: an exporter of logs need not send it twice.
      "errata.counted": isCounted(error) ? true : undefined
    }
  }) ?? {}

export const attributesOfCall = ({ attempts, earlier, gaveUp, refused }: CallReport): Attributes => ({
  "errata.attempts": attempts,
  // A text, as in the log: not every tracer takes lists.
  "errata.earlier_errors": earlier.length === 0 ? undefined : earlier.join(", "),
  "errata.recovered": gaveUp === undefined ? true : undefined,
  "errata.gave_up": refused ? undefined : gaveUp,
  "errata.refused": refused ? gaveUp : undefined
})
