/**
 * Makes the pictures of the page: `npm run screenshots [folder] [prefix]`, by default all of them, into build/screenshots.
 * Those of the README: `npm run screenshots images dashboard`.
 */
import { ErrorTracker } from "effect-errata"
import { Dashboard } from "effect-errata/dashboard"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { argv } from "node:process"
import { chromiumPath, launch } from "./browser.js"
import { play, type ScenarioName } from "./scenarios.js"

const folder = argv[2] ?? "build/screenshots"
const only = argv[3]

interface Shot {
  readonly width: number
  readonly dark: boolean
  /** Default: the whole page. */
  readonly height?: number | undefined
}

const shots: ReadonlyArray<readonly [string, ScenarioName, Shot]> = [
  ["dashboard-light", "usual", { width: 1440, dark: false, height: 1080 }],
  ["dashboard-dark", "storm", { width: 1440, dark: true, height: 1080 }],
  ["light", "usual", { width: 1440, dark: false }],
  ["dark", "usual", { width: 1440, dark: true }],
  ["tablet", "usual", { width: 1024, dark: false }],
  ["phone", "usual", { width: 390, dark: true }],
  ["empty", "empty", { width: 1440, dark: false }],
  ["storm", "storm", { width: 1440, dark: true }],
  ["storm-phone", "storm", { width: 390, dark: false }]
]

const weights: Dashboard.Options["weights"] = Effect.succeed([
  { host: "api.binance.com", used: 4812, limit: 6000 },
  { host: "fapi.binance.com", used: 610, limit: 2400 },
  { host: "dapi.binance.com", used: 96, limit: 2400 }
])

const main = Effect.gen(function*() {
  mkdirSync(folder, { recursive: true })
  const browser = yield* Effect.acquireRelease(
    Effect.promise(() => launch()),
    (browser) => Effect.promise(() => browser.close())
  )
  for (const name of ["usual", "empty", "storm"] as const) {
    const chosen = shots.filter(([shot, scenario]) =>
      scenario === name && (only === undefined || shot.startsWith(only))
    )
    if (chosen.length === 0) continue
    const { clock, policies, tracker } = yield* play(name)
    const page = Dashboard.layer({ port: 0, name: "klines-worker-3", weights }).pipe(
      Layer.provide(Layer.succeed(ErrorTracker.ErrorTracker, tracker))
    )
    const { url } = Context.get(yield* Effect.withClock(Layer.build(page), clock.clock), Dashboard.Dashboard)
    for (const [shot, , { dark, height, width }] of chosen) {
      yield* Effect.promise(async () => {
        const context = await browser.newContext({
          viewport: { width, height: height ?? 900 },
          colorScheme: dark ? "dark" : "light",
          reducedMotion: "reduce"
        })
        const page = await context.newPage()
        page.on("console", (message) => console.error(`${shot}: ${message.text()}`))
        page.on("pageerror", (error) => console.error(`${shot}: ${error.message}`))
        await page.goto(url)
        await page.waitForSelector("body[data-ready]")
        if (name === "usual") await page.locator(".errs summary").first().click()
        await page.evaluate(() => scrollTo(0, 0))
        await page.mouse.move(0, 0)
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
        await page.screenshot({ path: join(folder, `${shot}.png`), fullPage: height === undefined })
        await context.close()
      })
      console.log(join(folder, `${shot}.png`), `${policies.length} policies`)
    }
  }
}).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.Warning))

if (chromiumPath === undefined) console.error("Chromium is not installed: apt-get install chromium")
else await Effect.runPromise(main)
