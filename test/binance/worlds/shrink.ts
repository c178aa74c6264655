/** Makes a world that breaks a law smaller, and prints it. */
import { type Violation, violations } from "./laws.js"
import { type Ran, runWorld } from "./run.js"
import { intervals } from "./truth.js"
import type { World } from "./world.js"

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

/** Simpler worlds, the simplest first. */
function* simpler(world: World): Generator<World> {
  const { faults } = world
  for (let size = faults.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < faults.length; at += size) {
      yield { ...world, faults: [...faults.slice(0, at), ...faults.slice(at + size)] }
    }
  }
  if (world.decoy) yield { ...world, decoy: false }
  if (world.clientOffset !== 0) yield { ...world, clientOffset: 0 }
  if (world.pageSize < 1000) yield { ...world, pageSize: 1000 }
  if (!world.dateHeader) yield { ...world, dateHeader: true }
  if (world.gaps.length > 0) yield { ...world, gaps: world.gaps.slice(1) }
  if (world.gaps.length > 1) yield { ...world, gaps: world.gaps.slice(0, -1) }
  if (world.delisted !== undefined) yield { ...world, delisted: undefined }
  if (world.concurrency > 1) yield { ...world, concurrency: 1 }
  if (world.sources.length > 1) {
    for (const source of world.sources) yield { ...world, sources: world.sources.filter((one) => one !== source) }
  }
  const [first, second, third] = world.fetches
  if (first !== third) yield { ...world, fetches: [third, second, third] }
  if (second !== third) yield { ...world, fetches: [first, third, third] }
  const length = intervals[world.interval]
  const half = Math.floor((third.end - third.start) / 2 / length) * length
  if (half >= length) {
    const left = { start: third.start, end: third.end - half }
    const right = { start: third.start + half, end: third.end }
    yield { ...world, fetches: [left, left, left] }
    yield { ...world, fetches: [right, right, right] }
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
  const lines = [
    `World ${world.seed} breaks ${violations.map(({ law, says }) => `${law}: ${says}`).join("\n  ")}`,
    `  ${world.market} ${world.symbol} ${world.interval}, sources ${world.sources.join("+")}, now ${iso(world.now)}`,
    `  listed ${iso(world.listed)}, delisted ${world.delisted === undefined ? "never" : iso(world.delisted)}, gaps ${
      world.gaps.map(({ end, start }) => `${iso(start)}..${iso(end)}`).join(" ") || "none"
    }`,
    `  page ${world.pageSize}, client ${world.clientOffset} ms, Date ${world.dateHeader}, listing ${world.listing}, ` +
    `concurrency ${world.concurrency}, decoy ${world.decoy}, restart ${world.restart}`,
    ...world.faults.map((fault) => `  fault ${JSON.stringify(fault)}`)
  ]
  for (const [i, outcome] of ran.outcomes.entries()) {
    const { data, error, missing } = outcome.result
    lines.push(
      `  fetch ${i + 1} of ${iso(outcome.span.start)}..${iso(outcome.span.end)} at ${
        iso(outcome.begun)
      }: ${data.length} rows` +
        `, ${error._tag === "Some" ? `${error.value._tag} ${error.value.message}` : "success"}`
    )
    for (const hole of missing.slice(0, 12)) lines.push(`    ${iso(hole.start)}..${iso(hole.end)} ${hole.reason}`)
    for (const { fault, path, query, status } of outcome.requests.slice(0, 40)) {
      const asked = ["startTime", "endTime"].map((name) => query[name] === undefined ? "-" : iso(Number(query[name])))
      const what = path.endsWith("/klines") ? `klines ${asked.join("..")} limit ${query["limit"]}` : path
      lines.push(
        `    ${status ?? "none"} ${what}${query["marker"] ? ` after ${query["marker"]}` : ""}${
          fault === undefined ? "" : ` (${fault})`
        }`
      )
    }
  }
  return lines.join("\n")
}
