/** The table: Binance's codes on its three markets, and what happens where a code and a status disagree. */
import { BinanceErrors } from "effect-errata/binance"
import * as answers from "./answers.js"
import type { Expected } from "./expected.js"
import { answered, connection, format, invalid, timeout } from "./expected.js"
import { withoutStatus } from "./groups.js"
import type { Row } from "./table.js"
import { destroyed } from "./table.js"

const markets = ["SPOT", "FUTURES_USDT", "FUTURES_COIN"] as const

const paths = { SPOT: "/api/v3/klines", FUTURES_USDT: "/fapi/v1/klines", FUTURES_COIN: "/dapi/v1/klines" }

type Market = (typeof markets)[number]

const retried: Expected = { tag: "Unexpected", retryable: true }
const auth: Expected = { tag: "ApiAuth", retryable: false }
const limited: Expected = { tag: "ApiRateLimit", retryable: true }

const everywhere: ReadonlyArray<readonly [Expected, ReadonlyArray<number>]> = [
  [retried, [-1000, -1006]],
  [connection(), [-1001]],
  [timeout(), [-1007]],
  [limited, [-1008, -1015, -1034]],
  [auth, [-1002, -1021, -1022, -1099, -2014, -2015]],
  [format, [-1016, -1020, -1023, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1111, -1120]],
  [format, [-1127, -1128, -1130, -1151, -1194, -1199, -4088, -4144]]
]

/** Codes that mean something else elsewhere, and two that do not. */
const byMarket: ReadonlyArray<readonly [code: number, spot: Expected, futures: Expected]> = [
  [-1003, limited, limited],
  [-1004, limited, format],
  [-1108, format, format],
  [-1121, format, format],
  [-1122, format, format]
]

/** Only errors of the API tell of an answer. */
const told = (expected: Expected, status: number | undefined, apiCode: number): Expected =>
  expected.tag.startsWith("Api") ? { ...expected, ...(status !== undefined && { status }), apiCode } : expected

/** undici's retries throw these without the body. */
const retriedByUndici = [429, 500, 503, 504]

/** ccxt keeps the body without the status. */
const leftByCcxt = (meant: Expected | undefined, code: number): Expected => told(meant ?? format, undefined, code)

const row = (market: Market, status: number, code: number, meant: Expected | undefined): Row => {
  const body = { code, msg: "What the exchange says." }
  const byStatus = meant === undefined || verdicts.includes(status) ||
    (vague.includes(code) && status !== 200 && status !== 400)
  const expected = told(byStatus ? answered(status) : meant, status, code)
  return {
    fault: `${market}, ${status}, ${code}`,
    stage: (server) => ({ url: server.url(answers.replyJson(status, body), paths[market]) }),
    expected,
    context: { market },
    rules: BinanceErrors.rules,
    but: [
      destroyed(["fetch, status in text"], answered(status), `Error: HTTP error! status: ${status}`),
      destroyed(withoutStatus, invalid, `ParseError: Expected ReadonlyArray<unknown>, actual ${JSON.stringify(body)}`),
      ...(retriedByUndici.includes(status)
        ? [destroyed(["undici.request, retrying"], answered(status), "RequestRetryError [UND_ERR_REQ_RETRY]")]
        : []),
      ...(status === 418 || status === 429 || code === 0
        ? []
        : [destroyed(["ccxt"], leftByCcxt(meant, code), `: binance ${JSON.stringify(body)}`)])
    ]
  }
}

/** No code overrules these. */
const verdicts = [418, 429]

/** Codes that only say "unknown". */
const vague = [-1000, -1006]

export const codes: ReadonlyArray<Row> = [
  ...everywhere.flatMap(([meant, codes]) => codes.map((code) => row("SPOT", 400, code, meant))),
  ...byMarket.flatMap(([code, spot, futures]) =>
    markets.map((market) => row(market, 400, code, market === "SPOT" ? spot : futures))
  )
]

export const conflicts: ReadonlyArray<Row> = [401, 403, 404, 418, 429, 451, 500, 503, 504].flatMap((status) => [
  row("SPOT", status, -1121, format),
  row("SPOT", status, -1003, limited),
  row("SPOT", status, -1000, retried),
  row("SPOT", status, -9999, undefined),
  row("SPOT", status, 0, undefined)
])
