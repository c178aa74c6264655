import { assert, describe, it } from "@effect/vitest"
import { BinanceErrors } from "effect-errata/binance"
import * as Classifier from "effect-errata/Classifier"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const classify = (status: number, code: number, market: string | undefined = "SPOT", more: object = {}) =>
  Classifier.classifySync(
    { response: { status, data: { code, msg: "What the exchange says." }, ...more } },
    { context: { market }, rules: BinanceErrors.rules, now: 0 }
  )

const markets = ["SPOT", "FUTURES_USDT", "FUTURES_COIN"] as const

describe("lookup", () => {
  // Written down from the documentation, not from the table.
  const everywhere: ReadonlyArray<readonly [string, boolean, ReadonlyArray<number>]> = [
    ["Unexpected", true, [-1000, -1006]],
    ["NetworkConnection", true, [-1001]],
    ["NetworkTimeout", true, [-1007]],
    ["ApiRateLimit", true, [-1003, -1008, -1015, -1034]],
    ["ApiAuth", false, [-1002, -1021, -1022, -1099, -2014, -2015]],
    ["ApiFormat", false, [-1016, -1020, -1023, -4088, -4144]],
    ["ApiFormat", false, [-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1120, -1121, -1122, -1127, -1128]],
    ["ApiFormat", false, [-1130, -1151, -1194, -1199, -1125]]
  ]
  it("means the same on all markets", () => {
    for (const market of markets) {
      for (const [tag, retryable, codes] of everywhere) {
        for (const code of codes) {
          const meaning = Option.getOrThrow(BinanceErrors.lookup(market, code))
          assert.deepStrictEqual([meaning.tag, meaning.retryable], [tag, retryable], `${market} ${code}`)
          assert.notStrictEqual(meaning.hint, "")
        }
      }
    }
  })

  it("means something else on futures", () => {
    const tags = (code: number) => markets.map((market) => Option.getOrThrow(BinanceErrors.lookup(market, code)).tag)
    const hints = (code: number) =>
      new Set(markets.map((market) => Option.getOrThrow(BinanceErrors.lookup(market, code)).hint))
    assert.deepStrictEqual(tags(-1004), ["ApiRateLimit", "ApiFormat", "ApiFormat"])
    assert.strictEqual(hints(-1122).size, 2)
    assert.strictEqual(hints(-1108).size, 2)
    assert.isTrue(Option.isNone(BinanceErrors.lookup(undefined, -1004)))
  })

  it("leaves the unknown to the status", () => {
    for (const code of [0, 1, -1, -999, -1200, -9999, -32_601, NaN]) {
      assert.isTrue(Option.isNone(BinanceErrors.lookup("SPOT", code)), `${code}`)
    }
  })
})

describe("rules", () => {
  it("a known code beats its status", () => {
    for (const status of [400, 401, 404, 500, 503]) {
      const symbol = classify(status, -1121)
      assert.deepStrictEqual([symbol._tag, symbol.retryable], ["ApiFormat", false])
      assert.isTrue(symbol._tag === "ApiFormat" && symbol.apiCode === -1121 && symbol.status === status)
      assert.strictEqual(classify(status, -1021)._tag, "ApiAuth")
      assert.deepStrictEqual([classify(status, -1000)._tag, classify(status, -1000).retryable], ["Unexpected", true])
    }
  })

  it("418, 429, 403 and 451 beat every code, and any status an unknown one", () => {
    for (const code of [-1121, -1021, -1000, 0]) {
      assert.strictEqual(classify(418, code)._tag, "ApiRateLimit")
      assert.strictEqual(classify(429, code)._tag, "ApiRateLimit")
      assert.strictEqual(classify(403, code)._tag, "ApiPermission")
      assert.strictEqual(classify(451, code)._tag, "ApiPermission")
    }
    assert.strictEqual(classify(401, -9999)._tag, "ApiAuth")
    assert.isTrue(classify(503, -9999).retryable)
  })

  it("says what to do", () => {
    assert.include(classify(400, -1021).message, "clock")
    assert.include(classify(400, -1121).message, "What the exchange says. - the symbol is unknown on this market")
  })

  it("knows the market by the context, else by the host or path", () => {
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

  it("finds the body in whatever form clients keep it", () => {
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
      assert.strictEqual(error.cause, cause)
    }
  })

  it("leaves other APIs alone", () => {
    const other = Classifier.classifySync({
      response: { status: 400, data: { code: -32_601, message: "Method not found" } }
    }, {
      rules: BinanceErrors.rules
    })
    assert.isTrue(other._tag === "ApiFormat" && other.apiCode === -32_601 && !other.message.startsWith("Binance"))
  })

  it("tells the recorded answers apart", () => {
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
