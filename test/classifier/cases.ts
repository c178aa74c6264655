/** Tables of errors as they are really thrown, and what each has to become. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import type * as FetchContext from "effect-errata/FetchContext"
import * as FetchError from "effect-errata/FetchError"
import * as Effect from "effect/Effect"

/** What an error has to say besides its tag. */
export type Evidence = Partial<Record<string, unknown>>

export type Case = readonly [
  name: string,
  /** Throws, or rejects. */
  fail: () => unknown,
  tag: FetchError.FetchError["_tag"],
  retry: "retry" | "no",
  evidence?: Evidence | undefined,
  context?: FetchContext.Input | undefined
]

/** What a function throws, or what the promise it returns is rejected with. */
export const caught = (fail: () => unknown): Promise<unknown> =>
  (async () => fail())().then(() => assert.fail("nothing was thrown"), (error: unknown) => error)

/** Throws a value: for those that nothing else would throw. */
export const throwing = (value: unknown) => (): never => {
  throw value
}

/** Rejects with what the effect fails with, as it is: no FiberFailure around it. */
export const failing = <A, E>(effect: Effect.Effect<A, E>) => async (): Promise<never> => {
  throw await Effect.runPromise(Effect.flip(effect))
}

const assertCase = (error: FetchError.FetchError, [, , tag, retry, evidence = {}]: Case): void => {
  const seen = Object.fromEntries(Object.keys(evidence).map((key) => [key, Reflect.get(error, key)]))
  assert.deepStrictEqual([error._tag, error.retryable ? "retry" : "no", seen], [tag, retry, evidence], error.message)
}

/** A test for each row: with and without Effect the same verdict, one line of message, the very cause, and JSON. */
export const table = (title: string, cases: ReadonlyArray<Case>): void => {
  describe(title, () => {
    for (const row of cases) {
      const [name, fail, , , evidence = {}, context] = row
      it(name, async () => {
        const cause = await caught(fail)
        const error = Classifier.classifySync(cause, { context })
        assertCase(error, row)
        assertCase(await Effect.runPromise(Classifier.classify(cause, { context })), row)
        if (!FetchError.isFetchError(cause) && !("cause" in evidence)) {
          assert.isTrue(Object.is(FetchError.original(error), cause))
        }
        assert.notMatch(error.message, /[\r\n]/)
        assert.include(JSON.stringify(error), `"_tag":"${error._tag}"`)
      })
    }
  })
}
