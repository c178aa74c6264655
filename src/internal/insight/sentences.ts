/** Numbers, durations and lists for messages. */

export const number = (n: number): string => n.toLocaleString("en-US", { maximumFractionDigits: n < 10 ? 1 : 0 })

/** `81 %`, and `99.9 %` */
export const percent = (share: number): string =>
  `${(share * 100).toLocaleString("en-US", { maximumFractionDigits: share > 0.99 || share < 0.1 ? 1 : 0 })} %`

/** `3 to 9`, or `4` where both are equal. */
export const range = (low: number, high: number): string =>
  low === high ? number(low) : `${number(low)} to ${number(high)}`

/** A probability as text, from its logarithm: `1e-12`. */
export const probability = (log: number): string => {
  const exponent = Math.floor(log / Math.LN10)
  const digit = Math.round(Math.exp(log - exponent * Math.LN10))
  return digit === 10 ? `1e${exponent + 1}` : `${digit}e${exponent}`
}

export const duration = (minutes: number): string => {
  if (minutes < 1) return "less than a minute"
  if (minutes < 1.5) return "a minute"
  return minutes < 90 ? `${number(Math.round(minutes))} minutes` : `${number(minutes / 60)} hours`
}

/** `a, b and 3 more` */
export const list = (names: ReadonlyArray<string>): string => {
  const shown = names.length > 4 ? names.slice(0, 3) : names
  const last = names.length > shown.length ? `${names.length - shown.length} more` : shown.at(-1) ?? ""
  const before = names.length > shown.length ? shown : shown.slice(0, -1)
  return before.length === 0 ? last : `${before.join(", ")} and ${last}`
}
