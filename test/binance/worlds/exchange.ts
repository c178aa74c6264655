/**
 * The exchange of a world: its REST API and its archive, without sockets. An independent implementation, which shares
 * nothing with the library or with its simulated exchange.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import { bucket, makeArchive } from "./archive.js"
import { bodies, type BodyKind, limits as limitKinds, type RestKind } from "./faults.js"
import { day, hour, intervals, makeTruth, type Market, type Truth } from "./truth.js"
import { ofOther, type Reply, sent, transports, withRowFault } from "./wire.js"
import type { World } from "./world.js"

/** A request that the exchange has seen. */
export interface Seen {
  readonly source: "rest" | "vision"
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly status: number
  readonly fault: string | undefined
}

export interface Exchange {
  readonly client: HttpClient.HttpClient
  readonly truths: ReadonlyArray<Truth>
  /** All requests. */
  readonly seen: ReadonlyArray<Seen>
  /** For each series, the opens of closed candles that sound answers held, since `forget` was called. */
  readonly delivered: ReadonlyArray<ReadonlySet<number>>
  readonly forget: () => void
  /** Ends all faults and limits. */
  readonly calm: () => void
}

const prefixes: ReadonlyArray<readonly [string, Market]> = [
  ["/api/v3/", "SPOT"],
  ["/fapi/v1/", "FUTURES_USDT"],
  ["/dapi/v1/", "FUTURES_COIN"]
]

const mostRows: Readonly<Record<Market, number>> = { SPOT: 1000, FUTURES_USDT: 1500, FUTURES_COIN: 1500 }
const json = { "content-type": "application/json;charset=UTF-8" }
const minute = 60_000

const answer = (status: number, body: unknown): Reply => ({ status, headers: json, body: JSON.stringify(body) })
const refused = (code: number, msg: string): Reply => answer(400, { code, msg })
const notFound: Reply = { status: 404, headers: {}, body: "" }

/** `now` is the time of the exchange. */
export const makeExchange = (world: World, now: () => number): Exchange => {
  const truths = world.series.map(makeTruth)
  const bySymbol = new Map(world.series.map(({ symbol }, i) => [symbol, i]))
  const seen: Array<Seen> = []
  const delivered = world.series.map(() => new Set<number>())
  const faults = new Map(world.restFaults.map(({ kind, nth }) => [nth, kind]))
  const archive = makeArchive(world, truths, now, delivered)
  const limits = makeLimits(now)
  let isCalm = false
  let requests = 0

  const klines = (query: URLSearchParams, market: Market, kind: RestKind | undefined): Reply => {
    const of = bySymbol.get(query.get("symbol") ?? "")
    const traded = of === undefined ? undefined : world.series[of]
    if (of === undefined || traded === undefined || traded.market !== market) return refused(-1121, "Invalid symbol.")
    if (query.get("interval") !== traded.interval) return refused(-1120, "Invalid interval.")
    const { delisted = Infinity } = traded
    if (market !== "SPOT" && delisted <= now() && world.isServedAfter !== true) {
      return refused(-1122, "Invalid symbol status.")
    }
    const texts = ["startTime", "endTime", "limit"].map((name) => query.get(name))
    if (texts.some((text) => text !== null && !/^\d+$/.test(text))) return refused(-1100, "Illegal characters found.")
    const [from, to, limit = 500] = texts.map((text) => text === null ? undefined : Number(text))
    if (market !== "SPOT" && (limit < 1 || limit > mostRows[market])) return refused(-1130, "Invalid 'limit'.")
    if (market !== "SPOT" && from !== undefined && to !== undefined && from > to) return refused(-1023, "Start > end.")
    if (market === "FUTURES_COIN" && from !== undefined && to !== undefined && to - from > 200 * day) {
      return refused(-4088, "Maximum time interval is 200 days.")
    }

    const truth = truths[of]!
    const most = Math.min(limit || 500, mostRows[market], world.pageSize)
    const until = now() + 1
    const select = (shift: number): ReadonlyArray<number> => {
      const end = Math.min(until, (to ?? Infinity) + 1 - shift)
      if (market !== "FUTURES_COIN") {
        return from === undefined
          ? truth.last({ start: 0, end }, most)
          : truth.first({ start: from - shift, end }, most)
      }
      // An absent bound is 200 days away, and of too many rows the latest are sent.
      const start = from ?? Math.min(to ?? Infinity, now()) - 200 * day
      return truth.last({ start: start - shift, end: Math.min(end, start + 200 * day + 1 - shift) }, most)
    }
    const newest = truth.floor(now() - 1)
    const isLate = (open: number) => truth.next(open) === newest && now() - newest < world.lag
    const opens = (kind === "latest" ? truth.last({ start: 0, end: until }, 500) : select(
      shifts[kind ?? ""] ??
        (kind === "later" ? -3 * intervals[traded.interval] : 0)
    )).filter((open) => !isLate(open))
    if (kind === undefined) {
      for (const open of opens) if (truth.next(open) <= now()) delivered[of]!.add(open)
    }
    const rows = opens.map((open) => {
      const row = kind === "otherInterval" ? ofOther(truth, open) : truth.row(open)
      // The volume of a candle that is forming grows, and is not final just after its close.
      return JSON.stringify(truth.next(open) > now() - (world.unsettled ?? 0) ? row.with(5, "0.5") : row)
    })
    const body = `[${withRowFault(kind, rows, JSON.parse, JSON.stringify).join(",")}]`
    return { status: 200, headers: json, body: kind === "half" ? body.slice(0, body.length >> 1) : body }
  }

  const rest = (path: string, query: URLSearchParams) => {
    const [prefix, market] = prefixes.find(([prefix]) => path.startsWith(prefix)) ?? ["", undefined]
    if (market === undefined) return { reply: notFound, fault: undefined }
    const { barred } = world
    const isBarred = barred !== undefined && Number(query.get("startTime") ?? Infinity) <= barred.instant &&
      barred.instant <= Number(query.get("endTime") ?? 0)
    const fault = isCalm ? undefined : faults.get(++requests) ?? (isBarred ? barred.kind : undefined)
    const endpoint = path.slice(prefix.length)
    const limit = limits.admit(market, endpoint === "klines" ? weightOf(market, query) : 1, fault)
    if ("reply" in limit) return { reply: limit.reply, fault }
    if (fault !== undefined && isBody(fault)) {
      const { body, status = 200, type } = bodies[fault]
      return { reply: { status, headers: type === "" ? {} : { "content-type": type }, body }, fault }
    }
    const reply = endpoint === "klines"
      // A slow answer is sound.
      ? klines(query, market, fault === "slow" ? undefined : fault)
      : endpoint === "time"
      ? answer(200, { serverTime: now() })
      : notFound
    return { reply: { ...reply, headers: { ...reply.headers, "x-mbx-used-weight-1m": String(limit.used) } }, fault }
  }

  const { latency = 0 } = world
  const delayed = <A, E>(answer: Effect.Effect<A, E>) =>
    latency === 0 ? answer : Effect.delay(Effect.zipLeft(answer, Effect.sleep(latency / 2)), latency / 2)
  const client = HttpClient.make((request, url) =>
    delayed(Effect.suspend(() => {
      const query = url.searchParams
      const path = decodeURI(url.pathname)
      const source = path.startsWith("/data/") || path === bucket ? "vision" : "rest"
      if (path === bucket && world.isListingDown === true) return sent(request, notFound, "reset", undefined)
      const { fault, reply } = source === "vision" ? archive.answer(path, query, isCalm) : rest(path, query)
      seen.push({ source, path, query: Object.fromEntries(query), status: reply.status, fault })
      const age = source === "vision" && seen.length % 3 > 0
        ? Math.floor((world.cached ?? 0) / (1000 * seen.length))
        : 0
      return sent(
        request,
        age === 0 ? reply : { ...reply, headers: { ...reply.headers, age: String(age) } },
        transports.find((name) => name === fault),
        world.dateHeader ? now() - age * 1000 : undefined
      )
    }))
  )
  return {
    client,
    truths,
    seen,
    delivered,
    forget: () => {
      for (const opens of delivered) opens.clear()
    },
    calm: () => {
      isCalm = true
      limits.end()
    }
  }
}

const shifts: Readonly<Record<string, number>> = { earlier: 30 * day, earlierBit: 3 * hour }

const isBody = (kind: RestKind): kind is BodyKind => kind in bodies

const weightOf = (market: Market, query: URLSearchParams): number => {
  const limit = Number(query.get("limit") ?? 500)
  return market === "SPOT" ? 2 : limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10
}

/** The request weight of a minute, cool-downs and bans. */
const makeLimits = (now: () => number) => {
  let current = 0
  let used = 0
  let until = -Infinity
  let isBan = false
  let kind: RestKind | undefined
  return {
    end: () => {
      until = -Infinity
    },
    admit: (market: Market, weight: number, fault: RestKind | undefined) => {
      if (limitKinds.some((kind) => kind === fault)) {
        kind = fault
        isBan = fault === "banned" || fault === "bannedBare" || fault === "bannedLong"
        until = now() + (fault === "bannedLong" ? 2 * day : isBan ? 150_000 : 10_000)
      }
      if (Math.floor(now() / minute) !== current) {
        current = Math.floor(now() / minute)
        used = 0
      }
      used += weight
      if (now() >= until) {
        if (used <= (market === "SPOT" ? 6000 : 2400)) return { used }
        until = (current + 1) * minute
        kind = undefined
        isBan = false
      }
      const reply = isBan
        ? answer(418, { code: -1003, msg: `Way too much request weight used; IP banned until ${until}.` })
        : answer(429, { code: -1003, msg: "Too many requests." })
      const wait = kind === "limitedDate"
        ? new Date(Math.ceil(until / 1000) * 1000).toUTCString()
        : String(Math.ceil((until - now()) / 1000))
      const isBare = kind === "limitedBare" || kind === "bannedBare"
      return { reply: { ...reply, headers: { ...json, ...isBare ? {} : { "retry-after": wait } } } }
    }
  }
}
