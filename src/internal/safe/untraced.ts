/** Makes errors without a stack of their own: capturing the stack is most of the cost of an error. */
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
