/** A strict parser of pages, written from the two specifications and not from the writer under test. */

export interface ParsedSample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface ParsedFamily {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly unit: string | undefined
  readonly samples: ReadonlyArray<ParsedSample>
}

const suffixes: Readonly<Record<string, ReadonlyArray<string>>> = {
  counter: ["_total"],
  gauge: [""],
  summary: ["", "_sum", "_count"]
}

export const parsePage = (page: string, format: "text" | "openmetrics"): ReadonlyArray<ParsedFamily> => {
  if (page !== "" && !page.endsWith("\n")) throw new Error("the last line has no end")
  const lines = page.split("\n").slice(0, -1)
  if (format === "openmetrics" && lines.pop() !== "# EOF") throw new Error("no # EOF at the end")
  const families: Array<{ -readonly [K in keyof ParsedFamily]: ParsedFamily[K] } & { samples: Array<ParsedSample> }> =
    []
  for (const line of lines) {
    const meta = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/s.exec(line)
    let family = families.at(-1)
    if (meta !== null) {
      const [, kind = "", name = "", rest = ""] = meta
      if (kind === "HELP") {
        if (families.some((family) => family.name === name)) throw new Error(`two families ${name}`)
        families.push({ name, type: "", help: unescaped(rest, format === "openmetrics"), unit: undefined, samples: [] })
      } else if (family?.name !== name || family.samples.length > 0) throw new Error(`${kind} ${name} at a wrong place`)
      else if (kind === "TYPE") family.type = rest
      else family.unit = rest
      continue
    }
    if (line === "" || line.startsWith("#")) throw new Error(`not a line: ${line}`)
    family = families.at(-1)
    const { labels, name, value } = sampleOf(line)
    if (family === undefined) throw new Error(`${line}: no family`)
    const base = format === "text" && family.type === "counter" ? family.name.replace(/_total$/, "") : family.name
    if (!(suffixes[family.type] ?? []).some((suffix) => base + suffix === name)) {
      throw new Error(`${line}: no ${family.name}`)
    }
    if (family.unit !== undefined && !family.name.endsWith(`_${family.unit}`)) throw new Error(`unit of ${family.name}`)
    const key = keyOf({ labels, name, value })
    if (family.samples.some((sample) => keyOf(sample) === key)) throw new Error(`${line}: a second time`)
    family.samples.push({ labels, name, value })
  }
  return families
}

/** Name and labels in one text. */
export const keyOf = ({ labels, name }: ParsedSample): string =>
  JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1)])

const sampleOf = (line: string): ParsedSample => {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0]
  if (name === undefined) throw new Error(`no name: ${line}`)
  const labels: Record<string, string> = {}
  let at = name.length
  if (line[at] === "{") {
    do {
      at++
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"/s.exec(line.slice(at))
      if (label === null) throw new Error(`no label at ${at}: ${line}`)
      const [whole, key = "", value = ""] = label
      if (Object.hasOwn(labels, key)) throw new Error(`label ${key} twice: ${line}`)
      Object.defineProperty(labels, key, { value: unescaped(value, true), enumerable: true })
      at += whole.length
    } while (line[at] === ",")
    if (line[at] !== "}") throw new Error(`no end of labels: ${line}`)
    at++
  }
  const value = /^ (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(line.slice(at))?.[1]
  if (value === undefined) throw new Error(`no value: ${line}`)
  return { name, labels, value: Number(value.replace("Inf", "Infinity")) }
}

const unescaped = (text: string, quotes: boolean): string =>
  text.replace(/\\(.)/gs, (whole, c: string) => {
    if (c === "n") return "\n"
    if (c === "\\" || (quotes && c === "\"")) return c
    throw new Error(`not an escape: ${whole}`)
  })
