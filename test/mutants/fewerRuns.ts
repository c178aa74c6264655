/** `effect/FastCheck` with fewer runs of each property: one that a mutant breaks mostly fails in the first ones. */
import * as FastCheck from "fast-check"
import { env } from "node:process"

export * from "fast-check"

const most = Number(env["RUNS"])

export const assert = <Ts>(property: FastCheck.IRawProperty<Ts>, options: FastCheck.Parameters<Ts> = {}) =>
  FastCheck.assert(property, { ...options, numRuns: Math.min(options.numRuns ?? most, most) })
