/** The JSON document of a webhook. */
import * as Schema from "effect/Schema"
import type { Edge } from "./edge.js"
import type { Delivery } from "./notifierModel.js"
import { Edge as EdgeSchema } from "./outboxCodec.js"

export type Labels = Readonly<Record<string, string>>

const document = Schema.Struct({
  version: Schema.Literal(1),
  key: Schema.String,
  message: Schema.String,
  since: Schema.DateTimeUtc,
  labels: Schema.Record({ key: Schema.String, value: Schema.String }),
  alert: EdgeSchema
})

export interface Document extends Schema.Schema.Type<typeof document> {}
interface DocumentJson extends Schema.Schema.Encoded<typeof document> {}
export const Document: Schema.Schema<Document, DocumentJson> = document

const encode = Schema.encodeSync(Document)

export const documentOf = (alert: Edge, { key, since }: Delivery, labels: Labels): unknown =>
  encode({ version: 1, key, message: alert.message, since, labels, alert })
