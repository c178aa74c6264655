/** What the tracker of a fleet costs, how late its alerts are, and what it loses. Part of `npm run bench -- fleet`. */
import { ErrorTracker, FetchContext, type FetchError } from "effect-errata"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Stream from "effect/Stream"
import { type ChildProcess, fork } from "node:child_process"
import { fileURLToPath } from "node:url"

const now = (): number => performance.timeOrigin + performance.now()

const sleep = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis))

const quantile = (numbers: ReadonlyArray<number>, q: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * q))] ?? Number.NaN

class Failure extends Error {
  readonly _tag = "Failure"
  readonly category = "Bench"
  readonly severity = "ERROR" as const
  readonly code: string
  readonly context: FetchContext.FetchContext
  constructor(code: string, context: FetchContext.FetchContext = FetchContext.make({})) {
    super(code)
    this.code = code
    this.context = context
  }
}

const storeAt = (url: string, name: string) => FleetStore.layerIoredis({ name, url, timeout: "3 seconds" })
const quiet = Logger.minimumLogLevel(LogLevel.None)

// ---------------------------------------------------------------------------------------------------------------------
// a child
// ---------------------------------------------------------------------------------------------------------------------

interface Settings {
  readonly url: string
  readonly name: string
  readonly codes: ReadonlyArray<string>
  readonly limit: number
  readonly window: number
}

type Order =
  | { readonly order: "track"; readonly code: string; readonly times: number }
  | { readonly order: "run"; readonly every: number }
  | { readonly order: "stop" }
  | { readonly order: "read" }

type Report =
  | { readonly report: "ready" }
  | { readonly report: "heard"; readonly code: string; readonly edge: string; readonly at: number }
  | { readonly report: "counted"; readonly total: number; readonly at: number }
  | { readonly report: "read"; readonly total: number }

/** The program of a child of {@link trackers}. */
export const trackerChild = (text: string): Promise<void> => {
  // The parent has written it.
  const settings = JSON.parse(text) as Settings
  const send = (report: Report): void => void process.send?.(report)
  const custom = [{ name: "bench", window: settings.window, limit: settings.limit }]
  const layer = FleetTracker.layer({
    codes: settings.codes,
    thresholds: Object.fromEntries(settings.codes.map((code) => [code, { custom }]))
  })
  const program = Effect.gen(function*() {
    const tracker = yield* ErrorTracker.ErrorTracker
    yield* Effect.fork(
      Stream.runForEach(tracker.alerts, (alert) =>
        Effect.sync(() => {
          if (alert._tag === "Missed") return
          send({ report: "heard", code: alert.code, edge: alert._tag, at: now() })
        }))
    )
    const failures = settings.codes.map((code): FetchError.Trackable => new Failure(code))
    let total = 0
    let timer: NodeJS.Timeout | undefined
    process.on("disconnect", () => process.exit(0))
    process.on("message", (order: Order) => {
      switch (order.order) {
        case "track":
          Effect.runSync(Effect.repeatN(tracker.track(new Failure(order.code)), order.times - 1))
          break
        case "run":
          timer = setInterval(() => {
            for (const failure of failures) Effect.runSync(tracker.track(failure))
            total += failures.length
            send({ report: "counted", total, at: now() })
          }, order.every)
          break
        case "stop":
          clearInterval(timer)
          break
        case "read":
          Effect.runFork(Effect.map(tracker.stats(), ({ total }) => send({ report: "read", total })))
      }
    })
    send({ report: "ready" })
    return yield* Effect.never
  })
  return Effect.runPromise(
    program.pipe(
      Effect.provide(layer.pipe(Layer.provide(storeAt(settings.url, settings.name)), Layer.provideMerge(quiet)))
    )
  )
}

class Child {
  readonly heard: Array<Extract<Report, { readonly report: "heard" }>> = []
  readonly counted: Array<{ readonly total: number; readonly at: number }> = []
  private readonly process: ChildProcess
  readonly ready: Promise<void>
  private onRead: (total: number) => void = () => undefined

  constructor(settings: Settings) {
    this.process = fork(fileURLToPath(new URL("./fleet.js", import.meta.url)), ["tracker", JSON.stringify(settings)])
    this.ready = new Promise((resolve) => {
      this.process.on("message", (message: Report) => {
        if (message.report === "ready") resolve()
        else if (message.report === "heard") this.heard.push(message)
        else if (message.report === "counted") this.counted.push(message)
        else this.onRead(message.total)
      })
    })
  }

  send(order: Order): void {
    this.process.send(order)
  }

  read(): Promise<number> {
    return new Promise((resolve) => {
      this.onRead = resolve
      this.send({ order: "read" })
    })
  }

  kill(): void {
    this.process.kill("SIGKILL")
  }
}

const children = async (size: number, settings: Settings): Promise<ReadonlyArray<Child>> => {
  const all = Array.from({ length: size }, () => new Child(settings))
  await Promise.all(all.map(({ ready }) => ready))
  return all
}

// ---------------------------------------------------------------------------------------------------------------------
// measurements
// ---------------------------------------------------------------------------------------------------------------------

const dimensions = ["symbol", "interval", "market", "source", "operation"] as const
const rounds = 15
const perRound = 10_000

/** The processor time of `track` with the tracker of a fleet, as a ratio to that of the tracker in memory. */
export const trackCost = (url: string): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(Effect.gen(function*() {
      const of = (layer: Layer.Layer<ErrorTracker.ErrorTracker, FleetStore.MissingPackage>) =>
        Effect.flatMap(Layer.build(layer), (services) => Effect.provide(ErrorTracker.ErrorTracker, services))
      const memory = yield* of(ErrorTracker.layer({ dimensions }))
      const fleet = yield* of(FleetTracker.layer({ dimensions }).pipe(Layer.provide(storeAt(url, "cost"))))
      const failures = Array.from({ length: 600 }, (_, i) =>
        new Failure(
          `CODE_${i % 3}`,
          FetchContext.make({
            symbol: `SYMBOL${i % 200}`,
            interval: "1m",
            market: "SPOT",
            source: i % 2 === 0 ? "rest" : "vision",
            operation: "klines"
          })
        ))
      const measure = (tracker: ErrorTracker.Service): number => {
        const before = process.cpuUsage()
        for (let i = 0; i < perRound; i++) Effect.runSync(tracker.track(failures[i % failures.length]!))
        const { system, user } = process.cpuUsage(before)
        return (system + user) / perRound
      }
      measure(memory)
      measure(fleet)
      const taken: Array<readonly [number, number]> = []
      for (let round = 0; round < rounds; round++) {
        // Flushes and sweeps are between the rounds.
        yield* Effect.sleep("300 millis")
        const isFirst = round % 2 === 0
        const early = isFirst ? measure(memory) : Number.NaN
        const ofFleet = measure(fleet)
        taken.push([isFirst ? early : measure(memory), ofFleet])
      }
      const ratios = taken.map(([memory, fleet]) => fleet / memory)
      console.log(
        `\ntrack with five dimensions: ${
          quantile(taken.map(([, fleet]) => fleet), 0.5).toFixed(2)
        } µs with a FleetTracker, ` +
          `${quantile(taken.map(([memory]) => memory), 0.5).toFixed(2)} µs with ErrorTracker.layer; ` +
          `median of the ratios ${quantile(ratios, 0.5).toFixed(2)}.`
      )
    })).pipe(Effect.provide(quiet))
  )

/** Steps on the event loop while a tracker counts thousands of symbols and exchanges them. */
export const trackSteps = (
  url: string,
  steps: { readonly start: () => void; readonly stop: () => void }
): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(Effect.gen(function*() {
      const layer = FleetTracker.layer({ dimensions: ["symbol", "source"] }).pipe(Layer.provide(storeAt(url, "steps")))
      const tracker = yield* Effect.flatMap(
        Layer.build(layer),
        (services) => Effect.provide(ErrorTracker.ErrorTracker, services)
      )
      const failures = Array.from(
        { length: 2000 },
        (_, i) => new Failure(`CODE_${i % 3}`, FetchContext.make({ symbol: `SYMBOL${i}`, source: "rest" }))
      )
      for (let round = 0; round < 16; round++) {
        // The first rounds are those in which the code is compiled.
        if (round === 6) steps.start()
        for (let from = 0; from < failures.length; from += 50) {
          for (const failure of failures.slice(from, from + 50)) yield* tracker.track(failure)
          yield* Effect.sleep("10 millis")
        }
      }
      yield* Effect.sleep("2 seconds")
      steps.stop()
    })).pipe(Effect.provide(quiet))
  )

/** The delays of alerts, from the error that exceeds the limit until each of four processes hears it. */
export const alertDelays = async (
  url: string,
  show: (name: string, delays: ReadonlyArray<number>) => void
): Promise<void> => {
  const codes = Array.from({ length: 80 }, (_, i) => `CODE_${i}`)
  const all = await children(4, { url, name: "delays", codes, limit: 10, window: 3_600_000 })
  await sleep(2000)
  const start = new Map<string, number>()
  // Both kinds at different times of the flushes.
  for (const [i, code] of codes.entries()) {
    await sleep(150 + 37 * (i % 7))
    start.set(code, now())
    if (i % 2 === 0) { for (const child of all) child.send({ order: "track", code, times: 3 }) }
    else all[i % 4]?.send({ order: "track", code, times: 11 })
  }
  await sleep(3000)
  const delays = (parity: number) =>
    codes.flatMap((code, i) =>
      i % 2 !== parity ?
        [] :
        all.map(({ heard }) =>
          (heard.find((one) => one.code === code && one.edge === "Fired")?.at ?? Number.POSITIVE_INFINITY) -
          (start.get(code) ?? 0)
        )
    )
  show("alert: four processes exceed a limit by their sum, until each hears it", delays(0))
  show("alert: one process alone exceeds a limit, until each hears it", delays(1))
  for (const child of all) child.kill()
}

/** The edges and counts of twenty processes, of which four are killed. */
export const kills = async (url: string): Promise<void> => {
  const codes = ["A", "B", "C", "D"]
  const every = 100
  const all = await children(20, { url, name: "kills", codes, limit: 100, window: 6000 })
  for (const child of all) child.send({ order: "run", every })
  const killed: Array<{ readonly child: Child; readonly at: number }> = []
  for (const child of all.slice(0, 4)) {
    await sleep(1500)
    child.kill()
    killed.push({ child, at: now() })
  }
  await sleep(1000)
  const living = all.slice(4)
  for (const child of living) child.send({ order: "stop" })
  const edges = (child: Child, code: string) => child.heard.filter((one) => one.code === code).map(({ edge }) => edge)
  const end = now() + 60_000
  while (now() < end && !living.every((child) => codes.every((code) => edges(child, code).at(-1) === "Resolved"))) {
    await sleep(50)
  }
  const [first] = living
  const wrong = codes.filter((code) => {
    const reference = first === undefined ? [] : edges(first, code)
    return reference.filter((edge) => edge === "Fired").length !== 1 ||
      reference.filter((edge) => edge === "Resolved").length !== 1 ||
      living.some((child) => edges(child, code).join() !== reference.join())
  })
  const truth = all.reduce((sum, { counted }) => sum + (counted.at(-1)?.total ?? 0), 0)
  const counted = await living[0]?.read() ?? 0
  const lastFlush = killed.reduce(
    (sum, { at, child: { counted } }) =>
      sum + (counted.at(-1)?.total ?? 0) - (counted.findLast((one) => one.at < at - 1000)?.total ?? 0),
    0
  )
  console.log(
    `\n20 processes, four killed with SIGKILL: ${
      codes.length - wrong.length
    } of ${codes.length} limits with exactly one ` +
      `Fired, one Resolved and the same edges in the ${living.length} others ` +
      `(${first === undefined ? "" : edges(first, "A").length} edges each).`
  )
  console.log(
    `Counts: ${counted} of ${truth}. Lost: ${
      truth - counted
    }; the killed processes had counted ${lastFlush} in their last second.`
  )
  for (const child of living) child.kill()
}
