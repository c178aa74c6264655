/**
 * Checks of options, for callers whom no compiler has helped: JavaScript, JSON, environment variables.
 *
 * A check returns the decoded value, or says which option is wrong, what its value is, and what would be right.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { durationHint } from "./hints/durationHint.js"
import { nearest } from "./hints/nearest.js"
import { synonymOf } from "./hints/synonyms.js"
import { attempt, toJson } from "./safe/json.js"

/** Checks the value at a path: `rules[0].limit`. */
export type Check<A> = (path: string, value: unknown) => Checked<A>

/** Left is a message. */
export type Checked<A> = Either.Either<A, string>

// ---------------------------------------------------------------------------------------------------------------------
// refusals
// ---------------------------------------------------------------------------------------------------------------------

/** Which option it is, its value, and what would be right. */
export const wrong = (path: string, value: unknown, right: string): Checked<never> =>
  Either.left(`${path} is ${show(value)}: it must be ${right}`)

/** An unknown name, with the nearest of the known ones as a hint. The path of the outermost object is empty. */
export const unknownName = (
  path: string,
  kind: string,
  name: string,
  known: ReadonlyArray<string>
): Checked<never> =>
  Either.left(
    `${path === "" ? "" : `${path}: `}unknown ${kind} ${show(name)}${didYouMean(name, known) || "."} Known: ${
      known.join(", ") || "none"
    }`
  )

/** An unknown option, which may be that of another library. */
const unknownOption = (path: string, name: string, known: ReadonlyArray<string>): Checked<never> => {
  const synonym = synonymOf(name, known)
  if (synonym === undefined) return unknownName(path, "option", name, known)
  const hint = "option" in synonym ? `, did you mean ${show(synonym.option)}?` : `: write ${synonym.write}.`
  return Either.left(
    `${path === "" ? "" : `${path}: `}unknown option ${show(name)}${hint} Known: ${known.join(", ")}`
  )
}

/** `, did you mean "timeout"?`, or nothing where no known name is near. */
export const didYouMean = (name: string, known: ReadonlyArray<string>, limit?: number): string => {
  const near = nearest(name, known, limit)
  return near === undefined ? "" : `, did you mean ${show(near)}?`
}

/** A wrong option is a bug of the program: a defect with a message, under the name of what refuses it. */
export const orDie = <A>(owner: string, checked: Checked<A>): Effect.Effect<A> =>
  Either.match(checked, {
    onLeft: (message) => Effect.die(new Cause.IllegalArgumentException(`${owner}: ${message}`)),
    onRight: Effect.succeed
  })

/** The same for operators, whose effect dies in place of running; undefined where nothing is wrong. */
export const refusal = (owner: string, checked: Checked<unknown>): Effect.Effect<never> | undefined =>
  Either.isLeft(checked) ? orDie(owner, Either.left(checked.left)) : undefined

/** For constructors of plain data, which have no Effect to fail. */
export const orThrow = <A>(owner: string, checked: Checked<A>): A =>
  Either.getOrThrowWith(checked, (message) => new Cause.IllegalArgumentException(`${owner}: ${message}`))

const show = (value: unknown): string => {
  if (Duration.isDuration(value)) return Duration.format(value)
  if (Predicate.isFunction(value)) return "a function"
  if (value instanceof Promise) return "a Promise"
  // Options and Eithers are Effects, too, and are shown as data.
  if (Effect.isEffect(value) && !Option.isOption(value) && !Either.isEither(value)) return "an Effect"
  if (Predicate.isBigInt(value)) return `${value}n`
  return Predicate.isNumber(value) || Predicate.isUndefined(value) ? String(value) : JSON.stringify(toJson(value))
}

// ---------------------------------------------------------------------------------------------------------------------
// objects and lists
// ---------------------------------------------------------------------------------------------------------------------

export type Output<C> = C extends Check<infer A> ? A : never

/** Each option of a type has a check; the compiler refuses a table without one. */
export type Checks<Options> = { readonly [K in keyof Options]-?: Check<unknown> }

/** An object of names and values. A Map has no keys of its own and would pass for an empty one. */
export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  Predicate.isRecord(value) && !Predicate.isIterable(value)

/** An object with these options and no others. The path of the outermost one is empty. */
export const struct = <const C extends Readonly<Record<string, Check<unknown>>>>(
  checks: C
): Check<{ readonly [K in keyof C]: Output<C[K]> }> =>
(path, value) => {
  const names = Object.keys(checks)
  if (!isRecord(value)) {
    return wrong(path === "" ? "options" : path, value, `an object with any of ${names.join(", ")}`)
  }
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(checks, name))
  if (unknown !== undefined) return unknownOption(path, unknown, names)
  const decoded: Array<readonly [string, unknown]> = []
  for (const name of names) {
    const at = path === "" ? name : `${path}.${name}`
    // A getter or a proxy may throw.
    const read = attempt(() => ({ value: value[name] }))
    if (read === undefined) return Either.left(`${at} cannot be read: reading it throws`)
    const checked = checks[name]!(at, read.value)
    if (Either.isLeft(checked)) return Either.left(checked.left)
    decoded.push([name, checked.right])
  }
  // Each name has the output of its own check.
  return Either.right(Object.fromEntries(decoded) as { readonly [K in keyof C]: Output<C[K]> })
}

/** An option that is checked here and decoded elsewhere. */
export const verbatim = <A>(check: Check<unknown>): Check<A> => (path, value) =>
  // The check has seen all of it.
  Either.map(check(path, value), () => value as A)

/** An option that may be left out. */
export const optional = <A>(check: Check<A>): Check<A | undefined> => (path, value) =>
  value === undefined ? Either.right(undefined) : check(path, value)

/** An option with a default, which is checked in its place. */
export const withDefault = <A>(check: Check<A>, byDefault: unknown): Check<A> => (path, value) =>
  check(path, value === undefined ? byDefault : value)

/** `false`, which switches something off, or what the check says. */
export const orFalse = <A>(check: Check<A>): Check<A | false> => (path, value) =>
  value === false
    ? Either.right(false)
    : Predicate.isRecord(value)
    ? check(path, value)
    : Either.mapLeft(check(path, value), (message) => message.replace(": it must be ", ": it must be false, or "))

/** A list whose items pass the check. */
export const listOf = <A>(right: string, check: Check<A>): Check<ReadonlyArray<A>> => (path, value) =>
  Array.isArray(value)
    // `Array.from` fills the holes of a sparse list, which `map` passes over.
    ? Either.all(Array.from<unknown>(value).map((item, i) => check(`${path}[${i}]`, item)))
    : Predicate.isString(value)
    ? Either.left(`${path} is ${show(value)}: it must be ${right}, write [${show(value)}]`)
    : wrong(path, value, right)

// ---------------------------------------------------------------------------------------------------------------------
// single values
// ---------------------------------------------------------------------------------------------------------------------

/** A whole number within bounds, both inclusive. */
export const wholeNumber = (least: number, most: number = Number.MAX_SAFE_INTEGER): Check<number> => (path, value) =>
  Predicate.isNumber(value) && Number.isSafeInteger(value) && value >= least && value <= most
    ? Either.right(value)
    : wrong(
      path,
      value,
      most === Number.MAX_SAFE_INTEGER
        ? `a whole number of at least ${least}`
        : `a whole number from ${least} to ${most}`
    )

/** A number that passes the test. */
export const number = (right: string, isRight: (n: number) => boolean): Check<number> => (path, value) =>
  Predicate.isNumber(value) && isRight(value) ? Either.right(value) : wrong(path, value, right)

export const text: Check<string> = (path, value) =>
  Predicate.isString(value) && value.trim() !== "" ? Either.right(value) : wrong(path, value, "a non-empty string")

export const bool: Check<boolean> = (path, value) =>
  Predicate.isBoolean(value) ? Either.right(value) : wrong(path, value, "true or false")

/** A function. Its arguments and result cannot be checked at run time: the cast relies on the compiler. */
export const fn = <F extends Function = Function>(): Check<F> => (path, value) =>
  Predicate.isFunction(value) ? Either.right(value as unknown as F) : wrong(path, value, "a function")

/** One of some names: the kind is what the name is one of, as in `market`. */
export const oneOf =
  <const Name extends string>(kind: string, names: ReadonlyArray<Name>): Check<Name> => (path, value) => {
    const known = names.find((name) => name === value)
    if (known !== undefined) return Either.right(known)
    return Predicate.isString(value) && value !== ""
      ? unknownName(path, kind, value, names)
      : wrong(path, value, `one of ${names.join(", ")}`)
  }

// ---------------------------------------------------------------------------------------------------------------------
// durations
// ---------------------------------------------------------------------------------------------------------------------

// A timer of more milliseconds never fires: `setTimeout` counts in 31 bits.
const longest = Duration.millis(2 ** 31 - 1)

interface Bounds {
  /** Default: anything above zero. */
  readonly least?: Duration.Duration | undefined
  /** Default: the longest duration that a timer can wait for. */
  readonly most?: Duration.Duration | undefined
}

/** A duration within bounds, both inclusive. */
export const duration = (bounds: Bounds = {}): Check<Duration.Duration> => (path, value) => {
  const decoded = Option.getOrUndefined(Duration.decodeUnknown(value))
  const hint = decoded === undefined && Predicate.isString(value) ? durationHint(value) : undefined
  if (hint !== undefined) return Either.left(`${path} is ${show(value)}: ${hint}`)
  if (decoded === undefined || isNegative(value)) return wrong(path, value, durationText(bounds))
  const { least, most = longest } = bounds
  const isLongEnough = least === undefined
    ? Duration.greaterThan(decoded, Duration.zero)
    : Duration.greaterThanOrEqualTo(decoded, least)
  if (!isLongEnough) return wrong(path, value, durationText(bounds))
  if (Duration.lessThanOrEqualTo(decoded, most)) return Either.right(decoded)
  return wrong(
    path,
    value,
    Duration.isFinite(decoded) && most === longest
      ? "at most 24 days, the longest that a timer can wait"
      : durationText(bounds)
  )
}

const durationText = ({ least, most }: Bounds): string => {
  const upTo = most === undefined || !Duration.isFinite(most) ? "" : ` of at most ${Duration.format(most)}`
  const kind = most === undefined ? ", finite duration" : ` duration${upTo}`
  const text = least === undefined
    ? `a positive${kind}`
    : Duration.isZero(least)
    ? `zero or a positive${kind}`
    : `a duration of at least ${Duration.format(least)}`
  return `${text}, as in "5 seconds"`
}

/** What Effect decodes as zero: a negative number, or none. */
const isNegative = (value: unknown): boolean =>
  Predicate.isString(value)
    ? value.trim().startsWith("-")
    : Array.isArray(value)
    ? value.some(isNegative)
    : (Predicate.isNumber(value) || Predicate.isBigInt(value)) && !(value >= 0)

// ---------------------------------------------------------------------------------------------------------------------
// addresses
// ---------------------------------------------------------------------------------------------------------------------

/** An address to which paths are appended, without the slash at its end. */
export const baseUrl: Check<string> = (path, value) =>
  Either.map(httpUrl(path, value), (url) => url.replace(/\/+$/, ""))

/** An address that is completed by a path or a query. */
export const httpUrl: Check<string> = (path, value) => {
  const right = `an http or https URL, as in "https://api.example.com"`
  if (!Predicate.isString(value)) return wrong(path, value, right)
  const url = attempt(() => new URL(value))
  if (!/^https?:\/\//i.test(value)) {
    const guess = /^[\w.-]+(?::\d+)?(?:\/[\w./-]*)?$/.test(value)
      ? attempt(() => new URL(`https://${value}`))
      : undefined
    return guess === undefined
      ? wrong(path, value, right)
      : Either.left(`${path} is ${show(value)}: it has no scheme, write ${show(`https://${value}`)}`)
  }
  if (url === undefined || /[\s\\]/.test(value)) return wrong(path, value, right)
  if (url.username !== "" || url.password !== "") {
    return Either.left(
      `${path} is ${show(value)}: it must have no user name and no password; put them into a header of the HttpClient`
    )
  }
  if (value.includes("?") || value.includes("#")) {
    return Either.left(
      `${path} is ${show(value)}: it must have no query and no fragment`
    )
  }
  return Either.right(value)
}

/** The duration of a finished fetch, where it can be read: recording never fails. */
export const durationOf = (duration: unknown): Duration.Duration | undefined =>
  Option.getOrUndefined(Duration.decodeUnknown(duration))
