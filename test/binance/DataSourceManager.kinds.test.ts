/**
 * The kinds of mistakes that random worlds have found in the data path, each in the smallest world that shows it. The
 * laws of the worlds hold in each, besides what a test expects.
 */
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
import { outsideOf } from "../../src/binance/internal/manager/damagedFiles.js"
import { violations } from "./worlds/laws.js"
import { type Outcome, type RanStep, runWorld } from "./worlds/run.js"
import { day, hour, type Span, type Traded } from "./worlds/truth.js"
import type { Ask, Step, World } from "./worlds/world.js"

const utc = Date.UTC
const start = utc(2024, 2, 5)

const subject: Traded = {
  market: "SPOT",
  symbol: "BTCUSDT",
  interval: "1h",
  listed: utc(2020, 0),
  delisted: undefined,
  gaps: [],
  anchor: day
}

/** An instrument whose files show that the archive is older than the subject. */
const older: Traded = { ...subject, symbol: "ETHBTC", listed: utc(2017, 6, 14) }

/** An instrument whose files show that the archive is not late. */
const living: Traded = { ...subject, symbol: "ETHUSDT", listed: start }

const step = (span: Span, by: Ask["by"] = "fetch"): Step => ({
  asks: [{ of: 0, span, by }],
  pause: 60_000,
  clockStep: 0,
  restart: false,
  isCalm: false
})

const world = (traded: Partial<Traded>, steps: ReadonlyArray<Step>, more: Partial<World> = {}): World => ({
  seed: 1,
  series: [{ ...subject, ...traded }],
  now: utc(2024, 5, 1),
  clientOffset: 0,
  pageSize: 1000,
  lag: 0,
  dateHeader: true,
  listing: true,
  sources: ["rest"],
  concurrency: 4,
  archive: { delay: 4 * hour, monthDelay: 0, begins: 0, lost: [], header: false, micros: true, deflate: true },
  restFaults: [],
  archiveFaults: [],
  steps,
  ...more
})

const iso = (instant: number) => new Date(instant).toISOString().replace(/(T00:00)?:00\.000Z$/, "")

const summary = ({ error, missing, parts }: Outcome) => ({
  rows: parts.reduce((sum, { length }) => sum + length, 0),
  missing: missing.map(({ end, reason, start }) => `${iso(start)}..${iso(end)} ${reason}`),
  error: Option.getOrUndefined(Option.map(error, ({ _tag, message, retryable }) => ({ _tag, message, retryable })))
})

/** The result of each step, and the paths of its requests. `excepted` is a law that does not hold. */
const ran = async (of: World, excepted = "none") => {
  const ran = await runWorld(of)
  expect(violations(of, ran).filter(({ law }) => !law.startsWith(excepted))).toEqual([])
  return ran.steps.map(({ outcomes, requests }) => ({
    ...summary(outcomes[0]!),
    requests: requests.map(({ path, query }) =>
      query["prefix"] === undefined ? path.slice(path.lastIndexOf("/") + 1) : "list"
    )
  }))
}

describe("trading that has stopped", () => {
  const stopped = start + 10 * hour

  it("more than a day ago is a delisting, which is proven, so the fetch succeeds", async () => {
    const [found] = await ran(world({ delisted: stopped }, [step({ start, end: start + day })]))
    expect(found).toMatchObject({
      rows: 10,
      missing: ["2024-03-05T10:00..2024-03-06 delisted"],
      error: undefined
    })
  })

  it("less than a day ago is a gap", async () => {
    const [found] = await ran(
      world({ delisted: stopped }, [step({ start, end: start + 20 * hour })], { now: start + 23 * hour })
    )
    expect(found).toMatchObject({
      rows: 10,
      missing: ["2024-03-05T10:00..2024-03-05T20:00 source_gap"],
      error: undefined
    })
  })

  it("a minute ago may go on, so the error is retryable", async () => {
    const [found] = await ran(
      world({ delisted: stopped }, [step({ start, end: start + 11 * hour })], { now: start + 11 * hour })
    )
    expect(found).toMatchObject({
      rows: 10,
      missing: ["2024-03-05T10:00..2024-03-05T11:00 not_published_yet"],
      error: { _tag: "DataIntegrity", retryable: true }
    })
  })

  it("before the range begins is no failure either", async () => {
    const [found] = await ran(world({ delisted: stopped }, [step({ start: start + 2 * day, end: start + 3 * day })]))
    expect(found).toMatchObject({ rows: 0, missing: ["2024-03-07..2024-03-08 delisted"], error: undefined })
  })

  it("of an instrument without any candle at all, an exchange that answers wrongly is suspected", async () => {
    const [found] = await ran(world({ listed: utc(2025, 0) }, [step({ start, end: start + day })]))
    expect(found).toMatchObject({
      missing: ["2024-03-05..2024-03-06 api_response"],
      error: { _tag: "DataEmpty", message: "API returned empty response", retryable: true }
    })
  })
})

describe("the grid of 3d", () => {
  for (const anchor of [0, day, 2 * day]) {
    for (const sources of [["rest"], ["vision", "rest"], ["cache", "vision", "rest"]] as const) {
      it(`is learned from the rows: ${sources.join(", ")}, candles ${anchor / day} days after the epoch`, async () => {
        const traded = { interval: "3d", anchor, listed: start + 8 * day } as const
        const spans = [
          { start: start - 3 * day, end: start + 4 * day },
          { start: start + 4.5 * day, end: start + 30 * day },
          { start: start - 40 * day, end: start + 31 * day }
        ]
        const steps = await ran(world(traded, spans.map((span) => step(span)), { sources }))
        expect(steps.map(({ error }) => error)).toEqual([undefined, undefined, undefined])
        expect(steps.map(({ rows }) => rows > 0)).toEqual([false, true, true])
      })
    }
  }
})

describe("answers", () => {
  it("without a time prove nothing about the present: no candle is called unfinished", async () => {
    const now = start + 10 * hour + 60_000
    const [found] = await ran(
      world({}, [step({ start: start + 9 * hour, end: start + 10 * hour })], {
        now,
        dateHeader: false,
        restFaults: [2, 3, 4, 5, 6].map((nth) => ({ nth, kind: "symbol200" }))
      })
    )
    expect(found).toMatchObject({ rows: 0, missing: ["2024-03-05T09:00..2024-03-05T10:00 not_fetched"] })
    expect(found!.error).toBeDefined()
  })

  it("without a time cost one request for it, however many pieces there are", async () => {
    // Each of two gaps is a piece.
    const traded = { gaps: [1, 30].map((n) => ({ start: start + n * hour, end: start + (n + 1) * hour })) }
    const [found] = await ran(
      world(traded, [step({ start, end: start + 2 * day })], { dateHeader: false, sources: ["vision", "rest"] })
    )
    expect(found).toMatchObject({ rows: 46, error: undefined })
    expect(found!.requests.filter((path) => path === "time")).toEqual(["time"])
  })

  it("with status 204 are tried again", async () => {
    const [found] = await ran(
      world({}, [step({ start, end: start + day })], { restFaults: [{ nth: 1, kind: "status204" }] })
    )
    expect(found).toMatchObject({ rows: 24, error: undefined, requests: ["klines", "klines"] })
  })

  it("with candles of another interval are refused, for three days too", async () => {
    const [found] = await ran(
      world({ interval: "3d" }, [step({ start, end: start + 30 * day })], {
        restFaults: [{ nth: 1, kind: "otherInterval" }]
      })
    )
    expect(found).toMatchObject({ rows: 10, error: undefined, requests: ["klines", "klines"] })
  })
})

describe("a gap between two candles of the archive", () => {
  it("needs two answers, since the candle behind it is requested too", async () => {
    const traded = { gaps: [{ start: start + 5 * hour, end: start + 6 * hour }] }
    const [found] = await ran(world(traded, [step({ start, end: start + day })], { sources: ["vision", "rest"] }))
    expect(found).toMatchObject({ rows: 23, missing: ["2024-03-05T05:00..2024-03-05T06:00 source_gap"] })
    expect(found!.requests.filter((path) => path === "klines")).toHaveLength(2)
  })
})

describe("answers that are cut", () => {
  for (const market of ["SPOT", "FUTURES_COIN"] as const) {
    const traded = { market, symbol: market === "SPOT" ? "BTCUSDT" : "BTCUSD_PERP" }

    it(`twice in a row prove no gap, since both candles around it are requested: ${market}`, async () => {
      for (const cut of ["shortFirst", "shortLast"] as const) {
        const [found] = await ran(
          world(traded, [step({ start, end: start + 6 * hour })], {
            restFaults: [{ nth: 1, kind: "shortOuter" }, { nth: 2, kind: cut }]
          })
        )
        expect(found).toMatchObject({ rows: 6, missing: [], error: undefined })
      }
    })

    it(`to a single row find gaps: ${market}`, async () => {
      const gaps = [{ start: start + 2 * hour, end: start + 4 * hour }]
      const [found] = await ran(world({ ...traded, gaps }, [step({ start, end: start + 6 * hour })], { pageSize: 1 }))
      expect(found).toMatchObject({
        rows: 4,
        missing: ["2024-03-05T02:00..2024-03-05T04:00 source_gap"],
        error: undefined
      })
    })
  }
})

describe("a half-open circuit", () => {
  it("admits one file, and the others are requested after it", async () => {
    const days = Array.from({ length: 8 }, (_, i) => iso(start + i * day))
    const failing = { ...step({ start, end: start + 8 * day }), pause: 0 }
    const steps = [
      failing,
      failing,
      failing,
      { ...failing, pause: 200 },
      { ...step({ start, end: start + 3 * day }), isCalm: true }
    ]
    const found = await ran(
      world({}, steps, {
        sources: ["vision"],
        archiveFaults: ["2024-03", ...days].map((time) => ({
          name: `BTCUSDT-1h-${time}.zip`,
          kind: "status503",
          times: 1000
        }))
      })
    )
    expect(found[3]).toMatchObject({ rows: 0, requests: [] })
    expect(found[3]!.error?.message).toContain("Not sent because the circuit is open")
    expect(found[4]).toMatchObject({ rows: 72, missing: [], error: undefined })
    expect(found[4]!.requests.slice(0, 2)).toEqual(["BTCUSDT-1h-2024-03-05.zip", "BTCUSDT-1h-2024-03-05.zip.CHECKSUM"])
  })
})

describe("rows of answers about the surroundings of a gap", () => {
  it("are used where the page has no valid row", async () => {
    const traded = { interval: "6h", delisted: start + 18 * hour } as const
    const [found] = await ran(
      world(traded, [step({ start, end: start + day })], { restFaults: [{ nth: 1, kind: "negative" }] })
    )
    expect(found).toMatchObject({ rows: 3, missing: ["2024-03-05T18:00..2024-03-06 delisted"], error: undefined })
  })

  it("are used where the survey of a long range has them", async () => {
    const [found] = await ran(
      world({ interval: "1m" }, [step({ start, end: start + 10_001 * 60_000 })], {
        restFaults: [{ nth: 13, kind: "negative" }],
        concurrency: 1
      })
    )
    expect(found).toMatchObject({ rows: 10_001, missing: [], error: undefined })
    expect(found!.requests).toHaveLength(13)
  })
})

describe("a ban until an instant", () => {
  for (const clientOffset of [-2 * day, 0, 2 * day]) {
    it(`counts by the clock of the exchange, without a Date and with a local clock ${clientOffset / day} days ahead`, async () => {
      const span = { start, end: start + day }
      const steps = [step(span), { ...step(span), restart: false }, { ...step(span), pause: 200_000, isCalm: true }]
      const [first, second, third] = await ran(
        world({}, steps, { clientOffset, dateHeader: false, restFaults: [{ nth: 3, kind: "banned" }] })
      )
      expect(first).toMatchObject({ rows: 24, error: undefined })
      expect(second).toMatchObject({ rows: 0, error: { _tag: "ApiRateLimit", retryable: true } })
      expect(third).toMatchObject({ rows: 24, error: undefined })
    })

    it(`in the first answer, which has no Date, is as long as its Retry-After: ${clientOffset / day} days ahead`, async () => {
      const span = { start, end: start + day }
      const steps = [step(span), { ...step(span), pause: 20_000 }, { ...step(span), pause: 140_000, isCalm: true }]
      const [first, second, third] = await ran(
        world({}, steps, { clientOffset, dateHeader: false, restFaults: [{ nth: 1, kind: "banned" }] })
      )
      expect(first).toMatchObject({ rows: 0, error: { _tag: "ApiRateLimit", retryable: true } })
      expect(second!.requests).toEqual([])
      expect(third).toMatchObject({ rows: 24, error: undefined })
    })
  }
})

describe("a ban that names no wait", () => {
  for (const clientOffset of [-2 * day, 0, 2 * day]) {
    it(`in the first answer, which has no Date, lasts two minutes: ${clientOffset / day} days ahead`, async () => {
      const span = { start, end: start + day }
      const steps = [step(span), { ...step(span), pause: 20_000 }, { ...step(span), pause: 140_000, isCalm: true }]
      const [first, second, third] = await ran(
        world({}, steps, {
          clientOffset,
          dateHeader: false,
          retries: false,
          restFaults: [{ nth: 1, kind: "bannedBare" }]
        })
      )
      expect(first).toMatchObject({ rows: 0, error: { _tag: "ApiRateLimit", retryable: true } })
      expect(first!.requests).toHaveLength(1)
      expect(second!.requests).toEqual([])
      expect(third).toMatchObject({ rows: 24, error: undefined })
    })
  }
})

describe("the archive", () => {
  it("states the time in Date and Age, where its answers come from a cache", async () => {
    const now = start + 2 * day + 12 * hour
    const span = { start, end: start + 4 * day }
    const sources = ["vision"] as const
    const [found] = await ran(world({}, [step(span)], { sources, now, cached: 30 * hour, clientOffset: -2 * day }))
    expect(found).toMatchObject({ rows: 48, error: { retryable: true } })
    expect(found!.missing).toEqual([
      "2024-03-07..2024-03-07T12:00 not_published_yet",
      "2024-03-07T12:00..2024-03-07T13:00 unfinished",
      "2024-03-07T13:00..2024-03-09 not_published_yet"
    ])
  })

  for (const concurrency of [4, 16]) {
    it(`shows the end of an instrument in few requests: ${concurrency} at once`, async () => {
      const [found] = await ran(
        world({}, [step({ start: start + 10 * day, end: start + 30 * day })], {
          series: [{ ...subject, delisted: start }, living],
          sources: ["vision"],
          now: start + 95 * day,
          concurrency
        })
      )
      expect(found).toMatchObject({ missing: ["2024-03-15..2024-04-04 delisted"] })
      expect(found!.requests.length).toBeLessThanOrEqual(11)
    })

    for (const clientOffset of [-2 * day, 2 * day]) {
      it(`is not asked for the future, ${concurrency} at once, with a local clock ${clientOffset / day} days ahead`, async () => {
        const now = start + 10 * hour
        const span = { start: start - day, end: start + 25 * day }
        for (const [dateHeader, most] of [[true, 6], [false, 14]] as const) {
          const asked = world({}, [step(span)], { sources: ["vision"], now, concurrency, clientOffset, dateHeader })
          const [found] = await ran(asked)
          expect(found).toMatchObject({ rows: 24, error: { retryable: true } })
          expect(found!.missing.at(-1)).toMatch(/2024-03-30 not_published_yet$/)
          expect(found!.requests.length).toBeLessThanOrEqual(most)
        }
      })
    }
  }

  for (
    const [name, traded] of [["before a listing", { listed: utc(2025, 0) }], ["after a delisting", {
      delisted: start
    }]] as const
  ) {
    it(`is not asked for all days of the present month ${name}`, async () => {
      const [found] = await ran(
        world(traded, [step({ start: utc(2024, 4), end: utc(2024, 7) })], {
          sources: ["vision"],
          now: utc(2024, 4, 25),
          concurrency: 1
        })
      )
      expect(found!.rows).toBe(0)
      expect(found!.requests.length).toBeLessThanOrEqual(10)
    })
  }

  it("is not asked for days before the listing one by one", async () => {
    const listed = start + 14 * day
    const [found] = await ran(
      world({ listed }, [step({ start: start - day, end: start + 15 * day })], {
        series: [{ ...subject, listed }, older],
        sources: ["vision"],
        concurrency: 1
      })
    )
    expect(found).toMatchObject({ rows: 24, missing: ["2024-03-04..2024-03-19 not_listed_yet"], error: undefined })
    expect(found!.requests).toEqual([
      "BTCUSDT-1h-2024-03-04.zip",
      "list",
      "BTCUSDT-1d-2024-03.zip",
      "BTCUSDT-1d-2024-03.zip.CHECKSUM",
      "list",
      "BTCUSDT-1h-2024-03-19.zip",
      "BTCUSDT-1h-2024-03-19.zip.CHECKSUM"
    ])
  })

  for (const sources of [["vision"], ["vision", "rest"]] as const) {
    it(`does not show a listing where it begins itself: ${sources.join(", ")}`, async () => {
      const [found] = await ran(
        world({}, [step({ start: start - 2 * day, end: start + day })], {
          sources,
          archive: { ...world({}, []).archive, begins: start },
          restFaults: Array.from({ length: 9 }, (_, i) => ({ nth: i + 1, kind: "symbol200" }))
        })
      )
      expect(found).toMatchObject({ rows: 24, error: { _tag: sources.length === 1 ? "DataIntegrity" : "ApiFormat" } })
      expect(found!.missing).toEqual([`2024-03-03..2024-03-05 ${sources.length === 1 ? "date_range" : "not_fetched"}`])
    })
  }

  for (const sources of [["vision"], ["cache", "vision"], ["vision", "rest"]] as const) {
    it(`does not show a delisting where it ends itself: ${sources.join(", ")}`, async () => {
      // The archive has received no files for 80 days, of any instrument.
      const late = { ...world({}, []).archive, delay: 90 * day, monthDelay: 90 * day }
      const [found] = await ran(
        world({}, [step({ start: start - 2 * day, end: start + 2 * day })], {
          series: [{ ...subject, listed: start - 20 * day }, living],
          sources,
          now: start + 89 * day,
          archive: late,
          restFaults: Array.from({ length: 9 }, (_, i) => ({ nth: i + 1, kind: "symbol200" }))
        })
      )
      const isAlone = !sources.some((source) => source === "rest")
      expect(found).toMatchObject({ rows: 24, error: { _tag: isAlone ? "DataIntegrity" : "ApiFormat" } })
      expect(found!.missing).toEqual([`2024-03-04..2024-03-07 ${isAlone ? "date_range" : "not_fetched"}`])
    })
  }

  it("is not asked for days after the last file one by one, even where it is too early to speak of a delisting", async () => {
    const [found] = await ran(
      world({ delisted: start }, [step({ start: start + day, end: start + 11 * day })], {
        sources: ["vision"],
        now: start + 25 * day
      })
    )
    expect(found).toMatchObject({ rows: 0, error: { _tag: "DataEmpty", retryable: true } })
    expect(found!.requests.length).toBeLessThan(9)
  })

  it("without a listing, is asked for all days of a month that is refused", async () => {
    const [found] = await ran(
      world({ listed: utc(2024, 2, 24) }, [step({ start: utc(2024, 2), end: utc(2024, 3) })], {
        sources: ["vision"],
        listing: false,
        archive: { ...world({}, []).archive, lost: ["BTCUSDT-1h-2024-03-31.zip"] },
        archiveFaults: [{ name: "BTCUSDT-1h-2024-03.zip", kind: "status403", times: 1000 }]
      })
    )
    expect(found!.rows).toBe(7 * 24)
  })

  it("is asked for the others after three refused files, if it has answered for one without candles", async () => {
    const span = { start: start - day, end: start + 5 * day }
    const refused = ["2024-03-05", "2024-03-06", "2024-03-07", "2024-03"]
    const [found] = await ran(
      world({ listed: start }, [step(span)], {
        sources: ["vision"],
        concurrency: 1,
        archiveFaults: refused.map((time) => ({ name: `BTCUSDT-1h-${time}.zip`, kind: "status403", times: 1000 }))
      })
    )
    expect(found).toMatchObject({ rows: 48, error: { _tag: "ApiPermission" } })
  })

  it("without a listing, is asked for four days of an absent month", async () => {
    const [found] = await ran(
      world({ listed: utc(2024, 3) }, [step({ start: utc(2024, 2), end: utc(2024, 3) })], {
        sources: ["vision"],
        listing: false
      })
    )
    expect(found!.requests).toEqual(
      ["03", "03-01", "03-11", "03-21", "03-31"].map((time) => `BTCUSDT-1h-2024-${time}.zip`)
    )
  })

  for (const interval of ["3d", "1w"] as const) {
    it(`is asked for the month in which a candle opens that was listed in the next: ${interval}`, async () => {
      const opened = interval === "1w" ? utc(2024, 3, 29) : utc(2024, 3, 30)
      const listed = utc(2024, 4, 1, 7)
      const [found] = await ran(
        world({ interval, listed }, [step({ start: utc(2024, 0), end: listed })], {
          sources: ["vision"],
          concurrency: 1,
          now: utc(2024, 6, 1)
        })
      )
      expect(found!.rows).toBe(1)
      expect(found!.missing.at(-1)).toMatch(`..${iso(opened)} `)
    })
  }

  for (
    const [name, traded, lost, span] of [
      ["first", { listed: start + 10 * hour }, "2024-03-05", { start: start - day, end: start + 3 * day }],
      ["last", { delisted: start + 10 * hour }, "2024-03-05", { start: start - 2 * day, end: start + 3 * day }]
    ] as const
  ) {
    for (const interval of ["1h", "1d"] as const) {
      it(`has candles of the ${name} day, whose daily files are lost, in its months: ${interval}`, async () => {
        const [found] = await ran(
          world({}, [step(span)], {
            series: [{ ...subject, ...traded, interval }, older, living].map((one) => ({ ...one, interval })) as never,
            sources: ["vision"],
            // The listing shows the files of 1d.
            archive: { ...world({}, []).archive, lost: [`BTCUSDT-${interval}-${lost}.zip`, `BTCUSDT-1d-${lost}.zip`] }
          })
        )
        const hours = name === "first" ? 14 + 48 : 48 + 10
        expect(found!.rows).toBe(interval === "1d" ? 3 : hours)
      })
    }
  }

  it("is asked for a month that was published before its only traded day", async () => {
    const listed = utc(2023, 11, 31, 13)
    const [found] = await ran(
      world({ listed }, [step({ start: listed - 4 * hour, end: listed + 5 * hour })], {
        sources: ["vision"],
        now: utc(2024, 0, 1, 8),
        archive: { ...world({}, []).archive, delay: 2 * day, monthDelay: 4 * hour }
      })
    )
    expect(found!.rows).toBe(5)
  })

  it("with rows after a range does not call it delisted", async () => {
    const traded = { ...subject, listed: start + 20 * hour, delisted: start + 22 * hour }
    const [found] = await ran(
      world({}, [step({ start: start + 10 * hour, end: start + 12 * hour })], {
        series: [traded, older],
        sources: ["vision"]
      })
    )
    expect(found).toMatchObject({ missing: ["2024-03-05T10:00..2024-03-05T12:00 not_listed_yet"], error: undefined })
  })

  it("with rows before a range does not call it not listed yet", async () => {
    const listed = start + hour
    const gap = { start: start + 10 * hour, end: start + 12 * hour }
    const [found] = await ran(
      world({ listed, gaps: [gap] }, [step({ ...gap, end: start + 14 * hour })], { sources: ["vision"] })
    )
    expect(found).toMatchObject({ rows: 2, missing: ["2024-03-05T10:00..2024-03-05T12:00 date_range"] })
  })

  it("gives the rows of a month that was read for another day, where a day cannot be read", async () => {
    const [found] = await ran(
      world({}, [step({ start: start + hour, end: start + 3 * day })], {
        sources: ["vision", "rest"],
        concurrency: 1,
        archive: { ...world({}, []).archive, lost: ["BTCUSDT-1h-2024-03-05.zip"] },
        archiveFaults: [{ name: "BTCUSDT-1h-2024-03-07.zip", kind: "cut", times: 1000 }]
      })
    )
    expect(found).toMatchObject({ rows: 71, error: undefined })
    expect(found!.requests).not.toContain("klines")
  })
})

describe("COIN-M, where a request spans at most 200 days", () => {
  const coin = { market: "FUTURES_COIN", symbol: "BTCUSD_PERP" } as const

  for (const [interval, listed, most] of [["1w", utc(2022, 10, 21), 12], ["3d", utc(2023, 0, 25), 12]] as const) {
    it(`is asked for each 200 days before a listing once: ${interval}`, async () => {
      const span = { start: utc(2019, 5, 15), end: listed + 30 * day }
      const [found] = await ran(world({ ...coin, interval, listed }, [step(span)]))
      expect(found).toMatchObject({ error: undefined })
      expect(found!.missing).toHaveLength(1)
      expect(found!.requests.length).toBeLessThanOrEqual(most)
    })
  }

  it("is searched for the first candle since Binance opened", async () => {
    const span = { start: utc(2010, 5), end: utc(2024, 5) }
    const [found] = await ran(world({ ...coin, interval: "6h", listed: utc(2024, 0) }, [step(span)]), "World law 8")
    expect(found).toMatchObject({ rows: 4 * 152, missing: ["2010-06-01..2024-01-01 not_listed_yet"], error: undefined })
    // Each 200 days before the listing cost one request.
    expect(found!.requests.length).toBeLessThanOrEqual(10 + 12)
  })

  for (const pageSize of [499, 999]) {
    it(`with pages of ${pageSize} rows is asked for as many at a time`, async () => {
      const span = { start, end: start + 1000 * day }
      const [found] = await ran(
        world({ ...coin, interval: "1h" }, [step(span)], { now: start + 1100 * day, pageSize, concurrency: 1 })
      )
      expect(found).toMatchObject({ rows: 24_000, missing: [], error: undefined })
      expect(found!.requests.length).toBeLessThanOrEqual(1.1 * 24_000 / pageSize + 10)
    })
  }

  it("with pages shorter than requested, needs two answers without candles before the first one", async () => {
    const span = { start, end: start + 1000 * day }
    const traded = { ...coin, interval: "2h", listed: start - 20 * day } as const
    for (const nth of [2, 3, 4, 5, 6, 7, 8]) {
      const [found] = await ran(
        world(traded, [step(span)], { now: start + 1100 * day, pageSize: 300, restFaults: [{ nth, kind: "empty" }] })
      )
      expect(found).toMatchObject({ rows: 12_000, missing: [], error: undefined })
    }
  }, 60_000)

  it("is searched for an earlier candle where a range in a pause of more than 200 days has none", async () => {
    const gaps = [{ start: start - 300 * day, end: utc(2024, 4, 31) }]
    const span = { start: start - 30 * day, end: start }
    const [found] = await ran(world({ ...coin, gaps, listed: utc(2023, 0) }, [step(span)], { now: start + 60 * day }))
    expect(found).toMatchObject({ rows: 0, missing: ["2024-02-04..2024-03-05 delisted"], error: undefined })
  })

  for (const interval of ["1h", "1d", "1w", "1M"] as const) {
    for (
      const [name, from, until] of [
        ["begins", utc(2018, 0), utc(2024, 5)],
        ["begins and ends", utc(2018, 0), utc(2020, 2)],
        ["ends", utc(2018, 6), utc(2022, 5)]
      ] as const
    ) {
      it(`loses no candles between pauses of more than 200 days: ${interval}, a range that ${name} in a pause`, async () => {
        // Traded for two months in 2018, 2019, 2020, 2022 and 2024.
        const traded = [[2018, 6], [2019, 6], [2020, 9], [2022, 3], [2024, 3]] as const
        const gaps = traded.slice(1).map(([year, month], i) => ({
          start: utc(traded[i]![0], traded[i]![1] + 2),
          end: utc(year, month)
        }))
        const [found] = await ran(
          world({ ...coin, interval, listed: utc(2018, 6), gaps }, [step({ start: from, end: until })]),
          "World law 8"
        )
        expect(found).toMatchObject({ error: undefined })
        // Each 200 days without candles, and the beginning and end of each of five times of trading, cost requests.
        expect(found!.requests.length).toBeLessThanOrEqual(12 + 1.2 * (found!.rows / 1000) + 5 * 12)
      })
    }
  }
})

describe("a damaged file", () => {
  const damaged = (name: string) => ({ name, kind: "flipped", times: 1000 } as const)
  const last = start + 2 * day
  const names = ["2024-03-07", "2024-03"].map((time) => damaged(`BTCUSDT-1h-${time}.zip`))

  for (const sources of [["vision"], ["vision", "rest"]] as const) {
    it(`of the last day shows that the instrument was traded: ${sources.join(", ")}`, async () => {
      const [found] = await ran(
        world({}, [step({ start, end: last + 2 * day })], {
          series: [{ ...subject, delisted: last + 15 * hour }, living],
          sources,
          archiveFaults: names
        })
      )
      expect(found!.missing).toEqual(
        sources.length === 1
          ? ["2024-03-07..2024-03-08 not_fetched", "2024-03-08..2024-03-09 delisted"]
          : ["2024-03-07T15:00..2024-03-09 delisted"]
      )
      expect(found).toMatchObject({
        rows: sources.length === 1 ? 48 : 63,
        error: sources.length === 1 ? { _tag: "DataIntegrity" } : undefined
      })
    })
  }

  for (const sources of [["vision"], ["vision", "rest"]] as const) {
    it(`has candles of another interval, under the right name and with the right checksum: ${sources.join()}`, async () => {
      const otherInterval = ["2024-03-05", "2024-03"].map((time) => ({
        name: `BTCUSDT-1h-${time}.zip`,
        kind: "otherInterval" as const,
        times: 1000
      }))
      const of = world({}, [step({ start, end: start + 2 * day })], { sources, archiveFaults: otherInterval })
      const [found] = await ran(of)
      expect(found).toMatchObject(
        sources.length === 2 ? { rows: 48, error: undefined } : { rows: 24, error: { _tag: "DataIntegrity" } }
      )
    })
  }

  it("that is later than all candles of REST contradicts a delisting", () => {
    const missing = [{ start: last, end: last + 2 * day, reason: "delisted" } as const]
    const file = { start: last, end: last + day }
    expect(outsideOf([file], { first: start, last: last - hour }, missing)).toEqual([
      { ...file, reason: "not_fetched" },
      { start: last + day, end: last + 2 * day, reason: "delisted" }
    ])
    // A candle of the period of the file is consistent with a delisting later in this period.
    expect(outsideOf([file], { first: start, last: last + hour }, missing)).toEqual(missing)
  })

  it("that is earlier than all candles of REST contradicts a listing", () => {
    const missing = [{ start, end: start + 3 * day, reason: "not_listed_yet" } as const]
    const file = { start: start + day, end: start + 2 * day }
    expect(outsideOf([file], { first: start + 3 * day, last }, missing)).toEqual([
      { start, end: start + day, reason: "not_listed_yet" },
      { start: start + day, end: start + 3 * day, reason: "not_fetched" }
    ])
    expect(outsideOf([file], { first: start + day + hour, last }, missing)).toEqual(missing)
  })
})

describe("the cache", () => {
  for (const clientOffset of [-2 * day, 0, 2 * day]) {
    it(`is filled from an archive that states no time, with a local clock ${clientOffset / day} days ahead`, async () => {
      const span = { start, end: start + 3 * day }
      const [first, second] = await ran(
        world({}, [step(span), { ...step(span), restart: true }], {
          sources: ["cache", "vision"],
          dateHeader: false,
          clientOffset
        })
      )
      expect([first, second].map((found) => found!.rows)).toEqual([72, 72])
      expect(first!.requests).toHaveLength(6)
      expect(second!.requests).toEqual([])
    })
  }
})

describe("a cache on a full disk", () => {
  it("is no reason why candles are missing: the error is that of their source", async () => {
    const full = { ...step({ start, end: start + 2 * day }), disk: "full" } as const
    const of = world({}, [full], {
      sources: ["cache", "rest"],
      pageSize: 24,
      retries: false,
      restFaults: [{ nth: 2, kind: "banned" }]
    })
    const [{ outcomes: [outcome] }] = (await runWorld(of)).steps as [RanStep]
    expect(outcome!.error).toMatchObject({ value: { _tag: "ApiRateLimit", retryable: true } })
    expect(outcome!.parts[0]!.length).toBe(24)
  })
})

describe("a candle whose values are not final when it closes", () => {
  const span = { start, end: start + 30 * day }
  const steps = [step(span), { ...step(span), pause: hour }]
  const closed = { now: span.end - 59_000, unsettled: 3000, sources: ["cache", "rest"] } as const

  it("is not kept", async () => {
    const [before, after] = await ran(world({}, steps, closed))
    expect([before, after]).toMatchObject([{ rows: 720 }, { rows: 720 }])
    expect(after!.requests.length).toBeGreaterThan(0)
  })

  it("is not kept where the requests after it take minutes: COIN-M, latest page first", async () => {
    const coin = { market: "FUTURES_COIN", symbol: "BTCUSD_PERP" } as const
    const [before, after] = await ran(world(coin, steps, { ...closed, pageSize: 10, latency: 6000 }))
    expect([before, after]).toMatchObject([{ rows: 720 }, { rows: 720 }])
    expect(after!.requests.length).toBeGreaterThan(0)
  })
})

describe("a range without any file", () => {
  for (const interval of ["1h", "3d", "1w", "1M"] as const) {
    it(`of an archive alone is an error, and no defect: ${interval}`, async () => {
      const now = utc(2024, 5, 1)
      const [found] = await ran(
        world({ interval }, [step({ start: now + day, end: now + 100 * day })], {
          now,
          sources: ["cache", "vision"]
        })
      )
      expect(found).toMatchObject({ rows: 0 })
    })
  }
})

describe("gaps that the cache has proven", () => {
  it("are called a delisting until trading resumes", async () => {
    const traded = { gaps: [{ start: start + 10 * hour, end: start + 5 * day }] }
    const spans = [{ start, end: start + 2 * day }, { start, end: start + 6 * day }]
    const [first, second] = await ran(
      world(traded, spans.map((span, i) => ({ ...step(span), pause: i * 3 * day })), {
        sources: ["cache", "rest"],
        now: start + 4 * day
      })
    )
    expect(first).toMatchObject({ rows: 10, missing: ["2024-03-05T10:00..2024-03-07 delisted"], error: undefined })
    expect(second).toMatchObject({ rows: 34, missing: ["2024-03-05T10:00..2024-03-10 source_gap"], error: undefined })
  })

  it("are not searched again from both sides", async () => {
    const traded = { listed: start + 5 * day }
    const [, found] = await ran(
      world(traded, [step({ start: start + day, end: start + 2 * day }), step({ start, end: start + 3 * day })], {
        sources: ["cache", "rest"]
      })
    )
    expect(found).toMatchObject({ rows: 0, missing: ["2024-03-05..2024-03-08 not_listed_yet"], error: undefined })
    expect(found!.requests).toHaveLength(7)
  })
})

describe("a stream", () => {
  it("is resumed at the piece that failed, and yields each candle once", async () => {
    const [found] = await ran(
      world({ interval: "1m" }, [step({ start: utc(2024, 1, 28), end: utc(2024, 2, 3) }, "stream")], {
        restFaults: [4, 5].map((nth) => ({ nth, kind: "status403" }))
      })
    )
    expect(found).toMatchObject({ rows: 4 * 1440, missing: [], error: undefined })
  })
})
