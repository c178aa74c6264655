/** What the fetches of a stream pass on to each other, so that each fact costs its requests once. */
import * as Interval from "../../Interval.js"
import { FileDays } from "../archive/fileDays.js"
import { anchorIn, Evidence } from "../klines/evidence.js"
import { Once } from "../klines/once.js"
import type { Range } from "../klines/ranges.js"

export class StreamFacts {
  /** The range of the whole stream. */
  readonly range: Range
  /** The facts of the REST API about the instrument. */
  readonly evidence = new Evidence()
  /** The listing of the archive. */
  readonly days = new FileDays()
  /** Runs the survey of the range. */
  readonly once = new Once()

  constructor(range: Range) {
    this.range = range
  }

  /** Passes the facts on to the evidence of a fetch of candles that open before `end`. */
  teach(evidence: Evidence, interval: Interval.Interval, end: number): void {
    const { now } = this.evidence
    const isPast = now > -Infinity &&
      end <= Interval.floor(interval, now, anchorIn(interval, this.evidence, Interval.anchorOf(interval)))
    evidence.learn(this.evidence, isPast)
  }
}
