/** Codes, symbols and messages of any text, in everything that is read from outside. */
import { describe, expect, it } from "@effect/vitest"
import { Effect, FastCheck as fc, Schema } from "effect"
import { ErrorTracker, FetchError, Insight, Prometheus, Snapshot, TrackerApi } from "effect-errata"
import { encodeFrame, Frame } from "../src/dashboard/internal/frameModel.js"
import { make as makeSource } from "../src/dashboard/internal/frameSource.js"
import { frameOf } from "../src/dashboard/internal/frameState.js"
import { parsePage } from "./prometheus/pageParser.js"

const special = [
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "",
  " ",
  "<img src=x onerror=alert(1)>",
  "\u05d0\u202eabc",
  "💥🇩🇪",
  "a\"b\\c\nd",
  "${jndi:ldap://x}",
  "'; DROP TABLE x; --",
  "x".repeat(10_000)
]

const anyName = fc.oneof(fc.constantFrom(...special), fc.string({ unit: "binary", maxLength: 12 }))

const errorOf = (name: string): FetchError.Trackable => ({
  _tag: name,
  code: name,
  category: name,
  severity: "ERROR",
  message: name,
  context: { symbol: name, source: name }
})

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const codec = <A, I>(schema: Schema.Schema<A, I>) => ({
  read: Schema.decodeUnknownSync(schema),
  write: Schema.encodeSync(schema)
})
const statistics = codec(ErrorTracker.Stats)
const snapshots = codec(Snapshot.Snapshot)
const frames = codec(Frame)
const reports = codec(Insight.Report)

/** As UTF-8 has it: a lone surrogate cannot be written. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

const own = (record: unknown, key: string): unknown => Object.getOwnPropertyDescriptor(Object(record), key)?.value

/** Reads everything of a tracker in which each of the names occurred once. */
const read = Effect.gen(function*() {
  const tracker = yield* ErrorTracker.ErrorTracker
  const handler = yield* TrackerApi.toWebHandler
  const get = (path: string) =>
    Effect.promise(async () => {
      const response = await handler(new Request(`http://localhost/api/${path}`))
      expect([path, response.status]).toEqual([path, 200])
      return JSON.parse(await response.text()) as Record<string, unknown>
    })
  const labels = { build: "", name: "", detail: "" }
  const frame = frameOf(yield* makeSource(tracker, { labels, weights: Effect.succeed([]) }))
  return { tracker, get, frame }
})

const names = (tracker: ErrorTracker.Service) => Effect.map(tracker.stats(), ({ byCode }) => Object.keys(byCode))

describe("a code of any text", () => {
  it.effect.prop(
    "is the same in JSON, the API, the page, Prometheus, snapshots and Insight",
    [fc.uniqueArray(anyName, { minLength: 1, maxLength: 8 })],
    ([codes]) =>
      Effect.gen(function*() {
        const { track } = yield* ErrorTracker.ErrorTracker
        yield* Effect.forEach(codes, (code) => track(errorOf(code)))
        const { frame, get, tracker } = yield* read
        const stats = yield* tracker.stats()
        const known = yield* names(tracker)
        const apiStats = yield* get("stats")
        const apiRates = yield* get("rates")
        const encoded = statistics.write(stats)
        const decoded = statistics.read(json(encoded))
        const snapshot = yield* tracker.snapshot
        const again = snapshots.read(json(snapshots.write(snapshot)))
        const page = encodeFrame(frame)
        const pageAgain = frames.read(json(page))
        for (const format of ["text", "openmetrics"] as const) {
          const families = parsePage(Prometheus.text(yield* Prometheus.families(), { format }), format)
          const types = families.find(({ name }) => /^errata_errors(_total)?$/.test(name))!.samples
            .filter(({ value }) => value > 0).map(({ labels }) => labels["error_type"] ?? "")
          // An empty label is no label.
          expect(types.toSorted()).toEqual(known.map((code) => wellFormed(code)).toSorted())
        }
        for (const code of known) {
          const { count } = stats.byCode[code]!
          expect([own(decoded.byCode, code), own(json(stats), "byCode")]).toEqual([
            { count, severity: "ERROR" },
            json(encoded.byCode)
          ])
          expect(own(own(apiStats, "byCode"), wellFormed(code))).toEqual({ count, severity: "ERROR" })
          expect(own(own(apiRates, "hour"), wellFormed(code))).toBe(count)
          expect(snapshot.codes.map(({ code }) => code)).toContain(code)
          expect(own(pageAgain.bars.hour.errors, code)).toEqual(own(frame.bars.hour.errors, code))
          expect((own(json(page.bars.hour.errors), code) as Array<number>).at(-1)).toBe(count)
          expect(frame.codes.map(({ code }) => code)).toContain(code)
        }
        expect(again.codes).toEqual(snapshot.codes)
        const report = Insight.report(snapshot)
        expect(reports.read(json(reports.write(report)))).toEqual(
          report
        )
      }).pipe(Effect.scoped, Effect.provide(ErrorTracker.layer())),
    { fastCheck: { seed: 14, numRuns: 12 } }
  )

  it("keeps the limits that Insight suggests for a code named __proto__", () => {
    const suggestions = { thresholds: Object.fromEntries([["__proto__", { perMinute: 5 }]]), reasons: [] }
    const text = JSON.stringify(Schema.encodeSync(Insight.ThresholdSuggestions)(suggestions))
    expect(text).toBe("{\"thresholds\":{\"__proto__\":{\"perMinute\":5}},\"reasons\":[]}")
    expect(own(Schema.decodeUnknownSync(Insight.ThresholdSuggestions)(JSON.parse(text)).thresholds, "__proto__"))
      .toEqual({ perMinute: 5 })
  })
})

describe("secrets in the URL and the attributes of an error", () => {
  it.effect("are in no read, no frame and no page of Prometheus", () =>
    Effect.gen(function*() {
      const secret = "hunter2hunter2hunter2"
      const token = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
      const context = {
        symbol: "BTCUSDT",
        source: "rest",
        url: `https://user:${secret}@api.example.com/v1?apiKey=${secret}&signature=${secret}#token=${secret}`,
        attributes: { authorization: `Bearer ${secret}`, api_key: secret, note: token }
      }
      const tracker = yield* ErrorTracker.ErrorTracker
      const cause = new Error(`GET https://api.example.com/v1?api_key=${secret} with ${token} failed`)
      yield* tracker.track(new FetchError.ApiFormat({ context, cause, message: cause.message }))
      yield* tracker.track({ ...errorOf("OWN"), message: cause.message, context })
      const { frame, get } = yield* read
      const paths = [
        "stats",
        "rates",
        "breakdown?by=symbol",
        "worst?by=source",
        "timeline",
        "calls",
        "alerts",
        "limits",
        "budgets",
        "recent",
        "latency",
        "emptyData",
        "policies",
        "insight"
      ]
      const texts = yield* Effect.forEach(paths, (path) => Effect.map(get(path), (value) => JSON.stringify(value)))
      texts.push(JSON.stringify(encodeFrame(frame)), Prometheus.text(yield* Prometheus.families()))
      for (const text of texts) {
        expect(text).not.toContain(secret)
        expect(text).not.toContain(token)
      }
      expect(texts.join()).toContain("api.example.com")
    }).pipe(Effect.scoped, Effect.provide(ErrorTracker.layer())))
})
