/** Counts over time. Instants are nanoseconds since the tracker started, `wall` in milliseconds. */
import type * as Duration from "effect/Duration"
import { wallOf } from "../alerting/alertBuilder.js"
import type * as Model from "../model.js"
import type { CodeCount } from "./codeCounts.js"
import type { Kept } from "./recentKinds.js"
import type { Tally } from "./tally.js"
import { nanos } from "./views.js"

const maxSteps = 1440

export interface StepsInput {
  readonly window: Duration.Duration
  readonly step: Duration.Duration
}

export interface TimelineInput extends StepsInput, Pick<Model.TimelineOptions, "code"> {}

/** The length of a step, and how many there are. */
const stepsOf = (options: StepsInput): { readonly step: number; readonly length: number } => {
  const window = nanos(options.window)
  const step = Math.max(1, nanos(options.step), Math.ceil(window / maxSteps))
  return { step, length: Math.ceil(window / step) }
}

/** Oldest step first. */
export const timelineOf = (
  codes: ReadonlyMap<string, CodeCount>,
  options: TimelineInput,
  now: number,
  wall: number
): ReadonlyArray<Model.TimelineStep> => {
  const { length, step } = stepsOf(options)
  const counts = new Float64Array(length)
  for (const code of options.code === undefined ? codes.values() : [codes.get(options.code) ?? []].flat()) {
    code.steps(step, now, counts)
  }
  return Array.from(counts, (count, i) => ({ at: wallOf(now - i * step, now, wall), count })).reverse()
}

/** Oldest step first. */
export const callTimelineOf = (
  calls: Readonly<Record<keyof Model.CallCounts, Tally>>,
  options: StepsInput,
  now: number,
  wall: number
): ReadonlyArray<Model.CallStep> => {
  const { length, step } = stepsOf(options)
  const countsOf = ({ events }: Tally): Float64Array => {
    const counts = new Float64Array(length)
    events.steps(step, now, counts)
    return counts
  }
  const [made, recovered, failed, refused] = [calls.made, calls.recovered, calls.failed, calls.refused].map(countsOf)
  return Array.from({ length }, (_, i) => ({
    at: wallOf(now - i * step, now, wall),
    made: made?.[i] ?? 0,
    recovered: recovered?.[i] ?? 0,
    failed: failed?.[i] ?? 0,
    refused: refused?.[i] ?? 0
  })).reverse()
}

/** Recent errors with the time of each by the wall clock. */
export const recentOf = (
  errors: ReadonlyArray<Kept & Pick<Model.RecentError, "causes">>,
  at: number,
  wall: number
): ReadonlyArray<Model.RecentError> =>
  errors.map(({ causes, classification, context, expected, message, now }) => ({
    at: wallOf(now, at, wall),
    ...classification,
    message,
    context,
    expected,
    causes
  }))
