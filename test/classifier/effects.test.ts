/** What Effect hands on: failures, defects and interruptions, alone and together, and errors of its own. */
import { NodeContext } from "@effect/platform-node"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpApiError from "@effect/platform/HttpApiError"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as FetchError from "effect-errata/FetchError"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as STM from "effect/STM"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import * as net from "node:net"
import { caught, failing, table, throwing } from "./cases.js"

const run = <A, E>(effect: Effect.Effect<A, E>) => () => Effect.runPromise(effect)

const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), {
  code: "ECONNREFUSED",
  syscall: "connect"
})
const vague = new Error("?")
const evidence = { errno: "ECONNREFUSED" }

// ---------------------------------------------------------------------------------------------------------------------
// causes
// ---------------------------------------------------------------------------------------------------------------------

describe("as a FiberFailure", () => {
  table("failures", [
    ["a failure", run(Effect.fail(refused)), "NetworkConnection", "retry", evidence],
    ["one of the 17", run(Effect.fail(new FetchError.NetworkDns({ hostname: "h" }))), "NetworkDns", "retry", {
      hostname: "h"
    }],
    ["a text", run(Effect.fail("no")), "Unexpected", "no"],
    ["nothing", run(Effect.fail(undefined)), "Unexpected", "no"],
    [
      "a promise that was wrapped",
      run(Effect.tryPromise(() => fs.promises.readFile("/no/such"))),
      "StorageRead",
      "no",
      {
        errno: "ENOENT",
        path: "/no/such"
      }
    ],
    [
      "wrapped twice",
      run(Effect.tryPromise(() => Effect.runPromise(Effect.fail(refused)))),
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "behind another error",
      async () => {
        throw new Error("while loading", { cause: await caught(run(Effect.fail(refused))) })
      },
      "NetworkConnection",
      "retry",
      evidence
    ],
    ["of a stream", run(Stream.runDrain(Stream.fail(refused))), "NetworkConnection", "retry", evidence],
    ["of a transaction", run(STM.commit(STM.fail(refused))), "NetworkConnection", "retry", evidence]
  ])

  table("defects", [
    ["a defect, whatever it says", run(Effect.die(refused)), "Internal", "no"],
    ["a text", run(Effect.die("no")), "Internal", "no"],
    ["dieMessage", run(Effect.dieMessage("no")), "Internal", "no"],
    [
      "one of the 17, as itself",
      run(Effect.orDie(Effect.fail(new FetchError.ApiAuth({ status: 401 })))),
      "ApiAuth",
      "no",
      {
        status: 401
      }
    ],
    [
      "behind another error",
      async () => {
        throw new Error("while loading", { cause: await caught(run(Effect.die(refused))) })
      },
      "Internal",
      "no"
    ],
    ["a function that threw", run(Effect.sync(() => (undefined as never as { x: 1 }).x)), "Internal", "no"],
    ["work that cannot end at once", () => Effect.runSync(Effect.never), "Internal", "no"],
    ["a service that nobody provided", run(FileSystem.FileSystem as never), "Internal", "no"],
    [
      "a runtime that is gone",
      async () => {
        const runtime = ManagedRuntime.make(Layer.empty)
        await runtime.dispose()
        await runtime.runPromise(Effect.void)
      },
      "Internal",
      "no"
    ]
  ])

  table("interruptions", [
    ["alone", run(Effect.interrupt), "Unexpected", "no"],
    [
      "of a fiber that somebody joins",
      run(Effect.gen(function*() {
        const fiber = yield* Effect.fork(Effect.never)
        yield* Fiber.interruptFork(fiber)
        return yield* Fiber.join(fiber)
      })),
      "Unexpected",
      "no"
    ],
    [
      "behind a failure",
      run(Effect.ensuring(Effect.fail(refused), Effect.interrupt)),
      "NetworkConnection",
      "retry",
      evidence
    ]
  ])

  table("several", [
    [
      "a failure and a defect in the finalizer",
      run(Effect.ensuring(Effect.fail({ status: 429 }), Effect.die("no"))),
      "ApiRateLimit",
      "retry",
      {
        status: 429
      }
    ],
    [
      "a failure and a defect of the release",
      run(
        Effect.scoped(Effect.zipRight(Effect.acquireRelease(Effect.void, () => Effect.die("no")), Effect.fail(refused)))
      ),
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "side by side",
      run(Effect.all([Effect.fail(vague), Effect.fail(refused)], { concurrency: 2 })),
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "a race that all lost",
      run(Effect.raceAll([Effect.fail(vague), Effect.fail(refused)])),
      "NetworkConnection",
      "retry",
      evidence
    ]
  ])
})

describe("as a value", () => {
  const interrupted = Cause.interrupt(FiberId.none)
  table("Cause", [
    ["a failure", throwing(Cause.fail(refused)), "NetworkConnection", "retry", evidence],
    ["a defect", throwing(Cause.die(refused)), "Internal", "no"],
    ["a defect that is one of the 17", throwing(Cause.die(new FetchError.ApiAuth())), "ApiAuth", "no"],
    ["an interruption", throwing(interrupted), "Unexpected", "no"],
    ["nothing", throwing(Cause.empty), "Unexpected", "no"],
    [
      "parallel: a failure beats a defect",
      throwing(Cause.parallel(Cause.die(1), Cause.fail(refused))),
      "NetworkConnection",
      "retry"
    ],
    [
      "sequential: a failure beats a defect",
      throwing(Cause.sequential(Cause.fail(refused), Cause.die(1))),
      "NetworkConnection",
      "retry"
    ],
    ["parallel: a defect beats an interruption", throwing(Cause.parallel(interrupted, Cause.die(1))), "Internal", "no"],
    [
      "sequential: a failure beats an interruption",
      throwing(Cause.sequential(interrupted, Cause.fail(refused))),
      "NetworkConnection",
      "retry"
    ],
    [
      "the failure that says most",
      throwing(Cause.parallel(Cause.fail(vague), Cause.fail(refused))),
      "NetworkConnection",
      "retry"
    ]
  ])
  table("Exit, Either, Option, and what was settled", [
    ["Exit.fail", throwing(Exit.fail(refused)), "NetworkConnection", "retry", evidence],
    ["Exit.die", throwing(Exit.die(refused)), "Internal", "no"],
    ["Either.left", throwing(Either.left(refused)), "NetworkConnection", "retry", evidence],
    ["Option.some", throwing(Option.some(refused)), "NetworkConnection", "retry", evidence],
    [
      "Promise.allSettled",
      async () => {
        throw await Promise.allSettled([Promise.resolve(1), Promise.reject(refused)])
      },
      "NetworkConnection",
      "retry",
      evidence
    ],
    ["Cause.UnknownException", throwing(new Cause.UnknownException(refused)), "NetworkConnection", "retry", evidence]
  ])
  table("the errors of all that were tried", [
    [
      "Effect.validateAll",
      failing(Effect.validateAll([vague, refused], Effect.fail)),
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "Effect.all, a list",
      failing(Effect.all([Effect.void, Effect.fail(refused)], { mode: "validate" })),
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "Effect.all, a record",
      failing(
        Effect.all({ a: Effect.void, b: Effect.fail(vague), c: Effect.fail(refused) }, { mode: "validate" })
      ),
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "Effect.partition",
      failing(Effect.flatMap(Effect.partition([refused], Effect.fail), ([errors]) => Effect.fail(errors))),
      "NetworkConnection",
      "retry",
      evidence
    ],
    ["none of which says anything", throwing([vague, "no", undefined]), "Unexpected", "no"],
    ["which are none", throwing([]), "Unexpected", "no"]
  ])
})

describe("classifyCause", () => {
  const tagOf = (cause: Cause.Cause<unknown>) =>
    Option.getOrUndefined(Effect.runSync(Classifier.classifyCause(cause)))?._tag
  const interrupted = Cause.interrupt(FiberId.none)
  const fail = Cause.fail(refused)
  const die = Cause.die(vague)
  const table: ReadonlyArray<readonly [string, Cause.Cause<unknown>, FetchError.FetchError["_tag"] | undefined]> = [
    ["nothing", Cause.empty, undefined],
    ["interruptions", Cause.parallel(interrupted, Cause.sequential(interrupted, Cause.empty)), undefined],
    ["a failure", fail, "NetworkConnection"],
    ["a defect", die, "Internal"],
    ["a failure after a defect", Cause.sequential(die, fail), "NetworkConnection"],
    ["a failure beside an interruption", Cause.parallel(interrupted, fail), "NetworkConnection"],
    ["a defect beside an interruption", Cause.parallel(interrupted, die), "Internal"],
    [
      "failures: the one that says most",
      Cause.parallel(Cause.fail(vague), Cause.sequential(fail, Cause.fail("?"))),
      "NetworkConnection"
    ],
    ["defects: the one that is classified", Cause.parallel(die, Cause.die(new FetchError.ApiAuth())), "Internal"]
  ]
  for (const [name, cause, tag] of table) it(name, () => assert.strictEqual(tagOf(cause), tag))
})

// ---------------------------------------------------------------------------------------------------------------------
// errors of Effect and @effect/platform
// ---------------------------------------------------------------------------------------------------------------------

class Missing extends Schema.TaggedError<Missing>()("Missing", {}, HttpApiSchema.annotations({ status: 404 })) {}
class Busy extends HttpApiSchema.EmptyError<Busy>()({ tag: "Busy", status: 503 }) {}
class Limited extends Data.TaggedError("Limited")<{ readonly status: number }> {}
class Mine extends Data.TaggedError("Mine")<{ readonly cause?: unknown }> {}

describe("errors of its own", () => {
  table("time", [
    ["Effect.timeout", run(Effect.timeout(Effect.never, "20 millis")), "NetworkTimeout", "retry", {
      phase: "total",
      timeoutMillis: 20
    }],
    [
      "Stream.timeoutFail",
      run(Stream.runDrain(
        Stream.timeoutFail(Stream.never, () => new Cause.TimeoutException("slow"), "10 millis")
      )),
      "NetworkTimeout",
      "retry",
      { phase: "total" }
    ]
  ])
  table("settings", [
    ["one that is missing", run(Config.string("EFFECT_ERRATA_NONE")), "Internal", "no"],
    [
      "several",
      run(Config.all([Config.string("EFFECT_ERRATA_NONE"), Config.number("EFFECT_ERRATA_NOR")])),
      "Internal",
      "no"
    ],
    [
      "one that is not valid",
      run(
        Effect.withConfigProvider(Config.number("A"), ConfigProvider.fromMap(new Map([["A", "x"]])))
      ),
      "Internal",
      "no"
    ]
  ])
  table("exceptions", [
    ["IllegalArgumentException", throwing(new Cause.IllegalArgumentException("no")), "Internal", "no"],
    ["InterruptedException", throwing(new Cause.InterruptedException("no")), "Unexpected", "no"],
    ["NoSuchElementException", run(Option.none()), "Unexpected", "no"],
    ["RuntimeException", throwing(new Cause.RuntimeException("no")), "Unexpected", "no"]
  ])
  table("processes", [
    [
      "a command that does not exist",
      failing(
        Effect.provide(Command.string(Command.make("effect-errata-no-such-command")), NodeContext.layer)
      ),
      "Unexpected",
      "no"
    ]
  ])
  table("users' errors", [
    ["that say nothing", throwing(new Mine({})), "Unexpected", "no"],
    ["with a cause", throwing(new Mine({ cause: refused })), "NetworkConnection", "retry", evidence],
    ["with a status", throwing(new Limited({ status: 429 })), "ApiRateLimit", "retry", { status: 429 }],
    [
      "with a cause out of JSON",
      throwing({ _tag: "Mine", cause: { name: "Error", message: "read ECONNRESET" } }),
      "NetworkConnection",
      "retry"
    ]
  ])
  table("the errors of an HttpApi, by the status that their class declares", [
    ["Unauthorized", throwing(new HttpApiError.Unauthorized()), "ApiAuth", "no", { status: 401 }],
    ["Forbidden", throwing(new HttpApiError.Forbidden()), "ApiPermission", "no", { status: 403 }],
    ["NotFound", throwing(new HttpApiError.NotFound()), "ApiFormat", "no", { status: 404 }],
    ["RequestTimeout", throwing(new HttpApiError.RequestTimeout()), "NetworkTimeout", "retry"],
    ["ServiceUnavailable", throwing(new HttpApiError.ServiceUnavailable()), "ApiFormat", "retry", { status: 503 }],
    [
      "what the server could not decode",
      throwing(new HttpApiError.HttpApiDecodeError({ issues: [], message: "no" })),
      "ApiFormat",
      "no",
      {
        status: 400
      }
    ],
    ["one's own", throwing(new Missing()), "ApiFormat", "no", { status: 404 }],
    ["one's own, empty", throwing(new Busy()), "ApiFormat", "retry", { status: 503 }]
  ])
})

// ---------------------------------------------------------------------------------------------------------------------
// aggregates
// ---------------------------------------------------------------------------------------------------------------------

/** A port where nobody listens, under a name with two addresses: Node.js tries both, and throws both. */
const happyEyeballs = async () => {
  const port = await new Promise<number>((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo
      server.close(() => resolve(port))
    })
  })
  const lookup: net.LookupFunction = (_host, _options, answer) =>
    answer(null, [{ address: "127.0.0.1", family: 4 }, { address: "127.0.0.2", family: 4 }])
  await new Promise((_, reject) =>
    net.connect({ port, host: "two.test", lookup, autoSelectFamily: true }).on("error", reject)
  )
}

describe("AggregateError", () => {
  const errno = (code: string, syscall: string) =>
    Object.assign(new Error(`${syscall} ${code} 10.0.0.1:443`), { code, syscall })
  table("is its members", [
    ["addresses that are all refused, by a real socket", happyEyeballs, "NetworkConnection", "retry", evidence],
    [
      "the same inside fetch",
      async () => {
        throw new TypeError("fetch failed", { cause: await caught(happyEyeballs) })
      },
      "NetworkConnection",
      "retry",
      evidence
    ],
    [
      "addresses that do not answer, or cannot be reached",
      throwing(
        Object.assign(new AggregateError([errno("ETIMEDOUT", "connect"), errno("ENETUNREACH", "connect")]), {
          code: "ETIMEDOUT"
        })
      ),
      "NetworkTimeout",
      "retry",
      { phase: "connect" }
    ],
    [
      "Promise.any",
      () => Promise.any([fs.promises.readFile("/no/such"), fs.promises.readFile("/nor/such")]),
      "StorageRead",
      "no",
      {
        path: "/no/such"
      }
    ],
    [
      "the first that says anything",
      throwing(new AggregateError([vague, refused, errno("ENOTFOUND", "getaddrinfo")])),
      "NetworkConnection",
      "retry"
    ],
    [
      "nested",
      throwing(new AggregateError([new AggregateError([new AggregateError([errno("ENOSPC", "write")])])])),
      "StorageSpace",
      "no"
    ],
    ["bugs", throwing(new AggregateError([new TypeError("x is not a function")])), "Internal", "no"],
    ["none", throwing(new AggregateError([])), "Unexpected", "no"],
    ["texts", throwing(new AggregateError(["timeout", "429"])), "Unexpected", "no"],
    ["the cause besides", throwing(new AggregateError([vague], "no", { cause: refused })), "NetworkConnection", "retry"]
  ])

  it("without words of its own it speaks those of its first member", async () => {
    const cause = await caught(happyEyeballs)
    for (const member of (cause as AggregateError).errors) Reflect.deleteProperty(member as object, "code")
    assert.match(Classifier.classifySync(cause).message, /^Connection failed: connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
  })
})
