/**
 * ISO 8601 texts as instants.
 *
 * The parsers of JavaScript engines accept almost any text, read most of it in the local time zone, and roll over days
 * that do not exist: `2024-02-30` becomes March 1. This one accepts the extended calendar format only: a date, optionally
 * followed by a time and an offset. Without an offset the time is UTC.
 */

/** Milliseconds since the epoch, or why the text is not an instant. */
export type Parsed = { readonly millis: number } | { readonly fault: string }

/** The parts of an instant, as they were written. */
export interface Parts {
  readonly year: number
  /** January is 1. */
  readonly month: number
  readonly day: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
}

const extended =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$/

export const parse = (text: string): Parsed => {
  const match = extended.exec(text)
  if (match === null) return { fault: withHint(text) }
  const [, year, month = "01", day = "01", hours = "00", minutes = "00", seconds = "00", fraction = "", zone = "Z"] =
    match
  const parts = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hours: Number(hours),
    minutes: Number(minutes),
    seconds: Number(seconds)
  }
  // What is shorter than a millisecond is cut off.
  const millis = Number(fraction.slice(0, 3).padEnd(3, "0"))
  const isMidnight = parts.hours === 24 && parts.minutes === 0 && parts.seconds === 0 && /^0*$/.test(fraction)
  const fault = faultIn(isMidnight ? { ...parts, hours: 0 } : parts) ?? faultInZone(zone)
  return fault === undefined ? { millis: utc(parts) + millis - offsetOf(zone) } : { fault }
}

/** The first part that does not exist, such as February 30, and what would. */
export const faultIn = ({ day, hours, minutes, month, seconds, year }: Parts): string | undefined => {
  if (!(month >= 1 && month <= 12)) return `months are 01 to 12, not ${two(month)}`
  const days = new Date(utc({ year, month: month + 1, day: 0, hours: 0, minutes: 0, seconds: 0 })).getUTCDate()
  if (!(day >= 1 && day <= days)) return `${months[month - 1]} ${year} has ${days} days, not ${day}`
  if (!(hours >= 0 && hours <= 23)) return `hours are 00 to 23, not ${two(hours)}`
  if (!(minutes >= 0 && minutes <= 59)) return `minutes are 00 to 59, not ${two(minutes)}`
  if (!(seconds >= 0 && seconds <= 59)) return `seconds are 00 to 59, not ${two(seconds)}`
  return undefined
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December"
]

const two = (n: number): string => String(n).padStart(2, "0")

// `Date.UTC` takes the years 0 to 99 for those of the 20th century.
const utc = ({ day, hours, minutes, month, seconds, year }: Parts): number => {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return date.setUTCHours(hours, minutes, seconds)
}

const offsetOf = (zone: string): number => {
  if (zone === "Z") return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(3).replace(":", "") || 0)
  return (zone.startsWith("-") ? -minutes : minutes) * 60_000
}

const faultInZone = (zone: string): string | undefined =>
  zone === "Z" || Number(zone.slice(1, 3)) <= 23 && Number(zone.slice(3).replace(":", "") || 0) <= 59
    ? undefined
    : `there is no offset ${zone}`

const withHint = (text: string): string => {
  const meant = corrected(text)
  return `write ISO 8601, such as 2024-01-15 or 2024-01-15T13:30:00Z${meant === undefined ? "" : `; ${meant}`}`
}

const epoch = /^\d{10}$|^\d{13}$|^\d{16}$/
const yearFirst = /^(\d{4})([-/._]?)(\d{1,2})\2(\d{1,2})(?:[T ,]+(\S.*))?$/

/** What was probably meant by a text in another format; none where that would be a guess, as between day and month. */
const corrected = (text: string): string | undefined => {
  const trimmed = text.trim()
  if (epoch.test(trimmed)) {
    const millis = trimmed.length === 10 ? `${trimmed}000` : trimmed.slice(0, 13)
    return `milliseconds since the epoch are a number, not a text: ${millis}`
  }
  if (trimmed.length > 64) return undefined
  const [, year, separator = "", month = "", day = "", time] = yearFirst.exec(trimmed.toUpperCase()) ?? []
  if (year === undefined || (separator === "" && (month.length < 2 || day.length < 2))) return undefined
  const hours = time?.replace(/\s+(?=Z|[+-]\d)/, "").replace(/^\d(?=:)/, "0$&")
  const meant = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}${hours === undefined ? "" : `T${hours}`}`
  const match = extended.exec(meant)
  if (match === null) return undefined
  const parsed = parse(meant)
  return "fault" in parsed ? parsed.fault : `did you mean "${meant}"`
}
