/** The values of a dimension that fail more than the others, and what they have in common. */
import type * as Snapshot from "../../Snapshot.js"
import { mapped, type Pieces } from "../pauses.js"
import { emptyCode } from "../tracker/counting/classification.js"
import { other } from "../tracker/counting/dimension.js"
import { reader } from "../tracker/counting/dimensionReader.js"
import { logBinomialTail, logHypergeometricTail } from "./distribution.js"
import type { Common, Offender, Offenders, OffendersOptions } from "./insightModel.js"
import { list, number, percent } from "./sentences.js"

/** One value with its exposure: its attempts, or 1 where attempts are not counted. */
interface Candidate {
  readonly value: string
  readonly errors: number
  readonly attempts: number
  readonly exposure: number
}

// The probability that a value of a healthy dimension stands out.
const improbable = 0.01
const leastRatio = 2
const mostOffenders = 20
// Without attempts the use of each value is unknown, and a comparison takes several values.
const leastValues = 5
// Errors come in clusters, since failed attempts are retried: this many errors are as much evidence as one. Where attempts
// are counted, retries count among them, and the clusters matter less.
const clump = { withAttempts: 2, without: 3 }

// Pieces of some milliseconds at most.
const valuesPerPiece = 200
const comparisonsPerPiece = 50

/** None or one. */
export function* offendersOf(
  { name, values }: Snapshot.Dimension,
  recent: ReadonlyArray<Snapshot.Recent>,
  { code, window = "day" }: OffendersOptions
): Pieces<ReadonlyArray<Offenders>> {
  const within = (series: Snapshot.Series) => sum(series[window])
  const counted = (yield* mapped(values, valuesPerPiece, (value) => {
    const all = sum(value.errors.map(({ series }) => within(series))) + within(value.rest)
    const ofCode = value.errors.find((of) => of.code === code)
    const errors = code === undefined ? all : ofCode === undefined ? 0 : within(ofCode.series)
    const expected = code === undefined || code === emptyCode ? within(value.expected) : 0
    return {
      value: value.value,
      errors: Math.max(0, errors - expected),
      attempts: value.attempted ? all + within(value.successes) : 0
    }
  })).filter(({ attempts, errors }) => errors > 0 || attempts > 0)
  const known = counted.filter(({ value }) => value !== other)
  const isAttempted = known.every(({ attempts }) => attempts > 0)
  if (!isAttempted && known.length < leastValues) return []
  const candidates = known.map((value) => ({ ...value, exposure: isAttempted ? value.attempts : 1 }))
  const found = yield* standingOut(candidates, isAttempted)
  if (found.length === 0) return []

  const total = errorsOf(counted)
  const offenders = found.map(({ attempts, errors, ratio, value }) => ({
    value,
    errors,
    attempts,
    share: errors / total,
    ratio
  }))
  const names = new Set(found.map(({ value }) => value))
  const common = [
    ...yield* commonCode(values, names, within, code),
    ...commonAffix(candidates.map(({ value }) => value), names),
    ...commonContext(name, recent, names)
  ]
  return [{ dimension: name, offenders, common, message: messageOf(name, total, offenders, common, isAttempted) }]
}

/**
 * The values whose failure rate exceeds that of the rest by far and not by chance. The rest starts below the last value of
 * the worse half that stands out from all below it: compared with all others, offenders would hide each other.
 */
function* standingOut(
  candidates: ReadonlyArray<Candidate>,
  isAttempted: boolean
): Pieces<ReadonlyArray<Candidate & { readonly ratio: number }>> {
  const sorted = candidates.toSorted((a, b) => b.errors / b.exposure - a.errors / a.exposure)
  const least = Math.log(improbable / candidates.length)
  const chance = isAttempted ? logChanceOfAttempts : logChanceOfShare
  const isWorse = (candidate: Candidate, rest: Rest) =>
    ratioOf(candidate, rest) >= leastRatio && chance(candidate, rest) < least
  let below = { errors: errorsOf(sorted), exposure: sum(sorted.map(({ exposure }) => exposure)) }
  let rest: Rest | undefined
  const worse = sorted.slice(0, Math.floor(sorted.length / 2))
  for (const [i, candidate] of worse.entries()) {
    if (i % comparisonsPerPiece === 0) yield
    below = { errors: below.errors - candidate.errors, exposure: below.exposure - candidate.exposure }
    if (isWorse(candidate, below)) rest = below
  }
  if (rest === undefined) return []
  const healthy = rest
  const isOffender = yield* mapped(worse, comparisonsPerPiece, (candidate) => isWorse(candidate, healthy))
  return worse
    .filter((_, i) => isOffender[i])
    .map((candidate) => ({ ...candidate, ratio: ratioOf(candidate, healthy) }))
    .sort((a, b) => b.errors - b.errors / b.ratio - (a.errors - a.errors / a.ratio))
    .slice(0, mostOffenders)
}

/** The probability that so many of the failed attempts of the candidate and the rest belong to the candidate. */
const logChanceOfAttempts = (candidate: Candidate, rest: Rest): number =>
  logHypergeometricTail(candidate.errors / clump.withAttempts, {
    drawn: candidate.exposure / clump.withAttempts,
    marked: (candidate.errors + rest.errors) / clump.withAttempts,
    total: (candidate.exposure + rest.exposure) / clump.withAttempts
  })

/**
 * The probability that so many of the errors of the candidate and the rest belong to the candidate (Przyborowski, Wilenski: Homogeneity of results in testing
 * samples from Poisson series, Biometrika 31, 1940).
 */
const logChanceOfShare = (candidate: Candidate, rest: Rest): number =>
  logBinomialTail(
    candidate.errors / clump.without,
    (candidate.errors + rest.errors) / clump.without,
    candidate.exposure / rest.exposure
  )

/** The values that a candidate is compared with. */
interface Rest {
  readonly errors: number
  readonly exposure: number
}

// Half an error more keeps the ratio to a rest without errors finite.
const ratioOf = (candidate: Candidate, rest: Rest): number =>
  candidate.errors / candidate.exposure / ((rest.errors + 0.5) / rest.exposure)

const errorsOf = (values: ReadonlyArray<{ readonly errors: number }>): number => sum(values.map(({ errors }) => errors))

/** The code of most errors of the offenders, unless the other values share it. */
function* commonCode(
  values: ReadonlyArray<Snapshot.Value>,
  names: ReadonlySet<string>,
  within: (series: Snapshot.Series) => number,
  asked: string | undefined
): Pieces<ReadonlyArray<Common>> {
  if (asked !== undefined) return []
  const counts = yield* mapped(values, valuesPerPiece, ({ errors, value }) => ({
    isOffender: names.has(value),
    codes: errors.map(({ code, series }) => [code, within(series)] as const)
  }))
  const codes = (isOffender: boolean) => shares(counts.flatMap((of) => of.isOffender === isOffender ? of.codes : []))
  return mostly("code", codes(true), codes(false))
}

/** The prefix or suffix of the names of the offenders that hardly any other name has. */
const commonAffix = (values: ReadonlyArray<string>, names: ReadonlySet<string>): ReadonlyArray<Common> => {
  const [first = "", ...others] = names
  if (others.length === 0) return []
  const rest = values.filter((value) => !names.has(value))
  const longest = (part: (name: string, length: number) => string) => {
    let length = 0
    while (length < first.length && others.every((name) => part(name, length + 1) === part(first, length + 1))) length++
    return part(first, length)
  }
  const begin = longest((name, length) => name.slice(0, length))
  const end = longest((name, length) => name.slice(Math.max(0, name.length - length)))
  const isOwn = (affix: string, has: (name: string) => boolean) =>
    affix.length >= 2 && rest.filter(has).length <= rest.length / 5
  return [
    ...(isOwn(begin, (name) => name.startsWith(begin)) ? [{ what: "begins with", value: begin }] : []),
    ...(isOwn(end, (name) => name.endsWith(end)) ? [{ what: "ends with", value: end }] : [])
  ]
}

const fields = ["symbol", "interval", "market", "source", "operation"] as const

/** The fields of the context that most recent errors of the offenders share, and those of the other values do not. */
const commonContext = (
  dimension: string,
  recent: ReadonlyArray<Snapshot.Recent>,
  names: ReadonlySet<string>
): ReadonlyArray<Common> => {
  const read = reader(dimension)
  const isOf = ({ context }: Snapshot.Recent, isOffender: boolean) => {
    const value = read(context)
    return value !== undefined && names.has(value) === isOffender
  }
  return fields.filter((field) => field !== dimension).flatMap((field) => {
    const values = (isOffender: boolean) =>
      shares(recent.flatMap((error) => {
        const value = error.context[field]
        return isOf(error, isOffender) && value !== undefined ? [[value, 1] as const] : []
      }))
    return mostly(field, values(true), values(false))
  })
}

interface Shares {
  readonly total: number
  readonly of: ReadonlyMap<string, number>
}

const shares = (counts: ReadonlyArray<readonly [string, number]>): Shares => {
  const of = new Map<string, number>()
  for (const [name, count] of counts) of.set(name, (of.get(name) ?? 0) + count)
  return { total: sum(counts.map(([, count]) => count)), of }
}

/** The value of at least five and at least 80 % of theirs, and of at most half of the others'. */
const mostly = (what: string, theirs: Shares, others: Shares): ReadonlyArray<Common> => {
  for (const [value, count] of theirs.of) {
    if (count < 5 || count < theirs.total * 0.8) continue
    if ((others.of.get(value) ?? 0) <= others.total * 0.5) return [{ what, value }]
  }
  return []
}

const messageOf = (
  dimension: string,
  total: number,
  offenders: ReadonlyArray<Offender>,
  common: ReadonlyArray<Common>,
  isAttempted: boolean
): string => {
  const share = percent(sum(offenders.map(({ share }) => share)))
  const times = number(Math.min(...offenders.map(({ ratio }) => ratio)))
  const what = common.map(({ value, what }) => what.includes(" ") ? `a name that ${what} ${value}` : `${what} ${value}`)
  return `${dimension} ${list(offenders.map(({ value }) => value))}: ${share} of ${
    number(total)
  } errors, at least ${times} times ` +
    (isAttempted ? "the failure rate of the others" : "as many as the others on average") +
    (what.length === 0 ? "" : `; in common: ${list(what)}`)
}

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, n) => total + n, 0)
