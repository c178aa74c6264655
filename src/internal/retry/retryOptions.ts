/** Checks the options of a policy, and fills in their defaults. Durations are in milliseconds. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Check from "../options.js"
import { knownCode } from "../tracker/alerting/limits.js"
import type { Curve } from "./backoff.js"
import type { BudgetSettings } from "./budget.js"
import type { CircuitSettings } from "./circuit.js"
import type { Options, Retry, Row } from "./policyModel.js"
import { defaults, usual as usualRow, type Whole } from "./rows.js"

interface Plan extends Curve {
  readonly retries: number
  readonly always: boolean
  /** Whether the options have a row for it, and not only the default. */
  readonly isInOptions: boolean
}

export interface Settings {
  readonly source: string | undefined
  readonly name: string | undefined
  readonly planOf: (code: string) => Plan
  readonly budget: BudgetSettings
  readonly circuit: CircuitSettings
  readonly maxWait: number
  readonly onRetry: (retry: Retry) => Effect.Effect<void>
}

const unlimited: BudgetSettings = { ratio: 1, perSecond: Infinity }
const neverOpen: CircuitSettings = {
  failureRate: 1,
  minimumAttempts: Infinity,
  minimumDuration: 0,
  window: 1,
  openFor: 1
}

const noRetryHook: Settings["onRetry"] = () => Effect.void

const millis = (least: 0 | 1): Check.Check<number> => {
  const duration = Check.duration({ least: Duration.millis(least) })
  return (path, value) => Either.map(duration(path, value), Duration.toMillis)
}

const budget = Check.struct(
  {
    ratio: Check.withDefault(Check.number("a number from 0 to 1", (n) => n >= 0 && n <= 1), 0.2),
    perSecond: Check.withDefault(Check.number("a finite number of at least 0", (n) => n >= 0 && n < Infinity), 1)
  } satisfies Check.Checks<Exclude<Options["budget"], false | undefined>>
)

const breaker = Check.struct(
  {
    failureRate: Check.withDefault(Check.number("a number above 0, up to 1", (n) => n > 0 && n <= 1), 0.8),
    minimumAttempts: Check.withDefault(Check.wholeNumber(1), 10),
    minimumDuration: Check.withDefault(millis(0), "3 seconds"),
    window: Check.optional(millis(1)),
    openFor: Check.withDefault(millis(1), "2 seconds")
  } satisfies Check.Checks<Exclude<Options["breaker"], false | undefined>>
)

const circuit: Check.Check<CircuitSettings> = (path, value) =>
  Either.flatMap(breaker(path, value), (settings) => {
    const { minimumDuration } = settings
    // The default window grows with the duration, which has to fit into it.
    const window = settings.window ?? Math.max(30_000, 2 * minimumDuration)
    // The oldest of the ten buckets may have just gone.
    return minimumDuration <= window * 0.9 ? Either.right({ ...settings, window }) : Check.wrong(
      `${path}.minimumDuration`,
      Duration.millis(minimumDuration),
      `at most nine tenths of the window, ${Duration.format(Duration.millis(window))}`
    )
  })

const generalChecks = {
  retries: Check.optional(Check.wholeNumber(0)),
  base: Check.optional(millis(1)),
  cap: Check.optional(millis(1))
} satisfies Check.Checks<Omit<Row, "always">>

const generalRow = Check.struct(generalChecks)

const row = Check.struct({ ...generalChecks, always: Check.optional(Check.bool) } satisfies Check.Checks<Row>)

/** The key of the row for all codes. */
const all = "*"

const rows: Check.Check<Settings["planOf"]> = (path, value) =>
  Either.gen(function*() {
    if (!Check.isRecord(value)) return yield* Check.wrong(path, value, "an object of rows by code")
    const { [all]: general, ...own } = value
    yield* Check.withDefault(generalRow, {})(`${path}.${all}`, general)
    const { base, cap, retries } = yield* planOf(`${path}.${all}`, usualRow, general)
    const usual: Whole = { retries, base, cap, always: false }
    const plans = new Map<string, Plan>()
    for (const code of new Set([...Object.keys(defaults), ...Object.keys(own)])) {
      const at = `${path}.${code}`
      yield* knownCode(at, code)
      plans.set(
        code,
        yield* planOf(at, defaultOf(code, usual), Object.hasOwn(own, code) ? own[code] : undefined)
      )
    }
    const others = yield* planOf(path, usual, undefined)
    return (code: string) => plans.get(code) ?? others
  })

/** The default row of a code, which has as few retries as the one for all codes at most. */
const defaultOf = (code: string, usual: Whole): Whole => {
  const { retries = usual.retries, ...delays } = defaults[code] ?? {}
  return { ...usual, ...delays, retries: Math.min(retries, usual.retries) }
}

const planOf = (path: string, byDefault: Whole, value: unknown): Check.Checked<Plan> =>
  Either.gen(function*() {
    const own = yield* Check.withDefault(row, {})(path, value)
    const { always = byDefault.always, retries = byDefault.retries } = own
    const cap = own.cap ?? (yield* millis(1)(`${path}.cap`, byDefault.cap))
    // A cap below the default of the first delay shortens that delay; one below a delay of the options is a mistake.
    const base = own.base ?? Math.min(yield* millis(1)(`${path}.base`, byDefault.base), cap)
    return base <= cap
      ? { retries, always, base, cap, isInOptions: value !== undefined }
      : yield* Check.wrong(
        `${path}.base`,
        Duration.millis(base),
        `at most as long as the cap, ${Duration.format(Duration.millis(cap))}`
      )
  })

/** A check for each option of a policy. */
export const policyChecks = {
  source: Check.optional(Check.text),
  name: Check.optional(Check.text),
  rows: Check.withDefault(rows, {}),
  budget: Check.withDefault(Check.orFalse(budget), {}),
  breaker: Check.withDefault(Check.orFalse(circuit), {}),
  maxWait: Check.withDefault(millis(0), "2 minutes"),
  onRetry: Check.withDefault(Check.fn<Settings["onRetry"]>(), noRetryHook)
} satisfies Check.Checks<Options>

/** Left is a message. */
export const settings = (options: Options): Check.Checked<Settings> =>
  Either.map(Check.struct(policyChecks)("", options), ({ breaker, budget, rows, ...rest }) => ({
    ...rest,
    planOf: rows,
    budget: budget === false ? unlimited : budget,
    circuit: breaker === false ? neverOpen : breaker
  }))
