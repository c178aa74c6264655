import { describe, expect, it } from "@effect/vitest"
import { Cause, Clock, Console, Duration, Effect, FiberId, Logger, LogLevel, Option, Redacted, TestClock } from "effect"
import { ErrorLog, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import * as FastCheck from "effect/FastCheck"

// ---------------------------------------------------------------------------------------------------------------------
// tools
// ---------------------------------------------------------------------------------------------------------------------

const socket = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" })

const refused = new FetchError.NetworkConnection({
  message: "connect ECONNREFUSED 127.0.0.1:9",
  errno: "ECONNREFUSED",
  cause: new TypeError("fetch failed", { cause: socket }),
  context: {
    symbol: "BTCUSDT",
    interval: "1h",
    market: "SPOT",
    source: "rest",
    start: 0,
    end: "1970-01-02T00:00:00Z",
    url: "https://x.test/?signature=hunter2",
    operation: "fetch",
    attempt: 2,
    attributes: { pool: 3, apiKey: "hunter2", severity: "mine" }
  }
})

/** What goes to the console while the effect runs, one text a call. */
const printed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const silent = yield* Console.consoleWith((console) => Effect.succeed(console))
    const unsafe = { ...silent.unsafe, log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" ")) }
    yield* Effect.withConsole(effect, { ...silent, unsafe })
    return lines
  })

const one = <E, R>(effect: Effect.Effect<ReadonlyArray<string>, E, R>) =>
  Effect.map(effect, (lines) => {
    expect(lines.length).toBe(1)
    return lines[0]!
  })

const formats = [["text", ErrorLog.layerText], ["json", ErrorLog.layerJson]] as const

/** The JSON that a line of either format holds. */
const contextOf = (line: string) => {
  if (line.startsWith("{")) return JSON.parse(line).annotations
  const at = line.indexOf(" | Error Context: ")
  return at === -1 ? {} : JSON.parse(line.slice(at + " | Error Context: ".length))
}

// ---------------------------------------------------------------------------------------------------------------------
// log
// ---------------------------------------------------------------------------------------------------------------------

describe("ErrorLog.log", () => {
  const logged = (...args: Parameters<typeof ErrorLog.log>) =>
    Effect.gen(function*() {
      yield* ErrorLog.log(...args)
      const [entry] = yield* LogCapture.entries
      return entry!
    }).pipe(Effect.provide(LogCapture.layer))

  it.effect("annotates all that is known, and nothing else", () =>
    Effect.gen(function*() {
      expect((yield* logged(refused)).annotations).toEqual({
        error_type: "NETWORK_CONNECTION",
        error_message: "connect ECONNREFUSED 127.0.0.1:9",
        severity: "ERROR",
        exception_type: "TypeError",
        symbol: "BTCUSDT",
        interval: "1h",
        market_type: "SPOT",
        source: "rest",
        start_time: "1970-01-01T00:00:00.000Z",
        end_time: "1970-01-02T00:00:00.000Z",
        operation: "fetch",
        attempt: 2,
        url: "https://x.test/?signature=<redacted>",
        retryable: true,
        errno: "ECONNREFUSED",
        pool: 3,
        apiKey: "<redacted>"
      })
      expect((yield* logged(new FetchError.Unexpected())).annotations).toEqual({
        error_type: "UNEXPECTED",
        error_message: "Unexpected error occurred",
        severity: "ERROR",
        exception_type: "Unexpected",
        retryable: false
      })
    }))

  it.effect("own evidence goes along under names of the log", () =>
    Effect.gen(function*() {
      const limited = yield* logged(
        new FetchError.ApiRateLimit({ status: 418, apiCode: -1003, retryAfter: Option.some(Duration.seconds(7)) })
      )
      expect(limited.annotations).toMatchObject({
        status: 418,
        api_code: -1003,
        banned: true,
        retry_after_millis: 7000
      })
      const invalid = yield* logged(
        new FetchError.DataValidation({ issues: [{ path: "[0].open", message: "missing" }] })
      )
      expect(invalid.annotations["issues"]).toEqual([{ path: "[0].open", message: "missing" }])
      const last = yield* logged(
        new FetchError.ApiFormat({ earlier: [{ source: "vision", code: "DATA_EMPTY", message: "nothing" }] })
      )
      expect(last.annotations["earlier"]).toEqual([{ source: "vision", code: "DATA_EMPTY", message: "nothing" }])
    }))

  it.effect.each<[FetchError.Trackable, string, LogLevel.Literal]>([
    [new FetchError.ApiAuth(), "Error fetching data: Authentication failed", "Error"],
    [new FetchError.NetworkTimeout(), "Error fetching data: Network request timed out", "Warning"],
    [
      new FetchError.NetworkDns({ context: { symbol: "BTCUSDT", interval: "1h" } }),
      "Error fetching data for BTCUSDT 1h: DNS resolution failed",
      "Error"
    ],
    [
      new FetchError.NetworkDns({ context: { interval: "1h" } }),
      "Error fetching data for 1h: DNS resolution failed",
      "Error"
    ],
    [
      new FetchError.StorageRead({ context: { operation: "read" } }),
      "Error reading data: Failed to read from storage",
      "Error"
    ],
    [
      new FetchError.StorageSpace({ context: { operation: "write" } }),
      "Error writing data: Insufficient storage space",
      "Error"
    ],
    [
      new FetchError.DataValidation({ context: { operation: "validate" } }),
      "Error validating data: Data validation failed",
      "Warning"
    ],
    [
      new FetchError.DataEmpty({ reason: "api_response", context: { symbol: "BTCUSDT" } }),
      "No data for BTCUSDT: Empty data returned (expected)",
      "Info"
    ],
    [
      new FetchError.DataEmpty({ reason: "delisted" }),
      "No data: Empty data returned (expected)",
      "Debug"
    ],
    [
      { _tag: "Mine", code: "MINE", category: "App", severity: "WARNING", message: "a\nb \u001B[31m", context: {} },
      "Error fetching data: a\\nb \\u001b[31m",
      "Warning"
    ]
  ])("%s", ([error, message, level]) =>
    Effect.gen(function*() {
      expect(yield* logged(error)).toMatchObject({ level, message })
    }))

  it.effect("level and message are options", () =>
    Effect.gen(function*() {
      const entry = yield* logged(refused, { level: LogLevel.Fatal, message: "token=hunter2 \u202E" })
      expect(entry).toMatchObject({ level: "Fatal", message: "token=<redacted> \\u202e" })
    }))

  it.effect("the causes go along, without what the thrown objects hold", () =>
    Effect.gen(function*() {
      const cause = Object.assign(new TypeError("at https://x.test/?apiKey=hunter2"), {
        request: { headers: { authorization: "Bearer hunter2" } },
        cause: socket
      })
      const entry = yield* logged(new FetchError.NetworkConnection({ cause }))
      expect(Cause.pretty(entry.cause, { renderErrorCause: true })).toMatch(
        /^NetworkConnection: Failed to establish connection \{\s+\[cause\]: TypeError: at https:\/\/x.test\/\?apiKey=<redacted> \{\s+\[cause\]: Error: connect ECONNREFUSED 127.0.0.1:9\n\s+at .*ErrorLog\.test\.ts/
      )
      expect(JSON.stringify([...Cause.failures(entry.cause)].map((error) => Object.values(error as object)))).not
        .toContain(
          "hunter2"
        )
    }))

  it.effect("no cause carries what would forge a line, whichever logger prints it", () =>
    Effect.gen(function*() {
      const forged = Object.assign(new Error("a\nERROR b\u001B[2J"), { name: "X\u202E" })
      const { cause } = yield* logged(new FetchError.Unexpected({ cause: forged }), { cause: Cause.die("c\u0007") })
      const text = Cause.pretty(cause, { renderErrorCause: true })
      // oxlint-disable-next-line no-control-regex -- that there are none is the point
      expect(text).not.toMatch(/[\u0007\u001B\u202E]|\nERROR/)
      expect(text).toContain("X\\u202e: a\\nERROR b\\u001b[2J")
    }))

  it.effect("what failed or died beside the error goes along; what is the error itself, once", () =>
    Effect.gen(function*() {
      const cause = Cause.parallel(
        Cause.sequential(Cause.fail(refused), Cause.die(new Error("wrapped", { cause: socket }))),
        Cause.parallel(Cause.die(new RangeError("finalizer, token=hunter2")), Cause.interrupt(FiberId.none))
      )
      const entry = yield* logged(refused, { cause })
      expect([...Cause.failures(entry.cause)].map(String)).toEqual([
        "NetworkConnection: connect ECONNREFUSED 127.0.0.1:9"
      ])
      expect([...Cause.defects(entry.cause)].map(String)).toEqual(["RangeError: finalizer, token=<redacted>"])
    }))

  it.effect("names what was thrown: the innermost that has a name of its own", () =>
    Effect.gen(function*() {
      class MyError extends Error {}
      const name = (cause: unknown) =>
        Effect.map(logged(new FetchError.Unexpected({ cause })), ({ annotations }) => annotations["exception_type"])
      expect(yield* name(new MyError("x"))).toBe("MyError")
      expect(yield* name(new Cause.UnknownException(new SyntaxError("x")))).toBe("SyntaxError")
      expect(yield* name(new TypeError("x", { cause: new Error("y") }))).toBe("TypeError")
      expect(yield* name("text")).toBe("string")
      expect(yield* name(new Error("x"))).toBe("Error")
      expect(yield* name(undefined)).toBe("Unexpected")
    }))

  it.effect("never fails: not for a logger that throws, nor for an error that does", () =>
    Effect.gen(function*() {
      const throwing = Logger.replace(
        Logger.defaultLogger,
        Logger.make(() => {
          throw new Error("disk full")
        })
      )
      yield* ErrorLog.log(refused).pipe(Effect.provide(throwing))
      yield* ErrorLog.log(refused, { storm: ErrorLog.makeStorm() }).pipe(Effect.provide(throwing))
      const hostile: FetchError.Trackable = new Proxy(refused, {
        get: () => {
          throw new Error("no")
        }
      })
      yield* ErrorLog.log(hostile).pipe(Effect.provide(LogCapture.layer))
    }))

  it.effect("costs nothing below the minimum level", () =>
    Effect.gen(function*() {
      let read = 0
      const error = new Proxy(new FetchError.DataEmpty({ reason: "delisted" }), {
        get: (target, key) => {
          if (key === "message") read++
          return Reflect.get(target, key)
        }
      })
      yield* ErrorLog.log(error).pipe(Logger.withMinimumLogLevel(LogLevel.Info))
      expect(read).toBe(0)
    }))
})

// ---------------------------------------------------------------------------------------------------------------------
// formats
// ---------------------------------------------------------------------------------------------------------------------

describe("ErrorLog.layerText", () => {
  it.effect("writes the form of the original", () =>
    Effect.gen(function*() {
      const error = new FetchError.NetworkDns({
        cause: Object.assign(new Error("getaddrinfo ENOTFOUND x.test"), { stack: "" }),
        hostname: "x.test",
        context: { symbol: "BTCUSDT", interval: "1h" }
      })
      expect(yield* one(printed(ErrorLog.log(error)))).toBe(
        "1970-01-01T00:00:00.000Z [ERROR] Error fetching data for BTCUSDT 1h: DNS resolution failed | Error Context: " +
          "{\"error_type\":\"NETWORK_DNS\",\"error_message\":\"DNS resolution failed\",\"severity\":\"ERROR\"," +
          "\"exception_type\":\"Error\",\"symbol\":\"BTCUSDT\",\"interval\":\"1h\",\"hostname\":\"x.test\"," +
          "\"retryable\":true,\"cause\":\"NetworkDns\\n[cause]: Error: getaddrinfo ENOTFOUND x.test\"}"
      )
    }).pipe(Effect.provide(ErrorLog.layerText)))

  it.effect("without context, nothing but the message", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_700_000_000_000)
      expect(yield* one(printed(Effect.logWarning("one", 2, { three: 3n })))).toBe(
        "2023-11-14T22:13:20.000Z [WARNING] one 2 {\"three\":\"3\"}"
      )
    }).pipe(Effect.provide(ErrorLog.layerText)))
})

describe("ErrorLog.layerJson", () => {
  it.effect("writes one object with always the same keys", () =>
    Effect.gen(function*() {
      const line = yield* one(printed(
        Effect.logError("failed", Cause.die(new Error("x", { cause: "y" }))).pipe(
          Effect.annotateLogs({ b: 1, a: [new Date(0)], symbol: "BTCUSDT" }),
          Effect.withLogSpan("outer")
        )
      ))
      const { cause, ...rest } = JSON.parse(line)
      expect(rest).toEqual({
        timestamp: "1970-01-01T00:00:00.000Z",
        level: "ERROR",
        message: "failed",
        annotations: { symbol: "BTCUSDT", a: ["1970-01-01T00:00:00.000Z"], b: 1 },
        spans: { outer: 0 }
      })
      expect(cause).toMatch(/^Error: x\n {4}at .*ErrorLog\.test\.ts.*\n[^]*\[cause\]: string: y$/)
      expect(Object.keys(rest.annotations)).toEqual(["symbol", "a", "b"])
    }).pipe(Effect.provide(ErrorLog.layerJson)))

  it.effect("interruption is a word", () =>
    Effect.gen(function*() {
      const line = yield* one(printed(Effect.logInfo("stopped", Cause.interrupt(FiberId.none))))
      expect(JSON.parse(line).cause).toBe("interrupted")
    }).pipe(Effect.provide(ErrorLog.layerJson)))
})

describe.each(formats)("every line of %s", (_, layer) => {
  const clean = (line: string) => {
    expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(8192)
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(line).not.toMatch(/[\u0000-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069\u200B-\u200F]|\p{Surrogate}/u)
    contextOf(line)
  }

  const hostile: Record<string, unknown> = {
    "newlines": "a\nb\r\nc\u2028d\u2029e\u0085f",
    "terminal": "\u001B[2J\u001B]0;title\u0007 \u009B31m \u0008\u007F",
    "bidi": "\u202Etxt.exe\u2066\u200F\u061C",
    "surrogates": "\uD800 \uDC00 \uDBFF",
    "emoji": "😀".repeat(10_000),
    "quotes": "\"\\".repeat(50_000),
    "controls": "\u0000".repeat(50_000),
    "chinese": "数据".repeat(50_000),
    "bigint": 10n ** 5000n,
    "symbol": Symbol("s"),
    "function": () => 1,
    "nan": Number.NaN,
    "date": new Date(Number.NaN),
    "map": new Map<unknown, unknown>([["token", "hunter2"], [{}, 1]]),
    "redacted": Redacted.make("hunter2"),
    "error": new Error("token=hunter2", { cause: "x" }),
    "cycle": (() => {
      const cycle: Record<string, unknown> = { password: "hunter2" }
      cycle["self"] = cycle
      return cycle
    })(),
    "deep": Array.from({ length: 10_000 }).reduce<object>((inner) => ({ inner }), {}),
    "wide": Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, i])),
    "proxy": new Proxy({}, {
      ownKeys: () => {
        throw new Error("no")
      },
      get: () => {
        throw new Error("no")
      }
    }),
    "getter": {
      get x() {
        throw new Error("no")
      }
    },
    "toJSON": {
      toJSON() {
        throw new Error("no")
      }
    },
    "huge": { rows: Array.from({ length: 10_000 }, (_, i) => ({ i, text: "x".repeat(1_000) })) },
    "\u001B[31mname": 1,
    "__proto__": "p"
  }

  it.effect.each(Object.keys(hostile))("is one, clean and bounded: %s", (name) =>
    Effect.gen(function*() {
      const value = Object.entries(hostile).find(([key]) => key === name)?.[1]
      const text = typeof value === "string" ? value : name
      for (
        const effect of [
          Effect.logInfo(value),
          Effect.logInfo("a", value, "b"),
          Effect.logInfo("a").pipe(Effect.annotateLogs(name, value)),
          Effect.logInfo("a").pipe(Effect.annotateLogs(text, 1)),
          Effect.logInfo("a").pipe(Effect.withLogSpan(text)),
          Effect.logError("a", Cause.fail(value)),
          Effect.logError("a", Cause.die(new Error(text, { cause: value }))),
          Effect.logError(value, Cause.parallel(Cause.fail(value), Cause.die(value))).pipe(
            Effect.annotateLogs(hostile),
            Effect.withLogSpan(text)
          )
        ]
      ) {
        const line = yield* one(printed(effect))
        clean(line)
        expect(line).not.toContain("hunter2")
      }
    }).pipe(Effect.provide(layer)))

  it.effect("the worst of everything at once stays one line that can be read", () =>
    Effect.gen(function*() {
      const error = new FetchError.ApiFormat({
        message: "\u0000".repeat(100_000),
        bodyExcerpt: "\u001B".repeat(100_000),
        cause: new Error("\u202E".repeat(100_000), { cause: hostile }),
        context: {
          symbol: "\n".repeat(100_000),
          attributes: Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, "\u0007".repeat(1_000)]))
        }
      })
      const line = yield* one(printed(ErrorLog.log(error)))
      clean(line)
      expect(contextOf(line)).toMatchObject({ error_type: "API_FORMAT", "…": expect.stringMatching(/^\d+ more$/) })
    }).pipe(Effect.provide(layer)))

  it.effect("a long chain, many causes and many spans leave room for each other", () =>
    Effect.gen(function*() {
      let chain: unknown
      for (let i = 0; i < 16; i++) chain = new Error(`${i} ${"\"".repeat(2_000)}`, { cause: chain })
      const spans = Array.from({ length: 1_000 }, (_, i) => `${i}${"s".repeat(50)}`)
      const line = yield* one(printed(spans.reduce(
        (effect, label) => Effect.withLogSpan(effect, label),
        Effect.logError("m".repeat(5_000), Cause.fail(chain)).pipe(Effect.annotateLogs("symbol", "BTCUSDT"))
      )))
      clean(line)
      expect(line).toContain("\"symbol\":\"BTCUSDT\"")
      expect(line).toContain("Error: 15 ")
    }).pipe(Effect.provide(layer)))

  it.effect("of many causes, the first four", () =>
    Effect.gen(function*() {
      const causes = Array.from({ length: 10 }, (_, i) => Cause.fail(`e${i}`))
      const line = yield* one(printed(Effect.logError("m", causes.reduce((all, next) => Cause.parallel(all, next)))))
      expect(line).toContain("\"cause\":\"string: e0\\nstring: e1\\nstring: e2\\nstring: e3\"")
    }).pipe(Effect.provide(layer)))

  it.effect("what comes first in the message and in the context is kept", () =>
    Effect.gen(function*() {
      const line = yield* one(printed(
        Effect.logInfo(`start ${"x".repeat(20_000)}`).pipe(
          Effect.annotateLogs(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`a${i}`, "y".repeat(900)]))),
          Effect.annotateLogs({ symbol: "BTCUSDT", error_type: "MINE" })
        )
      ))
      clean(line)
      expect(line).toMatch(/start x+…/)
      expect(Object.keys(contextOf(line)).slice(0, 2)).toEqual(["error_type", "symbol"])
    }).pipe(Effect.provide(layer)))

  it.effect("any texts", () =>
    Effect.gen(function*() {
      const texts = FastCheck.sample(FastCheck.string({ unit: "binary", maxLength: 3_000 }), 300)
      for (const text of texts) {
        clean(
          yield* one(printed(
            Effect.logInfo(text, { [text]: text }).pipe(Effect.annotateLogs(text, { text }), Effect.withLogSpan(text))
          ))
        )
      }
    }).pipe(Effect.provide(layer)))

  it.effect("nothing secret, also in what the app logs itself", () =>
    Effect.gen(function*() {
      const line = yield* one(printed(
        Effect.logInfo("token:", "hunter2", { headers: { "X-MBX-APIKEY": "hunter2" } }).pipe(
          Effect.annotateLogs({ apiKey: "hunter2", url: "https://me:hunter2@x.test/" }),
          Effect.withLogSpan("GET /?signature=hunter2")
        )
      ))
      expect(line).toContain("<redacted>")
      expect(line).not.toContain("hunter2")
    }).pipe(Effect.provide(layer)))

  it.effect("a console that throws does not fail the program that logs", () =>
    Effect.gen(function*() {
      const console = yield* Console.consoleWith((console) => Effect.succeed(console))
      const unsafe = {
        ...console.unsafe,
        log: () => {
          throw new Error("EPIPE")
        }
      }
      yield* Effect.withConsole(Effect.logInfo("x"), { ...console, unsafe })
      // A clock that is out of its mind gives a date that has no ISO form.
      yield* printed(Effect.logInfo("x")).pipe(
        Effect.withClock({ ...Clock.make(), unsafeCurrentTimeMillis: () => Number.NaN })
      )
    }).pipe(Effect.provide(layer)))
})
