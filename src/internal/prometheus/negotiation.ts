/** Chooses the format of a page by the Accept header of the request. Pure. */
import type { Format } from "./exposition.js"

interface Range {
  readonly type: string
  readonly version: string | undefined
  readonly quality: number
}

/**
 * OpenMetrics where the header names it, with a weight not below that of plain text; else plain text. A header that accepts
 * neither gets plain text, too: a page in another format helps more than a status.
 */
export const negotiated = (accept: string | undefined): Format => {
  const ranges = rangesOf(accept ?? "")
  const named = weightOf(ranges, [["application/openmetrics-text", ["1.0.0", "0.0.1"]]])
  const text = weightOf(ranges, [["text/plain", ["0.0.4"]], ["text/*", []], ["*/*", []]])
  if (named !== undefined) return named > 0 && named >= (text ?? 0) ? "openmetrics" : "text"
  const wildcard = weightOf(ranges, [["application/*", []], ["*/*", []]]) ?? 0
  return text === 0 && wildcard > 0 ? "openmetrics" : "text"
}

/** The weight of the most specific range that matches; undefined if none does. */
const weightOf = (
  ranges: ReadonlyArray<Range>,
  types: ReadonlyArray<readonly [type: string, versions: ReadonlyArray<string>]>
): number | undefined => {
  for (const [type, versions] of types) {
    const matching = ranges.filter((range) =>
      range.type === type && (range.version === undefined || versions.length === 0 || versions.includes(range.version))
    )
    if (matching.length > 0) return Math.max(...matching.map(({ quality }) => quality))
  }
  return undefined
}

const maxHeader = 4096

const rangesOf = (accept: string): ReadonlyArray<Range> =>
  separated(accept.slice(0, maxHeader), ",").flatMap((range) => {
    const [type = "", ...parameters] = separated(range, ";").map((part) => part.trim())
    const named = new Map(parameters.map((parameter) => {
      const [name = "", ...value] = parameter.split("=")
      return [name.trim().toLowerCase(), unquoted(value.join("=").trim())] as const
    }))
    return type === ""
      ? []
      : [{ type: type.toLowerCase(), version: named.get("version"), quality: qualityOf(named.get("q")) }]
  })

/** From 0 to 1. A weight that is no number excludes the range. */
const qualityOf = (text: string | undefined): number =>
  text === undefined ? 1 : /^(?:0(?:\.\d*)?|1(?:\.0*)?|\.\d+)$/.test(text) ? Number(text) : 0

const unquoted = (value: string): string => /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, "$1") : value

/** The parts between separators that do not stand in a quoted string. */
const separated = (text: string, separator: string): ReadonlyArray<string> => {
  const parts: Array<string> = []
  let [part, isQuoted] = ["", false]
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!
    if (isQuoted && c === "\\") part += c + (text[++i] ?? "")
    else if (c === separator && !isQuoted) {
      parts.push(part)
      part = ""
    } else {
      if (c === "\"") isQuoted = !isQuoted
      part += c
    }
  }
  return [...parts, part]
}
