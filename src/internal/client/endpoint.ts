/** Endpoints: the path of a request without the ids in it, so that ids do not become values of a dimension. */

/** A template of a path, segment by segment: `/users/:id`, `/repos/{owner}/{name}`, `/files/*`. */
interface Template {
  readonly text: string
  readonly segments: ReadonlyArray<string>
}

const segmentsOf = (path: string): ReadonlyArray<string> => path.split("/").filter((segment) => segment !== "")

const isParameter = (segment: string): boolean => /^(?::.+|\{.+\})$/.test(segment)

/** Whether the text is a template: a path from its first slash on, with `*` only at its end. */
export const isTemplate = (text: unknown): text is string =>
  typeof text === "string" && /^\/(?!.*\*.)[^?#\s]*$/.test(text) && !segmentsOf(text).some(({ length }) => length > 200)

/** Makes the function from a path to its endpoint. Of several templates that match, the first one counts. */
export const endpointBy = (templates: ReadonlyArray<string>): (path: string) => string => {
  const compiled = templates.map((text): Template => ({ text, segments: segmentsOf(text) }))
  return (path) => {
    const segments = segmentsOf(path)
    return compiled.find((template) => matches(template.segments, segments))?.text ?? generic(segments)
  }
}

const matches = (template: ReadonlyArray<string>, path: ReadonlyArray<string>): boolean => {
  const open = template.at(-1) === "*"
  const fixed = open ? template.slice(0, -1) : template
  return (open ? path.length >= fixed.length : path.length === fixed.length) &&
    fixed.every((segment, i) => segment === path[i] || isParameter(segment))
}

const maxSegments = 8

/** The endpoint of a path that no template matches: what looks like an id becomes `:id`. */
const generic = (segments: ReadonlyArray<string>): string => {
  const named = segments.slice(0, maxSegments).map((segment) => isId(segment) ? ":id" : segment)
  return `/${named.join("/")}${segments.length > maxSegments ? "/*" : ""}`
}

/** Numbers, UUIDs, hashes, dates, addresses, and keys with a prefix (`cus_Nf1a2b3c`). Versions (`v3`) are no ids. */
const isId = (segment: string): boolean =>
  /^\d+$/.test(segment) ||
  /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(segment) ||
  /^(?:0x)?(?=.*\d)[\da-f]{8,}$/i.test(segment) ||
  /^\d{4}-\d{2}(?:-\d{2})?(?:T.*)?$/.test(segment) ||
  /^[A-Za-z]{2,10}[_-](?=[A-Za-z\d]*\d)[A-Za-z\d]{6,}$/.test(segment) ||
  /^(?=.*\d)[\w-]{20,}$/.test(segment) ||
  /[@%:,;=]/.test(segment) ||
  segment.length > 40
