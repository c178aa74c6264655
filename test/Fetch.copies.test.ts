/** The errors that `Fetch.tracked` hands on: copies and wrappers, counted once, and bounded however often they fail. */
// @effect-diagnostics globalErrorInEffectFailure:off unknownInEffectCatch:off -- errors of every origin are the subject
import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Data, Effect, Exit, Layer, Logger, LogLevel, Option, Schema } from "effect"
import { Classifier, ErrorTracker, Fetch, type FetchContext, FetchError } from "effect-errata"
import { LogCapture } from "effect-errata/testing"
import { inspect } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const total = Effect.flatMap(ErrorTracker.ErrorTracker, (tracker) => Effect.map(tracker.stats(), ({ total }) => total))

const layer = Layer.merge(ErrorTracker.layer(), LogCapture.layer)

interface Own extends FetchError.Trackable {
  readonly hidden: () => number
}

const fields = { _tag: "Own", code: "OWN", category: "App", severity: "ERROR" } as const

class PrivateField extends Error implements Own {
  readonly _tag = "Own"
  readonly code = "OWN"
  readonly category = "App"
  readonly severity = "ERROR"
  readonly context: FetchContext.FetchContext = { symbol: "A" }
  readonly #hidden = 7
  hidden() {
    return this.#hidden
  }
}

class PrivateGetters extends Error implements Own {
  readonly #code = "OWN"
  readonly #context = { symbol: "A" }
  readonly _tag = "Own"
  readonly category = "App"
  readonly severity = "ERROR"
  get code() {
    return this.#code
  }
  get context() {
    return this.#context
  }
  hidden() {
    return this.#code.length + 4
  }
}

class OfPrivate extends PrivateField {}

class Frozen extends PrivateField {
  constructor() {
    super("m")
    Object.freeze(this)
  }
}

class Tagged
  extends Data.TaggedError("Own")<{ readonly message: string; readonly context: FetchContext.FetchContext }>
{
  readonly code = "OWN"
  readonly category = "App"
  readonly severity = "ERROR"
  hidden() {
    return 7
  }
}

class Schemed extends Schema.TaggedError<Schemed>("test/Own")("Own", {
  message: Schema.String,
  context: Schema.Struct({ symbol: Schema.String })
}) {
  readonly code = "OWN"
  readonly category = "App"
  readonly severity = "ERROR"
  hidden() {
    return 7
  }
}

class Extended extends FetchError.ApiAuth {
  hidden() {
    return 7
  }
}

const owns: ReadonlyArray<readonly [string, () => Own]> = [
  ["a class with a private field", () => new PrivateField("m")],
  ["a class with getters of private fields", () => new PrivateGetters("m")],
  ["a class that extends one with private fields", () => new OfPrivate("m")],
  ["a class of Data", () => new Tagged({ message: "m", context: { symbol: "A" } })],
  ["a class of Schema", () => new Schemed({ message: "m", context: { symbol: "A" } })],
  ["a class that extends one of the 17", () => new Extended({ message: "m", context: { symbol: "A" } })],
  ["a plain object", () => ({ ...fields, message: "m", context: { symbol: "A" }, hidden: () => 7 })],
  ["a frozen object", () => Object.freeze({ ...fields, message: "m", context: { symbol: "A" }, hidden: () => 7 })]
]

describe("an error of an own type", () => {
  it.effect.each(owns)(
    "%s: Law 1: one shared instance that fails five fetches counts five times",
    ([, make]) =>
      Effect.gen(function*() {
        const shared = make()
        const before = inspect(Object.getOwnPropertyDescriptors(shared), { showHidden: true })
        for (let i = 0; i < 5; i++) {
          const error = yield* Effect.fail(shared).pipe(
            Fetch.tracked({ source: "rest" }),
            Effect.withSpan("span"),
            Fetch.tracked({ market: "SPOT" }),
            Effect.flip
          )
          expect(error).not.toBe(shared)
          expect(error.constructor).toBe(shared.constructor)
          expect([error._tag, error.code, error.message, error.hidden()]).toEqual([shared._tag, shared.code, "m", 7])
          expect(error.context).toEqual({ symbol: "A", source: "rest", market: "SPOT" })
          expect(error instanceof Error).toBe(shared instanceof Error)
          if (shared instanceof Error) expect(Reflect.get(error, "stack")).toBe(shared.stack)
        }
        expect(yield* total).toBe(5)
        expect(inspect(Object.getOwnPropertyDescriptors(shared), { showHidden: true })).toBe(before)
      }).pipe(Effect.provide(layer))
  )

  it.effect("Law 1: one that can be neither copied nor wrapped counts each time", () =>
    Effect.gen(function*() {
      const shared = new Frozen()
      for (let i = 0; i < 5; i++) {
        const error = yield* Effect.fail(shared).pipe(Fetch.tracked({ source: "rest" }), Effect.flip)
        expect(error.hidden()).toBe(7)
      }
      expect(yield* total).toBe(5)
    }).pipe(Effect.provide(layer)))

  it.effect("Law 1: one shared instance that dies counts each time", () =>
    Effect.gen(function*() {
      const shared = new PrivateField("m")
      yield* Effect.die(shared).pipe(Fetch.tracked(), Fetch.tracked(), Effect.exit, Effect.repeatN(4))
      expect(yield* total).toBe(5)
    }).pipe(Effect.provide(layer)))

  it("a wrapper can be changed, and its error stays as it is", () => {
    const error = new PrivateField("m")
    const wrapper = FetchError.withContext(error, { source: "rest" })
    Reflect.set(wrapper, "code", "OTHER")
    expect([wrapper.code, error.code, "code" in wrapper]).toEqual(["OTHER", "OWN", true])
    const again = FetchError.withContext(wrapper, { market: "SPOT" })
    expect([again.code, again.context]).toEqual(["OTHER", { symbol: "A", source: "rest", market: "SPOT" }])
    expect(Object.getOwnPropertyDescriptor(again, "context")?.value).toBe(again.context)
  })
})

it.effect("Law 1: one error that a rule returns for every failure counts each time", () =>
  Effect.gen(function*() {
    const shared = new FetchError.ApiAuth()
    const fetch = Effect.fail(new Error("x")).pipe(Fetch.tracked(), Effect.exit)
    yield* Effect.repeatN(fetch, 4)
    expect(yield* total).toBe(5)
    const exit = yield* fetch
    expect(Exit.isFailure(exit) && Option.getOrNull(Cause.failureOption(exit.cause))).not.toBe(shared)
  }).pipe(Effect.provide([layer, Classifier.layerRules([() => Option.some(new FetchError.ApiAuth())])])))

// ---------------------------------------------------------------------------------------------------------------------
// memory
// ---------------------------------------------------------------------------------------------------------------------

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

// An object stays alive for the turn in which a WeakRef to it is made or read.
const collected = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve))).pipe(
  Effect.zipRight(Effect.sync(gc))
)

describe("a loop that fails again with its own last error", () => {
  const tracker = Effect.provide(
    Effect.scoped(Layer.build(ErrorTracker.layer())),
    Logger.minimumLogLevel(LogLevel.None)
  )
  const tracked = Fetch.tracked({ source: "rest" })
  const loops: Readonly<
    Record<
      string,
      (last: FetchError.Trackable, i: number) => Effect.Effect<unknown, unknown, ErrorTracker.ErrorTracker>
    >
  > = {
    fails: (last) => tracked(Effect.fail(last)),
    "fails in a span": (last) => Effect.withSpan(tracked(Effect.fail(last)), "span"),
    dies: (last) => tracked(Effect.die(last)),
    "fails and dies": (last) => tracked(Effect.failCause(Cause.parallel(Cause.fail(last), Cause.die(last)))),
    "gets other attributes": (last, i) => Effect.fail(last).pipe(Fetch.tracked({ attributes: { [`a${i}`]: 1 } })),
    "is counted by another tracker": (last) =>
      Effect.flatMap(tracker, (tracker) => Effect.provide(tracked(Effect.fail(last)), tracker))
  }
  const errors = {
    "one of the 17": () => new FetchError.NetworkTimeout({ cause: new Error("reset") }),
    "an own one": () => new Tagged({ message: "m", context: {} }),
    "one with private fields": () => new PrivateField("m"),
    "a copy with a stack of its own": () =>
      Object.assign(FetchError.withContext(new FetchError.Internal(), {}), { stack: "stack" })
  }

  it.effect.each(Object.entries(errors))("%s: no pass keeps the one before it", ([, make]) =>
    Effect.gen(function*() {
      const passed: Record<string, ReadonlyArray<WeakRef<object>>> = {}
      for (const [name, fail] of Object.entries(loops)) {
        const references: Array<WeakRef<object>> = []
        let last: FetchError.Trackable = make()
        for (let i = 0; i < 40; i++) {
          const exit = yield* Effect.exit(fail(last, i))
          last = Exit.isFailure(exit) ? Cause.squash(exit.cause) as FetchError.Trackable : last
          references.push(new WeakRef(last))
        }
        passed[name] = references
        expect(inspect(last, { depth: 10, showHidden: true }).length).toBeLessThan(20_000)
        expect(String(Reflect.get(last, "stack")).length).toBeLessThan(5_000)
      }
      yield* collected
      for (const [name, references] of Object.entries(passed)) {
        const alive = references.filter((reference) => reference.deref() !== undefined).length
        expect([name, alive < 5 ? "few alive" : alive]).toEqual([name, "few alive"])
      }
    }).pipe(Effect.provide([ErrorTracker.layer(), Logger.minimumLogLevel(LogLevel.None)])))

  it.effect("keeps no tracker alive", () =>
    Effect.gen(function*() {
      const build = Effect.map(tracker, (tracker) => new WeakRef(Context.get(tracker, ErrorTracker.ErrorTracker)))
      let last: FetchError.Trackable = new FetchError.ApiAuth()
      const trackers: Array<WeakRef<object>> = []
      for (let i = 0; i < 40; i++) {
        const reference = yield* build
        trackers.push(reference)
        last = yield* tracked(Effect.fail(last)).pipe(
          Effect.provideService(ErrorTracker.ErrorTracker, reference.deref()!),
          Effect.flip
        )
      }
      yield* collected
      expect(trackers.filter((tracker) => tracker.deref() !== undefined).length).toBeLessThan(5)
    }).pipe(Effect.provide(Logger.minimumLogLevel(LogLevel.None))))
})
