/** Writes expressions of PromQL, templates of Go, and YAML. Everything outside of printable ASCII is escaped. Pure. */
import { representable } from "./exposition.js"

const hex = (code: number): string =>
  code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`

/** A string in double quotes: the escapes are common to PromQL and YAML. */
export const quoted = (text: string): string => {
  let escaped = ""
  for (const char of representable(text)) {
    const code = char.codePointAt(0) ?? 0
    escaped += char === "\"" || char === "\\"
      ? `\\${char}`
      : char === "\n"
      ? "\\n"
      : code < 0x20 || code > 0x7e
      ? hex(code)
      : char
  }
  return `"${escaped}"`
}

/** A selector: the name of a metric, and the values of labels. */
export const selector = (name: string, labels: Readonly<Record<string, string>>): string => {
  const matchers = Object.entries(labels).map(([label, value]) => `${label}=${quoted(value)}`)
  return `${name}{${matchers.join(",")}}`
}

/** A number without the noise of binary fractions: 14.4 × 0.001 is 0.0144. */
export const literal = (value: number): string => String(Number(value.toPrecision(12)))

/** Text for a place where Prometheus expands templates. */
export const verbatim = (text: string): string => text.replaceAll("{", `{{ "{" }}`)

// ---------------------------------------------------------------------------------------------------------------------
// rules
// ---------------------------------------------------------------------------------------------------------------------

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  /** As in `1m`. */
  readonly keepFiringFor: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** The YAML of a file of rules. */
export const rulesFile = (
  groups: ReadonlyArray<{ readonly name: string; readonly rules: ReadonlyArray<AlertRule> }>
): string => {
  const written = groups.filter(({ rules }) => rules.length > 0)
  if (written.length === 0) return "groups: []\n"
  return `groups:\n${
    written.map(({ name, rules }) => `  - name: ${name}\n    rules:\n${rules.map(rule).join("")}`).join("")
  }`
}

const rule = ({ alert, annotations, expr, keepFiringFor, labels }: AlertRule): string =>
  [
    `      - alert: ${alert}`,
    "        expr: |-",
    ...expr.split("\n").map((line) => `          ${line}`),
    ...keepFiringFor === undefined ? [] : [`        keep_firing_for: ${keepFiringFor}`],
    ...mapping("labels", labels),
    ...mapping("annotations", annotations)
  ].map((line) => `${line}\n`).join("")

const mapping = (name: string, entries: Readonly<Record<string, string>>): ReadonlyArray<string> => [
  `        ${name}:`,
  ...Object.entries(entries).map(([key, value]) => `          ${key}: ${quoted(value)}`)
]
