/** Lines over seconds, as SVG that is legible on light and on dark ground. */
export interface Stroke {
  readonly colour: string
  /** Lengths of the dashes and of the gaps between them. */
  readonly dash?: string
}

export interface Line {
  readonly name: string
  readonly stroke: Stroke
  /** A number for each second. */
  readonly values: ReadonlyArray<number>
}

export interface Panel {
  readonly title: string
  /** The second of the first value. */
  readonly from: number
  /** From which second to which the outage lasts. */
  readonly outage: readonly [number, number]
  readonly lines: ReadonlyArray<Line>
}

const width = 400
const height = 220
const margin = { left: 34, right: 18, top: 30, bottom: 24 }
const legend = 20

export const plot = (panels: ReadonlyArray<Panel>): string => {
  const lines = panels[0]?.lines ?? []
  const columns = 3
  const entries = lines.map(({ name, stroke }, i) => {
    const x = margin.left + (i % columns) * panels.length * width / columns
    const y = height + legend * (1 + Math.floor(i / columns)) - 6
    return `${stroked(stroke, `M${x} ${y - 4}h18`)}<text x="${x + 24}" y="${y}">${name}</text>`
  })
  const size = [panels.length * width, height + legend * Math.ceil(lines.length / columns) + 4]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(" ")}" width="${size[0]}" height="${
    size[1]
  }">
<style>
text { font: 11px system-ui, sans-serif; fill: #57606a }
.title { font-weight: 600 }
path { fill: none; stroke-width: 1.6; stroke-linejoin: round }
.grid { stroke: #8c959f; stroke-width: 0.5; opacity: 0.5 }
.outage { fill: #8c959f; opacity: 0.15 }
@media (prefers-color-scheme: dark) { text { fill: #b1bac4 } }
</style>
${panels.map((panel, i) => `<g transform="translate(${i * width} 0)">\n${drawn(panel)}\n</g>`).join("\n")}
${entries.join("\n")}
</svg>
`
}

const drawn = ({ from, lines, outage, title }: Panel): string => {
  const seconds = Math.max(...lines.map(({ values }) => values.length))
  const greatest = Math.max(...lines.flatMap(({ values }) => values))
  const step = greatest > 30 ? 20 : 5
  const steps = Math.ceil(greatest / step)
  const x = (second: number) => round(margin.left + (width - margin.left - margin.right) * (second - from) / seconds)
  const y = (value: number) =>
    round(height - margin.bottom - (height - margin.top - margin.bottom) * value / (step * steps))
  const values = Array.from({ length: steps + 1 }, (_, i) => step * i)
  const times = Array.from({ length: Math.floor(seconds / 30) + 1 }, (_, i) => Math.ceil(from / 30) * 30 + 30 * i)
    .filter((second) => second <= from + seconds)
  return [
    `<text class="title" x="${margin.left}" y="16">${title}</text>`,
    `<rect class="outage" x="${x(outage[0])}" y="${margin.top}" width="${round(x(outage[1]) - x(outage[0]))}" height="${
      height - margin.top - margin.bottom
    }"/>`,
    ...values.map((value) =>
      `<path class="grid" d="M${margin.left} ${y(value)}H${width - margin.right}"/><text x="${margin.left - 5}" y="${
        y(value) + 4
      }" text-anchor="end">${value}</text>`
    ),
    ...times.map((second) => `<text x="${x(second)}" y="${height - 8}" text-anchor="middle">${second} s</text>`),
    ...lines.map(({ stroke, values }) =>
      stroked(stroke, `M${values.map((value, i) => `${x(from + i + 0.5)} ${y(value)}`).join("L")}`)
    )
  ].join("\n")
}

const stroked = ({ colour, dash }: Stroke, d: string): string =>
  `<path stroke="${colour}"${dash === undefined ? "" : ` stroke-dasharray="${dash}"`} d="${d}"/>`

const round = (n: number): number => Math.round(n * 10) / 10
