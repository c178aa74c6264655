/** The text of the progress of a receiver, as it is stored: versioned JSON. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Alert from "../../Alert.js"
import * as Classifier from "../../Classifier.js"
import * as FetchError from "../../FetchError.js"
import type { Codec } from "../persistence/storeSlots.js"
import { attempt } from "../safe/json.js"
import type { Saved } from "./outbox.js"

const version = 1

const Active = Schema.Union(Alert.Fired, Alert.Escalated)

export const Edge = Schema.Union(Alert.Fired, Alert.Escalated, Alert.Resolved)

const course = { since: Schema.DateTimeUtc, peak: Schema.Number }

const State = Schema.Struct({
  format: Schema.Literal("effect-errata notifier"),
  version: Schema.Literal(version),
  number: Schema.NonNegativeInt,
  open: Schema.Array(Schema.Struct({
    ...course,
    alert: Active,
    done: Schema.Array(Schema.String),
    isKnown: Schema.Boolean,
    isEnding: Schema.Boolean
  })),
  queue: Schema.Array(Schema.Struct({
    ...course,
    alert: Edge,
    key: Schema.String,
    replaces: Schema.Array(Schema.String)
  }))
})

const Json = Schema.parseJson(State)

const encode = Schema.encodeSync(Json)

export const outboxCodec: Codec<Saved> = {
  write: ({ number, value }) =>
    Effect.sync(() => encode({ format: "effect-errata notifier", version, number, ...value })),
  // Stores over files truncate the file, then write.
  isUnfinished: (text) => text === "",
  read: (text, context) => {
    const found = versionOf(text)
    if (typeof found === "number" && found !== version) {
      const message = `version ${found} is not supported: expected version ${version}`
      return Either.left(new FetchError.DataValidation({ message, context }))
    }
    return Either.mapBoth(Schema.decodeEither(Json)(text), {
      onLeft: (error) =>
        found === undefined
          ? new FetchError.DataTransformation({ message: "not the progress of a notifier", context })
          : Classifier.classifySync(error, { context }),
      onRight: ({ format: _format, number, version: _version, ...value }) => ({ number, value })
    })
  }
}

const Head = Schema.parseJson(Schema.Struct({ version: Schema.Number }))

const versionOf = (text: string): number | undefined => attempt(() => Schema.decodeSync(Head)(text).version)
