/** The identity of a file of the cache. */
import * as Schema from "effect/Schema"
import * as Market from "../../Market.js"

/** The metadata of a file. It detects a renamed file, which would hold other candles. */
const About = Schema.parseJson(Schema.Struct({
  host: Schema.optional(Schema.String),
  market: Market.Market,
  symbol: Schema.String,
  start: Schema.Int,
  end: Schema.Int,
  /** Milliseconds since the epoch. */
  fetchedAt: Schema.Int
}))

export const encodeAbout = Schema.encodeSync(About)
export const decodeAbout = Schema.decodeSync(About)
