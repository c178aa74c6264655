/** Runs the cells of a table. */
import { assert, layer } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type { FetchError } from "effect-errata/FetchError"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isDeepStrictEqual } from "node:util"
import type { Client } from "./clients.js"
import { clients } from "./clients.js"
import type { Expected } from "./expected.js"
import { fine, interrupted } from "./expected.js"
import { wordsOf } from "./raw.js"
import { Server } from "./server.js"
import type { Row } from "./table.js"

const names = Object.keys(clients) as ReadonlyArray<Client>

/** A test for each row: every client's cell at once, and what disagrees told with the raw error. */
export const testRows = (title: string, rows: ReadonlyArray<Row>, prepare: Effect.Effect<void> = Effect.void): void =>
  layer(Server.layer)(title, (it) => {
    for (const row of rows) {
      it.effect(row.fault, () =>
        Effect.gen(function*() {
          const server = yield* Server
          yield* prepare
          const wrong = yield* Effect.forEach(names, (client) => disagreement(client, row, server), {
            concurrency: "unbounded"
          })
          assert.deepStrictEqual(wrong.filter((line) => line !== undefined), [])
        }))
    }
  })

const disagreement = (client: Client, row: Row, server: Server["Type"]) =>
  Effect.gen(function*() {
    const exception = row.but?.findLast(({ clients }) => clients.includes(client))
    const expected = exception === undefined ? row.expected : exception.expected
    if (expected === undefined) return undefined
    const thrown = yield* Effect.promise(() => rejected(client, row.stage(server)))
    const seen = thrown === undefined ? fine : yield* classified(thrown.raw, row)
    const words = thrown === undefined ? "" : wordsOf(thrown.raw)
    return isDeepStrictEqual(seen, expected) && words.includes(exception?.destroyed ?? "")
      ? undefined
      : `${client}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)} in ${words}`
  })

const classified = (raw: unknown, { context = {}, rules = [] }: Row): Effect.Effect<Expected> =>
  (Cause.isCause(raw)
    ? Classifier.classifyCause(raw, { context })
    : Effect.asSome(Classifier.classify(raw, { context }))).pipe(
      Effect.provide(Classifier.layerRules(rules)),
      Effect.map(Option.match({ onNone: () => interrupted, onSome: seenIn }))
    )

/** What the client rejects with, if it does. One that hangs is a mistake of the table. */
const rejected = async (client: Client, { limits = {}, url }: ReturnType<Row["stage"]>) => {
  let patience: NodeJS.Timeout | undefined
  const hung = new Promise<never>((_, reject) => {
    patience = setTimeout(() => reject(new Error(`${client} hangs`)), 20_000)
  })
  const asked = clients[client](url, limits).then(() => undefined, (raw: unknown) => ({ raw }))
  return Promise.race([asked, hung]).finally(() => clearTimeout(patience))
}

const evidence = ["status", "apiCode", "errno", "phase", "hostname", "banned", "retryAfter"] as const

const seenIn = (error: FetchError): Expected => {
  const fields: { readonly [name: string]: unknown } = {
    ...error,
    retryAfter: Option.getOrUndefined(Option.map(error.retryAfter, Duration.toMillis)),
    banned: "banned" in error && error.banned ? true : undefined
  }
  const told = evidence.filter((name) => fields[name] !== undefined).map((name) => [name, fields[name]])
  return { tag: error._tag, retryable: error.retryable, ...Object.fromEntries(told) }
}
