import { assert, describe, it } from "@effect/vitest"
import { BinanceErrors } from "effect-errata/binance"
import * as Classifier from "effect-errata/Classifier"
import type * as FetchContext from "effect-errata/FetchContext"
import * as FetchError from "effect-errata/FetchError"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const classify = (status: number, code: number, market: string | undefined = "SPOT", more: object = {}) =>
  Classifier.classifySync(
    { response: { status, data: { code, msg: "What the exchange says." }, ...more } },
    { context: { market }, rules: BinanceErrors.rules, now: 0 }
  )

const answer = (status: number) => Object.assign(new Error("Request failed"), { status })

const markets = ["SPOT", "FUTURES_USDT", "FUTURES_COIN"] as const

type Tag = BinanceErrors.Meaning["tag"]
type Meant = readonly [tag: Tag, retry: "retry" | "no", hint: RegExp]

// Written down from the documentation of the exchange, not from the table: what a code means on all markets, or on spot
// and on both futures.
const meanings: ReadonlyArray<readonly [code: number, spot: Meant, futures?: Meant]> = [
  [-1000, ["Unexpected", "retry", /try again/]],
  [-1001, ["NetworkConnection", "retry", /try again/]],
  [-1002, ["ApiAuth", "no", /API key/]],
  [-1003, ["ApiRateLimit", "retry", /weight/]],
  [-1004, ["ApiRateLimit", "retry", /busy/], ["ApiFormat", "no", /white list/]],
  [-1006, ["Unexpected", "retry", /try again/]],
  [-1007, ["NetworkTimeout", "retry", /timeout/]],
  [-1008, ["ApiRateLimit", "retry", /overloaded/]],
  [-1015, ["ApiRateLimit", "retry", /orders/]],
  [-1016, ["ApiFormat", "no", /shutting down/]],
  [-1020, ["ApiFormat", "no", /not supported/]],
  [-1021, ["ApiAuth", "no", /clock/]],
  [-1022, ["ApiAuth", "no", /signature/]],
  [-1023, ["ApiFormat", "no", /start time/]],
  [-1034, ["ApiRateLimit", "retry", /connections/]],
  [-1099, ["ApiAuth", "no", /authorized/]],
  [-1100, ["ApiFormat", "no", /upper case/]],
  [-1101, ["ApiFormat", "no", /too many/]],
  [-1102, ["ApiFormat", "no", /mandatory/]],
  [-1103, ["ApiFormat", "no", /unknown parameter/]],
  [-1104, ["ApiFormat", "no", /were read/]],
  [-1105, ["ApiFormat", "no", /empty/]],
  [-1106, ["ApiFormat", "no", /not required/]],
  [-1108, ["ApiFormat", "no", /too large/], ["ApiFormat", "no", /asset/]],
  [-1111, ["ApiFormat", "no", /digits/]],
  [-1112, ["ApiFormat", "no", /book/]],
  [-1120, ["ApiFormat", "no", /interval/]],
  [-1121, ["ApiFormat", "no", /symbol is unknown/]],
  [-1122, ["ApiFormat", "no", /symbolStatus/], ["ApiFormat", "no", /delisted.*listed just now.*archive/]],
  [-1125, ["ApiFormat", "no", /listen key/]],
  [-1127, ["ApiFormat", "no", /narrow/]],
  [-1128, ["ApiFormat", "no", /cannot be combined/]],
  [-1130, ["ApiFormat", "no", /limit that is too large/]],
  [-1151, ["ApiFormat", "no", /more than once/]],
  [-1194, ["ApiFormat", "no", /time unit/]],
  [-1220, ["ApiFormat", "no", /status/]],
  [-2014, ["ApiAuth", "no", /API key/]],
  [-2015, ["ApiAuth", "no", /API key/]],
  [-4088, ["ApiFormat", "no", /200 days/]],
  [-4144, ["ApiFormat", "no", /pair/]],
  // Codes that nobody has told of yet, but in the range of malformed requests.
  [-1107, ["ApiFormat", "no", /not valid/]],
  [-1150, ["ApiFormat", "no", /not valid/]],
  [-1199, ["ApiFormat", "no", /not valid/]]
]

/** Neither in the table nor in its range: for the status to say. */
const unknown = [0, 1, -1, -999, -1005, -1013, -1200, -2011, -4000, -9999, -32_601] as const

const statuses = [400, 401, 404, 500, 503, 504] as const

describe("lookup", () => {
  it("is written down here as a whole", () => {
    const known = Array.from({ length: 6000 }, (_, i) => -i).filter((code) =>
      markets.some((market) =>
        Option.exists(BinanceErrors.lookup(market, code), ({ hint }) => hint !== "the request is not valid")
      )
    )
    const written = meanings.map(([code]) => code).filter((code) => ![-1107, -1150, -1199].includes(code))
    assert.deepStrictEqual(known, written.toSorted((a, b) => b - a))
  })

  for (const market of markets) {
    describe(market, () => {
      for (const [code, spot, futures = spot] of meanings) {
        const [tag, retry, hint] = market === "SPOT" ? spot : futures
        it(`${code} is ${tag}, ${retry}`, () => {
          const meaning = Option.getOrThrow(BinanceErrors.lookup(market, code))
          assert.deepStrictEqual([meaning.tag, meaning.retryable], [tag, retry === "retry"])
          assert.match(meaning.hint, hint)
          const isVague = code === -1000 || code === -1006
          for (const status of isVague ? [200, 400] : [...statuses, 403, 451]) {
            const error = classify(status, code, market)
            assert.deepStrictEqual([error._tag, error.retryable], [tag, retry === "retry"], `${status}`)
            assert.include(error.message, `Binance ${code}: What the exchange says. - ${meaning.hint}`)
            if ("apiCode" in error) assert.deepStrictEqual([error.apiCode, error.status], [code, status])
          }
        })
      }

      it("leaves the unknown to the status", () => {
        const plain = (status: number) => Classifier.classifySync({ response: { status } })
        for (const code of unknown) {
          assert.isTrue(Option.isNone(BinanceErrors.lookup(market, code)), `${code}`)
          for (const status of [...statuses, 403, 418, 429, 451]) {
            const error = classify(status, code, market)
            assert.deepStrictEqual(
              [error._tag, error.retryable],
              [plain(status)._tag, plain(status).retryable],
              `${status} ${code}`
            )
            if ("apiCode" in error) assert.strictEqual(error.apiCode, code)
          }
        }
      })

      it("418 and 429 beat every code", () => {
        for (const [code] of meanings) {
          const tags = [418, 429].map((status) => classify(status, code, market)._tag)
          assert.deepStrictEqual(tags, ["ApiRateLimit", "ApiRateLimit"], `${code}`)
        }
      })

      it("codes that only say \"unknown\" yield to any status but 200 and 400", () => {
        const plain = (status: number) => Classifier.classifySync({ response: { status } })
        for (const status of [401, 403, 404, 408, 413, 418, 429, 500, 503, 504]) {
          for (const code of [-1000, -1006]) {
            const error = classify(status, code, market)
            assert.deepStrictEqual([error._tag, error.retryable], [plain(status)._tag, plain(status).retryable])
          }
        }
      })
    })
  }

  it("with the market unknown says what is the same on all of them", () => {
    for (const [code, spot, futures] of meanings) {
      const common = BinanceErrors.lookup(undefined, code)
      if (futures === undefined) assert.deepStrictEqual(common, BinanceErrors.lookup("SPOT", code))
      else assert.isFalse(Option.exists(common, ({ hint }) => spot[2].test(hint) || futures[2].test(hint)), `${code}`)
    }
    assert.isTrue(Option.isNone(BinanceErrors.lookup(undefined, -1004)))
    assert.isTrue(Option.isNone(BinanceErrors.lookup("SPOT", NaN)))
  })
})

describe("rules", () => {
  it("says what to do", () => {
    assert.include(classify(400, -1021).message, "clock")
    assert.include(classify(400, -1121).message, "What the exchange says. - the symbol is unknown on this market")
  })

  it("finds the market by the context, else by the host or path", () => {
    const at = (url: string, context = {}) =>
      Classifier.classifySync(
        { request: { method: "GET", url }, response: { status: 400, data: { code: -1004, msg: "?" } } },
        { context, rules: BinanceErrors.rules }
      )._tag
    assert.strictEqual(at("https://api.binance.com/api/v3/klines"), "ApiRateLimit")
    assert.strictEqual(at("https://data-api.binance.vision/api/v3/klines"), "ApiRateLimit")
    assert.strictEqual(at("https://fapi.binance.com/fapi/v1/klines"), "ApiFormat")
    assert.strictEqual(at("https://dapi.binance.com/dapi/v1/klines"), "ApiFormat")
    assert.strictEqual(at("https://fapi.binance.com/fapi/v1/klines", { market: "SPOT" }), "ApiRateLimit")
    assert.strictEqual(at("http://127.0.0.1:1/x"), "ApiFormat")
  })

  it("takes the wait from header and body", () => {
    const error = classify(400, -1003, "SPOT", { headers: { "retry-after": "30" } })
    assert.deepStrictEqual(error.retryAfter, Option.some(Duration.seconds(30)))
  })

  it("finds the body in every form in which clients keep it", () => {
    const body = { code: -1121, msg: "Invalid symbol." }
    const forms: ReadonlyArray<unknown> = [
      body,
      { status: 400, body: JSON.stringify(body) },
      { response: { statusCode: 400, body } },
      { response: { status: 400, data: new TextEncoder().encode(JSON.stringify(body)) } },
      Object.assign(new Error("400"), { code: -1121, url: "https://api.binance.com/api/v3/klines" }),
      Object.assign(new Error(`binance ${JSON.stringify(body)}`), { name: "BadSymbol" }),
      { id: "1", status: 400, error: body },
      new Error("wrapped", { cause: { response: { status: 400, data: body } } })
    ]
    for (const cause of forms) {
      const error = Classifier.classifySync(cause, { context: { market: "SPOT" }, rules: BinanceErrors.rules })
      assert.isTrue(error._tag === "ApiFormat" && error.apiCode === -1121, JSON.stringify(cause))
      assert.strictEqual(FetchError.original(error), cause)
    }
  })

  describe("a file that the archive does not have", () => {
    const now = Date.UTC(2024, 5, 10)
    const missing = (cause: unknown, context: FetchContext.Input, rules = BinanceErrors.rules) => {
      const error = Classifier.classifySync(cause, { now, context, rules })
      return error._tag === "DataEmpty" ? [error.reason, error.retryable, error.cause !== undefined] : error._tag
    }

    it("is empty data, not published yet if its range is younger than a week", () => {
      const archived = (end: string) => missing(answer(404), { source: "vision", end })
      assert.deepStrictEqual(archived("2024-06-09"), ["not_published_yet", true, true])
      assert.deepStrictEqual(archived("2024-06-03T00:00:00.001Z"), ["not_published_yet", true, true])
      assert.deepStrictEqual(archived("2024-06-03"), ["date_range", false, true])
      assert.deepStrictEqual(archived("2024-05-01"), ["date_range", false, true])
      assert.deepStrictEqual(missing(answer(404), { source: "vision" }), ["date_range", false, true])
    })

    it("is known by the host, too, wherever the client keeps the answer", () => {
      const url = "https://data.binance.vision/data/spot/daily/klines/BTCUSDT/1h/BTCUSDT-1h-2024-06-09.zip"
      const context = { url, end: "2024-06-09" }
      const error = Classifier.classifySync(answer(404), { now, context, rules: BinanceErrors.rules })
      assert.strictEqual(error.message, `No data yet: the range is too young to be published (${url})`)
      for (
        const cause of [
          { status: 404 },
          { response: { statusCode: 404, url } },
          new Error("no", { cause: answer(404) })
        ]
      ) {
        assert.deepStrictEqual(missing(cause, context)[0], "not_published_yet")
      }
    })

    it("is an answer like any other of another source, with another status, or without the rule", () => {
      const vision = { source: "vision", end: "2024-06-09" }
      assert.strictEqual(missing(answer(404), { source: "rest" }), "ApiFormat")
      assert.strictEqual(missing(answer(404), { url: "https://data.binance.vision.example.com/x" }), "ApiFormat")
      assert.strictEqual(missing(answer(403), vision), "ApiPermission")
      assert.strictEqual(missing(answer(503), vision), "ApiFormat")
      assert.strictEqual(missing(answer(404), vision, []), "ApiFormat")
    })
  })

  it("leaves other APIs alone", () => {
    const other = Classifier.classifySync({
      response: { status: 400, data: { code: -32_601, message: "Method not found" } }
    }, {
      rules: BinanceErrors.rules
    })
    assert.isTrue(other._tag === "ApiFormat" && other.apiCode === -32_601 && !other.message.startsWith("Binance"))
  })

  it("distinguishes the recorded answers", () => {
    const recorded: ReadonlyArray<readonly [string, number, string, string, boolean]> = [
      ["SPOT", 400, "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", "ApiFormat", false],
      ["FUTURES_USDT", 400, "{\"code\":-1122,\"msg\":\"Invalid symbol status.\"}", "ApiFormat", false],
      ["FUTURES_USDT", 400, "{\"code\":-1023,\"msg\":\"Start time is greater than end time.\"}", "ApiFormat", false],
      ["FUTURES_COIN", 400, "{\"code\":-4088,\"msg\":\"Maximum time interval is 200 days.\"}", "ApiFormat", false],
      [
        "SPOT",
        500,
        "{\"code\":-1001,\"msg\":\"Internal error; unable to process your request.\"}",
        "NetworkConnection",
        true
      ],
      ["FUTURES_USDT", 503, "{\"code\":-1008,\"msg\":\"Server is currently overloaded.\"}", "ApiRateLimit", true],
      ["SPOT", 429, "{\"code\":-1003,\"msg\":\"Too much request weight used.\"}", "ApiRateLimit", true],
      [
        "SPOT",
        451,
        "{\n  \"code\": 0,\n  \"msg\": \"Service unavailable from a restricted location\"\n}",
        "ApiPermission",
        false
      ],
      ["SPOT", 403, "<!DOCTYPE HTML><TITLE>ERROR: The request could not be satisfied</TITLE>", "ApiPermission", false]
    ]
    for (const [market, status, body, tag, retryable] of recorded) {
      const error = Classifier.classifySync({ status, body }, { context: { market }, rules: BinanceErrors.rules })
      assert.deepStrictEqual([error._tag, error.retryable], [tag, retryable], body)
    }
    const now = 1_659_761_900_000
    const banned = Classifier.classifySync(
      {
        status: 418,
        body: "{\"code\":-1003,\"msg\":\"Way too much request weight used; IP banned until 1659761931230.\"}"
      },
      { context: { market: "SPOT" }, rules: BinanceErrors.rules, now }
    )
    assert.isTrue(banned._tag === "ApiRateLimit" && banned.banned)
    assert.deepStrictEqual(banned.retryAfter, Option.some(Duration.millis(31_230)))
  })
})
