/** The page in a real browser. */
import { Schema } from "effect"
import { FetchError } from "effect-errata"
import { createServer, request as forward } from "node:http"
import { createRequire } from "node:module"
import type { AddressInfo } from "node:net"
import type { Browser, BrowserContextOptions, Page } from "playwright-core"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { chromiumPath, launch } from "./browser.js"
import { hostile, play, type ScenarioName } from "./scenarios.js"
import { run, serve, type Served } from "./served.js"

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js")

if (chromiumPath === undefined) {
  console.warn("Skipped: the page in a browser. To run it: apt-get install chromium")
}

const widths = [1440, 1024, 390]

describe.skipIf(chromiumPath === undefined)("page", () => {
  let browser: Browser
  const cleanUp: Array<() => Promise<void>> = []

  beforeAll(async () => {
    browser = await launch()
  })
  afterAll(() => browser.close())
  afterEach(async () => {
    for (const close of cleanUp.splice(0).reverse()) await close()
  })

  /** A page whose errors fail the test. */
  const open = async (url: string, options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      reducedMotion: "reduce",
      ...options
    })
    const page = await context.newPage()
    const problems: Array<string> = []
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) problems.push(message.text())
    })
    page.on("pageerror", (error) => problems.push(error.message))
    page.on("dialog", (dialog) => {
      problems.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    cleanUp.push(() => context.close())
    await page.goto(url)
    return { page, problems }
  }

  const ready = (page: Page) => page.waitForSelector("body[data-ready]")

  const served = async (options: Parameters<typeof serve>[0] = {}): Promise<Served> => {
    const server = await serve(options)
    cleanUp.push(server.close)
    return server
  }

  const track = (server: Served, ...errors: ReadonlyArray<FetchError.FetchError>) =>
    Promise.all(errors.map((error) => run(server.tracker.track(error))))

  /** The next frame that the page shows. */
  const nextFrame = (page: Page) =>
    page.evaluate(() => {
      const shown = document.querySelector("time.clock")?.getAttribute("datetime")
      return new Promise<void>((resolve) => {
        const check = () => {
          if (document.querySelector("time.clock")?.getAttribute("datetime") === shown) requestAnimationFrame(check)
          else resolve()
        }
        check()
      })
    })

  it("shows errors as they happen, without an error of its own", async () => {
    const server = await served({ name: "worker" })
    const { page, problems } = await open(server.url)
    await ready(page)
    expect(await page.textContent("h1")).toContain("No errors in the last hour.")
    expect(await page.title()).toBe("OK effect-errata: within limits")
    expect(await page.getAttribute("body", "data-state")).toBe("quiet")

    await track(server, new FetchError.NetworkDns({ message: "getaddrinfo ENOTFOUND", context: { symbol: "BTCUSDT" } }))
    await page.waitForSelector("text=getaddrinfo ENOTFOUND")
    expect(await page.textContent("h1")).toContain("1 error in the last hour, no limit is exceeded.")

    const timeouts = Array.from({ length: 4 }, () => new FetchError.NetworkTimeout())
    await track(server, ...timeouts)
    await page.waitForSelector("#alerts li")
    expect(await page.textContent("h1")).toContain("NETWORK_TIMEOUT is at 1.3 times its one-minute limit since")
    expect(await page.title()).toBe("! effect-errata: needs attention")
    expect(problems).toEqual([])
  })

  it("holds no connection while it is hidden, and is live again when it is shown", async () => {
    const server = await served()
    const { page, problems } = await open(server.url)
    await ready(page)
    const show = (isHidden: boolean) =>
      page.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden })
        document.dispatchEvent(new Event("visibilitychange"))
      }, isHidden)
    const polled = page.waitForResponse((response) => response.url().endsWith("/api/frame"))
    await track(server, new FetchError.NetworkDns({ message: "while it is hidden" }))
    await show(true)
    expect((await polled).status()).toBe(200)
    await page.waitForSelector("text=while it is hidden", { state: "attached" })
    const opened = page.waitForRequest((request) => request.url().endsWith("/events"))
    await show(false)
    await opened
    await track(server, new FetchError.ApiAuth({ message: "shown again" }))
    await page.waitForSelector("text=shown again")
    expect(problems).toEqual([])
  })

  it("works under a path of a proxy, also with a token", async () => {
    const server = await served({ token: "0123456789abcdef" })
    const proxy = createServer((request, response) => {
      const path = /^\/errata(\/.*)$/.exec(request.url ?? "")?.[1]
      if (path === undefined) return void response.writeHead(404).end()
      request.pipe(
        forward(
          { host: "127.0.0.1", port: server.port, path, method: request.method, headers: request.headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 500, answer.headers)
            answer.pipe(response)
          }
        ).on("error", () => response.destroy())
      )
    })
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
    cleanUp.push(() =>
      new Promise((resolve) => {
        proxy.close(() => resolve())
        proxy.closeAllConnections()
      })
    )
    const { port } = proxy.address() as AddressInfo
    const { page } = await open(`http://127.0.0.1:${port}/errata/`)
    await page.fill("input[name=token]", "0123456789abcdef")
    await page.keyboard.press("Enter")
    await ready(page)
    expect(new URL(page.url()).pathname).toBe("/errata/")
    await track(server, new FetchError.NetworkDns({ message: "through the proxy" }))
    await page.waitForSelector("text=through the proxy")
    expect(await page.evaluate(() => fetch("api/frame").then(({ status }) => status))).toBe(200)
  })

  it("keeps the focus, an open row and the selection from frame to frame", async () => {
    const server = await served()
    await track(server, new FetchError.NetworkDns({ message: "first" }))
    const { page } = await open(server.url)
    await ready(page)
    const row = page.locator(".errs summary").first()
    await row.click()
    await page.evaluate(() => {
      ;(globalThis as { row?: unknown }).row = document.querySelector(".errs details")
    })
    await track(server, new FetchError.ApiAuth({ message: "second" }))
    await page.waitForSelector("text=second")
    expect(await page.evaluate(() => (globalThis as { row?: HTMLDetailsElement }).row?.isConnected)).toBe(true)
    expect(await page.evaluate(() => (globalThis as { row?: HTMLDetailsElement }).row?.open)).toBe(true)
    expect(await page.evaluate(() => document.activeElement?.textContent)).toContain("first")
  })

  it("filters, and keeps the filter and the range in the address", async () => {
    const server = await served()
    await track(
      server,
      new FetchError.NetworkDns({ message: "no such host", context: { symbol: "BTCUSDT" } }),
      new FetchError.ApiAuth({ message: "key is invalid", context: { symbol: "ETHUSDT" } })
    )
    const { page } = await open(server.url)
    await ready(page)
    const messages = () => page.locator(".errs .e-msg").allTextContents()
    const codes = () => page.locator("#limits tbody .cut").allTextContents()
    expect((await messages()).sort()).toEqual(["key is invalid", "no such host"])

    await page.keyboard.press("/")
    await page.keyboard.type("ethusdt")
    expect(await messages()).toEqual(["key is invalid"])
    await page.click("text=6 h")
    expect(new URL(page.url()).search).toBe("?q=ethusdt&range=6h")

    await page.reload()
    await ready(page)
    expect(await messages()).toEqual(["key is invalid"])
    expect(await page.inputValue("#filter")).toBe("ethusdt")
    expect(await page.locator(".seg [aria-pressed=true]").textContent()).toBe("6 h")

    await page.fill("#filter", "NETWORK_DNS")
    expect(await codes()).toEqual(["NETWORK_DNS"])
    await page.fill("#filter", "matches nothing")
    expect(await page.textContent("#recent")).toContain("No error matches the filter.")
    await page.keyboard.press("Escape")
    expect(await messages()).toHaveLength(2)
    expect(new URL(page.url()).search).toBe("?range=6h")
  })

  it("reconnects after a restart of the server, and says how old its numbers are", async () => {
    const first = await serve()
    const { page } = await open(first.url)
    await ready(page)
    await first.close()
    await page.waitForSelector("body[data-conn=lost]")
    expect(await page.textContent(".conn")).toBe("Reconnecting")
    expect(await page.textContent("#stale")).toMatch(/^The connection is lost, trying again\. The numbers are those of/)
    const second = await served({ port: first.port })
    await track(second, new FetchError.NetworkDns({ message: "after the restart" }))
    await page.waitForSelector("text=after the restart")
    expect(await page.textContent(".conn")).toBe("Live")
    expect(await page.isVisible("#stale")).toBe(false)
  })

  it("pauses and resumes", async () => {
    const server = await served()
    const { page } = await open(server.url)
    await ready(page)
    await page.click("text=Pause")
    expect(await page.textContent("#stale")).toMatch(/^Paused\. The numbers are those of/)
    await track(server, new FetchError.NetworkDns({ message: "meanwhile" }))
    await page.click("text=Resume")
    await page.waitForSelector("text=meanwhile")
    expect(await page.textContent(".conn")).toBe("Live")
  })

  it("asks for the token, and opens with it", async () => {
    const server = await served({ token: "0123456789abcdef-token" })
    const { page } = await open(server.url)
    await page.fill("#token", "wrong")
    await page.click("text=Open")
    expect(await page.textContent("[role=alert]")).toBe("This token is not valid.")
    await page.fill("#token", "0123456789abcdef-token")
    await page.click("text=Open")
    await ready(page)
    expect(page.url()).toBe(server.url)
    const other = await open(`${server.url}?token=0123456789abcdef-token&range=6h`)
    await ready(other.page)
    expect(other.page.url()).toBe(`${server.url}?range=6h`)
  })

  it("shows every value as text", async () => {
    const texts = [
      ...Object.values(hostile),
      "</script><script>alert(2)</script>",
      "javascript:alert(3)",
      "'\"><svg onload=alert(4)>",
      "\u202egnirts\u2066",
      "__proto__",
      "constructor"
    ]
    class Own extends Schema.TaggedError<Own>()("Own", {}) {
      override readonly message: string = "own"
      readonly code: string = "<b onclick=alert(5)>CODE</b>"
      readonly category = "<i>Own</i>"
      readonly severity = "ERROR" as const
      readonly context = { symbol: hostile.html, attributes: { [hostile.html]: hostile.html } }
    }
    const server = await served({
      name: hostile.html,
      trackerOptions: {
        rules: [{ name: hostile.html, by: "symbol", limit: 1, window: "hour" }],
        dimensions: ["symbol", "source", hostile.html]
      }
    })
    for (const text of texts) {
      const context = {
        symbol: text,
        source: text,
        interval: text,
        market: text,
        url: text,
        operation: text,
        attributes: { [text]: text, [hostile.html]: text }
      }
      for (let i = 0; i < 25; i++) {
        await run(server.tracker.track(new FetchError.ApiFormat({ message: text, context }), { attempt: true }))
      }
      await run(server.tracker.succeeded({ source: text }, "1 second"))
      await run(server.tracker.track(new FetchError.DataEmpty({ reason: "api_response", context })))
      await run(server.tracker.track(new FetchError.DataEmpty({ reason: "delisted", context })))
    }
    await run(server.tracker.track(new Own()))
    const { page, problems } = await open(`${server.url}?q=`)
    await ready(page)
    for (const row of await page.locator(".errs summary").all()) await row.click()
    await nextFrame(page)
    const allowed = await page.evaluate(() =>
      [...document.querySelectorAll("*")]
        .filter((element) =>
          ["IMG", "IFRAME", "OBJECT", "B onclick", "I onclick"].includes(element.tagName) ||
          [...element.attributes].some(({ name }) => name.startsWith("on")) ||
          element.tagName === "SCRIPT" && element.getAttribute("src") !== "app.js"
        ).length
    )
    expect(allowed).toBe(0)
    const shown = (await page.textContent("body")) ?? ""
    expect(shown).toContain(hostile.html)
    expect(shown).toContain("<b onclick=alert(5)>CODE</b>")
    // oxlint-disable-next-line no-control-regex -- it looks for control characters
    expect(/[\u0000\u202a-\u202e\u2066-\u2069]/.exec(shown)).toBeNull()
    expect(shown).toContain("⟨U+202E⟩")
    expect(problems).toEqual([])
  })

  it("can be read and used by keyboard", async () => {
    const server = await served()
    await track(server, new FetchError.NetworkDns({ context: { symbol: "BTCUSDT", source: "rest" } }))
    const { page } = await open(server.url)
    await ready(page)
    await page.focus("#plot")
    await page.keyboard.press("End")
    expect(await page.textContent("#timeline [aria-live]")).toMatch(/^\d\d:\d\d: 1 errors? per minute\. NETWORK_DNS 1/)
    await page.keyboard.press("Escape")
    expect(await page.textContent("#timeline [aria-live]")).toBe("")
    await page.keyboard.press("Tab")
    await page.focus("[role=tab][aria-selected=true]")
    await page.keyboard.press("ArrowRight")
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Sources")
    expect(new URL(page.url()).searchParams.get("by")).toBe("source")
    await page.focus(".skip")
    await page.keyboard.press("Enter")
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main")
  })

  describe.each<ScenarioName>(["empty", "usual", "storm"])("%s", (name) => {
    it("passes axe-core in light and dark, and fits 1440, 1024 and 390 pixels", async () => {
      const { clock, tracker } = await run(play(name))
      const server = await served({ tracker, clock: clock.clock })
      // axe-core is added to the page as a script, which its policy would refuse.
      const { page, problems } = await open(server.url, { bypassCSP: true })
      await ready(page)
      if (name !== "empty") await page.locator(".errs summary").first().click()
      await page.addScriptTag({ path: axe })
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 })
        await nextLayout(page)
        expect([width, await overflow(page)]).toEqual([width, []])
      }
      expect(await violations(page)).toEqual([])
      await page.emulateMedia({ colorScheme: "dark" })
      await page.setViewportSize({ width: 1440, height: 900 })
      await nextLayout(page)
      expect(await violations(page)).toEqual([])
      expect(problems).toEqual([])
    })
  })
})

interface Axe {
  readonly run: (options: object) => Promise<{
    readonly violations: ReadonlyArray<{
      readonly id: string
      readonly nodes: ReadonlyArray<{ readonly html: string; readonly failureSummary: string }>
    }>
  }>
}

const violations = (page: Page) =>
  page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { readonly axe: Axe }).axe.run({
      resultTypes: ["violations"]
    })
    return violations.map((
      { id, nodes }
    ) => [id, ...nodes.slice(0, 3).flatMap((node) => [node.html, node.failureSummary])])
  })

const nextLayout = (page: Page) =>
  page.evaluate(() =>
    new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))
  )

/** What makes the page wider than its window. */
const overflow = (page: Page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth
    if (document.documentElement.scrollWidth <= width) return []
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.getBoundingClientRect().right > width + 0.5)
      .map((element) => `${element.tagName}.${element.getAttribute("class") ?? ""}`)
      .slice(0, 5)
  })
