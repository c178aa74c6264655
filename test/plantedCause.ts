/** An error as clients throw it, with a secret wherever such errors hold one. */
import { FetchError } from "effect-errata"

/** The planted secrets: none of them may appear in what a tool prints. */
export const secrets = {
  urlKey: "Zq7UrlKeyZq7",
  header: "Zq7HeaderZq7",
  authorization: "Zq7BearerZq7",
  connection: "Zq7ConnectionZq7",
  body: "Zq7BodyZq7",
  path: "Zq7PathZq7"
} as const

/** The marks of a cause chain that helps: names, messages and frames of all three links. */
export const clues = ["fetch failed", "connect ECONNREFUSED 10.0.0.1:443", "TypeError", "RequestError", "openSocket"]

const openSocket = () =>
  Object.assign(new Error(`connect ECONNREFUSED 10.0.0.1:443 (postgres://app:${secrets.connection}@db.test/app)`), {
    code: "ECONNREFUSED",
    config: { connectionString: `postgres://app:${secrets.connection}@db.test/app`, password: secrets.connection }
  })

const request = () => {
  const url = `https://api.test/v3/account?apiKey=${secrets.urlKey}&symbol=BTCUSDT`
  const failed = new TypeError(`fetch failed: GET ${url}`, { cause: openSocket() })
  return Object.assign(new Error(`Request to ${url} failed, Authorization: Bearer ${secrets.authorization}`), {
    name: "RequestError",
    cause: failed,
    config: {
      url,
      headers: { "X-MBX-APIKEY": secrets.header, authorization: `Bearer ${secrets.authorization}` },
      data: { secret: secrets.body }
    },
    response: { status: 401, data: `{"apiSecret":"${secrets.body}"}` },
    request: { _header: `GET /v3/account HTTP/1.1\r\nX-MBX-APIKEY: ${secrets.header}\r\n` },
    path: `/token/${secrets.path}/account`,
    toJSON: () => ({ headers: { "X-MBX-APIKEY": secrets.header } })
  })
}

export const planted = (): FetchError.FetchError =>
  new FetchError.NetworkConnection({
    message: `Connection refused: https://api.test/v3/account?apiKey=${secrets.urlKey}`,
    errno: "ECONNREFUSED",
    cause: request(),
    context: { symbol: "BTCUSDT", url: `https://me:${secrets.authorization}@api.test/?signature=${secrets.urlKey}` }
  })
