/** Made-up values for the corpus: random to the eye, and the same in every run. */

export interface Secret {
  /** The form of the secret, and where it stands. */
  readonly label: string
  /** A text, header, URL or object as it comes with an error. */
  readonly value: unknown
  /** The part that must not leave. */
  readonly secret: string
}

export interface LookAlike {
  readonly label: string
  /** A value that must leave as it is. */
  readonly value: unknown
}

const upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
const digits = "0123456789"
const alphabets = {
  hex: "0123456789abcdef",
  HEX: "0123456789ABCDEF",
  lower: `${upperCase.toLowerCase()}${digits}`,
  upper: `${upperCase}${digits}`,
  alnum: `${upperCase}${upperCase.toLowerCase()}${digits}`,
  letters: `${upperCase}${upperCase.toLowerCase()}`,
  digits,
  base32: `${upperCase}234567`,
  base58: "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
  url: `${upperCase}${upperCase.toLowerCase()}${digits}-_`
} as const

// A linear congruential generator: no two calls give the same text.
let state = 20_261_130

const next = (below: number): number => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((state / 2_147_483_648) * below)
}

/** A text of so many characters, the first of which is a letter where the alphabet has letters. */
export const random = (alphabet: keyof typeof alphabets, length: number): string => {
  const characters = alphabets[alphabet]
  return Array.from({ length }, () => characters[next(characters.length)]).join("")
}

export const uuid = (): string => [8, 4, 4, 4, 12].map((length) => random("hex", length)).join("-")
