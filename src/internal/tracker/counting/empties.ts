/** Fetches without data, by reason and source. */
import type { EmptyReason } from "../../../FetchError.js"
import { safeText } from "../../safe/json.js"
import type * as Snapshot from "../snapshotModel.js"
import { noEvents } from "../snapshotModel.js"
import { other } from "./dimension.js"
import { Tally } from "./tally.js"

// Further sources are counted as `other`, one per reason.
const maxPairs = 32
const maxName = 128

export interface Pair {
  readonly reason: EmptyReason
  readonly source: string
  expected: Tally | undefined
  unexpected: Tally | undefined
}

export interface Row {
  readonly reason: EmptyReason
  readonly source: string
  readonly expected: number
  readonly unexpected: number
}

export class Empties {
  private readonly pairs = new Map<EmptyReason, Map<string, Pair>>()
  private size = 0

  get bytes(): number {
    return this.all().reduce((sum, { events }) => sum + events.bytes, 0)
  }

  add(reason: EmptyReason, source: string, expected: boolean, now: number): void {
    const pair = this.pair(reason, safeText(source, maxName))
    const tally = expected ? pair.expected ??= new Tally() : pair.unexpected ??= new Tally()
    tally.add(now)
  }

  /** Highest count first. */
  rows(window: number | undefined, now: number): ReadonlyArray<Row> {
    const count = (tally: Tally | undefined) => tally === undefined ? 0 : tally.count(window, now)
    return this.tallies
      .map(({ expected, reason, source, unexpected }) => ({
        reason,
        source,
        expected: count(expected),
        unexpected: count(unexpected)
      }))
      .filter(({ expected, unexpected }) => expected + unexpected > 0)
      .sort((a, b) => b.expected + b.unexpected - a.expected - a.unexpected)
  }

  get tallies(): ReadonlyArray<Readonly<Pair>> {
    return Array.from(this.pairs.values(), (sources) => Array.from(sources.values())).flat()
  }

  snapshot(now: number): Snapshot.Snapshot["empties"] {
    return this.tallies.map((pair) => {
      const expected = pair.expected?.copy()
      const unexpected = pair.unexpected?.copy()
      return {
        reason: pair.reason,
        source: pair.source,
        get expected() {
          return expected?.snapshot(now) ?? noEvents
        },
        get unexpected() {
          return unexpected?.snapshot(now) ?? noEvents
        }
      }
    })
  }

  restore(empties: Snapshot.Snapshot["empties"], now: number): void {
    for (const { expected, reason, source, unexpected } of empties) {
      const pair = this.pair(reason, source)
      if (expected.total > 0) (pair.expected = new Tally()).restore(expected, now)
      if (unexpected.total > 0) (pair.unexpected = new Tally()).restore(unexpected, now)
    }
  }

  prune(now: number): void {
    for (const { events } of this.all()) events.prune(now)
  }

  private all(): ReadonlyArray<Tally> {
    return this.tallies
      .flatMap(({ expected, unexpected }) => [expected ?? [], unexpected ?? []].flat())
  }

  private pair(reason: EmptyReason, source: string): Pair {
    const sources = this.pairs.get(reason) ?? new Map<string, Pair>()
    this.pairs.set(reason, sources)
    const known = sources.get(source)
    if (known !== undefined) return known
    if (source !== other && this.size >= maxPairs) return this.pair(reason, other)
    if (source !== other) this.size++
    const pair = { reason, source, expected: undefined, unexpected: undefined }
    sources.set(source, pair)
    return pair
  }
}
