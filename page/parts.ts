/** Parts that several panels have. */
import { full, short } from "../src/dashboard/internal/numerals.js"
import { h, type Kid, s, type Tree } from "./dom.js"

// Control characters, marks that reorder or hide text, and halves of characters.
const invisible = /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu

/** A value with its invisible characters spelled out: it can neither reorder nor hide its neighbours. */
export const visible = (text: string): string =>
  text.replace(
    invisible,
    (character) =>
      character === "\n" ? "⏎" : `⟨U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`
  )

const maxTitle = 300

export const clipped = (text: string, length: number = maxTitle): string => {
  const shown = visible(text)
  return shown.length > length ? `${shown.slice(0, length)}… (${full(text.length)} characters)` : shown
}

/** A value in one line, cut by the layout, with all of it in the title. */
export const cut = (text: string, className = "", tag = "span"): Tree =>
  h(tag, { class: `cut ${className}`, title: clipped(text) }, clipped(text))

export const code = (text: string): Tree => h("span", { class: "mono" }, clipped(text, 120))

/** A number, short where it is long, with all its digits in the title. */
export const count = (n: number, className = ""): Tree =>
  h("span", { class: className, title: short(n) === full(n) ? null : full(n) }, short(n))

export const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, n) => total + n, 0)

export type Mark = "error" | "warn" | "info" | "ok" | "quiet"

const shapes: Record<Mark, readonly [string, string]> = {
  error: ["M5.3 1h7.4L17 5.3v7.4L12.7 17H5.3L1 12.7V5.3z", "M6.2 6.2l5.6 5.6M11.8 6.2l-5.6 5.6"],
  warn: ["M9 1.4 17.3 16.4H.7z", "M9 6.8v4M9 13.4v.2"],
  info: ["M9 1a8 8 0 1 1 0 16A8 8 0 0 1 9 1z", "M9 8.5v4.2M9 5.4v.2"],
  ok: ["M9 1a8 8 0 1 1 0 16A8 8 0 0 1 9 1z", "M5.5 9.3l2.4 2.4 4.7-5"],
  quiet: ["M2 8h14v2H2z", ""]
}

/** A shape for a state: the colour only repeats what the shape says. */
export const glyph = (mark: Mark, label?: string): Tree =>
  s(
    "svg",
    {
      class: `glyph g-${mark}`,
      viewBox: "0 0 18 18",
      ...(label === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": label })
    },
    s("path", { class: "g-shape", d: shapes[mark][0] }),
    s("path", { class: "g-sign", d: shapes[mark][1] })
  )

const markOf: Record<string, Mark> = { ERROR: "error", WARNING: "warn", INFO: "info" }

export const severity = (name: string): Tree => glyph(markOf[name] ?? "error", name)

export const heading = (id: string, title: string, note?: Kid, end?: Kid): Tree =>
  h(
    "div",
    { class: "head" },
    h("h2", { id: `${id}-h` }, title),
    note !== undefined && note !== "" && h("span", { class: "note" }, note),
    end !== undefined && h("div", { class: "end" }, end)
  )

export const allClear = (...text: ReadonlyArray<Kid>): Tree =>
  h("p", { class: "clear" }, glyph("ok"), h("span", {}, text))

export const remark = (...text: ReadonlyArray<Kid>): Tree => h("p", { class: "remark" }, text)

export const nothing = (text: string): Tree => h("p", { class: "nothing" }, text)

/** A count against its limit, which is the gap at 78 %: what is beyond it has room too. */
export const limitMeter = (value: number, limit: number): Tree => {
  const ratio = value / Math.max(limit, 1e-9)
  return h(
    "div",
    { class: `meter ${ratio > 1 ? "over" : ratio >= 0.8 ? "near" : ""}`, "aria-hidden": "true" },
    h("i", { vars: { "--v": Math.min(100, ratio * 78) } }),
    h("u", { vars: { "--at": 78 } })
  )
}

/** A share of a whole. */
export const shareMeter = (share: number, fill?: string, gap?: number): Tree =>
  h(
    "div",
    { class: "meter", "aria-hidden": "true" },
    h("i", {
      vars: { "--v": Math.max(share > 0 ? 1.5 : 0, Math.min(100, share * 100)), ...(fill && { "--f": fill }) }
    }),
    gap !== undefined && h("u", { vars: { "--at": gap } })
  )

/** A line without axes, with a limit as a dashed line. Far beyond the limit the scale is logarithmic. */
export const sparkline = (values: ReadonlyArray<number>, limit?: number): Tree => {
  const top = Math.max(...values, limit ?? 0) || 1
  const scaled = limit !== undefined && limit > 0 && top / limit > 16 ? Math.log1p : (v: number) => v
  const x = (i: number) => (i / Math.max(1, values.length - 1) * 100).toFixed(1)
  const y = (v: number) => (28 - scaled(v) / scaled(top) * 25).toFixed(1)
  const line = values.map((v, i) => `${i === 0 ? "M" : "L"}${x(i)} ${y(v)}`).join("")
  return s(
    "svg",
    { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("path", { class: "s-area", d: `${line}L100 29L0 29Z` }),
    s("path", { class: "s-line", d: line }),
    limit !== undefined && s("path", { class: "s-limit", d: `M0 ${y(limit)}H100` })
  )
}

const families: Record<string, string> = {
  NETWORK_CONNECTION: "net-1",
  NETWORK_TIMEOUT: "net-2",
  NETWORK_DNS: "net-3",
  API_RATE_LIMIT: "api-1",
  API_FORMAT: "api-2",
  API_AUTH: "api-3",
  API_PERMISSION: "api-4",
  DATA_EMPTY: "data-1",
  DATA_INTEGRITY: "data-2",
  DATA_VALIDATION: "data-3",
  DATA_TRANSFORMATION: "data-4",
  STORAGE_READ: "sto-1",
  STORAGE_WRITE: "sto-2",
  STORAGE_SPACE: "sto-3",
  STORAGE_PERMISSION: "sto-4",
  UNEXPECTED: "oth-1",
  INTERNAL: "oth-2"
}
const others = ["own-1", "own-2", "own-3", "own-4", "own-5"]

/** The colour of a code, which it keeps whatever its rank. Codes of an application share five. */
export const colour = (name: string): string => {
  const family = Object.hasOwn(families, name) ? families[name] : undefined
  let hash = 0
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) >>> 0
  return `var(--${family ?? others[hash % others.length]})`
}
