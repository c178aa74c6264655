/** The CRC-32 of concatenated bytes, from the CRC-32 of each part, as `crc32_combine` of zlib computes it. */

/**
 * The CRC-32 of some bytes that are followed by `length` others, from both checksums. The bytes are not needed: the
 * first checksum, as a polynomial, is multiplied by x^(8 · length).
 */
export const combine = (first: number, second: number, length: number): number => {
  let power = one
  for (let n = length, k = 3; n > 0; n = Math.floor(n / 2), k++) {
    if (n % 2 === 1) power = product(powers[k % powers.length]!, power)
  }
  return (product(power, first) ^ second) >>> 0
}

// ---------------------------------------------------------------------------------------------------------------------
// internal
// ---------------------------------------------------------------------------------------------------------------------

// Polynomials over the field of two elements. The highest bit is the coefficient of x^0.
const one = 1 << 31
const x = 1 << 30
const modulus = 0xedb8_8320

/** The product of two polynomials, modulo that of CRC-32. */
const product = (a: number, b: number): number => {
  let sum = 0
  let term = b
  for (let bit = 31; bit >= 0; bit--) {
    if ((a >>> bit) & 1) sum ^= term
    term = term & 1 ? (term >>> 1) ^ modulus : term >>> 1
  }
  return sum
}

/** x^(2^k). The sequence has a period of 31. */
const powers: ReadonlyArray<number> = Array.from({ length: 31 }).reduce<Array<number>>(
  (found) => [...found, found.length === 0 ? x : product(found.at(-1)!, found.at(-1)!)],
  []
)
