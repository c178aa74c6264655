/** Safe reads of the properties of any value: a proxy, a getter that throws, a primitive. */

export type Foreign = { readonly [key: PropertyKey]: unknown }

export const isObject = (value: unknown): value is Foreign =>
  (typeof value === "object" && value !== null) || typeof value === "function"

/** The property, or `undefined` if there is none or reading it throws. */
export const get = (value: unknown, key: PropertyKey): unknown => {
  if (!isObject(value)) return undefined
  try {
    return value[key]
  } catch {
    return undefined
  }
}

export const text = (value: unknown, key: PropertyKey): string | undefined => {
  const found = get(value, key)
  return typeof found === "string" ? found : undefined
}

export const number = (value: unknown, key: PropertyKey): number | undefined => {
  const found = get(value, key)
  return typeof found === "number" && Number.isFinite(found) ? found : undefined
}

/** The text of an own property that is no accessor: the message of a `ParseError` takes seconds to make. */
export const ownText = (value: unknown, key: string): string | undefined => {
  try {
    const found: unknown = Object.getOwnPropertyDescriptor(value, key)?.value
    return typeof found === "string" ? found : undefined
  } catch {
    return undefined
  }
}
