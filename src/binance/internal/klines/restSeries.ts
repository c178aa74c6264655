/** Requests about one instrument and interval, and the conclusions from their answers. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { monotonicMillis as monotonic } from "../../../internal/monotonicMillis.js"
import { attempt } from "../../../internal/safe/json.js"
import * as Interval from "../../Interval.js"
import type { KlineRequest } from "../../KlineRequest.js"
import * as Market from "../../Market.js"
import { opened } from "../archive/archiveFiles.js"
import * as columns from "./columns.js"
import type { Evidence } from "./evidence.js"
import type { KlinesError } from "./failure.js"
import { EachRequest } from "./pages.js"
import { type Answer, answersLatest, ascending, mismatch, type Question } from "./restAnswer.js"
import { type Body, oddAnswer, type RestClient } from "./restClient.js"
import { decodeRows } from "./restRows.js"

/** An answer, with the remaining failure if only a part of it is usable. */
export interface Asked extends Answer {
  readonly failure: KlinesError | undefined
}

export interface Series {
  readonly market: Market.Market
  readonly interval: Interval.Interval
  readonly context: FetchContext.Input
  readonly evidence: Evidence
  readonly ask: (question: Question) => Effect.Effect<Asked, KlinesError>
}

export const makeSeries = (
  client: RestClient,
  base: string,
  request: KlineRequest,
  evidence: Evidence
): Series => {
  const { interval, market, symbol } = request
  const { klinesPath, klinesWeight, timePath } = Market.facts[market]
  const context: FetchContext.Input = {
    market,
    symbol,
    interval,
    start: request.start,
    end: request.end,
    source: "rest",
    operation: "fetch"
  }
  const clock = client.clock(market)
  // Where a request covers a limited time, the time before the exchange opened would cost many.
  if (answersLatest(market)) evidence.proveEmpty({ start: -8.64e15, end: opened })

  /** Requests the time of the exchange, for answers that state none. */
  const serverTime = Effect.gen(function*() {
    const url = `${base}${timePath}`
    const sent = yield* monotonic
    const around = yield* EachRequest
    const stated = yield* around(
      client.get(market, url, 1, { ...context, url }, (body) =>
        Effect.suspend(() => {
          const time = attempt(() => decodeTime(body.text))
          return time !== undefined ? Effect.succeed(time.serverTime) : Effect.fail(noTime(body))
        }))
    )
    clock.heard(stated, 1, sent, yield* monotonic)
  })

  const ask = Effect.fnUntraced(function*(question: Question) {
    const query = new URLSearchParams({
      symbol,
      interval,
      ...(question.start === undefined ? undefined : { startTime: String(question.start) }),
      // Both bounds of the exchange are inclusive.
      endTime: String(question.end - 1),
      limit: String(question.limit)
    })
    const url = `${base}${klinesPath}?${query}`
    const asked = { ...context, url }
    let pages = 0
    let usable: (Omit<Answer, "now"> & Pick<Body, "date" | "sent">) | undefined

    const read = (body: Body) =>
      Effect.suspend(() => {
        const decoded = decodeRows(body.text)
        if (Either.isLeft(decoded)) {
          const failed = oddAnswer(body, decoded.left, pages > 0)
          if (FetchError.isFetchError(failed) && failed._tag === "ApiFormat") pages++
          return Effect.fail(failed)
        }
        const { fault, impossible, malformed } = decoded.right
        const rows = ascending(decoded.right.columns)
        const wrong = mismatch(interval, question, rows)
        if (wrong !== undefined) return Effect.fail(offTopic(wrong, asked))
        usable = {
          rows,
          opens: [...rows.openTime],
          invalid: [...impossible, ...malformed].filter((open) =>
            (question.start ?? -Infinity) <= open && open < question.end
          ),
          date: body.date,
          sent: body.sent
        }
        if (isOutdated(question, interval, body)) return Effect.fail(outdated(body.age, asked))
        return fault === undefined
          ? Effect.void
          : Effect.fail(new FetchError.DataTransformation({ ...fault, retryable: true, context: asked }))
      })
    const around = yield* EachRequest
    const once = Effect.tapError(
      client.get(market, url, klinesWeight(question.limit), asked, read),
      () => Effect.sync(() => void evidence.doubts++)
    )
    const outcome = yield* Effect.either(around(once))
    // The valid rows of an answer are used even if another row is malformed.
    if (usable === undefined) {
      return Either.isLeft(outcome)
        ? yield* Effect.fail(outcome.left)
        : yield* Effect.die(new Error("An answer was read without its rows"))
    }
    const { date, invalid, opens, rows, sent } = usable
    let failure = Either.isLeft(outcome) ? outcome.left : undefined
    let now = date
    if (Number.isNaN(now)) {
      if (clock.earliest(sent) === undefined) {
        const timed = yield* Effect.either(
          evidence.timing.withPermits(1)(
            Effect.suspend(() => clock.earliest(sent) === undefined ? serverTime : Effect.void)
          )
        )
        if (Either.isLeft(timed)) failure = timed.left
      }
      now = clock.earliest(sent) ?? -Infinity
    }
    // A candle with a successor has closed.
    now = Math.max(now, opens.at(-1) ?? -Infinity)
    evidence.isTimed ||= !Number.isNaN(date) || clock.earliest(sent) !== undefined
    evidence.mostRows = Math.max(evidence.mostRows, opens.length)
    if (opens.length > 0) {
      evidence.candles(opens[0]!, opens.at(-1)!)
      if (Interval.floor("1d", opens[0]!) === opens[0]) evidence.anchor ??= opens[0]
    }
    const closed = closedBy(rows, interval, now)
    // A failed answer proves nothing, so that only the time decides which candles it lacks.
    if (failure !== undefined) now = Math.max(now, clock.earliest(sent) ?? now)
    return { rows: closed, opens, invalid, now, failure }
  })

  return { market, interval, context, evidence, ask }
}

/** True if an answer was made before a candle of the question closed that has closed since. */
const isOutdated = ({ end }: Question, interval: Interval.Interval, { age, date }: Body): boolean => {
  // The grid of `3d` may be unknown.
  const grid = interval === "3d" ? "1d" : interval
  const forming = Interval.floor(grid, date)
  return end > forming && Interval.floor(grid, date + age) > forming
}

/** The candles that have closed. Rows are ascending. */
const closedBy = (rows: columns.Columns, interval: Interval.Interval, now: number): columns.Columns => {
  const end = columns.endOf(interval, 0)
  let { length } = rows
  while (length > 0 && end(rows.openTime[length - 1]!) > now) length--
  return length === rows.length ? rows : columns.resized(rows, length)
}

const decodeTime = Schema.decodeUnknownSync(Schema.parseJson(Schema.Struct({ serverTime: Schema.Int })))

const noTime = (body: Body): unknown => {
  const odd = oddAnswer(body, {
    message: "The response of the time endpoint has no time",
    excerpt: body.text.slice(0, 512)
  }, false)
  return odd
}

const outdated = (age: number, context: FetchContext.Input) =>
  new FetchError.DataValidation({
    message: `The answer was made ${
      Duration.format(Duration.seconds(Math.round(age / 1000)))
    } ago: it comes from a cache`,
    retryable: true,
    context
  })

const offTopic = (wrong: string, context: FetchContext.Input) =>
  new FetchError.DataValidation({
    message: `The answer is about other candles than those asked for: ${wrong}`,
    issues: [{ path: "openTime", message: wrong }],
    retryable: true,
    context
  })
