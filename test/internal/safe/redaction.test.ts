import { describe, expect, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import * as FastCheck from "effect/FastCheck"
import { inspect } from "node:util"
import { redactOnce, redactText } from "../../../src/internal/safe/redaction.js"
import { isSecretName, mask } from "../../../src/internal/safe/secretNames.js"
import { redactValidation } from "../../../src/internal/safe/validation.js"
import { byDepth } from "../../depth.js"

// ---------------------------------------------------------------------------------------------------------------------
// tables
// ---------------------------------------------------------------------------------------------------------------------

const secretNames = [
  "apiKey",
  "APIKEY",
  "api_key",
  "api-key",
  "api.key",
  "Api Key",
  "X-MBX-APIKEY",
  "x_mbx_apikey",
  "binanceApiKey2",
  "secret",
  "secretKey",
  "SECRET_KEY",
  "clientSecret",
  "api_secret",
  "signature",
  "X-Amz-Signature",
  "token",
  "accessToken",
  "refresh_token",
  "X-CSRF-Token",
  "authToken",
  "authorization",
  "Authorization",
  "Proxy-Authorization",
  "cookie",
  "Cookie",
  "Set-Cookie",
  "password",
  "PASSWORD",
  "db.password",
  "passwd",
  "pwd",
  "passphrase",
  "OK-ACCESS-PASSPHRASE",
  "OK-ACCESS-SIGN",
  "OK-ACCESS-KEY",
  "X-BAPI-SIGN-TYPE",
  "pass_phrase",
  "listenKey",
  "listen_key",
  "privateKey",
  "credentials",
  "sessionId",
  "jwt",
  "mnemonic",
  "seedPhrase"
]

/** Secrets only under exactly this name: not part of the property, which writes names into headers. */
const exactNames = ["sign", "sig", "auth"]

const ordinaryNames = [
  "symbol",
  "interval",
  "key",
  "id",
  "status",
  "price",
  "secretary",
  "secretariat",
  "secretion",
  "tokenizer",
  "tokenized",
  "passwordless",
  "access signal",
  "passenger",
  "assign",
  "keyboard",
  "design",
  "signal",
  "signed",
  "sign-in",
  "author",
  "authenticated",
  "seed"
]

const S = "hunter2"
const L = "pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1"

/** A text with a secret, and the same text masked. */
const masked: ReadonlyArray<readonly [string, string]> = [
  // URLs
  [`https://x.test/api?apiKey=${S}&symbol=BTCUSDT`, `https://x.test/api?apiKey=${mask}&symbol=BTCUSDT`],
  [`https://x.test/?symbol=A&signature=${S}`, `https://x.test/?symbol=A&signature=${mask}`],
  [`GET /?a=1&X-Amz-Signature=${S} HTTP/1.1`, `GET /?a=1&X-Amz-Signature=${mask} HTTP/1.1`],
  [`https://x.test/#access_token=${S}&state=1`, `https://x.test/#access_token=${mask}&state=1`],
  [`https://x.test/?auth[token]=${S}&b=1`, `https://x.test/?auth[token]=${mask}&b=1`],
  [`https://x.test/?token[]=${S}&b=1`, `https://x.test/?token[]=${mask}&b=1`],
  [`https://x.test/?api%5Fkey=${S}&b=1`, `https://x.test/?api%5Fkey=${mask}&b=1`],
  [
    `https://x.test/?next=https%3A%2F%2Fy.test%2F%3FapiKey%3D${S}&b=1`,
    `https://x.test/?next=https%3A%2F%2Fy.test%2F%3FapiKey%3D${mask}&b=1`
  ],
  [`https://x.test/?next=%253FapiKey%253D${S}&b=1`, `https://x.test/?next=%253FapiKey%253D${mask}&b=1`],
  [`https://x.test/?q=%7B%22apiKey%22%3A%22${S}%22%7D&b=1`, `https://x.test/?q=%7B%22apiKey%22%3A${mask}&b=1`],
  [`https://me:${S}@x.test/path?a=1`, `https://${mask}@x.test/path?a=1`],
  [`redis://:${S}@x.test:6379 refused`, `redis://${mask}@x.test:6379 refused`],
  [`https://${S}@x.test`, `https://${mask}@x.test`],
  [`https://me:p@${S}@x.test`, `https://${mask}@x.test`],
  [`?to=https%3A%2F%2Fme%3A${S}%40x.test%2Fa&b=1`, `?to=https%3A%2F%2F${mask}%40x.test%2Fa&b=1`],
  // header lines
  [`Authorization: Bearer ${S}`, `Authorization: ${mask}`],
  [`X-MBX-APIKEY: ${S}\r\nHost: x.test`, `X-MBX-APIKEY: ${mask}\r\nHost: x.test`],
  [`Cookie: a=1; sid="${S}"; b=O'Brien`, `Cookie: ${mask}`],
  [`Set-Cookie: sid=${S}; Path=/`, `Set-Cookie: ${mask}`],
  [`Authorization: Digest username="me", response="${S}"\nHost: x.test`, `Authorization: ${mask}\nHost: x.test`],
  [`curl -H 'Authorization: Bearer ${S}' https://x.test`, `curl -H 'Authorization: ${mask}' https://x.test`],
  [`curl -H "X-MBX-APIKEY: ${S}" https://x.test`, `curl -H "X-MBX-APIKEY: ${mask}" https://x.test`],
  [`sent Bearer ${S}abc to x.test`, `sent Bearer ${mask} to x.test`],
  [`sent Basic bWU6aHVudGVyMg== to x.test`, `sent Basic ${mask} to x.test`],
  // JSON
  [`{"apiKey":"${S}","symbol":"A"}`, `{"apiKey":"${mask}","symbol":"A"}`],
  [`{"apiKey" : "${S}" , "symbol":"A"}`, `{"apiKey" : "${mask}" , "symbol":"A"}`],
  [`{"password":"a\\"${S}","symbol":"A"}`, `{"password":"${mask}","symbol":"A"}`],
  [`{"password":"${S}\\\\","symbol":"A"}`, `{"password":"${mask}","symbol":"A"}`],
  [`{"password":12345,"symbol":"A"}`, `{"password":"${mask}","symbol":"A"}`],
  [`{"tokens":["${S}","b]"],"symbol":"A"}`, `{"tokens":"${mask}","symbol":"A"}`],
  [`{"secret":{"note":"a } b","v":"${S}"},"symbol":"A"}`, `{"secret":"${mask}","symbol":"A"}`],
  [`{"token":\n  "${S}"\n}`, `{"token":\n  "${mask}"\n}`],
  [`{"token":"${S}`, `{"token":"${mask}`],
  [`{"secret":{"v":"${S}`, `{"secret":"${mask}"`],
  [`{"headers":"Authorization: Bearer ${S}","symbol":"A"}`, `{"headers":"Authorization: ${mask}","symbol":"A"}`],
  [`{"url":"https://x.test/?token=${S}","symbol":"A"}`, `{"url":"https://x.test/?token=${mask}","symbol":"A"}`],
  [
    JSON.stringify({ body: JSON.stringify({ apiKey: S, b: 1 }) }),
    JSON.stringify({ body: JSON.stringify({ apiKey: mask, b: 1 }) })
  ],
  [
    JSON.stringify([JSON.stringify({ body: JSON.stringify({ password: `a"${S}\\`, b: 1 }) }), 2]),
    JSON.stringify([JSON.stringify({ body: JSON.stringify({ password: mask, b: 1 }) }), 2])
  ],
  [
    JSON.stringify({ body: `{"token":"${S}`, symbol: "A" }),
    JSON.stringify({ body: `{"token":"${mask}`, symbol: "A" })
  ],
  // other notations
  [`{ apiKey: '${S}', symbol: 'A' }`, `{ apiKey: '${mask}', symbol: 'A' }`],
  [`{'apiKey': '${S}', 'symbol': 'A'}`, `{'apiKey': '${mask}', 'symbol': 'A'}`],
  [`{"apiKey"=>"${S}", "symbol"=>"A"}`, `{"apiKey"=>"${mask}", "symbol"=>"A"}`],
  [`{apiKey=${S}, symbol=A}`, `{apiKey=${mask}, symbol=A}`],
  [`authorization:\n    '${S}',\n  symbol: 'A'`, `authorization:\n    '${mask}',\n  symbol: 'A'`],
  [`apiKey=${S}&signature=${S}&b=1`, `apiKey=${mask}&signature=${mask}&b=1`],
  [`GET /?token=a:${S}: refused`, `GET /?token=${mask}: refused`],
  [`authorization=Bearer ${S}, b=1`, `authorization=${mask}, b=1`],
  [`password = ${S} and more`, `password = ${mask} and more`],
  [`Server=x;Password=${S};Database=y`, `Server=x;Password=${mask};Database=y`],
  [`<Token>${S}</Token><b>1</b>`, `<Token>${mask}</Token><b>1</b>`],
  [`level=warn token="${S} x" b=1`, `level=warn token="${mask}" b=1`],
  [`-----BEGIN RSA PRIVATE KEY-----\n${S}\n-----END RSA PRIVATE KEY----- b`, `${mask} b`],
  [`-----BEGIN PRIVATE KEY-----\n${S}`, mask],
  // pairs, arguments, options
  [`[{"name":"X-MBX-APIKEY","value":"${S}"},{"name":"b"}]`, `[{"name":"X-MBX-APIKEY","value":"${mask}"},{"name":"b"}]`],
  [`{ name: 'X-MBX-APIKEY', value: '${S}' }`, `{ name: 'X-MBX-APIKEY', value: '${mask}' }`],
  [
    JSON.stringify(JSON.stringify([{ name: "X-MBX-APIKEY", value: S }], null, 2)),
    JSON.stringify(JSON.stringify([{ name: "X-MBX-APIKEY", value: mask }], null, 2))
  ],
  [`{"name":"token","value":7}`, `{"name":"token","value":"${mask}"}`],
  [`["X-MBX-APIKEY","${S}"],["b","c"]`, `["X-MBX-APIKEY","${mask}"],["b","c"]`],
  [`headers.set('X-MBX-APIKEY', '${S}')`, `headers.set('X-MBX-APIKEY', '${mask}')`],
  [`client.setApiKey("${S}").get("b")`, `client.setApiKey("${mask}").get("b")`],
  [`bot --api-key ${S} --symbol A`, `bot --api-key ${mask} --symbol A`],
  [`bot --api-key "my ${S}" --symbol A`, `bot --api-key "${mask}" --symbol A`],
  [`sent X-MBX-APIKEY ${S} to x.test`, `sent X-MBX-APIKEY ${mask} to x.test`],
  [`Host: x.test\r\nx-mbx-apikey:\r\n\t${S}\r\nb: 1`, `Host: x.test\r\nx-mbx-apikey:\r\n\t${mask}\r\nb: 1`],
  [`<apiKey value="${S}"/><b/>`, `<apiKey value="${mask}"/><b/>`],
  [`<add key="apiKey" value="${S}" />`, `<add key="apiKey" value="${mask}" />`],
  [
    `data-x="{&quot;apiKey&quot;:&quot;my ${S}&quot;,&quot;b&quot;:1}"`,
    `data-x="{&quot;apiKey&quot;:&quot;${mask}&quot;,&quot;b&quot;:1}"`
  ],
  [`{&amp;quot;token&amp;quot;: 123, b}`, `{&amp;quot;token&amp;quot;: ${mask}, b}`],
  // the value first
  [`[{"value":"${S}","name":"X-MBX-APIKEY"},{"name":"b"}]`, `[{"value":"${mask}","name":"X-MBX-APIKEY"},{"name":"b"}]`],
  [`{ value: '${S}', enabled: true, key: 'token' }`, `{ value: '${mask}', enabled: true, key: 'token' }`],
  [`{"key":"token","type":"text","value":7}`, `{"key":"token","type":"text","value":"${mask}"}`],
  [
    JSON.stringify(JSON.stringify({ value: `a"${S}`, name: "token" }, null, 2)),
    JSON.stringify(JSON.stringify({ value: mask, name: "token" }, null, 2))
  ],
  [`{"value":"${S}","name":"token"`, `{"value":"${mask}","name":"token"`],
  // headers as a list
  [`["Host","x.test","Cookie","${S}","b","c"]`, `["Host","x.test","Cookie","${mask}","b","c"]`],
  [`[ 'Host', 'x.test', 'Cookie', '${S}' ]`, `[ 'Host', 'x.test', 'Cookie', '${mask}' ]`],
  [`[\n  'Host',\n  'x',\n  'Cookie',\n  '${S}',\n]`, `[\n  'Host',\n  'x',\n  'Cookie',\n  '${mask}',\n]`],
  [
    JSON.stringify(JSON.stringify({ rawHeaders: ["Host", "x", "Cookie", S, "token", S] }, null, 2)),
    JSON.stringify(JSON.stringify({ rawHeaders: ["Host", "x", "Cookie", mask, "token", mask] }, null, 2))
  ],
  [`["Host","x","Cookie","${S}`, `["Host","x","Cookie","${mask}`],
  // the issues of a validation as JSON
  [
    JSON.stringify([{ received: S, options: ["a"], path: ["a", "token"], message: `Expected 'a', received '${S}'` }]),
    JSON.stringify([{
      received: mask,
      options: ["a"],
      path: ["a", "token"],
      message: `Expected '${mask}', received '${mask}'`
    }])
  ],
  [
    JSON.stringify(JSON.stringify([{ path: "a.token", message: `expected "a", got "${S}"`, input: 7 }], null, 2)),
    JSON.stringify(
      JSON.stringify([{ path: "a.token", message: `expected "${mask}", got "${mask}"`, input: mask }], null, 2)
    )
  ],
  // in words, in paths, on a command line
  [`"a.token" with value "${S}" fails to match`, `"a.token" with value "${mask}" fails to match`],
  [`Invalid token "${S}a"`, `Invalid token "${mask}"`],
  [`token ${S} has expired`, `token ${mask} has expired`],
  [`https://x.test/api-key/${S}/klines`, `https://x.test/api-key/${mask}/klines`],
  [`?to=https%3A%2F%2Fx.test%2Ftoken%2F${S}%2Fa`, `?to=https%3A%2F%2Fx.test%2Ftoken%2F${mask}%2Fa`],
  ["mysql --password hunter -u me", `mysql --password ${mask} -u me`],
  ["bot --api-key p@ss!word, --symbol A", `bot --api-key ${mask}, --symbol A`],
  [`connect to me:${S}@proxy:8080 failed`, `connect to ${mask}@proxy:8080 failed`],
  [`[Symbol(apiKey)]: '${S}'`, `[Symbol(apiKey)]: '${mask}'`],
  // the signature of a request
  [`{"sign":"${S}","b":1}`, `{"sign":"${mask}","b":1}`],
  [`{ auth: 'me:${S}', b: 1 }`, `{ auth: '${mask}', b: 1 }`],
  [`{ sign: '${S}', b: 1 }`, `{ sign: '${mask}', b: 1 }`],
  [`https://x.test/?a=1&sig=${S}&b=1`, `https://x.test/?a=1&sig=${mask}&b=1`],
  [`to=%2F%3Fa%3D1%26sign%3D${S}&b=1`, `to=%2F%3Fa%3D1%26sign%3D${mask}&b=1`],
  // tokens by their form
  ["openai_sk-proj-TWobXLwMNiMJQoQyTCMC and more", `openai_${mask} and more`],
  ["hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX", `hooks.slack.com/services/${mask}`],
  // the stream of a user
  [`wss://stream.binance.com:9443/ws/${L} closed`, `wss://stream.binance.com:9443/ws/${mask} closed`],
  [`wss://stream.binance.com/stream?streams=${L}`, `wss://stream.binance.com/stream?streams=${mask}`],
  [`got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${S} back`, `got ${mask} back`]
]

const readable = [
  "token bucket is full",
  "call s.getElementsByClassNamesInTree now",
  "run session_01m28j7xr2eh2tshbzctd385hx of trace_db237ee0db82f81cc87fa28b188bd8ef",
  "model: claude-sonnet-4-5-20250929 </task-notification>",
  "the bearer of this note gets coffee",
  "num_speculative_tokens=5 TOKENIZERS_PARALLELISM=false --max-tokens=\"4096\" max_tokens=4096",
  "surrogate-key-7f83b1657ff1fc53b92dc18148a1d65d",
  "Unexpected token } in JSON at position 5",
  "Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON",
  "the secretary: Jane Doe",
  "signature mismatch for file BTCUSDT-1h-2024-01.zip",
  "cookie policy page 404",
  "Signature for this request is not valid.",
  "API-key format invalid.",
  "Invalid API-key, IP, or permissions for action, request ip: 1.2.3.4",
  "This listenKey does not exist.",
  "Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
  "password is required",
  "token == undefined",
  "expected Option<Token> but got number",
  "auth::token::parse failed",
  "secret://vault/path was not found",
  "basic knowledge of trading",
  "bearer of bad news",
  "bearer authentication failed",
  "BTCUSDT 42000.5 at https://x.test/api/v3/klines?symbol=BTCUSDT&interval=1h",
  "mail me@x.test about https://x.test/a",
  "see https://x.test/@scope/package",
  "token=",
  "?token=&symbol=A",
  "tokenizer: fast, keyboard=qwerty",
  "-----BEGIN CERTIFICATE-----",
  "--api-key is required",
  "unknown option --token",
  "unknown option --token, see --help",
  "the option --token was not given, nor --api-key",
  "--password -u me",
  "    at getToken (file:///app/src/token.ts:12:34)",
  "    at C:\\\\app\\\\src\\\\api-key.mjs:1:2",
  "use --token to authenticate",
  "https://x.test/v1/token/refresh",
  "https://docs.x.test/authorization/basic",
  "max tokens 1000000 exceeded",
  "Unexpected token 'e', \"error 1234\" is not valid JSON",
  "write to me:12345 or me@x.test",
  "at file:///a/b:12:34 and node:internal/a@1.2.3",
  "[\"Host\",\"token\",\"b\",\"c\"]",
  "{\"name\":\"symbol\",\"value\":\"BTCUSDT\"}",
  "{\"value\":\"BTCUSDT\",\"key\":\"symbol\"}",
  "[{\"path\":[\"price\"],\"message\":\"Expected number, received 'cheap'\",\"received\":\"cheap\"}]",
  "an x-token header is missing",
  "getToken() returned undefined",
  "token (see the manual)",
  "token, value: 5",
  "the token value = 5",
  "[\"password\", \"email\", \"token\"]",
  "one of (\"token\", \"cookie\", \"session\")",
  "secrets:\n  - first\n  - second",
  "token:\n  name: abc123",
  "the sign: -1, not a sign = of weakness",
  "design=flat, signal=strong",
  "wss://stream.binance.com/ws/btcusdt@kline_1h",
  `https://x.test/files/${"ab12".repeat(16)}`,
  "{ readonly apiKey: number; readonly secret: \"a\" | \"b\"; readonly token?: string }",
  JSON.stringify({ message: "the value of \"token\":", symbol: "A" })
]

describe("redaction", () => {
  it.each([...secretNames, ...exactNames].map((name) => [name]))("%s names a secret", (name) => {
    expect(isSecretName(name)).toBe(true)
  })

  it.each(ordinaryNames.map((name) => [name]))("%s names none", (name) => {
    expect(isSecretName(name)).toBe(false)
  })

  it.each(masked)("%s", (text, expected) => {
    expect(redactText(text)).toBe(expected)
    expect(redactOnce(expected)).toBe(expected)
  })

  it.each(readable.map((text) => [text]))("leaves alone: %s", (text) => {
    expect(redactText(text)).toBe(text)
  })

  it("a secret is masked under every spelling, in every notation, nested in every other, in any surrounding text", () => {
    FastCheck.assert(
      FastCheck.property(
        secretName,
        secret,
        FastCheck.array(FastCheck.nat(), { maxLength: 3 }),
        FastCheck.nat(),
        noise,
        noise,
        (name, secret, wraps, form, before, after) => {
          const text = wraps.reduce(
            (text, i) => pick(nestings, i)(text),
            pick(forms, form)(name, secret)
          )
          expect(redactText(before + text + after)).not.toContain(secret)
        }
      ),
      { numRuns: byDepth(2_000, 5_000) }
    )
  })

  it("a secret in a document is masked under every spelling, also in a text within a text", () => {
    FastCheck.assert(
      FastCheck.property(
        secretName,
        secret,
        FastCheck.array(FastCheck.nat(), { maxLength: 2 }),
        FastCheck.nat(),
        (name, secret, wraps, form) => {
          const text = wraps.reduce((text, i) => pick(texts, i)(text), pick(documents, form)(name, secret))
          expect(redactText(text)).not.toContain(secret)
        }
      ),
      { numRuns: 2_000 }
    )
  })

  it.each([
    ["what is masked hid that the text around it is user info", "%2F%2Ftoken=Bearer abc123}@"],
    ["what is masked ends in a space", "<token>apiKey:Basic "],
    ["what is masked stands before a bracket", "Bearer abc123<token>\""],
    ["a mask within a value", "token=a<redacted>b<redacted>"],
    ["a mask that was cut", "token: <redac"]
  ])("masking twice is masking once: %s", (_, text) => {
    const once = redactText(text)
    expect(redactOnce(once)).toBe(once)
  })

  it("masking twice is masking once", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(FastCheck.constantFrom(...fragments), { maxLength: 24 }), (fragments) => {
        const once = redactText(fragments.join(""))
        expect(redactOnce(once)).toBe(once)
      }),
      { numRuns: byDepth(3_000, 10_000) }
    )
  })

  const length = byDepth(60_000, 200_000)

  // With work that grows as the square of the length, these would take minutes, or the better part of an hour: that
  // the test ends at all is the proof.
  it.each(
    [
      ...fragments,
      "\\\\",
      "=",
      " ",
      "//",
      "token:'",
      "token=[",
      "token\\\"",
      "<token>",
      "%2F%2Fa",
      "eyJ-",
      "[\"token\",\"",
      "token,value:",
      "&quot;token&quot;:",
      "│ └─ [\"token\"]",
      "actual [",
      "actual \"",
      "x-token ",
      "-----BEGIN ",
      "\"token\",",
      "{\"name\":\"token\",",
      "{\"path\":[\"token\"],\"message\":\"",
      "a1:",
      "/token/",
      "--token --"
    ].map((s) => [s])
  )(
    `${length} characters of %j`,
    (fragment) => {
      for (const start of ["token", "token:", "\"token\":\"", "token=[", "://", "eyJ", "└─ [\"token\"]"]) {
        const text = start + fragment.repeat(Math.ceil(length / fragment.length))
        expect(redactText(text)).not.toBe("")
      }
    }
  )
})

it("the work on a hostile text grows with its length", () => {
  // The time that the process computes, so that other processes do not count.
  const time = (length: number): number => {
    const before = process.cpuUsage().user
    for (
      const fragment of ["ghp_", "1:AA", "a.", "M".repeat(24), "<token a", "/v3/", "x-key: ", "token is ", "sk-ant-"]
    ) {
      redactText(fragment.repeat(length / fragment.length))
    }
    return process.cpuUsage().user - before
  }
  time(1 << 16)
  // Four times the text: four times the work if it is linear, sixteen times if it is quadratic.
  const size = byDepth(19, 20)
  expect(time(1 << size) / time(1 << (size - 2))).toBeLessThan(10)
})

describe("the words of a validation", () => {
  const K = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
  const Secret = Schema.Struct({ a: Schema.Struct({ apiKey: Schema.Number, b: Schema.Number }) })

  const message = <A, I>(schema: Schema.Schema<A, I>, value: unknown): string =>
    Either.match(Schema.decodeUnknownEither(schema, { errors: "all" })(value), {
      onLeft: (error) => error.message,
      onRight: () => ""
    })

  it("a secret in the tree of a ParseError is masked, the types and the other values stay", () => {
    expect(redactText(message(Secret, { a: { apiKey: K, b: "seen" } }))).toBe([
      "{ readonly a: { readonly apiKey: number; readonly b: number } }",
      "└─ [\"a\"]",
      "   └─ { readonly apiKey: number; readonly b: number }",
      "      ├─ [\"apiKey\"]",
      "      │  └─ Expected number, actual \"<redacted>\"",
      "      └─ [\"b\"]",
      "         └─ Expected number, actual \"seen\""
    ].join("\n"))
  })

  it("also where the lines of the tree were made one", () => {
    const flat = message(Secret, { a: { apiKey: K, b: "seen" } }).replace(/\s+/g, " ")
    expect(redactText(flat)).toBe(
      "{ readonly a: { readonly apiKey: number; readonly b: number } } └─ [\"a\"] └─ { readonly apiKey: number; " +
        "readonly b: number } ├─ [\"apiKey\"] │ └─ Expected number, actual \"<redacted>\" └─ [\"b\"] └─ Expected " +
        "number, actual \"seen\""
    )
  })

  const { Array: List, Null, Number, NumberFromString, String, Struct, Union } = Schema
  it.each<[string, string]>([
    ["of a list", message(Struct({ tokens: List(Number), n: Union(Number, Null) }), { tokens: [K, K], n: "seen" })],
    [
      "within an object",
      message(Struct({ secret: Struct({ id: Number }), n: Number }), { secret: { id: K }, n: "seen" })
    ],
    ["an object", message(Struct({ secret: Number, n: Number }), { secret: { id: K, a: [K] }, n: "seen" })],
    ["not decoded", message(Struct({ apiKey: NumberFromString, n: NumberFromString }), { apiKey: K, n: "seen" })],
    [
      "refused by a filter",
      message(Struct({ n: Number, apiKey: String.pipe(Schema.maxLength(3)) }), { n: "seen", apiKey: K })
    ],
    [
      "in words of one's own",
      message(
        Struct({ password: String.pipe(Schema.filter((password) => `bad ${password}`)), n: Number }),
        { password: K, n: "seen" }
      )
    ],
    [
      "a header",
      message(
        Schema.Record({ key: String, value: Number }),
        { "X-MBX-APIKEY": K, n: "seen" }
      )
    ],
    [
      "with a branch in it",
      message(
        Struct({ a: Struct({ password: Struct({ a: String }) }), n: Number }),
        { a: { password: `x\n└─ [0] │ ${K}` }, n: "seen" }
      )
    ],
    ["in an object where another was expected", message(Number, { apiKey: K, n: "seen" })]
  ])("a secret %s, as it is, on one line, and in JSON in JSON", (_, told) => {
    expect(told).toContain(K)
    for (const text of [told, told.replace(/\s+/g, " "), JSON.stringify(told), JSON.stringify(JSON.stringify(told))]) {
      const once = redactText(text)
      expect(once).not.toContain(K)
      expect(once).toContain("seen")
      expect(redactOnce(once)).toBe(once)
    }
  })

  it.each([
    [`Expected number, actual "${K}"`, `Expected number, actual "${mask}"`],
    [`Unable to decode "${K}" into a number`, `Unable to decode "${mask}" into a number`],
    ["Expected number, actual {\"id\":1}", `Expected number, actual ${mask}`],
    ["Invalid type: Expected string but received 123456", `Invalid type: Expected string but received ${mask}`],
    ["Expected string, received number", "Expected string, received number"],
    [`"apiKey" with value "${S}" fails to match`, `"apiKey" with value "${mask}" fails to match`],
    [
      "apiKey must be a `number` type, but the final value was: `NaN`",
      `apiKey must be a \`${mask}\` type, but the final value was: \`${mask}\``
    ],
    [`${K} is too long`, `${mask} is too long`],
    ["is missing", "is missing"],
    ["must have at least 100 characters, it doesn't", "must have at least 100 characters, it doesn't"]
  ])("about a secret: %s", (told, expected) => {
    expect(redactValidation(told, true)).toBe(expected)
    expect(redactValidation(expected, true)).toBe(expected)
  })
})

// ---------------------------------------------------------------------------------------------------------------------
// generators
// ---------------------------------------------------------------------------------------------------------------------

const secretName = FastCheck.constantFrom(...secretNames)

const secret = FastCheck.string({
  unit: FastCheck.constantFrom(..."abcXYZ019-_.~+/@!$*#^".split("")),
  minLength: 4,
  maxLength: 12
}).map((text) => `Zq7${text}Zq7`)

const noise = FastCheck.string({
  unit: FastCheck.constantFrom(
    ..."\"'`\\{}[]()<>:=&;,|%@ \n\tab1".split(""),
    "://",
    "%22",
    "%3D",
    "https://x.test/?",
    mask
  ),
  maxLength: 8
}).map((text) => ` ${text} `)

const fragments = [
  ..."\"'`\\{}[]<>:=&;,% \n@ab1".split(""),
  "\\\"",
  "\\\\\"",
  "=>",
  "%22",
  "%3D",
  "%2522",
  "%2F%2F",
  "://",
  "</",
  "eyJhbGciOiJI.",
  "Bearer abc123",
  "Basic ",
  "token",
  "apiKey",
  "Authorization",
  "secret",
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "&quot;",
  "--token ",
  "sign",
  "value",
  "actual ",
  "(",
  "│",
  "├─ ",
  "└─ [\"apiKey\"]",
  "/ws/",
  "/",
  "--password ",
  "a1b2c3",
  "{\"value\":\"",
  "\",\"name\":\"token\"}",
  "[\"a\",\"b\",\"token\",\"",
  "{\"path\":[\"token\"],\"message\":\"",
  "me:a1b2c3@x.test",
  ")]",
  mask
]

/** How a name and its secret may be written. */
const forms: ReadonlyArray<(name: string, secret: string) => string> = [
  (name, secret) => `https://x.test/p?a=1&${encodeURIComponent(name)}=${encodeURIComponent(secret)}&b=2`,
  (name, secret) => `https://x.test/p#${encodeURIComponent(name)}=${encodeURIComponent(secret)}`,
  (_, secret) => `https://me:${secret.replaceAll(/[/#?]/g, "")}/path`.replace(/Zq7\/path$/, "Zq7@x.test/path"),
  (name, secret) => `${name}: ${secret}`,
  (name, secret) => `${name}: Bearer ${secret}\r\nHost: x.test`,
  (name, secret) => `${name}: a="b", response="${secret}"; c=d`,
  (name, secret) => `${name} = "${secret}"`,
  (name, secret) => `{ ${JSON.stringify(name)}: '${secret}' }`,
  (name, secret) => `{ '${name}':\n   '${secret}' }`,
  (name, secret) => `<${name.replaceAll(" ", "")}>${secret}</${name.replaceAll(" ", "")}>`,
  (name, secret) => JSON.stringify({ a: 1, [name]: secret, b: 2 }),
  (name, secret) => JSON.stringify({ a: 1, [name]: `"quoted" \\ ${secret} \n`, b: 2 }),
  (name, secret) => JSON.stringify({ [name]: [1, { x: [secret] }, "] }"], b: 2 }),
  (name, secret) => JSON.stringify({ [name]: { a: "} ]", x: { y: secret } }, b: 2 }, null, 2),
  (name, secret) => new URLSearchParams({ a: "1", [name]: secret, b: "2" }).toString()
]

/** Those that a URL does not hold. */
const documents: ReadonlyArray<(name: string, secret: string) => string> = [
  (name, value) => JSON.stringify({ request: { headers: [{ name: "Host", value: "x" }, { value, name }] } }),
  (key, value) => JSON.stringify([{ key, type: "text", enabled: true, value }], null, 2),
  (name, secret) => JSON.stringify({ rawHeaders: ["Host", "x.test", name, secret, "Accept", "*/*"] }),
  (name, secret) => inspect(["Host", "x".repeat(80), name, secret]),
  (name, secret) => inspect([{ value: secret, name }], { compact: false }),
  (name, received) => JSON.stringify([{ received, path: ["a", 0, name], message: `Got '${received}'` }], null, 2),
  (name, input) => JSON.stringify({ issues: [{ path: `a.${name}`, message: `got "${input}"`, input }] }),
  (name, secret) => `run --${name.replaceAll(/[ .]/g, "-")} ${secret} --symbol A`
]

/** How a text may stand in another. */
const nestings: ReadonlyArray<(text: string) => string> = [
  (text) => JSON.stringify(text),
  (text) => JSON.stringify({ message: text, status: 400 }),
  (text) => JSON.stringify({ errors: [{ message: text }] }, null, 2),
  (text) => `Request failed: ${text}`,
  (text) => `HTTP/1.1 400\r\nHost: x.test\r\n\r\n${text}`,
  (text) => `https://proxy.test/?to=${encodeURIComponent(text)}`
]

const texts = nestings.slice(0, -1)

const pick = <A>(items: ReadonlyArray<A>, i: number): A => items[i % items.length]!
