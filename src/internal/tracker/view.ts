/** The counts and the limits of a tracker at one instant, for a read. */
import type { Evaluator } from "./alerting/evaluator.js"
import type { Counts } from "./counting/counts.js"
import type { Moment } from "./timekeeper.js"

export interface View extends Moment {
  readonly counts: Counts
  readonly evaluator: Evaluator
}
