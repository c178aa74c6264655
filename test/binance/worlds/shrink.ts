/** Makes a world that breaks a law smaller, and prints it. */
import { type Violation, violations } from "./laws.js"
import { type Ran, runWorld } from "./run.js"
import { intervals } from "./truth.js"
import type { Step, World } from "./world.js"

export interface Failure {
  readonly world: World
  readonly ran: Ran
  readonly violations: ReadonlyArray<Violation>
}

export const check = async (world: World): Promise<Failure | undefined> => {
  const ran = await runWorld(world)
  const found = violations(world, ran)
  return found.length === 0 ? undefined : { world, ran, violations: found }
}

/** The lists without a part, large parts first. */
function* without<A>(list: ReadonlyArray<A>): Generator<ReadonlyArray<A>> {
  for (let size = list.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < list.length; at += size) yield [...list.slice(0, at), ...list.slice(at + size)]
  }
}

/** Simpler worlds, the simplest first. */
function* simpler(world: World): Generator<World> {
  const { archive, steps } = world
  const [subject] = world.series
  const ofSubject = (change: Partial<typeof subject>): World => ({
    ...world,
    series: [{ ...subject, ...change }, ...world.series.slice(1)]
  })
  const ofSteps = (change: (step: Step) => Step): World => ({ ...world, steps: steps.map(change) })
  if (steps.length > 1) {
    for (let i = 0; i < steps.length; i++) yield { ...world, steps: steps.filter((_, j) => j !== i) }
  }
  for (const archiveFaults of without(world.archiveFaults)) yield { ...world, archiveFaults }
  for (const restFaults of without(world.restFaults)) yield { ...world, restFaults }
  if (steps.some(({ asks }) => asks.length > 1)) yield ofSteps((step) => ({ ...step, asks: step.asks.slice(0, 1) }))
  if (steps.some(({ asks }) => asks.some(({ by }) => by === "stream"))) {
    yield ofSteps((step) => ({ ...step, asks: step.asks.map((ask) => ({ ...ask, by: "fetch" })) }))
  }
  if (steps.some(({ asks }) => asks.some(({ of }) => of > 0))) {
    yield ofSteps((step) => ({ ...step, asks: step.asks.map((ask) => ({ ...ask, of: 0 })) }))
  }
  if (steps.some(({ restart }) => restart)) yield ofSteps((step) => ({ ...step, restart: false }))
  if (steps.some(({ clockStep }) => clockStep !== 0)) yield ofSteps((step) => ({ ...step, clockStep: 0 }))
  if (world.clientOffset !== 0) yield { ...world, clientOffset: 0 }
  if (world.pageSize < 1000) yield { ...world, pageSize: 1000 }
  if (world.lag > 0) yield { ...world, lag: 0 }
  if (world.latency !== undefined) yield { ...world, latency: undefined }
  if (world.barred !== undefined) yield { ...world, barred: undefined }
  if (world.isListingDown === true) yield { ...world, isListingDown: false }
  if (!world.dateHeader) yield { ...world, dateHeader: true }
  if (world.concurrency > 1) yield { ...world, concurrency: 1 }
  if (archive.lost.length > 0) yield { ...world, archive: { ...archive, lost: [] } }
  if (archive.begins > 0) yield { ...world, archive: { ...archive, begins: 0 } }
  if (archive.monthDelay > 0) yield { ...world, archive: { ...archive, monthDelay: 0 } }
  if (archive.header) yield { ...world, archive: { ...archive, header: false } }
  for (const gaps of without(subject.gaps)) yield ofSubject({ gaps })
  if (subject.delisted !== undefined) yield ofSubject({ delisted: undefined })
  if (world.sources.length > 1) {
    for (const source of world.sources) yield { ...world, sources: world.sources.filter((one) => one !== source) }
  }
  for (const [i, step] of steps.entries()) {
    const [ask] = step.asks
    if (ask === undefined) continue
    const { span } = ask
    const length = intervals[subject.interval]
    const half = Math.floor((span.end - span.start) / 2 / length) * length
    if (half < length) continue
    for (const part of [{ ...span, end: span.end - half }, { ...span, start: span.start + half }]) {
      yield { ...world, steps: steps.map((one, j) => j === i ? { ...one, asks: [{ ...ask, span: part }] } : one) }
    }
  }
}

/** The smallest world found that breaks the same law. */
export const shrink = async (failure: Failure, attempts = 200): Promise<Failure> => {
  const law = failure.violations[0]?.law
  let best = failure
  for (let left = attempts;;) {
    let better: Failure | undefined
    for (const candidate of simpler(best.world)) {
      if (left-- <= 0) return best
      const found = await check(candidate)
      if (found?.violations.some((violation) => violation.law === law) === true) {
        better = found
        break
      }
    }
    if (better === undefined) return best
    best = better
  }
}

const iso = (instant: number): string => Number.isFinite(instant) ? new Date(instant).toISOString() : String(instant)

export const print = ({ ran, violations, world }: Failure): string => {
  const { archive: _, archiveFaults: _files, restFaults: _rest, seed: _seed, series: _series, steps: _steps, ...rest } =
    world
  const lines = [
    `World ${world.seed} breaks ${violations.map(({ law, says }) => `${law}: ${says}`).join("\n  ")}`,
    ...world.series.map(({ anchor, delisted, gaps, interval, listed, market, symbol }) =>
      `  ${market} ${symbol} ${interval}, listed ${iso(listed)}, delisted ${
        delisted === undefined ? "never" : iso(delisted)
      }, gaps ${gaps.map(({ end, start }) => `${iso(start)}..${iso(end)}`).join(" ") || "none"}, anchor ${anchor}`
    ),
    `  ${JSON.stringify({ ...rest, now: iso(rest.now) })}`,
    `  archive ${JSON.stringify(world.archive)}`,
    ...[...world.restFaults, ...world.archiveFaults].map((fault) => `  fault ${JSON.stringify(fault)}`)
  ]
  for (const [i, { outcomes, requests }] of ran.steps.entries()) {
    const { asks: _asks, ...step } = world.steps[i]!
    lines.push(`  step ${i + 1} ${JSON.stringify(step)}`)
    for (const { ask, begun, error, missing, parts } of outcomes) {
      const rows = parts.reduce((sum, { length }) => sum + length, 0)
      lines.push(
        `   ${ask.by} ${ask.of} of ${iso(ask.span.start)}..${iso(ask.span.end)} at ${iso(begun)}: ${rows} rows, ${
          error._tag === "Some" ? `${error.value._tag} ${error.value.message}` : "success"
        }`
      )
      for (const hole of missing.slice(0, 12)) lines.push(`    ${iso(hole.start)}..${iso(hole.end)} ${hole.reason}`)
    }
    for (const { fault, path, query, status } of requests.slice(0, 40)) {
      const asked = ["startTime", "endTime"].map((name) => query[name] === undefined ? "-" : iso(Number(query[name])))
      const what = path.endsWith("/klines") ? `klines ${asked.join("..")} limit ${query["limit"]}` : path
      lines.push(
        `    ${status} ${what}${query["marker"] ? ` after ${query["marker"]}` : ""}${
          fault === undefined ? "" : ` (${fault})`
        }`
      )
    }
  }
  return lines.join("\n")
}
