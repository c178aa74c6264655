/** The tracker against the model of `alerts.model.ts`, over random histories. */
import { describe, expect, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Alert from "../../../../src/Alert.js"
import * as ErrorTracker from "../../../../src/ErrorTracker.js"
import * as FetchError from "../../../../src/FetchError.js"
import * as Snapshot from "../../../../src/Snapshot.js"
import type * as Threshold from "../../../../src/Threshold.js"
import * as SteppedProgram from "../../../steppedProgram.js"
import type { Edge, Limit, Saved } from "./alerts.model.js"
import { Model } from "./alerts.model.js"

// ---------------------------------------------------------------------------------------------------------------------
// limits
// ---------------------------------------------------------------------------------------------------------------------

const errors = {
  NETWORK_TIMEOUT: (symbol: string) => new FetchError.NetworkTimeout({ context: { symbol } }),
  NETWORK_DNS: (symbol: string) => new FetchError.NetworkDns({ context: { symbol } }),
  DATA_EMPTY: (symbol: string) => new FetchError.DataEmpty({ reason: "api_response", context: { symbol } })
}

type Code = keyof typeof errors

interface Amounts {
  readonly limit: number
  /** In tenths. */
  readonly recoverAt: number
}

interface Config {
  readonly codes: { readonly [code in Code]?: CodeConfig | undefined }
  readonly rules: ReadonlyArray<RuleConfig>
}

interface CodeConfig {
  readonly recoverAt: number
  readonly perMinute: number | undefined
  readonly perDay: number | undefined
  readonly short: { readonly window: number; readonly limit: number } | undefined
}

interface RuleConfig extends Amounts {
  readonly name: string
  readonly code: Code | undefined
  readonly bySymbol: boolean
  readonly window: number
}

const seconds = (n: number) => `${n} seconds` as const

const optionsOf = ({ codes, rules }: Config): { thresholds: Threshold.Thresholds; rules: Array<Threshold.Rule> } => ({
  // The codes with default limits have none here unless the history sets them.
  thresholds: {
    API_RATE_LIMIT: {},
    ...Object.fromEntries(
      Object.keys(errors).map((code) => {
        const { perDay, perMinute, recoverAt = 8, short } = codes[code as Code] ?? {}
        return [code, {
          recoverAt: recoverAt / 10,
          ...perMinute === undefined ? {} : { perMinute },
          ...perDay === undefined ? {} : { perDay },
          ...short === undefined
            ? {}
            : { custom: [{ name: "short", window: seconds(short.window), limit: short.limit }] }
        }]
      })
    )
  },
  rules: rules.map(({ bySymbol, code, limit, name, recoverAt, window }) => ({
    name,
    code,
    limit,
    recoverAt: recoverAt / 10,
    ...bySymbol ? { by: "symbol", window: "minute" } : { window: seconds(window) }
  }))
})

const limitsOf = ({ codes, rules }: Config): ReadonlyArray<Limit> => {
  const limits: Array<Limit> = []
  const add = (
    { limit, recoverAt, ...rest }: Amounts & Omit<Limit, "limit" | "recovered" | "isVerdict">
  ) => {
    limits.push({ ...rest, isVerdict: !rest.bySymbol, limit, recovered: Math.floor(limit * recoverAt / 10) })
  }
  for (const [code, config] of Object.entries(codes)) {
    if (config === undefined) continue
    const { perDay, perMinute, recoverAt, short } = config
    const of = (window: string) => ({ name: nameOf({ code, window }), code, bySymbol: false, recoverAt })
    if (short !== undefined) add({ ...of("short"), ...short })
    if (perMinute !== undefined) add({ ...of("minute"), window: 60, limit: perMinute })
    if (perDay !== undefined) add({ ...of("day"), window: 86_400, limit: perDay })
  }
  for (const { bySymbol, name: rule, ...amounts } of rules) {
    const window = bySymbol ? "minute" : amounts.window === 60 ? "1m" : `${amounts.window}s`
    const name = nameOf({ rule, code: amounts.code ?? "*", window })
    add({ ...amounts, bySymbol, window: bySymbol ? 60 : amounts.window, name })
  }
  return limits
}

const nameOf = (
  { code, rule, window }: { readonly rule?: string | undefined; readonly code: string; readonly window: string }
): string => `${rule ?? ""}/${code}/${window}`

// ---------------------------------------------------------------------------------------------------------------------
// histories
// ---------------------------------------------------------------------------------------------------------------------

type Step =
  | { readonly _tag: "fail"; readonly code: Code; readonly symbol: string; readonly times: number }
  | { readonly _tag: "expected" | "succeed" | "sweep" | "read" | "snapshot" | "reset" }
  | { readonly _tag: "setLimits"; readonly config: Config }
  | { readonly _tag: "restore"; readonly index: number }
  | { readonly _tag: "restart"; readonly index: number; readonly config: Config; readonly isSubscribedFirst: boolean }

interface Timed {
  readonly gap: number
  readonly step: Step
}

const FC = FastCheck

const code = FC.constantFrom<Code>("NETWORK_TIMEOUT", "NETWORK_TIMEOUT", "NETWORK_DNS", "DATA_EMPTY")
const limit = FC.integer({ min: 1, max: 5 })
const recoverAt = FC.constantFrom(2, 5, 8, 10)
const window = FC.constantFrom(5, 10, 20, 30)
const maybe = <A>(arbitrary: FastCheck.Arbitrary<A>) => FC.option(arbitrary, { nil: undefined, freq: 2 })

const codeConfig = FC.record<CodeConfig>({
  recoverAt,
  perMinute: maybe(limit),
  perDay: maybe(FC.integer({ min: 1, max: 12 })),
  short: maybe(FC.record({ window, limit }))
})

const rule = (name: string, code: Code | undefined, bySymbol: boolean) =>
  FC.record<RuleConfig>({
    name: FC.constant(name),
    code: FC.constant(code),
    bySymbol: FC.constant(bySymbol),
    window: FC.constantFrom(10, 20),
    limit,
    recoverAt
  })

const config: FastCheck.Arbitrary<Config> = FC.record({
  codes: FC.record({
    NETWORK_TIMEOUT: maybe(codeConfig),
    NETWORK_DNS: maybe(codeConfig),
    DATA_EMPTY: maybe(codeConfig)
  }),
  rules: FC.tuple(
    maybe(rule("dns", "NETWORK_DNS", false)),
    maybe(rule("all", undefined, false)),
    maybe(rule("symbols", undefined, true)),
    maybe(rule("timeouts", "NETWORK_TIMEOUT", true))
  ).map((rules) => rules.flatMap((rule) => rule ?? []))
})

const gap = FC.oneof(
  { weight: 6, arbitrary: FC.nat(3) },
  { weight: 3, arbitrary: FC.constantFrom(5, 6, 10, 11, 20, 59, 60, 61) },
  { weight: 1, arbitrary: FC.constantFrom(3600, 86_399, 90_000) }
)

const steps: FastCheck.Arbitrary<ReadonlyArray<Timed>> = FC.array(
  FC.record({
    gap,
    step: FC.oneof(
      {
        weight: 12,
        arbitrary: FC.record({
          _tag: FC.constant("fail" as const),
          code,
          symbol: FC.constantFrom("A", "A", "B", "C"),
          times: FC.integer({ min: 1, max: 7 })
        })
      },
      {
        weight: 6,
        arbitrary: FC.constantFrom<Step>(
          { _tag: "expected" },
          { _tag: "succeed" },
          { _tag: "sweep" },
          { _tag: "sweep" },
          { _tag: "read" },
          { _tag: "read" },
          { _tag: "snapshot" },
          { _tag: "snapshot" },
          { _tag: "reset" }
        )
      },
      { weight: 3, arbitrary: FC.record({ _tag: FC.constant("setLimits" as const), config }) },
      { weight: 1, arbitrary: FC.record({ _tag: FC.constant("restore" as const), index: FC.nat(5) }) },
      {
        weight: 1,
        arbitrary: FC.record({
          _tag: FC.constant("restart" as const),
          index: FC.nat(5),
          config,
          isSubscribedFirst: FC.boolean()
        })
      }
    )
  }),
  { minLength: 5, maxLength: 40, size: "max" }
)

// ---------------------------------------------------------------------------------------------------------------------
// the tracker
// ---------------------------------------------------------------------------------------------------------------------

/** One tracker with one subscriber, for as long as one process lives. */
class Process {
  private readonly program: SteppedProgram.SteppedProgram
  private readonly scope = Effect.runSync(Scope.make())
  readonly tracker: ErrorTracker.ErrorTracker["Type"]
  readonly heard: Array<Array<Alert.Alert>> = [[]]

  constructor(program: SteppedProgram.SteppedProgram, options: ErrorTracker.Options) {
    this.program = program
    const layer = ErrorTracker.layer({ ...options, sweepEvery: "1 second" })
    const context = program.run(Effect.orDie(Layer.buildWithScope(layer, this.scope)))
    this.tracker = Context.get(context, ErrorTracker.ErrorTracker)
  }

  subscribe(): void {
    this.program.fork(
      Effect.forkIn(
        Stream.runForEach(this.tracker.alerts, (alert) => Effect.sync(() => this.heard.at(-1)?.push(alert))),
        this.scope
      )
    )
    this.program.flush()
  }

  close(): void {
    this.program.run(Scope.close(this.scope, Exit.void))
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// both
// ---------------------------------------------------------------------------------------------------------------------

const ids = (): (id: unknown) => number => {
  const known = new Map<unknown, number>()
  return (id) => {
    const number = known.get(id) ?? known.size
    known.set(id, number)
    return number
  }
}

const inSeconds = (at: DateTime.Utc) => DateTime.toEpochMillis(at) / 1000

const realEdge = (alert: Exclude<Alert.Alert, Alert.Missed>): Edge => ({
  tag: alert._tag,
  name: nameOf(alert),
  id: alert.id as unknown as number,
  at: inSeconds(alert.at),
  count: alert.count,
  limit: alert.limit,
  replayed: alert._tag !== "Resolved" && alert.replayed,
  values: alert.values,
  since: alert._tag === "Resolved" ? inSeconds(alert.since) : undefined,
  peak: alert._tag === "Resolved" ? alert.peak : undefined,
  reason: alert._tag === "Resolved" ? alert.reason : undefined
})

const line = (edge: Edge, id: number): string =>
  [
    edge.name,
    `#${id}`,
    edge.replayed ? "replayed" : "",
    edge.tag,
    edge.count,
    `of ${edge.limit}`,
    `at ${edge.at}`,
    edge.values?.join(" ") ?? "",
    edge.since === undefined ? "" : `since ${edge.since}, peak ${edge.peak}, ${edge.reason}`
  ].filter((part) => part !== "").join(" ")

/** Within one instant, limits come in any order; the edges of one limit do not. */
const ordered = (edges: ReadonlyArray<Edge>): ReadonlyArray<Edge> =>
  edges.toSorted((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

const lines = (steps: ReadonlyArray<ReadonlyArray<Edge>>, number: (id: unknown) => number) =>
  ordered(steps.flat()).map((edge) => line(edge, number(edge.id)))

const check = (initial: Config, history: ReadonlyArray<Timed>): number => {
  const program = SteppedProgram.make()
  let real = new Process(program, optionsOf(initial))
  let model = new Model(limitsOf(initial), 0)
  real.subscribe()
  const saved: Array<{ readonly model: Saved; readonly real: Snapshot.Snapshot }> = []
  let now = 0
  let edges = 0
  const numbers = { model: ids(), real: ids() }

  const compare = () => {
    program.run(real.tracker.snapshot)
    const told = real.heard.map((alerts) => alerts.flatMap((alert) => alert._tag === "Missed" ? [] : [realEdge(alert)]))
    const expected = lines(model.edges, numbers.model)
    edges += expected.length
    expect(lines(told, numbers.real).join("\n")).toBe(expected.join("\n"))
    // The end of an alert of an earlier process may be earlier than this process.
    const replayed = new Set(told.flat().filter(({ replayed }) => replayed).map(({ id }) => id))
    const instants = told.flat().filter(({ id }) => !replayed.has(id)).map(({ at }) => at)
    expect(instants, "edges come in the order of time").toEqual(instants.toSorted((a, b) => a - b))
  }

  for (const { gap, step } of history) {
    now += gap
    program.advanceTo(now * 1000)
    model.passTo(now)
    real.heard.push([])
    const { tracker } = real
    switch (step._tag) {
      case "fail":
        program.run(Effect.repeatN(tracker.track(errors[step.code](step.symbol), { attempt: true }), step.times - 1))
        for (let i = 0; i < step.times; i++) model.fail(step)
        break
      case "expected":
        program.run(tracker.track(new FetchError.DataEmpty({ reason: "not_listed_yet", context: { symbol: "A" } })))
        break
      case "succeed":
        program.run(tracker.succeeded({ symbol: "A" }))
        break
      case "sweep":
        program.wakeTimers()
        program.flush()
        break
      case "read": {
        const read = () => ({
          active: program.run(tracker.activeAlerts).map(nameOf).sort(),
          verdicts: Object.keys(errors).map((code) => [
            code,
            Option.getOrUndefined(Option.map(
              program.run(tracker.verdict(code)).exceeded,
              ({ count, limit }) => ({ count, limit })
            ))
          ])
        })
        const heard = real.heard.flat().length
        const first = read()
        expect(read(), "reading changes nothing").toEqual(first)
        expect(real.heard.flat().length, "reading changes nothing").toBe(heard)
        expect(first.active).toEqual(model.activeNames)
        expect(first.verdicts).toEqual(
          Object.keys(errors).map((code) => {
            const exceeded = model.verdict(code)
            return [code, exceeded === undefined ? undefined : { count: exceeded.count, limit: exceeded.limit }]
          })
        )
        break
      }
      case "snapshot":
        saved.push({ model: model.snapshot(), real: program.run(tracker.snapshot) })
        break
      case "reset":
        program.run(tracker.reset)
        model.reset()
        break
      case "setLimits":
        program.run(Effect.orDie(tracker.setLimits(optionsOf(step.config))))
        model.setLimits(limitsOf(step.config))
        break
      case "restore": {
        const snapshot = saved[step.index % saved.length]
        if (snapshot === undefined) break
        program.run(tracker.restore(snapshot.real))
        model.restore(snapshot.model)
        break
      }
      case "restart": {
        const snapshot = saved[step.index % saved.length]
        if (snapshot === undefined) break
        compare()
        real.close()
        real = new Process(program, optionsOf(step.config))
        model = new Model(limitsOf(step.config), now)
        if (step.isSubscribedFirst) real.subscribe()
        const json = Schema.encodeSync(Schema.parseJson(Snapshot.Snapshot))(snapshot.real)
        program.run(real.tracker.restore(Schema.decodeSync(Schema.parseJson(Snapshot.Snapshot))(json)))
        model.restore(snapshot.model)
        if (step.isSubscribedFirst) break
        real.subscribe()
        model.subscribe()
      }
    }
  }
  now += 200_000
  program.advanceTo(now * 1000)
  model.passTo(now)
  program.wakeTimers()
  program.flush()
  compare()
  expect(program.run(real.tracker.activeAlerts)).toEqual([])
  real.close()
  return edges
}

const histories = Number(process.env["ALERT_HISTORIES"] ?? 150)
const isLong = histories > 150

describe("the alerts of random histories", () => {
  it(
    "Laws 5, 7, 8 and 9: the edges of all limits are those of a recount at every instant",
    { timeout: 600_000 },
    () => {
      let edges = 0
      FC.assert(
        FC.property(config, steps, (initial, history) => {
          edges += check(initial, history)
        }),
        // More of them: ALERT_HISTORIES=5000 ALERT_SEED=2 npx vitest run …
        {
          numRuns: histories,
          seed: Number(process.env["ALERT_SEED"] ?? 1),
          ...isLong ? {} : { interruptAfterTimeLimit: 20_000 }
        }
      )
      expect(edges).toBeGreaterThan(histories * 5)
    }
  )
})
