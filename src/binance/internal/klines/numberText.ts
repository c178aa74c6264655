/**
 * Numbers as ASCII bytes: the shortest decimal that `Number` reads as the same double, without an exponent.
 *
 * Each function writes at an offset and returns the offset after the number. A number takes at most {@link maxLength}
 * bytes, which the caller reserves.
 */

/** The smallest double has 324 zeros before its digits. A double has at most 17 digits, a point and a sign. */
export const maxLength = 352

const zero = 48
const minus = 45
const point = 46

// The digits of 0000 to 9999.
const quads = new Uint8Array(40_000)
for (let n = 0; n < 10_000; n++) {
  for (let digit = 3, rest = n; digit >= 0; digit--, rest = Math.floor(rest / 10)) {
    quads[4 * n + digit] = zero + rest % 10
  }
}

/**
 * Writes any double.
 *
 * Prices and volumes have at most eight decimals, and are multiples of 1e-8. Below 2^26, doubles are closer to each
 * other than these multiples, so at most one multiple is read as a certain double. If there is one, it is the shortest
 * decimal for that double: a shorter one would have no more decimals, and thus be a multiple as well.
 */
export const putNumber = (bytes: Uint8Array, at: number, value: number): number => {
  if (value > 0 && value < 67_108_864) {
    const units = Math.round(value * 1e8)
    if (units / 1e8 === value) {
      const whole = Math.floor(value)
      const fraction = units - whole * 1e8
      const end = putSmall(bytes, at, whole)
      return fraction === 0 ? end : putFraction(bytes, end, fraction)
    }
  } else if (value >= 67_108_864 && value <= Number.MAX_SAFE_INTEGER && Math.floor(value) === value) {
    return putInteger(bytes, at, value)
  } else if (value === 0 && !Object.is(value, -0)) {
    bytes[at] = zero
    return at + 1
  }
  return putText(bytes, at, Object.is(value, -0) ? "-0" : withoutExponent(String(value)))
}

export const putText = (bytes: Uint8Array, at: number, text: string): number => {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + text.length
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

const putQuad = (bytes: Uint8Array, at: number, n: number): void => {
  const from = 4 * n
  bytes[at] = quads[from]!
  bytes[at + 1] = quads[from + 1]!
  bytes[at + 2] = quads[from + 2]!
  bytes[at + 3] = quads[from + 3]!
}

const putEight = (bytes: Uint8Array, at: number, n: number): void => {
  const high = (n / 10_000) | 0
  putQuad(bytes, at, high)
  putQuad(bytes, at + 4, n - high * 10_000)
}

/** Below 1e8. */
const putSmall = (bytes: Uint8Array, at: number, n: number): number => {
  if (n >= 10_000) {
    const high = (n / 10_000) | 0
    const end = putSmall(bytes, at, high)
    putQuad(bytes, end, n - high * 10_000)
    return end + 4
  }
  const digits = n >= 1000 ? 4 : n >= 100 ? 3 : n >= 10 ? 2 : 1
  for (let i = 4 - digits; i < 4; i++) bytes[at++] = quads[4 * n + i]!
  return at
}

/** Any safe integer. From 1e8, the upper digits are written first, then the lower eight. */
const putInteger = (bytes: Uint8Array, at: number, n: number): number => {
  if (n < 1e8) return putSmall(bytes, at, n)
  const high = Math.floor(n / 1e8)
  const end = putInteger(bytes, at, high)
  putEight(bytes, end, n - high * 1e8)
  return end + 8
}

/** A point and up to eight decimals, not all zero, without trailing zeros. */
const putFraction = (bytes: Uint8Array, at: number, fraction: number): number => {
  bytes[at] = point
  putEight(bytes, at + 1, fraction)
  let end = at + 9
  while (bytes[end - 1] === zero) end--
  return end
}

/** A decimal as `String` writes it, with an exponent expanded to zeros. */
const withoutExponent = (text: string): string => {
  const e = text.indexOf("e")
  if (e < 0) return text
  const sign = text.charCodeAt(0) === minus ? "-" : ""
  const [whole = "", fraction = ""] = text.slice(sign.length, e).split(".")
  const exponent = Number(text.slice(e + 1))
  return exponent < 0
    ? `${sign}0.${"0".repeat(-exponent - 1)}${whole}${fraction}`
    : `${sign}${whole}${fraction}${"0".repeat(exponent - fraction.length)}`
}
