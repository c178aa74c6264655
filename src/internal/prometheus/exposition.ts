/** Writes metric families in the two text formats of Prometheus: 0.0.4 and OpenMetrics 1.0. Pure. */
import type { Family, PlainFamily, Sample, Summary, SummaryFamily } from "../tracker/measures/family.js"

export type Format = "text" | "openmetrics"

export const contentTypes: { readonly [F in Format]: string } = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
}

export const exposition = (families: ReadonlyArray<Family>, format: Format): string => {
  let page = ""
  for (const family of oneEach(families)) page += family.samples.length === 0 ? "" : written(family, format)
  return format === "openmetrics" ? `${page}# EOF\n` : page
}

/** Families of one name as one family: a scrape must not find a name twice. */
const oneEach = (families: ReadonlyArray<Family>): Iterable<Family> => {
  const byName = new Map<string, Family>()
  for (const family of families) {
    const name = metricName(family.type === "counter" ? family.name.replace(/_total$/, "") : family.name)
    const known = byName.get(name)
    if (known === undefined) byName.set(name, { ...family, name })
    else if (known.type === "summary" && family.type === "summary") {
      byName.set(name, { ...known, samples: [...known.samples, ...family.samples] })
    } else if (known.type !== "summary" && family.type === known.type) {
      byName.set(name, { ...known, samples: [...known.samples, ...family.samples] })
    }
  }
  return byName.values()
}

const written = (family: Family, format: Format): string => {
  const { help, name, type, unit } = family
  // Only OpenMetrics names a counter without the suffix of its samples.
  const named = type === "counter" && format === "text" ? `${name}_total` : name
  const ofUnit = unit !== undefined && format === "openmetrics" ? `# UNIT ${named} ${unit}\n` : ""
  const head = `# HELP ${named} ${escapedHelp(help, format)}\n# TYPE ${named} ${type}\n${ofUnit}`
  return head + (family.type === "summary" ? summaries(family, name) : plainSamples(family, name))
}

// ---------------------------------------------------------------------------------------------------------------------
// samples
// ---------------------------------------------------------------------------------------------------------------------

const plainSamples = (family: PlainFamily, name: string): string => {
  const { labels, samples, type } = family
  const isCounter = type === "counter"
  const prefix = isCounter ? `${name}_total` : name
  const write = labelWriter(labels)
  let lines = ""
  for (const { labels, value } of samples) {
    const text = write(labels)
    if (text === undefined) return plainSamples({ ...family, samples: distinct(samples) }, name)
    // A counter is a number from 0 on.
    if (!isCounter || (value >= 0 && value < Infinity)) lines += `${prefix}${text} ${number(value)}\n`
  }
  return lines
}

const summaries = (family: SummaryFamily, name: string): string => {
  const { labels, samples } = family
  const [write, withQuantile] = [labelWriter(labels), labelWriter([...labels, "quantile"])]
  let lines = ""
  for (const { count, labels, quantiles, sum } of samples) {
    const own = write(labels)
    if (own === undefined) return summaries({ ...family, samples: distinct(samples) }, name)
    for (const [quantile, value] of quantiles) {
      lines += `${name}${withQuantile([...labels, String(quantile)]) ?? ""} ${number(value)}\n`
    }
    if (sum !== undefined) lines += `${name}_sum${own} ${number(sum)}\n`
    lines += `${name}_count${own} ${number(count)}\n`
  }
  return lines
}

/** Writes the labels of a sample; undefined if a value has characters without a representation. */
const labelWriter = (names: ReadonlyArray<string>): (values: ReadonlyArray<string>) => string | undefined => {
  const openings = names.map((name) => `${labelName(name)}="`)
  // Consecutive samples have most of their values in common.
  const last = names.map(() => "")
  const texts = names.map(() => "")
  return (values) => {
    let text = ""
    for (let i = 0; i < openings.length; i++) {
      const value = values[i]
      // A label without a value is the same as none.
      if (value === undefined || value === "") continue
      if (value !== last[i]) {
        const plain = isPlain(value)
        if (!plain && replaced.test(value)) return undefined
        last[i] = value
        texts[i] = `${openings[i]}${plain ? value : escaped(value)}"`
      }
      text = text === "" ? `{${texts[i]}` : `${text},${texts[i]}`
    }
    return text === "" ? "" : `${text}}`
  }
}

/** Whether the text stands for itself. By its characters, which takes a third of the time of a regular expression. */
const isPlain = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === 34 || code === 92 || code === 10 || code === 0 || (code >= 0xd800 && code <= 0xdfff)) return false
  }
  return true
}

/** The samples with representable label values. Those that become equal are added up. */
const distinct = <S extends Sample | Summary>(samples: ReadonlyArray<S>): ReadonlyArray<S> => {
  const byLabels = new Map<string, S>()
  for (const sample of samples) {
    const labels = sample.labels.map(representable)
    const key = JSON.stringify(labels)
    const known = byLabels.get(key)
    byLabels.set(key, known === undefined ? { ...sample, labels } : sum(known, sample))
  }
  return Array.from(byLabels.values())
}

const sum = <S extends Sample | Summary>(a: S, b: S): S =>
  "count" in a && "count" in b
    ? { ...a, count: a.count + b.count, sum: a.sum === undefined || b.sum === undefined ? undefined : a.sum + b.sum }
    : "value" in a && "value" in b
    ? { ...a, value: a.value + b.value }
    : a

const number = (value: number): string =>
  value - value === 0 ? `${value}` : value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN"

// ---------------------------------------------------------------------------------------------------------------------
// texts
// ---------------------------------------------------------------------------------------------------------------------

// NUL ends a page for the parser of Prometheus, and half of a surrogate pair has no UTF-8.
const replaced = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/
const allReplaced = new RegExp(replaced, "g")

/** A label value as Prometheus can hold it. */
export const representable = (text: string): string => text.replace(allReplaced, "\uFFFD")

const escaped = (text: string): string => text.replace(/[\\"\n]/g, (c) => c === "\n" ? "\\n" : `\\${c}`)

const escapedHelp = (help: string, format: Format): string =>
  isPlain(help)
    ? help
    : format === "openmetrics"
    ? escaped(representable(help))
    : representable(help).replace(/[\\\n]/g, (c) => c === "\n" ? "\\n" : "\\\\")

const metricName = (name: string): string => /^[a-zA-Z_:][\w:]*$/.test(name) ? name : legal(name, /[^a-zA-Z0-9_:]/g)

const labelName = (name: string): string => /^[a-zA-Z_]\w*$/.test(name) ? name : legal(name, /[^a-zA-Z0-9_]/g)

const legal = (name: string, illegal: RegExp): string => name.replace(illegal, "_").replace(/^(?=\d|$)/, "_")
