/**
 * Secrets never leave: planted wherever an error can carry them, and looked for in every output there is.
 */
// @effect-diagnostics globalErrorInEffectFailure:off unknownInEffectCatch:off -- what anybody throws is what this is about
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { describe, expect, it } from "@effect/vitest"
import {
  Cause,
  Console,
  DateTime,
  Effect,
  Either,
  Exit,
  Logger,
  LogLevel,
  Option,
  Redacted,
  Runtime,
  Schema,
  Stream
} from "effect"
import { Classifier, DataResult, ErrorLog, ErrorTracker, Fetch, FetchError, Snapshot } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import * as FastCheck from "effect/FastCheck"
import { inspect } from "node:util"

// ---------------------------------------------------------------------------------------------------------------------
// where a secret can be
// ---------------------------------------------------------------------------------------------------------------------

const words = [
  "api key",
  "api secret",
  "secret key",
  "access token",
  "signature",
  "authorization",
  "x mbx apikey",
  "cookie",
  "password",
  "pass phrase",
  "listen key",
  "private key",
  "client credentials",
  "jwt",
  "session id"
]

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1)

/** One name as people spell it: `apiKey`, `API_KEY`, `Api-Key`, `my.api.key2`. */
const spellings: ReadonlyArray<(words: ReadonlyArray<string>) => string> = [
  ([first, ...rest]) => first + rest.map(capital).join(""),
  (words) => words.map(capital).join(""),
  (words) => words.join("_").toUpperCase(),
  (words) => words.join("-"),
  (words) => words.map(capital).join("-"),
  (words) => `my.${words.join(".")}2`,
  (words) => words.join("")
]

const texts: ReadonlyArray<(name: string, secret: string) => string> = [
  (name, secret) => `https://api.test/v3/order?symbol=A&${name}=${secret}&b=1`,
  (name, secret) => `GET /v3/order#${name}=${secret}`,
  (_, secret) => `https://me:${secret}@api.test/v3`,
  (name, secret) => `https://api.test/${name}/${secret}/order`,
  (name, secret) => `HTTP/1.1 401\r\nHost: api.test\r\n${name}: ${secret}\r\n\r\n{}`,
  (name, secret) => JSON.stringify({ code: -2014, headers: { [name]: secret } }),
  (name, secret) => JSON.stringify({ body: JSON.stringify({ a: [{ [name]: [secret] }] }) }),
  (name, secret) => JSON.stringify({ rawHeaders: ["Host", "api.test", name, secret, "Accept", "*/*"] }),
  (name, value) => JSON.stringify([{ name: "Host", value: "api.test" }, { value, name }]),
  (name, received) => JSON.stringify([{ received, path: ["a", name], message: `received '${received}'` }], null, 2),
  (name, secret) => `bot --${name.replaceAll(".", "-")} ${secret} --symbol A exited with 1`,
  (name, secret) => inspect({ config: { [name]: secret } }),
  (name, secret) => `export ${name}=${secret}; refused`
]

const values: ReadonlyArray<(name: string, secret: string) => unknown> = [
  (name, secret) => ({ [name]: secret }),
  (name, secret) => new Map([[name, { a: [secret] }]]),
  (name, secret) => ({ rawHeaders: ["Host", "api.test", name, secret] }),
  (name, secret) => [["Host", "api.test"], [name, secret]],
  (name, value) => [{ value, name }],
  (name, value) => ({ path: ["a", name], message: `received '${value}'`, received: value }),
  (_, secret) => Redacted.make(secret),
  (name, secret) => new Headers({ [name]: secret }),
  (name, secret) => new URL(`https://api.test/?${name}=${secret}`),
  (_, secret) => Buffer.from(secret),
  (name, secret) => Object.assign(() => secret, { [name]: secret }),
  (name, secret) =>
    new (class Client {
      readonly #secret = secret
      readonly options = { [name]: secret }
      get signed() {
        return this.#secret
      }
    })()
]

/** Errors as clients throw them, with all that these carry around. */
const clients: Readonly<Record<string, (name: string, secret: string, text: string) => unknown>> = {
  axios: (name, secret, text) =>
    Object.assign(new Error(`Request failed with status code 401: ${text}`), {
      name: "AxiosError",
      code: "ERR_BAD_REQUEST",
      config: {
        url: text,
        headers: { [name]: secret },
        params: { [name]: secret },
        auth: { username: "me", password: secret },
        data: text
      },
      request: { _header: `GET / HTTP/1.1\r\n${name}: ${secret}\r\n` },
      response: { status: 401, headers: { "set-cookie": [secret] }, data: { code: -2015, msg: text } },
      toJSON: () => ({ config: { headers: { [name]: secret } }, message: text })
    }),
  got: (name, secret, text) =>
    Object.assign(new Error(text), {
      name: "HTTPError",
      code: "ERR_NON_2XX_3XX_RESPONSE",
      options: { url: new URL(`https://api.test/?${name}=${secret}`), headers: { [name]: secret }, password: secret },
      response: { statusCode: 503, body: text, rawHeaders: [name, secret] },
      timings: {}
    }),
  undici: (name, secret, text) =>
    new TypeError("fetch failed", {
      cause: Object.assign(new Error(text), {
        name: "ResponseError",
        code: "UND_ERR_RESPONSE",
        statusCode: 429,
        headers: { [name]: secret },
        body: text,
        [Symbol("opaque")]: { [name]: secret }
      })
    }),
  ccxt: (_, secret, text) => {
    class AuthenticationError extends Error {
      override readonly name = "AuthenticationError"
      readonly apiKey = secret
    }
    return new AuthenticationError(`binance {"code":-2015,"msg":"Invalid API-key"} ${text}`)
  },
  ky: (name, secret, text) =>
    Object.assign(new Error(`Request failed with status code 500: GET ${text}`), {
      name: "HTTPError",
      request: new Request(`https://api.test/?${name}=${secret}`, { headers: { [name]: secret } }),
      response: new Response(text, { status: 500, headers: { [name]: secret } }),
      options: { headers: { [name]: secret }, searchParams: { [name]: secret } }
    }),
  response: (name, secret, text) => new Response(text, { status: 400, headers: { [name]: secret } }),
  platform: (name, secret, text) => {
    const request = HttpClientRequest.get(`https://api.test/?${name}=${secret}`, { headers: { [name]: secret } })
    return new HttpClientError.ResponseError({
      request,
      response: HttpClientResponse.fromWeb(request, new Response(text, { status: 418 })),
      reason: "StatusCode",
      description: text
    })
  },
  platformTransport: (name, secret, text) =>
    new HttpClientError.RequestError({
      request: HttpClientRequest.post(`https://me:${secret}@api.test/`, { urlParams: { [name]: secret } }),
      reason: "Transport",
      cause: new TypeError("fetch failed", { cause: Object.assign(new Error(text), { code: "ECONNRESET" }) })
    }),
  schema: (name, secret) =>
    Either.getOrThrow(Either.flip(
      Schema.decodeUnknownEither(Schema.Struct({ a: Schema.Struct({ [name]: Schema.Number }) }))({
        a: { [name]: secret }
      })
    )),
  zod: (name, received) => {
    const issues = [{ received, code: "invalid_enum_value", path: ["a", name], message: `Got '${received}'` }]
    return Object.assign(new Error(JSON.stringify(issues, null, 2)), { name: "ZodError", issues })
  },
  joi: (name, value) =>
    Object.assign(new Error(`"a.${name}" with value "${value}" fails`), {
      name: "ValidationError",
      details: [{ message: `"a.${name}" with value "${value}" fails`, path: ["a", name], context: { value } }],
      _original: { a: { [name]: value } }
    }),
  command: (name, secret, text) =>
    Object.assign(new Error(`spawn bot ENOENT ${text}`), {
      code: "ENOENT",
      syscall: "spawn bot",
      path: text,
      spawnargs: [`--${name}`, secret]
    }),
  aggregate: (name, secret, text) =>
    new AggregateError([new Error(text), Object.assign(new Error("x"), { [name]: secret })], text),
  cause: (name, secret, text) => Cause.parallel(Cause.fail({ [name]: secret }), Cause.die(new Error(text))),
  exit: (name, secret) => Exit.fail({ [name]: secret }),
  unknown: (name, secret, text) => new Cause.UnknownException({ [name]: secret, message: text }),
  thrown: (name, secret, text) => ({ message: text, [name]: secret, toString: () => text }),
  text: (_, __, text) => text,
  own: (name, secret, text) =>
    new FetchError.ApiAuth({
      message: text,
      cause: Object.assign(new Error(text), { [name]: secret }),
      earlier: [{ source: text, code: text, message: text }],
      context: { url: text, attributes: { [name]: secret, text } }
    })
}

interface Planted {
  readonly name: string
  readonly secret: string
  readonly text: string
  readonly value: unknown
}

const pick = <A>(items: ReadonlyArray<A>) => FastCheck.constantFrom(...items)

const planted: FastCheck.Arbitrary<Planted> = FastCheck.record({
  name: FastCheck.tuple(pick(words), pick(spellings)).map(([words, spell]) => spell(words.split(" "))),
  secret: FastCheck.string({ unit: pick([..."abcXYZ019-_."]), minLength: 4, maxLength: 16 }).map((s) => `Zq7${s}Zq7`),
  text: pick(texts),
  value: pick(values),
  depth: FastCheck.nat(4)
}).map(({ depth, name, secret, text, value }) => ({
  name,
  secret,
  text: text(name, secret),
  value: Array.from({ length: depth }).reduce<unknown>(
    (inner, _, i) => i % 2 === 0 ? { inner } : [inner],
    value(name, secret)
  )
}))

// ---------------------------------------------------------------------------------------------------------------------
// where it could come out
// ---------------------------------------------------------------------------------------------------------------------

const formats = {
  text: ErrorLog.layerText,
  json: ErrorLog.layerJson,
  effectString: Logger.replace(Logger.defaultLogger, Logger.withConsoleLog(Logger.stringLogger)),
  effectLogFmt: Logger.logFmt,
  effectJson: Logger.json,
  effectStructured: Logger.structured,
  effectPretty: Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ colors: false, mode: "tty" })),
  effectBrowser: Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ colors: false, mode: "browser" }))
}

/** All that goes to the console, however it is called. */
const printed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const silent = yield* Console.consoleWith((console) => Effect.succeed(console))
    const write = (...args: ReadonlyArray<unknown>) =>
      void lines.push(args.map((arg) => typeof arg === "string" ? arg : inspect(arg, { depth: 20 })).join(" "))
    const unsafe: Console.UnsafeConsole = new Proxy(silent.unsafe, { get: () => write })
    const value = yield* Effect.withConsole(effect, { ...silent, unsafe })
    return { lines, value }
  })

const shown = (value: unknown): ReadonlyArray<string> => [
  String(value),
  inspect(value),
  inspect({ a: [value] }, { depth: 20, showHidden: false }),
  JSON.stringify({ value })
]

const dimensions = ["symbol", "source", "market", "text", "value"]

const encode = Schema.encodeSync(Schema.parseJson(FetchError.FetchError))
const decode = Schema.decodeSync(Schema.parseJson(FetchError.FetchError))

/** Everything that an app can see of a fetch that fails with this. */
const outputs = ({ name, secret, text, value }: Planted, cause: unknown) =>
  Effect.gen(function*() {
    const told: Array<readonly [string, string]> = []
    const tell = (what: string, all: ReadonlyArray<string>) => told.push(...all.map((text) => [what, text] as const))

    const context = {
      symbol: text,
      source: text,
      market: text,
      start: text,
      url: text,
      // What a caller without types may hand in.
      attributes: { text, [text]: 1, [name]: secret, value: value as string }
    }
    const tracker = yield* ErrorTracker.ErrorTracker
    const fetches = {
      failure: Effect.fail(cause),
      defect: Effect.die(cause),
      both: Effect.ensuring(Effect.fail(new Error(text)), Effect.die(cause))
    }
    for (const [kind, fetch] of Object.entries(fetches)) {
      const tracked = fetch.pipe(Fetch.tracked(context), Fetch.annotate({ operation: text }), Effect.withSpan("fetch"))
      const ways = kind === "failure" ? formats : { text: formats.text }
      for (const [format, layer] of Object.entries(ways)) {
        const { lines, value: exit } = yield* printed(
          Effect.gen(function*() {
            const exit = yield* Effect.exit(tracked)
            if (Exit.isFailure(exit)) yield* Effect.logError("failed", exit.cause)
            return exit
          }).pipe(Effect.provide(layer))
        )
        expect(lines.length).toBeGreaterThan(0)
        tell(`${kind} logged as ${format}`, lines)
        if (format !== "text") continue
        tell(`${kind} as an exit`, shown(exit))
        const failure = Exit.isFailure(exit) ? exit.cause : Cause.empty
        tell(`${kind} as a cause`, [
          ...shown(failure),
          Cause.pretty(failure, { renderErrorCause: true }),
          inspect(Cause.prettyErrors(failure), { depth: 20 })
        ])
        const rejection = Runtime.makeFiberFailure(failure)
        tell(`${kind} out of runPromise`, [...shown(rejection), rejection.stack ?? ""])
        for (const error of [...Cause.failures(failure), ...Cause.defects(failure)]) {
          tell(`${kind} as an error`, [...shown(error), inspect(error, { customInspect: false, depth: 20 })])
          if (!FetchError.isFetchError(error)) continue
          tell(`${kind} as one of the 17`, [
            error.message,
            error.stack ?? "",
            JSON.stringify([error.context, error.earlier]),
            encode(error),
            inspect(decode(encode(error)), { depth: 20 }),
            ...shown(FetchError.withContext(error, context))
          ])
          const result = DataResult.make({ data: [], error: Option.some(error), timestamp: DateTime.unsafeMake(0) })
          tell(`${kind} as a result`, [
            JSON.stringify([result, result.toLogRecord(), result.stackTrace, result.message, result.metadata]),
            inspect(result, { depth: 20 })
          ])
        }
      }
    }
    tell("classified", shown(Classifier.classifySync(cause, { context })))

    yield* LogCapture.clear
    yield* ErrorLog.log(new FetchError.Unexpected({ cause, context }), { cause: Cause.die(cause), message: text })
    yield* Effect.fail(cause).pipe(Fetch.tracked(context), Effect.exit)
    for (const entry of yield* LogCapture.entries) {
      tell("captured", [entry.message, inspect(entry, { depth: 20 }), Cause.pretty(entry.cause)])
    }

    const empty = new FetchError.DataEmpty({ reason: "api_response", message: text, context })
    yield* Effect.repeatN(tracker.track(empty), 1)
    tell("tracked", [
      JSON.stringify([
        yield* tracker.recent(),
        yield* tracker.stats(),
        yield* tracker.rates,
        yield* tracker.emptyData(),
        yield* Effect.flatMap(tracker.snapshot, Schema.encode(Snapshot.Snapshot)),
        yield* tracker.activeAlerts,
        yield* tracker.alerts.pipe(Stream.take(1), Stream.runCollect),
        yield* Effect.forEach(dimensions, (by) => tracker.breakdown({ by }))
      ])
    ])
    return told
  }).pipe(
    Effect.provide([
      LogCapture.layer,
      ErrorTracker.layer({ dimensions, thresholds: { DATA_EMPTY: { perDay: 1 } } })
    ]),
    Logger.withMinimumLogLevel(LogLevel.All)
  )

const check = (planted: Planted, cause: unknown) =>
  Effect.map(outputs(planted, cause), (told) => {
    const leaks = told.flatMap(([what, text]) => {
      const at = text.indexOf(planted.secret)
      return at === -1 ? [] : [`${what}: …${text.slice(Math.max(0, at - 100), at + 30)}`]
    })
    expect(leaks).toEqual([])
  })

// ---------------------------------------------------------------------------------------------------------------------
// nothing comes out
// ---------------------------------------------------------------------------------------------------------------------

describe("a secret is in no output", () => {
  for (const [client, make] of Object.entries(clients)) {
    it.effect(`whatever ${client} throws`, () =>
      Effect.forEach(
        FastCheck.sample(planted, 2),
        (planted) => check(planted, make(planted.name, planted.secret, planted.text)),
        { discard: true }
      ))
  }

  it.effect("wherever it is", () =>
    Effect.promise(() =>
      FastCheck.assert(
        FastCheck.asyncProperty(planted, pick(Object.values(clients)), (planted, make) => {
          const inner = make(planted.name, planted.secret, planted.text)
          const cause = Object.assign(new Error(planted.text, { cause: inner }), {
            value: planted.value,
            [planted.name]: planted.secret
          })
          return Effect.runPromise(check(planted, cause))
        }),
        { numRuns: 15 }
      )
    ))
})
