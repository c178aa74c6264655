/** The members of the service that answer for the fleet, or for this process where the store is not available. */
import * as Effect from "effect/Effect"
import * as views from "../../../internal/tracker/counting/views.js"
import { worstOf } from "../../../internal/tracker/counting/worst.js"
import type { Service } from "../../../internal/tracker/model.js"
import {
  encodableBreakdown,
  encodableCalls,
  encodableEmptyData,
  encodableStats,
  encodableTimeline,
  encodableVerdict,
  encodableWorst
} from "../../../internal/tracker/readCodec.js"
import * as Reads from "../../../internal/tracker/readOptions.js"
import type { Unavailable } from "../storeError.js"
import type { CountLimit, FleetLimits } from "./fleetLimits.js"
import type * as FleetReads from "./fleetReads.js"
import { verdictOf } from "./stateViews.js"

export interface Answering {
  readonly local: Service
  readonly reads: ReturnType<typeof FleetReads.make>
  readonly dimensions: ReadonlyArray<string>
  readonly limits: () => FleetLimits
  readonly countsOf: (all: ReadonlyArray<CountLimit>) => Effect.Effect<ReadonlyMap<string, number>, Unavailable>
  readonly answer: <A>(fleet: Effect.Effect<A, Unavailable>, local: Effect.Effect<A>) => Effect.Effect<A>
}

type Answers = Pick<
  Service,
  "stats" | "rates" | "breakdown" | "worst" | "timeline" | "callTimeline" | "emptyData" | "verdict"
>

export const answers = ({ answer, countsOf, dimensions, limits, local, reads }: Answering): Answers => {
  const breakdownOptions = Reads.breakdown(dimensions)
  const worstOptions = Reads.worst(dimensions)
  return {
    stats: (options) =>
      Reads.read(
        "stats",
        Reads.windowed,
        options,
        ({ window }) => answer(Effect.map(reads.stats(window), encodableStats), local.stats(options))
      ),
    rates: answer(reads.rates, local.rates),
    breakdown: (options) =>
      Reads.read("breakdown", breakdownOptions, options, ({ by, code, limit, window }) =>
        answer(
          Effect.map(
            reads.rows(by, window, code),
            (rows) => encodableBreakdown(views.breakdown(rows, code, limit ?? Infinity))
          ),
          local.breakdown(options)
        )),
    worst: (options) =>
      Reads.read("worst", worstOptions, options, ({ window = "hour", ...options }) =>
        answer(
          Effect.gen(function*() {
            const rows = yield* reads.rows(options.by, window, undefined)
            const codes = yield* reads.mostly(options.by, window)
            return encodableWorst(worstOf(rows, options, (value) => codes.get(value)))
          }),
          local.worst({ ...options, window })
        )),
    timeline: (options) =>
      Reads.read(
        "timeline",
        Reads.timeline,
        options,
        (options) => answer(Effect.map(reads.timeline(options), encodableTimeline), local.timeline(options))
      ),
    callTimeline: (options) =>
      Reads.read(
        "callTimeline",
        Reads.callTimeline,
        options,
        (options) => answer(Effect.map(reads.callTimeline(options), encodableCalls), local.callTimeline(options))
      ),
    emptyData: (options) =>
      Reads.read(
        "emptyData",
        Reads.windowed,
        options,
        ({ window }) => answer(Effect.map(reads.emptyData(window), encodableEmptyData), local.emptyData(options))
      ),
    verdict: (code) =>
      answer(
        Effect.gen(function*() {
          const of = limits().counts.filter((limit) => limit.code === code)
          return encodableVerdict(verdictOf(of, yield* countsOf(of)))
        }),
        local.verdict(code)
      )
  }
}
