/** Checks the options of a store over Redis, and fills in their defaults. */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Check from "../../internal/options.js"
import type { RedisClient } from "./redis/redisClient.js"

export interface IoredisOptions {
  /**
   * The name of the fleet. Processes with the same name share what they know. It is a part of each key, `errata:{name}:1:…`,
   * and must not contain spaces or braces.
   */
  readonly name: string
  /**
   * A client of ioredis, version 5 or 6, connected to a server, Sentinels or a cluster. The store makes connections of its own
   * with the options of this client, and sends nothing through it. It is not closed with the layer.
   */
  readonly client?: RedisClient | undefined
  /** The URL of the server, as in `redis://user:password@host:6379/0`; `rediss:` for TLS. */
  readonly url?: string | Redacted.Redacted | undefined
  /** Options of ioredis: host, credentials, TLS, Sentinels. */
  readonly options?: Readonly<Record<string, unknown>> | undefined
  /** The time after which a command without an answer has failed. Default 1 second. */
  readonly timeout?: Duration.DurationInput | undefined
}

const name: Check.Check<string> = (path, value) =>
  Predicate.isString(value) && /^[^\s{}\p{C}]{1,100}$/u.test(value)
    ? Either.right(value)
    : Check.wrong(path, value, "a text of 1 to 100 characters without spaces and braces")

const client: Check.Check<RedisClient> = (path, value) =>
  Predicate.hasProperty(value, "call") && Predicate.isFunction(value.call) &&
    Predicate.hasProperty(value, "duplicate") && Predicate.isFunction(value.duplicate)
    // The methods that are called are there; their types are those of ioredis.
    ? Either.right(value as unknown as RedisClient)
    : Either.left(`${path} is not a client of ioredis: it must have the methods call and duplicate`)

/** Messages do not show it: it may contain a password. */
const url: Check.Check<Redacted.Redacted> = (path, value) => {
  const text: unknown = Redacted.isRedacted(value) ? Redacted.value(value) : value
  return Predicate.isString(text) && /^rediss?:\/\/\S+$/.test(text)
    ? Either.right(Redacted.make(text))
    : Either.left(`${path} is wrong: it must be a redis or rediss URL, as in "redis://localhost:6379"`)
}

const record: Check.Check<Readonly<Record<string, unknown>>> = (path, value) =>
  Check.isRecord(value) && !Array.isArray(value)
    ? Either.right(value)
    : Either.left(`${path} is wrong: it must be an object of options of ioredis`)

const checks = {
  name,
  client: Check.optional(client),
  url: Check.optional(url),
  options: Check.optional(record),
  timeout: Check.withDefault(Check.duration(), "1 second")
} satisfies Check.Checks<IoredisOptions>

const struct = Check.struct(checks)

export interface StoreSettings extends Check.Output<typeof struct> {}

/** Left is a message. */
export const storeOptions = (options: unknown): Check.Checked<StoreSettings> =>
  Either.flatMap(struct("", options), (settings) => {
    const { client, options, url } = settings
    if (client !== undefined && (url !== undefined || options !== undefined)) {
      return Either.left("there are a client and url or options: a client has its own, leave them out")
    }
    return client === undefined && url === undefined && options === undefined
      ? Either.left(
        "there is no server: one of the options url, client and options is needed, as in url: \"redis://localhost:6379\""
      )
      : Either.right(settings)
  })
