/** The check of a snapshot that a caller passes to `restore`. */
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { refusal } from "../options.js"
import { safeText } from "../safe/json.js"
import { SnapshotSchema } from "./snapshotCodec.js"

const validate = Schema.validateEither(Schema.typeSchema(SnapshotSchema))

/** The refusal of what is no snapshot, such as the JSON of one; undefined for a snapshot. */
export const refusedSnapshot = (snapshot: unknown): Effect.Effect<never> | undefined => {
  const validated = validate(snapshot)
  if (Either.isRight(validated)) return undefined
  const [issue] = ParseResult.ArrayFormatter.formatErrorSync(validated.left)
  const path = ["snapshot", ...issue?.path ?? []].join(".")
  return refusal(
    "ErrorTracker.restore",
    Either.left(
      `${safeText(`${path}: ${issue?.message ?? "invalid"}`)}. It must be a Snapshot, as \`snapshot\` returns it; ` +
        "decode JSON with Schema.decodeUnknown(Snapshot.Snapshot)"
    )
  )
}
