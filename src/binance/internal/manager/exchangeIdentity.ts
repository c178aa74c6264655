/** Which exchange the candles of a manager are of: those of a test network must never be taken for real ones. */

/** The name under which all hosts of Binance itself are known; they have the same candles. */
export const binance = "binance.com"

const official = /^https:\/\/(?:(?:api(?:\d|-gcp)?|fapi|dapi)\.binance\.com|(?:data-api|data)\.binance\.vision)$/

/** The identity of the exchange behind some base URLs; `undefined` without any. */
export const identityOf = (baseUrls: ReadonlyArray<string | undefined>): string | undefined => {
  const hosts = baseUrls.filter((url) => url !== undefined).map((url) => official.test(url) ? binance : url)
  return hosts.length === 0 ? undefined : [...new Set(hosts)].join("+")
}
