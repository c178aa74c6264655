/** Makes errors that have no stack of their own: tracing the place where they are made is most of what they cost. */
import { attempt } from "./json.js"

const traced: { stackTraceLimit?: number | undefined } = Error

const limitTo = (limit: number | undefined): void => {
  // Some programs freeze `Error`.
  attempt(() => traced.stackTraceLimit = limit)
}

export const untraced = <A>(make: () => A): A => {
  const limit = traced.stackTraceLimit
  // V8 traces nothing then; where the limit is 0, it traces no frames, which takes as long as making the error.
  limitTo(undefined)
  try {
    return make()
  } finally {
    limitTo(limit)
  }
}
