import { describe, expect, it } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Layer, Logger, LogLevel, Redacted, Scope } from "effect"
import { ErrorTracker, FetchError } from "effect-errata"
import { RequestWeight } from "effect-errata/binance"
import { Dashboard } from "effect-errata/dashboard"
import { LogCapture } from "effect-errata/testing"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { constants, gunzipSync } from "node:zlib"
import { exchange, get, openEvents, statusOf } from "./rawHttp.js"

const token = "0123456789abcdef-token"

const served = (options: Dashboard.Options = {}) =>
  Effect.map(
    Layer.build(Dashboard.layer({ port: 0, ...options }).pipe(Layer.provideMerge(ErrorTracker.layer()))),
    (context) => ({
      ...Context.get(context, Dashboard.Dashboard),
      tracker: Context.get(context, ErrorTracker.ErrorTracker)
    })
  )

const quiet = Logger.withMinimumLogLevel(LogLevel.None)

/** A test with real sockets and real time. */
const live = (name: string, test: () => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => test().pipe(Effect.scoped, quiet))

const getting = (port: number, path: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.promise(() => get(port, path, headers))

const hasFrame = (received: string) => /event: frame\ndata: .*\n\n/.test(received)

const frameIn = (received: string): unknown => JSON.parse(/event: frame\ndata: (.*)\n\n/.exec(received)?.[1] ?? "null")

describe("Dashboard", () => {
  live("serves the page, with headers that allow nothing but itself", () =>
    Effect.gen(function*() {
      const { port, url } = yield* served()
      expect(url).toBe(`http://127.0.0.1:${port}/`)
      for (const path of ["/", "/app.js", "/app.css", "/api/frame", "/nothing"]) {
        const response = yield* getting(port, path)
        expect([path, statusOf(response)]).toEqual([path, path === "/nothing" ? 404 : 200])
        for (
          const header of [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'",
            "cross-origin-resource-policy: same-origin",
            "referrer-policy: same-origin",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY"
          ]
        ) expect(response).toContain(header)
        expect(response).not.toContain("access-control-allow-origin")
      }
      const page = yield* getting(port, "/")
      expect(page).toContain("<!doctype html>")
      expect(page).not.toMatch(/<script(?![^>]*src=)|<style|style=|onclick=|javascript:/)
    }))

  live("serves the routes of TrackerApi", () =>
    Effect.gen(function*() {
      const { port, tracker } = yield* served()
      yield* tracker.track(new FetchError.NetworkDns())
      const rates = yield* getting(port, "/api/rates")
      expect(rates).toContain("content-type: application/json")
      expect(rates.slice(rates.indexOf("\r\n\r\n") + 4)).toContain(`"minute":{"NETWORK_DNS":1}`)
      expect(statusOf(yield* getting(port, "/api/stats?window=never"))).toBe(400)
      expect(statusOf(yield* getting(port, "/api/nothing"))).toBe(404)
    }))

  live("answers a known version with 304, and compresses for those that accept it", () =>
    Effect.gen(function*() {
      const { port } = yield* served()
      const etag = /etag: ("[^"]+")/.exec(yield* getting(port, "/app.js"))![1]!
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
        expect([known, statusOf(yield* getting(port, "/app.js", { "if-none-match": known }))]).toEqual([known, 304])
      }
      for (const unknown of [etag.slice(1, -1), `"other"`, ""]) {
        expect(statusOf(yield* getting(port, "/app.js", { "if-none-match": unknown }))).toBe(200)
      }
      expect(yield* getting(port, "/app.js", { "accept-encoding": "br, gzip" })).toContain("content-encoding: gzip")
      expect(yield* getting(port, "/app.js", { "accept-encoding": "gzip;q=0" })).not.toContain("content-encoding")
      expect(yield* getting(port, "/app.js")).not.toContain("content-encoding")
    }))

  live("answers requests that no browser makes, and stays up", () =>
    Effect.gen(function*() {
      const { port } = yield* served()
      const host = `host: 127.0.0.1:${port}\r\nconnection: close\r\n`
      const requests: ReadonlyArray<readonly [string, number]> = [
        [`OPTIONS / HTTP/1.1\r\n${host}access-control-request-method: GET\r\n\r\n`, 405],
        [`PUT /api/stats HTTP/1.1\r\n${host}content-length: 0\r\n\r\n`, 405],
        [`HEAD /api/stats HTTP/1.1\r\n${host}\r\n`, 200],
        [`HEAD /events HTTP/1.1\r\n${host}\r\n`, 404],
        [`GET /../../etc/passwd HTTP/1.1\r\n${host}\r\n`, 404],
        [`GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${host}\r\n`, 404],
        [`GET //evil.example/ HTTP/1.1\r\n${host}\r\n`, 400],
        [`GET http://evil.example/ HTTP/1.1\r\n${host}\r\n`, 400],
        [`GET /api/%00 HTTP/1.1\r\n${host}\r\n`, 404],
        [`GET /api/recent?code=%ff%fe HTTP/1.1\r\n${host}\r\n`, 200],
        [`GET /api/recent?code=${"x".repeat(9000)} HTTP/1.1\r\n${host}\r\n`, 400],
        [`GET /${"x".repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431],
        [`GET / HTTP/1.1\r\nhost: 127.0.0.1@evil.example\r\nconnection: close\r\n\r\n`, 400],
        [`GET / HTTP/1.1\r\nhost: 127.0.0.1.evil.example\r\nconnection: close\r\n\r\n`, 403],
        [`GET / HTTP/1.1\r\n${host}x-forwarded-host: evil.example\r\norigin: null\r\n\r\n`, 403]
      ]
      for (const [request, status] of requests) {
        const answer = yield* Effect.promise(() => exchange(port, request))
        expect([request.slice(0, 60), statusOf(answer)]).toEqual([request.slice(0, 60), status])
        expect(answer).not.toMatch(/access-control-allow/i)
      }
      expect(statusOf(yield* getting(port, "/"))).toBe(200)
    }))

  live("sends a frame at once, and a new one within a second of an error", () =>
    Effect.gen(function*() {
      const { port, tracker } = yield* served({ name: "worker" })
      const first = yield* Effect.promise(() => get(port, "/events", {}, hasFrame))
      expect(first).toContain("content-type: text/event-stream")
      expect(frameIn(first)).toMatchObject({
        process: { name: "worker" },
        headline: { level: "ok", sentence: [{ text: "No errors in the last hour." }] },
        recent: []
      })
      yield* tracker.track(new FetchError.NetworkDns({ context: { symbol: "BTCUSDT" } }))
      const second = yield* Effect.promise(() =>
        get(port, "/events", {}, (text) => text.includes(`"NETWORK_DNS","severity":"ERROR","message"`))
      )
      expect(frameIn(second.slice(second.lastIndexOf("event: frame")))).toMatchObject({
        recent: [{ code: "NETWORK_DNS", about: "BTCUSDT", context: [["symbol", "BTCUSDT"]] }]
      })
    }))

  live("compresses frames once for all, so that a client can begin anywhere", () =>
    Effect.gen(function*() {
      const { port } = yield* served()
      const read = () =>
        get(port, "/events", { "accept-encoding": "gzip", connection: "keep-alive" }, (text) => text.length > 2500)
      for (const response of yield* Effect.promise(() => Promise.all([read(), read()]))) {
        expect(response).toContain("content-encoding: gzip")
        const body = response.slice(response.indexOf("\r\n\r\n") + 4)
        const bytes = Buffer.from(body, "latin1")
        const text = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
        expect(frameIn(text)).toMatchObject({ headline: { level: "ok" } })
      }
    }))

  describe("requests that it refuses", () => {
    live("a name that the options do not list", () =>
      Effect.gen(function*() {
        const { port } = yield* served({ hosts: ["errata.example.com"] })
        for (const path of ["/", "/events", "/api/frame"]) {
          expect([path, statusOf(yield* getting(port, path, { host: "evil.example" }))]).toEqual([path, 403])
        }
        expect(statusOf(yield* getting(port, "/", { host: "errata.example.com" }))).toBe(200)
      }))

    live("another origin, and no host", () =>
      Effect.gen(function*() {
        const { port } = yield* served()
        expect(statusOf(yield* getting(port, "/events", { origin: "http://localhost:3000" }))).toBe(403)
        expect(statusOf(yield* getting(port, "/api/frame", { "sec-fetch-site": "cross-site" }))).toBe(403)
        expect(statusOf(yield* Effect.promise(() => exchange(port, "GET / HTTP/1.0\r\n\r\n")))).toBe(400)
      }))

    live("methods that change something", () =>
      Effect.gen(function*() {
        const { port } = yield* served()
        for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
          const response = yield* Effect.promise(() =>
            exchange(port, `${method} / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
          )
          expect([method, statusOf(response)]).toEqual([method, 405])
        }
        const head = yield* Effect.promise(() =>
          exchange(port, "HEAD / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        )
        expect(statusOf(head)).toBe(200)
        expect(head.endsWith("\r\n\r\n")).toBe(true)
      }))

    live("malformed requests, and goes on", () =>
      Effect.gen(function*() {
        const { port } = yield* served()
        const hostile = [
          "\0\0\0\0\r\n\r\n",
          `GET ${"/a".repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`,
          `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"y".repeat(70_000)}\r\n\r\n`,
          "GET /%00%ff%zz/../../etc/passwd HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        ]
        for (const text of hostile) {
          const status = statusOf(yield* Effect.promise(() => exchange(port, text).catch(() => "HTTP/1.1 400")))
          expect([400, 404, 413, 414, 431]).toContain(status)
        }
        expect(statusOf(yield* getting(port, "/"))).toBe(200)
      }))
  })

  describe("token", () => {
    it.effect("is required beyond this machine, and long enough", () =>
      Effect.gen(function*() {
        const message = (options: Dashboard.Options) =>
          Effect.map(Effect.exit(Effect.scoped(served(options))), (exit) =>
            Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "served")
        expect(yield* message({ host: "0.0.0.0" })).toContain(`set the option "token"`)
        expect(yield* message({ host: "::" })).toContain(`set the option "token"`)
        const short = yield* message({ token: "secret" })
        expect(short).toContain("at least 16 characters")
        expect(short).not.toContain("secret")
        expect(yield* message({ tokn: token } as Dashboard.Options)).toContain(`did you mean "token"?`)
        expect(yield* message({ weights: [] as never })).toContain("weights is []: it must be an Effect")
        expect(yield* message({ host: "0.0.0.0", token: Redacted.make(token) })).toBe("served")
      }).pipe(quiet))

    live("moves from the address into a cookie", () =>
      Effect.gen(function*() {
        const { port } = yield* served({ token })
        for (const path of ["/", "/events", "/api/frame", "/app.js", "/?token=wrong"]) {
          const response = yield* getting(port, path)
          expect([path, statusOf(response)]).toEqual([path, 401])
          expect(response).not.toContain("NETWORK")
        }
        const signedIn = yield* getting(port, `/?token=${token}&q=dns`)
        expect(statusOf(signedIn)).toBe(303)
        expect(signedIn).toContain("location: ./?q=dns\r\n")
        const cookie = /set-cookie: ([^;]+); Path=\/; HttpOnly; SameSite=Strict/.exec(signedIn)![1]!
        expect(cookie).not.toContain(token)
        expect(statusOf(yield* getting(port, "/api/frame", { cookie }))).toBe(200)
        expect(statusOf(yield* getting(port, "/api/frame", { authorization: `Bearer ${token}` }))).toBe(200)
      }))

    live("can be entered in the page", () =>
      Effect.gen(function*() {
        const { port } = yield* served({ token })
        const post = (body: string, extra = "") =>
          Effect.promise(() =>
            exchange(
              port,
              `POST /session HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n${extra}content-length: ${body.length}\r\n\r\n${body}`
            )
          )
        expect(yield* getting(port, "/")).toContain(`<form class="panel" method="post" action="session">`)
        expect(statusOf(yield* post(`token=${token}`))).toBe(303)
        const wrong = yield* post("token=%3Cscript%3E")
        expect(statusOf(wrong)).toBe(401)
        expect(wrong).toContain("This token is not valid.")
        expect(wrong).not.toContain("<script>")
        expect(statusOf(yield* post(`token=${token}`, "origin: http://evil.example\r\n"))).toBe(403)
      }))
  })

  live(
    "closes at once with its scope, with open streams and a client that does not read",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { port } = yield* Scope.extend(served(), scope)
        const sockets = yield* Effect.promise(() =>
          Promise.all([openEvents(port), openEvents(port), openEvents(port), openEvents(port, false)])
        )
        const [duration] = yield* Effect.timed(Scope.close(scope, Exit.void))
        expect(Duration.toMillis(duration)).toBeLessThan(1000)
        const isRefused = yield* Effect.promise(() => get(port, "/").then(() => false, () => true))
        expect(isRefused).toBe(true)
        for (const socket of sockets) socket.destroy()
      })
  )

  live(
    "shows the request weights that clients share, and the rest of a frame if they cannot be read",
    () =>
      Effect.gen(function*() {
        const { limiter, usage } = yield* RequestWeight.make
        yield* Effect.flatMap(limiter("api.binance.com", 6000), ({ pass }) => pass(20, (report) => report(4812)))
        const framesOf = (weights: Dashboard.Options["weights"]) =>
          Effect.gen(function*() {
            const { port } = yield* served({ weights })
            const response = yield* getting(port, "/api/frame")
            return JSON.parse(response.slice(response.indexOf("\r\n\r\n")))
          })
        expect((yield* framesOf(usage)).guards.weights).toEqual([{ name: "api.binance.com", used: 4812, limit: 6000 }])
        expect((yield* framesOf(Effect.die("no weights"))).guards).toBeNull()
        expect((yield* framesOf(undefined)).guards).toBeNull()
      })
  )

  live("makes frames of errors with any name", () =>
    Effect.gen(function*() {
      const { port, tracker } = yield* served()
      const names = ["__proto__", "constructor", "toString", "", "\ud800", "\u0000\u202e", "x".repeat(1e5)]
      for (const name of names) {
        const context = { symbol: name, source: name }
        yield* tracker.track({ _tag: name, code: name, category: name, severity: "ERROR", message: name, context })
        expect(statusOf(yield* getting(port, "/api/frame"))).toBe(200)
      }
    }))

  live("takes the next port if the default one is in use, and fails if a chosen one is", () =>
    Effect.gen(function*() {
      const taken = createServer()
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void taken.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () => Effect.sync(() => taken.close())
      )
      const { port } = taken.address() as AddressInfo
      const error = yield* Effect.flip(served({ port }))
      expect(error).toMatchObject({ _tag: "DashboardError", reason: "AddressInUse" })
      expect(error.message).toContain(String(port))
      const ports = yield* Effect.all([served({ port: undefined }), served({ port: undefined })])
      expect(new Set(ports.map(({ port }) => port)).size).toBe(2)
    }))

  it.live("logs its address, without the token", () =>
    Effect.gen(function*() {
      const capture = yield* LogCapture.LogCapture
      const { url } = yield* served({ token })
      const messages = JSON.stringify(yield* capture.entries)
      expect(messages).toContain(url)
      expect(messages).not.toContain(token)
    }).pipe(Effect.scoped, Effect.provide(LogCapture.layer)))
})
