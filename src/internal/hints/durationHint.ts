/** What to write instead of a text that is almost a duration: `5 mins`, `1h30m`, `PT5M`, `1,5 seconds`. */
import { nearest } from "./nearest.js"

/** The units that Effect decodes, with other common spellings. */
const spellings = {
  nanos: ["ns", "nsec", "nanosecond", "nanoseconds"],
  micros: ["us", "µs", "μs", "usec", "microsecond", "microseconds"],
  millis: ["ms", "msec", "msecs", "millisecond", "milliseconds"],
  seconds: ["s", "sec", "secs"],
  minutes: ["m", "min", "mins"],
  hours: ["h", "hr", "hrs"],
  days: ["d", "dy"],
  weeks: ["w", "wk", "wks"]
} as const

type Unit = keyof typeof spellings

const units: ReadonlyArray<Unit> = ["nanos", "micros", "millis", "seconds", "minutes", "hours", "days", "weeks"]

/** Nanoseconds in each unit. */
const sizes: Readonly<Record<Unit, number>> = {
  nanos: 1,
  micros: 1e3,
  millis: 1e6,
  seconds: 1e9,
  minutes: 6e10,
  hours: 3.6e12,
  days: 8.64e13,
  weeks: 6.048e14
}

const maxLength = 64

/** Undefined where nothing like a duration can be read. */
export const durationHint = (text: string): string | undefined => {
  if (text.length > maxLength) return undefined
  const trimmed = text.trim()
  const bare = /^[\d.,_]+$/.test(trimmed) ? amountOf(trimmed) : undefined
  if (bare !== undefined) return `no unit: write "${bare} millis" or "${bare} seconds"`
  const unit = knownUnit(trimmed)
  if (unit !== undefined) return `no number: write "1 ${unit.slice(0, -1)}"`
  if (/^P/i.test(trimmed)) {
    const [, days, hours, minutes, seconds] =
      /^P(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/i.exec(trimmed) ?? []
    return written("not a duration of Effect", [[days, "days"], [hours, "hours"], [minutes, "minutes"], [
      seconds,
      "seconds"
    ]])
  }
  const parts = Array.from(trimmed.matchAll(/([\d.,_]+)\s*(\p{L}+)[\s,]*(?:and\s+)?/giuy))
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== trimmed) return undefined
  const read = parts.map(([, amount = "", name = ""]) => [amount, unitOf(name), name] as const)
  const unknown = read.find(([, unit]) => unit === undefined)
  if (unknown !== undefined) return `unknown unit "${unknown[2]}": the units are ${units.join(", ")}`
  const foreign = read.find(([, , name]) => !isUnit(name))
  const why = foreign !== undefined
    ? `unknown unit "${foreign[2]}"`
    : read.length > 1
    ? "more than one unit"
    : /[,_]/.test(trimmed)
    ? "unreadable number"
    : "not written as a number, one space and a unit"
  return written(why, read)
}

const written = (
  why: string,
  parts: ReadonlyArray<readonly [amount: string | undefined, unit: Unit | undefined, name?: string]>
): string | undefined => {
  const amounts = parts.flatMap(([amount, unit]) =>
    amount === undefined || unit === undefined ? [] : [[amountOf(amount), unit] as const]
  )
  const smallest = units.find((unit) => amounts.some(([, other]) => other === unit))
  if (smallest === undefined) return undefined
  let total = 0
  for (const [amount, unit] of amounts) {
    if (amount === undefined) return undefined
    total += amount * sizes[unit]
  }
  const count = Number((total / sizes[smallest]).toPrecision(12))
  return Number.isFinite(count) && !String(count).includes("e")
    ? `${why}: write "${count} ${count === 1 ? smallest.slice(0, -1) : smallest}"`
    : undefined
}

/** `1,500` is a thousand and a half; `1,5` is one and a half. */
const amountOf = (text: string): number | undefined => {
  const plain = /^\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?$/.test(text)
    ? text.replace(/[,_]/g, "")
    : text.replace(",", ".").replace(/_/g, "")
  return /^(?:\d+\.?\d*|\.\d+)$/.test(plain) ? Number(plain) : undefined
}

const isUnit = (name: string): boolean => units.some((unit) => name === unit || `${name}s` === unit)

const unitOf = (name: string): Unit | undefined => {
  const known = knownUnit(name)
  if (known !== undefined) return known
  const near = nearest(name.toLowerCase(), units.flatMap((unit) => [unit, unit.slice(0, -1)]))
  return units.find((unit) => unit === near || unit === `${near}s`)
}

const knownUnit = (name: string): Unit | undefined => {
  const plain = name.toLowerCase()
  return units.find((unit) =>
    isUnit(plain) ? unit === plain || unit === `${plain}s` : spellings[unit].some((other) => other === plain)
  )
}
