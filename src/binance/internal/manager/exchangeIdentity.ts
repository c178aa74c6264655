/** The exchange of a manager's candles. Candles of a test network must never be mixed with real ones. */

/** The common name of all hosts of Binance itself; they have the same candles. */
export const binance = "binance.com"

const official = /^https:\/\/(?:(?:api(?:\d|-gcp)?|fapi|dapi)\.binance\.com|(?:data-api|data)\.binance\.vision)$/

/** The identity of the exchange behind some base URLs; `undefined` without any. */
export const identityOf = (baseUrls: ReadonlyArray<string | undefined>): string | undefined => {
  const hosts = baseUrls.filter((url) => url !== undefined).map((url) => official.test(url) ? binance : url)
  return hosts.length === 0 ? undefined : [...new Set(hosts)].join("+")
}
