import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, LogLevel, Option } from "effect"
import { ErrorTracker, Fetch, type FetchError, RetryPolicy } from "effect-errata"
import * as Clock from "effect/Clock"
import * as FastCheck from "effect/FastCheck"
import * as Random from "effect/Random"
import { down, limited } from "./retrying.js"
import { inVirtualTime } from "./virtualTime.js"

/*
 * Random callers share a policy: they start, wait, fail, succeed, and are interrupted wherever they happen to be. What is
 * seen of it from outside, the requests and their results, is compared with models of gate, circuit and budget that are as
 * naive as can be: lists of all that has happened.
 */

type Kind = "success" | "failure" | "limited" | "bug" | "interruption"

interface Answer {
  readonly kind: Kind
  readonly after: number
}

interface Caller {
  readonly startAt: number
  /** Milliseconds from its start to its interruption. */
  readonly patience: number | undefined
}

const openFor = 700
const minimumAttempts = 4
const minimumDuration = 100
const window = 5000
const pause = 600
const retries = 2

interface Attempt {
  readonly caller: number
  readonly isRetry: boolean
  readonly sentAt: number
  readonly epoch: number
  readonly pauses: number
  readonly isProbe: boolean
  /** Whether the call found the gate closed, and so has a place in the queue. */
  readonly isQueued: boolean
  result: Kind | undefined
}

/** All that may be seen, and what has to be true of it. */
class Model {
  readonly attempts: Array<Attempt> = []
  readonly faults: Array<string> = []
  // The gate.
  private pausedUntil = -Infinity
  private pauses = 0
  /** The calls at the closed gate, each with the latest time at which it should pass if the pause is not extended. */
  private readonly queue = new Map<number, number>()
  /** The calls between two attempts: their retries take places, too. */
  private readonly betweenAttempts = new Set<number>()
  // The circuit.
  private openUntil: number | undefined
  private epoch = 0
  private latestProbe: Attempt | undefined
  private history: Array<{ readonly at: number; readonly isFailure: boolean; readonly isRetry: boolean }> = []

  private fault(what: string, now: number): void {
    this.faults.push(`${what} at ${now}`)
  }

  /** Whether the circuit is closed. */
  get isClosed(): boolean {
    return this.openUntil === undefined
  }

  /** Whether the gate is open. */
  isOpen(now: number): boolean {
    return now >= this.pausedUntil
  }

  /** A call is at the gate, before its first attempt or before a retry. */
  decides(caller: number, now: number): void {
    this.leaves(caller)
    if (now >= this.pausedUntil) return
    // In the worst case each of the others is in the way of two places.
    const others = new Set([...this.queue.keys(), ...this.betweenAttempts]).size
    this.queue.set(caller, this.pausedUntil + 40 * (others + 1))
  }

  leaves(caller: number): void {
    this.queue.delete(caller)
    this.betweenAttempts.delete(caller)
  }

  sends(caller: number, now: number): Attempt {
    const isRetry = this.attempts.some((attempt) => attempt.caller === caller)
    if (now < this.pausedUntil) this.fault("a request passed the closed gate", now)
    const isProbe = this.openUntil !== undefined
    if (this.openUntil !== undefined && now < this.openUntil) this.fault("a request passed the open circuit", now)
    const latest = this.queue.get(caller)
    if (latest !== undefined && !isRetry && now > latest) this.fault("a call passed the gate too late", now)
    this.leaves(caller)
    const attempt: Attempt = {
      caller,
      isRetry,
      sentAt: now,
      epoch: this.epoch,
      pauses: this.pauses,
      isProbe,
      isQueued: latest !== undefined,
      result: undefined
    }
    if (isProbe) {
      this.openUntil = now + openFor
      this.latestProbe = attempt
    }
    this.attempts.push(attempt)
    if (this.tokens < 0) this.fault("a retry was sent without a token", now)
    return attempt
  }

  ends(attempt: Attempt, result: Kind, now: number): void {
    attempt.result = result
    if (attempt.isProbe) this.probeEnds(attempt, result, now)
    else if (this.openUntil === undefined && attempt.epoch === this.epoch) this.counts(attempt, result, now)
    if (result === "limited") this.isLimited(attempt, now)
    this.decides(attempt.caller, now)
    this.betweenAttempts.add(attempt.caller)
  }

  private probeEnds(attempt: Attempt, result: Kind, now: number): void {
    if (this.openUntil === undefined || attempt.epoch !== this.epoch) return
    if (result === "success" || result === "limited") {
      this.openUntil = undefined
      this.history = []
    } else if (attempt === this.latestProbe) {
      this.openUntil = result === "failure" ? now + openFor : now
    }
  }

  private counts({ isRetry }: Attempt, result: Kind, now: number): void {
    if (result === "bug" || result === "interruption") return
    this.history.push({ at: now, isFailure: result === "failure", isRetry })
    if (result !== "failure" || !this.isTrouble(now)) return
    this.openUntil = now + openFor
    this.epoch++
  }

  private isTrouble(now: number): boolean {
    let start = -Infinity
    const share = (some: typeof this.history) => some.filter(({ isFailure }) => isFailure).length / some.length
    return this.history.some(({ at, isFailure }, i) => {
      if (!isFailure || at - start < window / 10) return false
      start = at
      const since = this.history.slice(i)
      const firsts = since.filter(({ isRetry }) => !isRetry)
      return now - at < window && now - at >= minimumDuration && since.length >= minimumAttempts &&
        share(since) >= 0.8 && firsts.length > 0 && share(firsts) >= 0.8
    })
  }

  private isLimited({ pauses }: Attempt, now: number): void {
    const isClosed = now < this.pausedUntil
    if (!isClosed && pauses < this.pauses) return
    if (!isClosed) this.pauses++
    if (now + pause <= this.pausedUntil) return
    this.pausedUntil = now + pause
    for (const caller of this.queue.keys()) this.queue.set(caller, Infinity)
  }

  /** Each call brings a token, each retry takes one. */
  get tokens(): number {
    return this.attempts.filter(({ isRetry }) => !isRetry).length -
      this.attempts.filter(({ isRetry }) => isRetry).length
  }

  /** The most requests of the queue in any span of so many places. */
  mostQueuedWithin(places: number): number {
    const queued = this.attempts.filter(({ isQueued }) => isQueued).map(({ sentAt }) => sentAt)
    return Math.max(0, ...queued.map((from) => queued.filter((at) => at >= from && at < from + 20 * places).length))
  }
}

interface Story {
  readonly callers: ReadonlyArray<Caller>
  /** To the requests, in their order. Those that come later succeed. */
  readonly answers: ReadonlyArray<Answer>
  /** How long `onRetry` takes, in milliseconds. */
  readonly hook: number
  /** Of the random numbers: the jitter, and the instants within the places of the queue. */
  readonly seed: number
}

/** Stories of a kind: how often an answer is of which kind, how late it comes, and how patient the callers are. */
const stories = (
  weights: Partial<Record<Kind, number>>,
  { answers, callers, hooks = [0, 0, 30, 400], latest, patience, within }: {
    readonly hooks?: ReadonlyArray<number>
    readonly callers: number
    readonly answers: number
    readonly within: number
    readonly latest: number
    readonly patience: number
  }
): FastCheck.Arbitrary<Story> =>
  FastCheck.record({
    callers: FastCheck.array(
      FastCheck.record({
        startAt: FastCheck.nat(within),
        patience: FastCheck.option(FastCheck.nat(patience), { nil: undefined, freq: 2 })
      }),
      { minLength: Math.ceil(callers / 2), maxLength: callers }
    ),
    answers: FastCheck.array(
      FastCheck.record({
        kind: FastCheck.oneof(
          ...(Object.entries(weights) as Array<[Kind, number]>).map(([kind, weight]) => ({
            weight,
            arbitrary: FastCheck.constant(kind)
          }))
        ),
        after: FastCheck.oneof(FastCheck.nat(Math.min(40, latest)), FastCheck.nat(latest))
      }),
      { minLength: Math.ceil(answers / 2), maxLength: answers }
    ),
    hook: FastCheck.constantFrom(...hooks),
    seed: FastCheck.nat()
  })

const kinds: ReadonlyArray<readonly [string, FastCheck.Arbitrary<Story>]> = [
  [
    "of a rate limit, and many calls that leave the queue",
    stories({ limited: 1 }, { callers: 60, answers: 4, within: 550, latest: 20, patience: 600 })
  ],
  [
    "of rate limits one after the other",
    stories({ limited: 2, success: 3, failure: 1 }, {
      callers: 40,
      answers: 30,
      within: 2500,
      latest: 900,
      patience: 2500
    })
  ],
  [
    "of many calls that are rate limited at once, and whose hook takes longer than the pause",
    stories({ limited: 1 }, { callers: 40, answers: 30, hooks: [700], within: 0, latest: 30, patience: 1500 })
  ],
  [
    "of a dead source, whose answers are slow",
    stories({ failure: 12, interruption: 1, bug: 1, success: 1 }, {
      callers: 60,
      answers: 60,
      within: 6000,
      latest: 2000,
      patience: 2500
    })
  ],
  [
    "of a source that fails at once",
    stories({ failure: 8, success: 2, limited: 1 }, {
      callers: 50,
      answers: 60,
      within: 4000,
      latest: 100,
      patience: 500
    })
  ]
]

/** Plays the story, and returns the model and how each of the callers has ended. */
const play = ({ answers, callers, hook, seed }: Story) =>
  inVirtualTime(({ pass, timers }) =>
    Effect.gen(function*() {
      const model = new Model()
      const now = Clock.currentTimeMillis
      const row = { retries, base: 20, cap: 200 }
      const policy = yield* RetryPolicy.make({
        budget: { ratio: 1, perSecond: 0 },
        breaker: { minimumAttempts, minimumDuration, window, openFor },
        rows: { API_FORMAT: row, API_RATE_LIMIT: row },
        maxWait: "5 seconds",
        onRetry: () => hook === 0 ? Effect.void : Effect.sleep(hook)
      })
      const check = Effect.map(Effect.all([policy.state, now]), ([{ circuit, gate }, at]) => {
        if ((circuit === "closed") !== model.isClosed) model.faults.push(`the circuit is ${circuit} at ${at}`)
        if (Option.isNone(gate) !== model.isOpen(at)) model.faults.push(`the gate is ${gate._tag} at ${at}`)
      })
      let asked = 0
      const fetchOf = (caller: number): Effect.Effect<string, FetchError.FetchError> =>
        Effect.flatMap(now, (at) => {
          const attempt = model.sends(caller, at)
          const { after, kind } = answers[asked++] ?? { after: 5, kind: "success" }
          return Effect.sleep(after).pipe(
            Effect.zipRight(answerOf(kind)),
            Effect.onExit((exit) =>
              Effect.map(now, (at) => {
                model.ends(attempt, Exit.isInterrupted(exit) ? "interruption" : kind, at)
              })
            )
          )
        })
      const started = yield* Effect.forEach(callers, ({ patience, startAt }, i) => {
        const call = fetchOf(i).pipe(
          Fetch.retry(policy),
          Effect.ensuring(Effect.sync(() => model.leaves(i))),
          Effect.ensuring(check)
        )
        const start = Effect.zipRight(Effect.map(now, (at) => model.decides(i, at)), call)
        return Effect.gen(function*() {
          yield* Effect.sleep(startAt)
          const fiber = yield* Effect.forkDaemon(start)
          if (patience !== undefined) {
            yield* Effect.sleep(patience)
            yield* Fiber.interrupt(fiber)
          }
          return yield* Fiber.await(fiber)
        }).pipe(Effect.forkDaemon)
      })
      yield* pass("40 seconds")
      const exits = yield* Effect.forEach(started, Fiber.poll)
      const { budget } = yield* policy.state
      // The server is healthy from now on, and a call that comes late is served.
      asked = answers.length
      const late = yield* Effect.forkDaemon(fetchOf(-1).pipe(Fetch.retry(policy)))
      yield* pass("10 millis")
      const served = yield* Fiber.poll(late)
      const { circuit, gate } = yield* policy.state
      return { model, exits, budget, served, circuit, gate, timers: timers() }
    }).pipe(
      Effect.withRandom(Random.make(seed)),
      Effect.provide(ErrorTracker.layerNoop),
      Logger.withMinimumLogLevel(LogLevel.None)
    )
  )

const answerOf = (kind: Kind): Effect.Effect<string, FetchError.FetchError> => {
  switch (kind) {
    case "success":
      return Effect.succeed("data")
    case "failure":
      return Effect.fail(down())
    case "limited":
      return Effect.fail(limited(pause / 1000))
    case "bug":
      return Effect.die("bug")
    case "interruption":
      return Effect.interrupt
  }
}

describe("gate, circuit and budget, with callers that may be interrupted anywhere", () => {
  it.each(kinds)("agree with naive models of them, in stories %s", (_, stories) =>
    FastCheck.assert(
      FastCheck.asyncProperty(stories, async (story) => {
        const { budget, circuit, exits, gate, model, served, timers } = await Effect.runPromise(play(story))
        expect(model.faults).toEqual([])
        // Every caller has come to its end, and nothing is left behind.
        expect(exits.filter(Option.isNone)).toEqual([])
        expect(timers).toBe(0)
        expect(model.attempts.filter(({ result }) => result === undefined)).toEqual([])
        // One call to a place: of k places, a span of that length meets at most one more.
        for (const places of [1, 2, 5, 20]) expect(model.mostQueuedWithin(places)).toBeLessThanOrEqual(places + 1)
        // No token is lost, and none is won. The call that came last has brought another one.
        expect(budget).toEqual(Option.some(model.tokens - 1))
        expect([circuit, gate]).toEqual(["closed", Option.none()])
        expect(Option.map(served, Exit.isSuccess)).toEqual(Option.some(true))
      }),
      { numRuns: 12, endOnFailure: true }
    ))
})
