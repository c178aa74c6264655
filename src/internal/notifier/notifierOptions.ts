/** Checks the options of receivers, and fills in their defaults. */
import * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Check from "../options.js"
import { attempt } from "../safe/json.js"
import type { KeepAlive, Receiver, ReceiverOptions } from "./notifierModel.js"

/** The default delays between attempts, and the number of alerts that wait. */
const retryDefaults = { base: "1 second", cap: "1 minute" }

const duration = Check.duration()

const retry: Check.Check<{ readonly base: Duration.Duration; readonly cap: Duration.Duration }> = (path, value) =>
  Either.flatMap(
    Check.struct({
      base: Check.withDefault(duration, retryDefaults.base),
      cap: Check.withDefault(duration, retryDefaults.cap)
    })(path, value),
    (curve) =>
      Duration.lessThanOrEqualTo(curve.base, curve.cap)
        ? Either.right(curve)
        : Check.wrong(`${path}.base`, curve.base, `at most as long as the cap, ${Duration.format(curve.cap)}`)
  )

/** A check for each option that all receivers have. */
export const receiverChecks = {
  name: Check.withDefault(Check.text, "notifier"),
  minSeverity: Check.withDefault(Check.oneOf("severity", ["INFO", "WARNING", "ERROR"]), "INFO"),
  timeout: Check.withDefault(duration, "10 seconds"),
  retry: Check.withDefault(retry, {}),
  maxPending: Check.withDefault(Check.wholeNumber(1, 100_000), 256),
  drainTimeout: Check.withDefault(Check.duration({ least: Duration.zero }), "5 seconds")
} satisfies Check.Checks<ReceiverOptions>

type Run = (...args: ReadonlyArray<never>) => Effect.Effect<unknown, unknown, unknown>

const keepAlive = Check.struct(
  {
    every: duration,
    send: Check.fn<KeepAlive<unknown>["send"]>()
  } satisfies Check.Checks<KeepAlive<unknown>>
)

const receiver = Check.struct(
  {
    ...receiverChecks,
    send: Check.fn<Receiver<unknown>["send"] & Run>(),
    keepAlive: Check.optional(keepAlive)
  } satisfies Check.Checks<Receiver<unknown>>
)

/** A receiver with all its settings. */
export interface Settings extends Check.Output<typeof receiver> {}

/** The receivers of one layer. Left is a message. */
export const receivers = (all: ReadonlyArray<unknown>): Check.Checked<ReadonlyArray<Settings>> =>
  all.some((one) => Array.isArray(one))
    ? Either.left(
      "options is a list: it must be an object; pass each receiver as an argument, Notifier.layer(first, second)"
    )
    : Either.flatMap(
      Either.all(all.map((one, i) => receiver(all.length === 1 ? "" : `receivers[${i}]`, one))),
      (settings) => {
        const names = settings.map(({ name }) => name)
        const twice = names.find((name, i) => names.indexOf(name) !== i)
        if (settings.length === 0) return Either.left("there is no receiver: write Notifier.layer({ send: … })")
        return twice === undefined
          ? Either.right(settings)
          : Either.left(`two receivers have the name ${JSON.stringify(twice)}: give each its own option "name"`)
      }
    )

/** The address of a receiver, which may be a secret: messages show an example instead of it. */
const secretUrl = (example: string): Check.Check<Redacted.Redacted> => (path, value) => {
  const text: unknown = Redacted.isRedacted(value) ? Redacted.value(value) : value
  if (text instanceof URL) return Either.left(`${path} is a URL object: it must be a string, write url.href`)
  const url = Predicate.isString(text) && /^https?:\/\//i.test(text) && !/[\s\\]/.test(text)
    ? attempt(() => new URL(text))
    : undefined
  if (!Predicate.isString(text) || url === undefined) {
    return Either.left(`${path} must be an http or https URL, as in "${example}"`)
  }
  return url.username === "" && url.password === ""
    ? Either.right(Redacted.make(text))
    : Either.left(`${path} must have no user name and no password: write the option headers: { authorization: … }`)
}

/** Labels or headers: texts by name. */
export const textsByName =
  (right: string, isName: (name: string) => boolean): Check.Check<Readonly<Record<string, string>>> =>
  (
    path,
    value
  ) => {
    if (!Check.isRecord(value)) return Check.wrong(path, value, right)
    for (const [name, text] of Object.entries(value)) {
      if (!isName(name)) return Either.left(`${path}: ${JSON.stringify(name)} is no valid name: it must be ${right}`)
      if (!Predicate.isString(text)) return Check.wrong(`${path}.${name}`, text, "a string")
    }
    // Each value is a string.
    return Either.right(value as Readonly<Record<string, string>>)
  }

/** Headers, whose values may be secrets: messages do not show them. */
export const headers: Check.Check<Readonly<Record<string, Redacted.Redacted>>> = (path, value) => {
  if (!Check.isRecord(value)) return Either.left(`${path}: it must be an object of header names and their values`)
  const found: Array<readonly [string, Redacted.Redacted]> = []
  for (const [name, text] of Object.entries(value)) {
    const plain: unknown = Redacted.isRedacted(text) ? Redacted.value(text) : text
    if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
      return Either.left(
        `${path}: ${JSON.stringify(name)} is no header name: it must be a token, as in "authorization"`
      )
    }
    if (!Predicate.isString(plain) || /[\r\n\0]/.test(plain)) {
      return Either.left(`${path}.${name}: it must be a string of one line, or a Redacted one`)
    }
    found.push([name, Redacted.make(plain)])
  }
  return Either.right(Object.fromEntries(found))
}

/** The address of a webhook. */
export const webhookUrl = secretUrl("https://hooks.example.com/alerts")

/** The address of the alerts of an Alertmanager, from that of the Alertmanager. */
export const alertsUrl: Check.Check<Redacted.Redacted> = (path, value) =>
  Either.flatMap(secretUrl("http://127.0.0.1:9093")(path, value), (url) => {
    const { hash, origin, pathname, search } = new URL(Redacted.value(url))
    const base = pathname.replace(/\/+$/, "").replace(/\/api\/v2(?:\/alerts)?$/, "")
    return search === "" && hash === ""
      ? Either.right(Redacted.make(`${origin}${base}/api/v2/alerts`))
      : Either.left(`${path} must be the address of an Alertmanager without query, as in "http://127.0.0.1:9093"`)
  })
