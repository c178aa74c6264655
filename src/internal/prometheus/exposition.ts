/** Writes metric families in the two text formats of Prometheus: 0.0.4 and OpenMetrics 1.0. Pure. */
import type { Family, PlainFamily, Sample, Summary } from "../tracker/measures/family.js"

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
  return head + (family.type === "summary" ? summaries(family.samples, family, name) : samples(family, name))
}

// ---------------------------------------------------------------------------------------------------------------------
// samples
// ---------------------------------------------------------------------------------------------------------------------

const samples = ({ labels, samples, type }: PlainFamily, name: string): string => {
  const prefix = type === "counter" ? `${name}_total` : name
  const open = openings(labels)
  let lines = ""
  for (const sample of distinct(samples)) {
    // A counter is a number from 0 on.
    if (type === "counter" && !(sample.value >= 0 && sample.value < Infinity)) continue
    lines += `${prefix}${labelled(open, sample.labels)} ${number(sample.value)}\n`
  }
  return lines
}

const summaries = (summaries: ReadonlyArray<Summary>, { labels }: Family, name: string): string => {
  const open = openings(labels)
  const withQuantile = openings([...labels, "quantile"])
  let lines = ""
  for (const { count, labels, quantiles, sum } of distinct(summaries)) {
    for (const [quantile, value] of quantiles) {
      lines += `${name}${labelled(withQuantile, [...labels, String(quantile)])} ${number(value)}\n`
    }
    const own = labelled(open, labels)
    if (sum !== undefined) lines += `${name}_sum${own} ${number(sum)}\n`
    lines += `${name}_count${own} ${number(count)}\n`
  }
  return lines
}

const openings = (labels: ReadonlyArray<string>): ReadonlyArray<string> =>
  labels.map((label) => `${labelName(label)}="`)

const labelled = (openings: ReadonlyArray<string>, values: ReadonlyArray<string>): string => {
  let text = ""
  for (let i = 0; i < openings.length; i++) {
    const value = values[i]
    // A label without a value is the same as none.
    if (value !== undefined && value !== "") text += `${text === "" ? "{" : ","}${openings[i]}${escaped(value)}"`
  }
  return text === "" ? "" : `${text}}`
}

/**
 * The samples without repeated label values. Only values with a character that has no representation can become equal, so
 * that most lists are returned as they are.
 */
const distinct = <S extends Sample | Summary>(samples: ReadonlyArray<S>): Iterable<S> => {
  if (!samples.some(({ labels }) => labels.some((label) => replaced.test(label)))) return samples
  const byLabels = new Map<string, S>()
  for (const sample of samples) {
    const key = JSON.stringify(sample.labels.map(representable))
    const known = byLabels.get(key)
    byLabels.set(key, known === undefined ? sample : sum(known, sample))
  }
  return byLabels.values()
}

const sum = <S extends Sample | Summary>(a: S, b: S): S =>
  "count" in a && "count" in b
    ? { ...a, count: a.count + b.count, sum: a.sum === undefined || b.sum === undefined ? undefined : a.sum + b.sum }
    : "value" in a && "value" in b
    ? { ...a, value: a.value + b.value }
    : a

const number = (value: number): string =>
  Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"

// ---------------------------------------------------------------------------------------------------------------------
// texts
// ---------------------------------------------------------------------------------------------------------------------

// NUL ends a page for the parser of Prometheus, and half of a surrogate pair has no UTF-8.
const replaced = /\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/
const allReplaced = new RegExp(replaced, "g")

/** A label value as Prometheus can hold it. */
export const representable = (text: string): string => text.replace(allReplaced, "\uFFFD")

const special = /[\\"\n\0\uD800-\uDFFF]/

const escaped = (value: string): string =>
  special.test(value)
    ? representable(value).replace(/[\\"\n]/g, (c) => c === "\n" ? "\\n" : `\\${c}`)
    : value

const escapedHelp = (help: string, format: Format): string =>
  format === "openmetrics"
    ? escaped(help)
    : representable(help).replace(/[\\\n]/g, (c) => c === "\n" ? "\\n" : "\\\\")

const metricName = (name: string): string => /^[a-zA-Z_:][\w:]*$/.test(name) ? name : legal(name, /[^a-zA-Z0-9_:]/g)

const labelName = (name: string): string => /^[a-zA-Z_]\w*$/.test(name) ? name : legal(name, /[^a-zA-Z0-9_]/g)

const legal = (name: string, illegal: RegExp): string => name.replace(illegal, "_").replace(/^(?=\d|$)/, "_")
