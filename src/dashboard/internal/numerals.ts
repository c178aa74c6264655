/** Numbers, durations and instants as text, for the page and for its headline. Has no imports: the page bundles it. */

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/** All digits: `1,048,576`. */
export const full = (n: number): string => whole.format(n)

const threeDigits = (x: number): string => x < 9.995 ? x.toFixed(2) : x < 99.95 ? x.toFixed(1) : x.toFixed(0)

/** All digits up to 9,999, then three: `15.9k`, `1.05M`. */
export const short = (n: number): string => {
  const x = Math.abs(n)
  if (x < 1e4) return full(n)
  const sign = n < 0 ? "-" : ""
  for (const [unit, suffix] of [[1e3, "k"], [1e6, "M"], [1e9, "G"]] as const) {
    if (x < unit * 999.5) return `${sign}${threeDigits(x / unit)}${suffix}`
  }
  return `${sign}${threeDigits(x / 1e12)}T`
}

/** One digit, and never rounded to 0 % or 100 %: `99.99 %`. */
export const percent = (share: number): string => {
  if (share <= 0) return "0 %"
  if (share >= 1) return share === 1 ? "100 %" : `${full(share * 100)} %`
  if (share > 0.999) return `${(Math.floor(share * 1e4) / 100).toFixed(2)} %`
  return share < 0.001 ? "< 0.1 %" : `${(share * 100).toFixed(1)} %`
}

/** `2.4×`, `7,021×` */
export const times = (ratio: number): string => `${ratio < 10 ? ratio.toFixed(1) : short(Math.round(ratio))}×`

/** Of milliseconds: `12 s`, `41 min`, `3 h 12 min`, `2 d`. */
export const span = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) {
    const minutes = Math.floor(seconds / 60) % 60
    return minutes === 0 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 3600)} h ${minutes} min`
  }
  return `${Math.floor(seconds / 86_400)} d`
}

/** A length of time that is only roughly known: `25 min`, `1 h 30 min`, `20 h`. */
export const roughly = (millis: number): string => {
  const hour = 3_600_000
  return millis < 2 * hour || millis >= 24 * hour ? span(millis) : `${Math.round(millis / hour)} h`
}

/** `12:45`, or `12:45:07` with seconds; in UTC. */
export const clock = (instant: number, withSeconds = false): string =>
  new Date(instant).toISOString().slice(11, withSeconds ? 19 : 16)

/** `1 call`, `12 calls` */
export const plural = (n: number, one: string, many: string = `${one}s`): string => `${full(n)} ${n === 1 ? one : many}`

/** `hourly`; `10-second` for a window of a rule such as `10s`. */
export const adjective = (window: string): string =>
  ({ minute: "one-minute", hour: "hourly", day: "daily" })[window] ?? `"${window}"`
