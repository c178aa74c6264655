/** Options with every default filled in, and every number checked. */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Options } from "../../ErrorTracker.js"
import * as FetchError from "../../FetchError.js"
import * as Threshold from "../../Threshold.js"

export interface Settings {
  readonly limits: ReadonlyMap<string, ReadonlyArray<Threshold.Limit>>
  /** Codes that always have a row of their own. */
  readonly codes: ReadonlySet<string>
  readonly dimensions: ReadonlyArray<string>
  readonly maxValues: number
  readonly sweepEvery: Duration.Duration
  readonly recent: number
}

const maxDimensions = 6
const dimensions = ["symbol", "source", "market", "interval"]

/** The codes of the 17 types of error. */
export const ownCodes: ReadonlyArray<string> = Object.values(FetchError.facts).map(({ code }) => code)

/** Left says what is wrong, where, and what would be right. */
export const settings = (options: Options): Either.Either<Settings, string> =>
  Either.gen(function*() {
    const limits = yield* Threshold.resolve(options.thresholds)
    const names = options.dimensions ?? dimensions
    if (names.length > maxDimensions || new Set(names).size < names.length || names.includes("")) {
      return yield* Either.left(
        `dimensions is ${
          JSON.stringify(names)
        }: it must be at most ${maxDimensions} different names, none of them empty`
      )
    }
    const sweepEvery = Option.getOrElse(Duration.decodeUnknown(options.sweepEvery ?? "1 minute"), () => Duration.zero)
    if (!Duration.isFinite(sweepEvery) || Duration.isZero(sweepEvery)) {
      return yield* Either.left(
        `sweepEvery is ${String(options.sweepEvery)}: it must be longer than nothing and less than for ever`
      )
    }
    return {
      limits,
      codes: new Set([...ownCodes, ...limits.keys(), ...options.codes ?? []]),
      dimensions: names,
      maxValues: yield* whole("maxValues", options.maxValues ?? 2000, 1, 100_000),
      sweepEvery,
      recent: yield* whole("recent", options.recent ?? 100, 0, 10_000)
    }
  })

const whole = (option: string, value: number, least: number, most: number): Either.Either<number, string> =>
  Number.isInteger(value) && value >= least && value <= most
    ? Either.right(value)
    : Either.left(`${option} is ${value}: it must be a whole number from ${least} to ${most}`)
