/** What the reader of the page has chosen, and the latest frame. Choices that a link should carry are in the address. */
import type { FrameJson } from "../src/dashboard/internal/frameModel.js"

export type Frame = FrameJson
export type RangeName = "1h" | "6h" | "24h"
type Connection = "connecting" | "live" | "lost" | "paused"

interface View {
  frame: Frame | undefined
  /** When the frame arrived, by the clock of the browser that does not go back. */
  receivedAt: number
  connection: Connection
  /** In lower case. */
  filter: string
  range: RangeName
  /** The dimension of the panel of the worst values. */
  by: string
  /** The dimension of the panel of latencies. */
  latencyBy: string
  /** The code at the base of the chart. */
  focus: string
  /** The bar under the cursor; -1 is none. */
  cursor: number
  showsAllAlerts: boolean
}

const query = new URLSearchParams(location.search)
const ranges: ReadonlyArray<RangeName> = ["1h", "6h", "24h"]

export const view: View = {
  frame: undefined,
  receivedAt: 0,
  connection: "connecting",
  filter: (query.get("q") ?? "").trim().toLowerCase(),
  range: ranges.find((name) => name === query.get("range")) ?? "1h",
  by: query.get("by") ?? "symbol",
  latencyBy: query.get("latency") ?? "source",
  focus: query.get("code") ?? "",
  cursor: -1,
  showsAllAlerts: query.has("all")
}

let render = (): void => {}

export const onChange = (f: () => void): void => {
  render = f
}

/** Changes the view, and the address with it. */
export const change = (changes: Partial<View>): void => {
  Object.assign(view, changes)
  const next = new URLSearchParams(location.search)
  const put = (name: string, value: string, usual: string) =>
    value === usual ? next.delete(name) : next.set(name, value)
  put("q", view.filter, "")
  put("range", view.range, "1h")
  put("by", view.by, "symbol")
  put("latency", view.latencyBy, "source")
  put("code", view.focus, "")
  put("all", view.showsAllAlerts ? "1" : "", "")
  const text = next.toString()
  const address = text === "" ? location.pathname : `${location.pathname}?${text}`
  if (address !== location.pathname + location.search) history.replaceState(null, "", address)
  render()
}

/** Whether one of the texts contains the filter. */
export const matches = (...texts: ReadonlyArray<string | null | undefined>): boolean =>
  view.filter === "" || texts.some((text) => text?.toLowerCase().includes(view.filter))
