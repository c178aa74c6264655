/** Shows each frame, and what the reader of the page chooses. */
import { resume } from "./connection.js"
import { h, show } from "./dom.js"
import { alerts } from "./panels/alerts.js"
import { calls } from "./panels/calls.js"
import { empties } from "./panels/empties.js"
import { forecast } from "./panels/forecast.js"
import { guards } from "./panels/guards.js"
import { header, startKeys, startTheme } from "./panels/header.js"
import { headline } from "./panels/headline.js"
import { latency } from "./panels/latency.js"
import { limits } from "./panels/limits.js"
import { recent } from "./panels/recent.js"
import { timeline } from "./panels/timeline.js"
import { worst } from "./panels/worst.js"
import { type Frame, onChange, view } from "./view.js"

const panels = [headline, alerts, timeline, limits, calls, worst, latency, empties, guards, forecast, recent]

/** Nothing went wrong in the last hour: the panels without content shrink to a line. */
const isQuiet = ({ codes, headline }: Frame): boolean =>
  headline.level === "ok" && codes.every(({ counts }) => counts[1] === 0)

const foot = ({ since }: Frame): void =>
  show(
    "foot",
    h("span", {}, since === null ? "" : `Counting since ${since.slice(0, 19).replace("T", " ")} UTC`),
    h("span", {}, h("a", { href: "api/frame" }, "This page as JSON"))
  )

const render = (): void => {
  header()
  const { frame } = view
  if (frame === undefined) {
    show("headline", h("div", {}), h("div", {}, h("h1", { id: "headline-h" }, "Waiting for the first numbers.")))
    return
  }
  document.body.dataset["guards"] = frame.guards === null ? "none" : "some"
  document.body.dataset["state"] = isQuiet(frame) ? "quiet" : "busy"
  for (const panel of panels) panel(frame)
  foot(frame)
}

startTheme()
startKeys()
onChange(render)
render()
resume()
new ResizeObserver(render).observe(document.getElementById("timeline")!)
