/** The sources of candles, and the reasons for missing ones. */
import * as Schema from "effect/Schema"
import { EmptyReason } from "../../../FetchError.js"

export const Source = Schema.Literal("cache", "vision", "rest")

export const Reason = Schema.Literal(...EmptyReason.literals, "unfinished", "invalid", "not_cached", "not_fetched")
