/** Errors over time, stacked by code, with a limit of the code at the base, and the calls beneath. */
import { clock, full, plural, short } from "../../src/dashboard/internal/numerals.js"
import { h, type Kid, s, show, type Tree } from "../dom.js"
import { code, colour, cut, heading, sum } from "../parts.js"
import { change, type Frame, matches, type RangeName, view } from "../view.js"

type Bars = Frame["bars"]["hour"]

interface Series {
  readonly name: string
  readonly isRest: boolean
  readonly colour: string
  /** Errors per minute. */
  readonly rates: ReadonlyArray<number>
  readonly total: number
  /** The codes of the rest. */
  readonly names: string
}

const ranges: Record<
  RangeName,
  { readonly bars: keyof Frame["bars"]; readonly label: string; readonly ticks: number }
> = {
  "1h": { bars: "hour", label: "1 h", ticks: 10 },
  "6h": { bars: "sixHours", label: "6 h", ticks: 60 },
  "24h": { bars: "day", label: "24 h", ticks: 240 }
}

const minute = 60_000
const named = 6

/** The six largest codes and the rest; the code in focus is at the base, where its limit can be read against its bars. */
const seriesOf = ({ errors, step }: Bars, focus: string): ReadonlyArray<Series> => {
  const minutes = step / minute
  const matching = Object.keys(errors).filter((name) => matches(name))
  const names = matching.length > 0 ? matching : Object.keys(errors)
  const all = names
    .map((name): Series => ({
      name,
      isRest: false,
      colour: colour(name),
      rates: errors[name]!.map((count) => count / minutes),
      total: sum(errors[name]!),
      names: ""
    }))
    .sort((a, b) => b.total - a.total)
  const focused = all.find(({ name }) => name === focus)
  const largest = all.slice(0, named)
  const shown = focused === undefined || largest.includes(focused) ? largest : [...largest.slice(0, named - 1), focused]
  const rest = all.filter((series) => !shown.includes(series))
  const ordered = focused === undefined ? shown : [focused, ...shown.filter((series) => series !== focused)]
  if (rest.length === 0) return ordered
  return [...ordered, {
    name: plural(rest.length, "other code"),
    isRest: true,
    colour: "var(--rest)",
    rates: rest[0]!.rates.map((_, i) => sum(rest.map(({ rates }) => rates[i]!))),
    total: sum(rest.map(({ total }) => total)),
    names: rest.map(({ name, total }) => `${name} ${full(total)}`).join(", ")
  }]
}

/** A round step of an axis with about five steps. */
const axis = (top: number): { readonly step: number; readonly top: number } => {
  const raw = top / 5
  const base = 10 ** Math.floor(Math.log10(raw))
  const step = ([1, 2, 5, 10].find((k) => k * base >= raw) ?? 10) * base
  return { step, top: Math.ceil(top / step) * step }
}

const tick = (v: number): string =>
  v >= 1e4 && v % 1000 === 0
    ? `${full(v / 1000)}k`
    : v >= 1000
    ? short(v)
    : v >= 10 || Number.isInteger(v)
    ? full(v)
    : v.toFixed(v < 1 ? 2 : 1).replace(/\.?0+$/, "")

interface Line {
  readonly rate: number
  readonly label: string
}

/** Bars of a minute are read against the limit per minute, longer ones against the pace of the limit per hour. */
const limitLine = ({ codes }: Frame, focus: string, step: number): Line | undefined => {
  const [perMinute, perHour] = codes.find(({ code }) => code === focus)?.limits ?? []
  if (step === minute && typeof perMinute === "number") {
    return { rate: perMinute, label: `limit ${full(perMinute)} per minute` }
  }
  return typeof perHour === "number"
    ? { rate: perHour / 60, label: `limit ${full(perHour)} per hour, as a pace` }
    : undefined
}

let drawn = { left: 0, width: 1, size: 1 }

const pointed = (event: PointerEvent): number => {
  const box = (event.currentTarget as Element).getBoundingClientRect()
  return Math.floor((event.clientX - box.left - drawn.left) / drawn.width)
}

const move = (i: number): void => {
  const cursor = Math.max(0, Math.min(drawn.size - 1, i))
  if (cursor !== view.cursor) change({ cursor })
}

const leave = (): void => {
  if (view.cursor !== -1) change({ cursor: -1 })
}

const onKey = (event: KeyboardEvent): void => {
  const from = view.cursor < 0 ? drawn.size : view.cursor
  if (event.key === "ArrowLeft") move(from - 1)
  else if (event.key === "ArrowRight") move(view.cursor < 0 ? 0 : from + 1)
  else if (event.key === "Home") move(0)
  else if (event.key === "End") move(drawn.size - 1)
  else if (event.key === "Escape") leave()
  else return
  event.preventDefault()
}

const barPath = (
  values: ReadonlyArray<number>,
  place: (i: number) => number,
  width: number,
  edges: (v: number, i: number) => readonly [number, number]
): string =>
  values.map((value, i) => {
    if (value <= 0) return ""
    const [low, high] = edges(value, i)
    return `M${place(i).toFixed(1)} ${low.toFixed(1)}h${width.toFixed(1)}V${high.toFixed(1)}h${(-width).toFixed(1)}Z`
  }).join("")

interface Chart {
  readonly svg: Tree
  readonly tip: Tree | undefined
  readonly note: string
  readonly read: string
}

const draw = (frame: Frame, bars: Bars, series: ReadonlyArray<Series>, focus: string): Chart => {
  const box = document.getElementById("plot")?.getBoundingClientRect()
  const [width, height] = [box?.width || 640, box?.height || 300]
  const isEmpty = series.length === 0
  const [left, right, top, foot] = [40, 8, 10, 20]
  const [strip, gap] = isEmpty ? [0, 0] : [30, 10]
  const bottom = height - foot - strip - gap
  const minutes = bars.step / minute
  const size = bars.calls.length
  const calls = bars.calls.map((made) => made / minutes)
  const stack = Array.from({ length: size }, (_, i) => sum(series.map(({ rates }) => rates[i]!)))
  const line = isEmpty ? undefined : limitLine(frame, focus, bars.step)
  const most = Math.max(0, ...(isEmpty ? calls : stack))
  const lineCounts = line !== undefined && (line.rate < most * 2.2 || most < 5)
  const scale = axis(Math.max(most * 1.05, lineCounts ? line.rate * 1.1 : 0, 0.5))
  const slot = (width - left - right) / size
  const bar = Math.max(1, slot - (slot > 6 ? 2 : 1))
  const x = (i: number) => left + i * slot
  const y = (v: number) => bottom - v / scale.top * (bottom - top)
  drawn = { left, width: slot, size }

  const grid: Array<Tree> = []
  for (let v = 0; v <= scale.top + scale.step / 9; v += scale.step) {
    grid.push(
      s("path", { class: v === 0 ? "base" : "grid", d: `M${left} ${Math.round(y(v)) + 0.5}H${width - right}` }),
      s("text", { x: left - 8, y: y(v) + 4, "text-anchor": "end" }, tick(v))
    )
  }

  const below = stack.map(() => 0)
  const layers = series.map(({ colour, name, rates }) => {
    const d = barPath(rates, x, bar, (value, i) => {
      const [low, high] = [y(below[i]!), y(below[i]! + value)]
      const air = below[i]! > 0 && low - high > 3 ? 1 : 0
      below[i]! += value
      return [low - air, high]
    })
    return s("path", { key: name, d, vars: { fill: colour } })
  })

  const topCalls = Math.max(...calls, 1e-9)
  const beneath = isEmpty
    ? [s("path", { class: "callbar good", d: barPath(calls, x, bar, (v) => [bottom, y(v)]) })]
    : [
      s("path", {
        class: "callbar",
        d: barPath(calls, x, bar, (v) => [height - foot, height - foot - v / topCalls * strip])
      }),
      s(
        "text",
        { x: left - 8, y: height - foot - strip / 2 + 4, "text-anchor": "end" },
        frame.calls.isCalls ? "calls" : "tries"
      )
    ]

  const start = Date.parse(bars.start)
  const every = ranges[view.range].ticks * (width < 420 ? 2 : 1) * minute
  const times = bars.calls.flatMap((_, i) => {
    const at = start + i * bars.step
    return at % every === 0 && x(i) > left + 12 && x(i) < width - 16
      ? [s("text", { x: x(i), y: height - 4, "text-anchor": "middle" }, clock(at))]
      : []
  })

  const limit = limitMarks(line, { bottom, focus, left, right, scale: scale.top, stack, width, x, y })
  const at = view.cursor
  const cursor = at >= 0 && at < size
    ? [s("path", { class: "cursor", d: `M${x(at) + bar / 2} ${top}V${height - foot}` })]
    : []
  const info = at >= 0 && at < size ? tipOf(series, calls, stack, at, start + at * bars.step) : undefined
  return {
    svg: s("svg", { "aria-hidden": "true" }, grid, layers, beneath, times, limit.marks, cursor),
    tip: info && h(
      "div",
      {
        class: "tip",
        vars: { left: `${Math.max(0, Math.min(width - 250, x(at) + (x(at) > width / 2 ? -232 : 16)))}px` }
      },
      info.lines
    ),
    note: limit.note,
    read: info?.text ?? ""
  }
}

interface Geometry {
  readonly bottom: number
  readonly focus: string
  readonly left: number
  readonly right: number
  readonly scale: number
  readonly stack: ReadonlyArray<number>
  readonly width: number
  readonly x: (i: number) => number
  readonly y: (v: number) => number
}

/** The line of the limit. Its label stands on it only where no bar is in its way; a line too low to see is a sentence. */
const limitMarks = (
  line: Line | undefined,
  { bottom, focus, left, right, scale, stack, width, x, y }: Geometry
): { readonly marks: ReadonlyArray<Tree>; readonly note: string } => {
  if (line === undefined || line.rate > scale) return { marks: [], note: "" }
  const at = Math.round(y(line.rate)) + 0.5
  const label = `${focus}: ${line.label}`
  if (bottom - at < 5) {
    return {
      marks: [],
      note: `${focus}: the ${line.label.replace(", as a pace", "")} is too low to be seen at this scale.`
    }
  }
  const path = s("path", { class: "limit-line", d: `M${left} ${at}H${width - right}` })
  const isCrossed = stack.some((v, i) => v > line.rate * 0.9 && x(i) < left + 7 * label.length)
  return isCrossed || 7 * label.length > width - left
    ? { marks: [path], note: `Dashed: ${label}.` }
    : { marks: [path, s("text", { class: "limit-label", x: left + 4, y: at - 5 }, label)], note: "" }
}

const tipOf = (
  series: ReadonlyArray<Series>,
  calls: ReadonlyArray<number>,
  stack: ReadonlyArray<number>,
  at: number,
  start: number
): { readonly lines: Kid; readonly text: string } => {
  const parts = series.filter(({ rates }) => rates[at]! > 0)
  const total = stack[at]!
  const head = total === 0 ? "no errors" : `${tick(total)} per min`
  return {
    lines: [
      h("p", { class: "strong" }, h("span", {}, clock(start)), h("span", {}, head)),
      parts.map(({ colour, name, rates }) =>
        h("p", {}, h("span", { class: "sw", vars: { "--c": colour } }), cut(name, "mono"), tick(rates[at]!))
      ),
      h("p", { class: "dim" }, h("span", {}, "calls"), tick(calls[at]!))
    ],
    text: `${clock(start)}: ${total === 0 ? "no errors" : `${tick(total)} errors per minute`}. ${
      [...parts.map(({ name, rates }) => `${name} ${tick(rates[at]!)}`), `${tick(calls[at]!)} calls`].join(", ")
    }`
  }
}

const rangeButtons = (): Tree =>
  h(
    "div",
    { class: "seg", role: "group", "aria-label": "Range" },
    (Object.keys(ranges) as Array<RangeName>).map((name) =>
      h("button", {
        type: "button",
        "aria-pressed": String(name === view.range),
        on: { click: () => change({ range: name, cursor: -1 }) }
      }, ranges[name].label)
    )
  )

const legend = (series: ReadonlyArray<Series>, focus: string): Tree =>
  h(
    "div",
    { class: "legend", role: "group", "aria-label": "Code at the base of the chart, with its limit" },
    series.map(({ colour, isRest, name, names, total }) => {
      const swatch = h("span", { class: "sw", vars: { "--c": colour } })
      return isRest
        ? h("span", { key: "rest", class: "others", title: names }, swatch, name, h("b", {}, short(total)))
        : h(
          "button",
          {
            key: name,
            type: "button",
            "aria-pressed": String(name === focus),
            on: { click: () => change({ focus: name }) }
          },
          swatch,
          code(name),
          h("b", { title: full(total) }, short(total))
        )
    })
  )

export const timeline = (frame: Frame): void => {
  const bars = frame.bars[ranges[view.range].bars]
  const known = Object.keys(bars.errors)
  const chosen = known.includes(view.focus) ? view.focus : undefined
  const alerted = frame.alerts.find(({ isRule, name }) => !isRule && known.includes(name))?.name
  const focus = chosen ?? alerted ?? ""
  const series = seriesOf(bars, focus)
  const isEmpty = series.length === 0
  const minutes = bars.step / minute
  const { note, read, svg, tip } = draw(frame, bars, series, series[0]?.name ?? "")
  const what = isEmpty ? "none, so here are the calls per minute" : "per minute"
  show(
    "timeline",
    heading(
      "timeline",
      "Errors over time",
      minutes > 1 ? `${what}, mean of ${full(minutes)} min` : what,
      rangeButtons()
    ),
    h(
      "div",
      {
        id: "plot",
        class: "plot",
        tabindex: "0",
        role: "group",
        "aria-label": `Errors per minute by code, last ${ranges[view.range].label}. Arrow keys read the bars.`,
        on: {
          pointermove: (event: PointerEvent) => move(pointed(event)),
          pointerleave: leave,
          blur: leave,
          keydown: onKey
        }
      },
      svg,
      tip
    ),
    h("p", { class: "sr", "aria-live": "polite" }, read),
    !isEmpty && legend(series, series[0]!.isRest ? "" : series[0]!.name),
    !isEmpty && h("p", { class: "below" }, note)
  )
}
