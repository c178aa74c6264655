import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { describe, expect, it } from "@effect/vitest"
import { Fault, FaultyExchange } from "effect-errata/testing"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"

const hour = 3_600_000
const now = Date.UTC(2024, 5, 1, 12, 34, 56)
const t0 = Date.UTC(2024, 4, 1)

const get = (path: string) =>
  Effect.gen(function*() {
    const { url } = yield* FaultyExchange.FaultyExchange
    const response = yield* HttpClient.get(url + path)
    return { status: response.status, headers: response.headers, text: yield* response.text }
  })

const path = `/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=${t0}&limit=10`
const klines = get(path)
const ping = get("/api/v3/ping")

const inject = (fault: Fault.Fault) => Effect.flatMap(FaultyExchange.FaultyExchange, ({ inject }) => inject(fault))
const clear = Effect.flatMap(FaultyExchange.FaultyExchange, ({ clear }) => clear)
const requests = Effect.flatMap(FaultyExchange.FaultyExchange, ({ requests }) => requests)

const statuses = (count: number, request: typeof ping = ping) =>
  Effect.replicateEffect(Effect.map(request, ({ status }) => status), count)

const both = [
  ["a server", (options?: FaultyExchange.Options) => Layer.merge(FaultyExchange.layer(options), FetchHttpClient.layer)],
  ["a client without sockets", FaultyExchange.layerClient]
] as const

describe.each(both)("%s", (_name, layer) => {
  const test = (
    name: string,
    body: Effect.Effect<void, unknown, FaultyExchange.FaultyExchange | HttpClient.HttpClient>
  ) => it.scopedLive(name, () => Effect.provide(body, layer({ now })))

  describe("statuses", () => {
    const html = expect.stringContaining("<html>")
    const cases: ReadonlyArray<readonly [Fault.Fault, number, unknown, string | undefined]> = [
      [Fault.status(400), 400, -1121, undefined],
      [Fault.status(401), 401, -2015, undefined],
      [Fault.status(403), 403, html, "text/html"],
      [Fault.status(404), 404, "", undefined],
      [Fault.status(418), 418, -1003, undefined],
      [Fault.status(429), 429, -1003, undefined],
      [Fault.status(451), 451, 0, undefined],
      [Fault.status(500), 500, -1001, undefined],
      [Fault.status(502), 502, html, "text/html"],
      [Fault.status(503), 503, -1008, undefined],
      [Fault.status(504), 504, -1007, undefined],
      [Fault.status(520), 520, "", undefined],
      [Fault.status(503, { body: "html" }), 503, html, "text/html"],
      [Fault.status(418, { body: "html" }), 418, html, "text/html"],
      [Fault.status(500, { body: "empty" }), 500, "", undefined],
      [Fault.status(204), 204, "", undefined],
      [Fault.status(400, { body: { code: -1122, msg: "Invalid symbol status." } }), 400, -1122, undefined]
    ]
    for (const [fault, status, body, type = "application/json;charset=UTF-8"] of cases) {
      test(
        JSON.stringify(fault.do),
        Effect.gen(function*() {
          yield* inject(fault)
          const answer = yield* klines
          expect(answer.status).toBe(status)
          if (typeof body === "number") expect(JSON.parse(answer.text).code).toBe(body)
          else expect(answer.text).toEqual(body)
          if (answer.text !== "") expect(answer.headers["content-type"]).toBe(type)
        })
      )
    }

    test(
      "headers are sent along, and take precedence",
      Effect.gen(function*() {
        yield* inject(Fault.status(503, { headers: { "Retry-After": "7", "Content-Type": "text/plain" } }))
        const { headers } = yield* klines
        expect([headers["retry-after"], headers["content-type"]]).toEqual(["7", "text/plain"])
      })
    )
  })

  describe("bodies", () => {
    const opens = Effect.map(
      klines,
      ({ text }) => JSON.parse(text).map((row: FaultyExchange.Row) => (row[0] - t0) / hour)
    )

    test(
      "not JSON",
      Effect.gen(function*() {
        yield* inject(Fault.on({ nth: 1 }, Fault.notJson()))
        yield* inject(Fault.notJson("[[1,"))
        const page = yield* klines
        expect([page.status, page.headers["content-type"], page.text]).toEqual([
          200,
          "application/json;charset=UTF-8",
          "<html><body>Under maintenance</body></html>"
        ])
        expect((yield* klines).text).toBe("[[1,")
      })
    )

    test(
      "an empty list, in place of rows only",
      Effect.gen(function*() {
        yield* inject(Fault.emptyList)
        expect((yield* klines).text).toBe("[]")
        expect((yield* ping).text).toBe("{}")
        expect((yield* get("/api/v3/klines?symbol=NOTHING&interval=1h")).status).toBe(400)
      })
    )

    test(
      "gaps are not filled up",
      Effect.gen(function*() {
        yield* inject(
          Fault.gaps({ start: t0 + hour, end: t0 + 3 * hour }, { start: new Date(t0 + 8 * hour), end: t0 + 9 * hour })
        )
        expect(yield* opens).toEqual([0, 3, 4, 5, 6, 7, 9])
      })
    )

    test(
      "malformed rows",
      Effect.gen(function*() {
        const right = JSON.parse((yield* klines).text)
        const malformed = (malformation: Fault.Malformation) =>
          Effect.gen(function*() {
            yield* clear
            yield* inject(Fault.malformedRows(malformation))
            return JSON.parse((yield* klines).text)
          })
        const middle = (row: unknown) => [...right.slice(0, 5), row, ...right.slice(6)]
        expect(yield* malformed("short")).toEqual(middle(right[5].slice(0, 6)))
        expect(yield* malformed("notNumber")).toEqual(middle(right[5].with(4, "NaN")))
        expect(yield* malformed("null")).toEqual(middle(right[5].with(4, null)))
        expect(yield* malformed("duplicate")).toEqual([...right.slice(0, 6), ...right.slice(5)])
        expect(yield* malformed("unordered")).toEqual([...right.slice(0, 4), right[5], right[4], ...right.slice(6)])
      })
    )
  })

  describe("silence", () => {
    for (const fault of [Fault.silence, Fault.stalledBody, Fault.latency("1 hour")]) {
      test(
        fault.do._tag,
        Effect.gen(function*() {
          yield* inject(Fault.on({ times: 1 }, fault))
          expect(yield* klines.pipe(Effect.timeout("50 millis"), Effect.flip)).toMatchObject({
            _tag: "TimeoutException"
          })
          // The next request is served as if nothing had been.
          expect((yield* klines).status).toBe(200)
          const [first, second] = yield* requests
          const answered = fault.do._tag === "Silence" ? undefined : 200
          expect([first?.status, first?.fault, second?.fault]).toEqual([answered, fault.do._tag, undefined])
        })
      )
    }

    test(
      "HEAD has no body that could be cut",
      Effect.gen(function*() {
        const { url } = yield* FaultyExchange.FaultyExchange
        yield* inject(Fault.stalledBody)
        const response = yield* HttpClient.head(url + path)
        expect([response.status, yield* response.text]).toEqual([200, ""])
        expect(Number(response.headers["content-length"])).toBeGreaterThan(1000)
      })
    )

    test(
      "headers come before the body stalls",
      Effect.gen(function*() {
        const { url } = yield* FaultyExchange.FaultyExchange
        yield* inject(Fault.stalledBody)
        expect((yield* HttpClient.get(url + path)).status).toBe(200)
      })
    )
  })
})

describe("which requests", () => {
  const test = (
    name: string,
    body: Effect.Effect<void, unknown, FaultyExchange.FaultyExchange | HttpClient.HttpClient>
  ) => it.effect(name, () => Effect.provide(body, FaultyExchange.layerClient({ now })))

  const struck = (when: Fault.When, path: string) =>
    Effect.gen(function*() {
      yield* clear
      yield* inject(Fault.on(when, Fault.status(503)))
      return (yield* get(path)).status === 503
    })

  test(
    "market, path, symbol, interval",
    Effect.gen(function*() {
      const um = "/fapi/v1/klines?symbol=ETHUSDT&interval=1d"
      for (
        const [when, expected] of [
          [{}, true],
          [{ market: "FUTURES_USDT" }, true],
          [{ market: "SPOT" }, false],
          [{ path: "/fapi/v1/klines" }, true],
          [{ path: "klines" }, true],
          [{ path: "/klines" }, true],
          [{ path: "lines" }, false],
          [{ path: "/api/v3/klines" }, false],
          [{ symbol: "ETHUSDT" }, true],
          [{ symbol: "BTCUSDT" }, false],
          [{ interval: "1d" }, true],
          [{ interval: "1h" }, false],
          [{ market: "FUTURES_USDT", symbol: "ETHUSDT", interval: "1d", path: "klines" }, true],
          [{ market: "FUTURES_USDT", symbol: "ETHUSDT", interval: "1h", path: "klines" }, false]
        ] as const
      ) expect([when, yield* struck(when, um)]).toEqual([when, expected])
      expect(yield* struck({ market: "SPOT" }, "/nothing")).toBe(false)
      expect(yield* struck({}, "/nothing")).toBe(true)
    })
  )

  const pattern = (when: Fault.When, count: number) =>
    Effect.gen(function*() {
      yield* clear
      yield* inject(Fault.on(when, Fault.status(503)))
      return (yield* statuses(count)).map((status) => status === 503 ? "x" : ".").join("")
    })

  test(
    "nth, times",
    Effect.gen(function*() {
      expect(yield* pattern({ nth: 2 }, 4)).toBe(".x..")
      expect(yield* pattern({ nth: [1, 3] }, 4)).toBe("x.x.")
      expect(yield* pattern({ nth: { from: 3 } }, 5)).toBe("..xxx")
      expect(yield* pattern({ nth: { to: 2 } }, 5)).toBe("xx...")
      expect(yield* pattern({ nth: { from: 2, to: 3 } }, 5)).toBe(".xx..")
      expect(yield* pattern({ times: 2 }, 5)).toBe("xx...")
      expect(yield* pattern({ nth: { from: 2 }, times: 2 }, 5)).toBe(".xx..")
      expect(yield* pattern({ times: 0 }, 2)).toBe("..")
      expect(yield* pattern({ nth: { from: 2, to: Infinity }, times: Infinity }, 3)).toBe(".xx")
    })
  )

  test(
    "nth counts only requests that fit",
    Effect.gen(function*() {
      yield* inject(Fault.on({ path: "klines", nth: 2 }, Fault.status(503)))
      expect([...yield* statuses(3), ...yield* statuses(2, klines)]).toEqual([200, 200, 200, 200, 503])
    })
  )

  test(
    "the first fault that fits strikes, and all that fit count",
    Effect.gen(function*() {
      yield* inject(Fault.on({ nth: 1 }, Fault.status(500)))
      yield* inject(Fault.on({ nth: [1, 2] }, Fault.status(501)))
      yield* inject(Fault.on({ times: 1 }, Fault.status(502)))
      yield* inject(Fault.on({ nth: 4 }, Fault.status(503)))
      expect(yield* statuses(5)).toEqual([500, 501, 502, 503, 200])
    })
  )

  test(
    "clear removes them all",
    Effect.gen(function*() {
      yield* inject(Fault.status(503))
      expect(yield* statuses(1)).toEqual([503])
      yield* clear
      expect(yield* statuses(1)).toEqual([200])
      expect(yield* requests).toHaveLength(2)
    })
  )

  test(
    "each fault has chances of its own",
    Effect.gen(function*() {
      yield* inject(Fault.on({ probability: 0.5 }, Fault.status(500)))
      yield* inject(Fault.on({ probability: 0.5 }, Fault.status(501)))
      const seen = yield* statuses(100)
      for (const status of [200, 500, 501]) expect(seen.filter((one) => one === status).length).toBeGreaterThan(10)
    })
  )

  it.effect("probability repeats with the seed, and comes out right", () =>
    Effect.gen(function*() {
      const run = (seed: number) =>
        Effect.provide(
          statuses(300),
          FaultyExchange.layerClient({ seed, now, faults: [Fault.on({ probability: 0.3 }, Fault.status(503))] })
        )
      const first = yield* run(1)
      expect(yield* run(1)).toEqual(first)
      expect(yield* run(2)).not.toEqual(first)
      // Six standard deviations of a binomial distribution: 6 · sqrt(300 · 0.3 · 0.7) = 47.
      expect(Math.abs(first.filter((status) => status === 503).length - 90)).toBeLessThan(47)
      expect(
        new Set(
          yield* Effect.provide(
            statuses(50),
            FaultyExchange.layerClient({ now, faults: [Fault.on({ probability: 0 }, Fault.status(503))] })
          )
        )
      ).toEqual(new Set([200]))
    }))

  for (
    const [fault, wrong] of [
      [Fault.status(42), "status is 42: it must be a whole number from 200 to 599"],
      [Fault.status(600), "status is 600: it must be"],
      [Fault.on({ probability: 1.5 }, Fault.silence), "when.probability is 1.5: it must be a number from 0 to 1"],
      [Fault.on({ probability: NaN }, Fault.silence), "when.probability is NaN"],
      [
        Fault.on({ times: -1 }, Fault.silence),
        "when.times is -1: it must be a whole number of at least 0, or Infinity"
      ],
      [Fault.on({ times: 1.5 }, Fault.silence), "when.times is 1.5"],
      [Fault.gaps({ start: "2024-01-02", end: "2024-01-01" }), "ranges: each range must start before it ends"],
      [Fault.gaps({ start: "2024-01-01", end: "2024-01-01" }), "ranges: each range must start before it ends"],
      [Fault.on({ times: NaN }, Fault.silence), "when.times is NaN"],
      [Fault.on({ nth: 0 }, Fault.silence), "when.nth is 0: it must be a whole number of at least 1"],
      [Fault.on({ nth: -1 }, Fault.silence), "when.nth is -1"],
      [Fault.on({ nth: 1.5 }, Fault.silence), "when.nth is 1.5"],
      [Fault.on({ nth: NaN }, Fault.silence), "when.nth is NaN"],
      [Fault.on({ nth: [] }, Fault.silence), "when.nth is []: it must be a list of at least one number"],
      [Fault.on({ nth: [1, 0] }, Fault.silence), "when.nth[1] is 0"],
      [Fault.on({ nth: { from: 0 } }, Fault.silence), "when.nth.from is 0"],
      [Fault.on({ nth: { to: 0 } }, Fault.silence), "when.nth.to is 0"],
      [Fault.on({ nth: { to: NaN } }, Fault.silence), "when.nth.to is NaN"],
      [
        Fault.on({ nth: { from: 3, to: 2 } }, Fault.silence),
        "when.nth is {\"from\":3,\"to\":2}: it must be a range whose from is not above its to"
      ]
    ] as const
  ) {
    it.effect(`${wrong}: a defect that says so`, () =>
      Effect.gen(function*() {
        const layer = FaultyExchange.layerClient({ now })
        const exits: ReadonlyArray<Exit.Exit<void, unknown>> = [
          yield* Effect.exit(Effect.provide(inject(fault), layer)),
          yield* Effect.exit(Effect.provide(Effect.asVoid(ping), FaultyExchange.layerClient({ now, faults: [fault] })))
        ]
        for (const exit of exits) {
          expect(Exit.isFailure(exit) && Cause.squash(exit.cause)).toMatchObject({
            _tag: "IllegalArgumentException",
            message: expect.stringContaining(`Fault ${fault.do._tag}: ${wrong}`)
          })
        }
      }))
  }
})

describe("the clock", () => {
  it.effect("rules latency", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(klines)
      yield* TestClock.adjust("1999 millis")
      expect(fiber.unsafePoll()).toBeNull()
      yield* TestClock.adjust("1 millis")
      expect((yield* Fiber.join(fiber)).status).toBe(200)
    }).pipe(Effect.provide(FaultyExchange.layerClient({ now, faults: [Fault.latency("2 seconds")] }))))

  const seen = Effect.map(ping, ({ headers, status, text }) => ({
    status,
    retryAfter: headers["retry-after"],
    until: Number(/banned until (\d+)\./.exec(text)?.[1]),
    used: headers["x-mbx-used-weight-1m"],
    code: status === 200 ? undefined : JSON.parse(text).code
  }))

  const minute = 60_000

  it.effect("a used-up minute is answered with 429 until its end, further requests with 418 for ever longer bans", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(now)
      expect(yield* statuses(5)).toEqual([200, 200, 200, 200, 200])
      // 12:34:56 leaves four seconds of the minute.
      expect(yield* seen).toMatchObject({ status: 429, retryAfter: "4", used: "6", code: -1003 })
      expect((yield* get("/fapi/v1/ping")).status).toBe(200)
      yield* TestClock.adjust("3999 millis")
      expect(yield* seen).toMatchObject({ status: 429, retryAfter: "1", used: "7" })
      yield* TestClock.adjust("1 millis")
      expect(yield* seen).toMatchObject({ status: 200, used: "1" })

      expect(yield* statuses(6)).toEqual([200, 200, 200, 200, 429, 429])
      const banned = now + 4000 + 2 * minute
      expect(yield* seen).toEqual({ status: 418, retryAfter: "120", until: banned, used: undefined, code: -1003 })
      yield* TestClock.setTime(banned - 500)
      expect(yield* seen).toMatchObject({ status: 418, retryAfter: "1", until: banned })
      yield* TestClock.setTime(banned)
      expect(yield* seen).toMatchObject({ status: 200, used: "1" })

      expect(yield* statuses(7)).toEqual([200, 200, 200, 200, 429, 429, 418])
      expect((yield* seen).until).toBe(banned + 4 * minute)
    }).pipe(Effect.provide(FaultyExchange.layerClient({ weightPerMinute: { SPOT: 5 }, patience: 2 }))))

  it.effect("what was waited out is forgiven: patience is for answers 429 in one go", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 5; i++) {
        expect(yield* statuses(3)).toEqual([200, 429, 429])
        yield* TestClock.adjust("1 minute")
      }
    }).pipe(Effect.provide(FaultyExchange.layerClient({ weightPerMinute: { SPOT: 1 }, patience: 2 }))))

  it.effect("a limit that was injected outlasts the minute", () =>
    Effect.gen(function*() {
      yield* inject(Fault.rateLimited("90 seconds"))
      expect(yield* statuses(2)).toEqual([429, 429])
      yield* TestClock.adjust("89 seconds")
      expect(yield* seen).toMatchObject({ status: 429, retryAfter: "1" })
    }).pipe(Effect.provide(FaultyExchange.layerClient({ weightPerMinute: { SPOT: 1 } }))))

  it.effect("after a ban the patience is as it was", () =>
    Effect.gen(function*() {
      expect(yield* statuses(3)).toEqual([429, 429, 418])
      yield* TestClock.adjust("2 minutes")
      expect(yield* statuses(3)).toEqual([429, 429, 418])
    }).pipe(Effect.provide(FaultyExchange.layerClient({ weightPerMinute: { SPOT: 0 }, patience: 2 }))))

  it.effect("no ban is longer than three days", () =>
    Effect.gen(function*() {
      let last = 0
      for (let i = 0; i < 15; i++) {
        const at = i * 30 * 24 * hour
        yield* TestClock.setTime(at)
        expect((yield* seen).status).toBe(200)
        last = (yield* seen).until - at
      }
      expect(last).toBe(3 * 24 * hour)
    }).pipe(Effect.provide(FaultyExchange.layerClient({ weightPerMinute: { SPOT: 1 }, patience: 0 }))))

  it.effect("ends limits and bans that were injected", () =>
    Effect.gen(function*() {
      yield* inject(Fault.rateLimited("90 seconds"))
      expect(yield* seen).toMatchObject({ status: 429, retryAfter: "90" })
      yield* TestClock.adjust("89 seconds")
      expect(yield* seen).toMatchObject({ status: 429, retryAfter: "1" })
      yield* TestClock.adjust("1 second")
      expect((yield* seen).status).toBe(200)

      yield* inject(Fault.banned("10 minutes"))
      expect(yield* seen).toMatchObject({ status: 418, retryAfter: "600", until: 690_000 })
      expect((yield* get("/dapi/v1/ping")).status).toBe(200)
      yield* TestClock.adjust("10 minutes")
      expect((yield* seen).status).toBe(200)

      yield* inject(Fault.banned("10 minutes"))
      expect((yield* seen).status).toBe(418)
      yield* clear
      expect((yield* seen).status).toBe(200)
    }).pipe(Effect.provide(FaultyExchange.layerClient({ now }))))
})

describe("an invalid fault", () => {
  const invalid: ReadonlyArray<readonly [unknown, string]> = [
    ["silence", "FaultyExchange: a fault is \"silence\": it must be made by Fault, as in Fault.status(503)"],
    [{ do: "silence" }, "FaultyExchange: a fault is {\"do\":\"silence\"}: it must be made by Fault"],
    [Fault.malformedRows("nonumber" as "null"), "Fault MalformedRows: malformation: unknown malformation \"nonumber\""],
    [Fault.corruptFile("flip" as "flipped"), "Fault CorruptFile: corruption: unknown corruption \"flip\""],
    [Fault.status(999), "Fault Status: status is 999: it must be a whole number from 200 to 599"]
  ]

  it.effect.each(invalid)("%j", ([fault, message]) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        Effect.scoped(Layer.build(FaultyExchange.layerClient({ faults: [fault as Fault.Fault] })))
      )
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain(message)
    }))
})
