/** The bar at the top: whose errors these are, the filter, the connection, the time, the theme. */
import { clock, span } from "../../src/dashboard/internal/numerals.js"
import { pause, resume } from "../connection.js"
import { h, s, show, type Tree } from "../dom.js"
import { cut } from "../parts.js"
import { change, view } from "../view.js"

const brand = (): Tree =>
  h(
    "div",
    { class: "brand" },
    s(
      "svg",
      { class: "logo", viewBox: "0 0 20 20", "aria-hidden": "true" },
      s("path", { d: "M3 15h3V9H3zm5.5 0h3V5h-3zM14 15h3v-4h-3z" }),
      s("path", { class: "logo-line", d: "M1.5 7.5h17" })
    ),
    h("span", { class: "brand-name" }, "effect-errata"),
    view.frame !== undefined &&
      h(
        "span",
        { class: "process" },
        cut(view.frame.process.name),
        h("span", { class: "dim" }, view.frame.process.detail)
      )
  )

const onFilter = (event: InputEvent): void =>
  change({ filter: (event.target as HTMLInputElement).value.trim().toLowerCase() })

const filter = (): Tree =>
  h(
    "div",
    { class: "filter" },
    h("label", { class: "sr", for: "filter" }, "Filter by code, symbol, source or message"),
    s(
      "svg",
      { class: "filter-icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
      s("circle", { cx: 7, cy: 7, r: 4.2 }),
      s("path", { d: "m10.3 10.3 3.4 3.4" })
    ),
    h("input", {
      id: "filter",
      type: "search",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "Filter by code, symbol, source, message",
      first: { value: view.filter },
      on: { input: onFilter }
    }),
    h("kbd", { "aria-hidden": "true" }, "/")
  )

const marks = {
  connecting: ["M6 1.2 11.5 11H.5z", "c-warn", "Connecting"],
  live: ["M6 1.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z", "c-ok live-dot", "Live"],
  lost: ["M6 1.2 11.5 11H.5z", "c-warn", "Reconnecting"],
  paused: ["M2 1.5h3v9H2zM7 1.5h3v9H7z", "c-plain", "Paused"]
} as const

const connection = (): Tree => {
  const [path, className, word] = marks[view.connection]
  return h(
    "span",
    { class: "conn", role: "status" },
    s("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, s("path", { class: className, d: path })),
    word
  )
}

const pauseButton = (): Tree =>
  h("button", {
    type: "button",
    class: "btn",
    on: { click: () => view.connection === "paused" ? resume() : pause() }
  }, view.connection === "paused" ? "Resume" : "Pause")

const dark = matchMedia("(prefers-color-scheme: dark)")

const isDark = (): boolean => {
  const { theme } = document.documentElement.dataset
  return theme === undefined ? dark.matches : theme === "dark"
}

const keep = (theme: string): void => {
  try {
    localStorage.setItem("theme", theme)
  } catch {
    // A private window: the choice lasts as long as the page.
  }
}

const kept = (): string | null => {
  try {
    return localStorage.getItem("theme")
  } catch {
    return null
  }
}

export const startTheme = (): void => {
  const theme = new URLSearchParams(location.search).get("theme") ?? kept()
  if (theme === "dark" || theme === "light") document.documentElement.dataset["theme"] = theme
  dark.addEventListener("change", () => change({}))
}

const themeButton = (): Tree => {
  const label = isDark() ? "Switch to the light theme" : "Switch to the dark theme"
  const sun =
    "M8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6z"
  const moon = "M13.5 9.6A6 6 0 0 1 6.4 2.5a6 6 0 1 0 7.1 7.1z"
  return h(
    "button",
    {
      type: "button",
      class: "btn icon",
      "aria-label": label,
      title: label,
      on: {
        click: () => {
          const theme = isDark() ? "light" : "dark"
          document.documentElement.dataset["theme"] = theme
          keep(theme)
          change({})
        }
      }
    },
    s("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: isDark() ? sun : moon }))
  )
}

const time = (): Tree | undefined => {
  if (view.frame === undefined) return undefined
  const at = Date.parse(view.frame.at)
  return h(
    "time",
    { class: "clock", datetime: view.frame.at },
    clock(at),
    h("span", { class: "sec" }, clock(at, true).slice(5)),
    h("span", { class: "zone dim" }, " UTC")
  )
}

/** Old numbers are better than none, but their age must be known. */
const stale = (): string => {
  const { connection, frame, receivedAt } = view
  if (connection === "live") return ""
  if (frame === undefined) return connection === "connecting" ? "" : "The server does not answer. Trying again."
  const at = clock(Date.parse(frame.at), true)
  return connection === "paused"
    ? `Paused. The numbers are those of ${at}; counting goes on.`
    : `The connection is lost, trying again. The numbers are those of ${at}, ${
      span(performance.now() - receivedAt)
    } old.`
}

export const header = (): void => {
  show("top", brand(), filter(), h("div", { class: "status" }, connection(), pauseButton(), time(), themeButton()))
  const strip = document.getElementById("stale")!
  const text = stale()
  strip.hidden = text === ""
  if (strip.textContent !== text) strip.textContent = text
  document.body.dataset["conn"] = view.connection
}

export const startKeys = (): void => {
  addEventListener("keydown", (event) => {
    const input = document.getElementById("filter") as HTMLInputElement | null
    if (input === null || event.ctrlKey || event.metaKey || event.altKey) return
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")
    if (event.key === "/" && !isTyping) {
      event.preventDefault()
      input.focus()
      input.select()
    } else if (event.key === "Escape" && document.activeElement === input) {
      input.value = ""
      change({ filter: "" })
      input.blur()
    }
  })
}
