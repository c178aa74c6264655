/**
 * Lists of whole numbers as one text. There are very many of them, and most are small or 0: to the base of 36, with
 * nothing for a 0, they are short and quickly read.
 */
import type { Series, Tally } from "../snapshotModel.js"

const radix = 36

export type Lists = ReadonlyArray<ReadonlyArray<number>>

export const isNatural = (n: unknown): boolean => Number.isSafeInteger(n) && Number(n) >= 0

export const write = (lists: Lists): string => lists.map(writeList).join(";")

/** Undefined where the text is no such lists. */
export const read = (text: string): Lists | undefined => {
  if (/[^0-9a-z,;]/.test(text)) return undefined
  const lists = text.split(";").map(readList)
  return lists.every((list) => list.every(isNatural)) ? lists : undefined
}

const writeList = (list: ReadonlyArray<number>): string =>
  list.length === 1 ? `${list[0]?.toString(radix)}` : list.map((n) => n === 0 ? "" : n.toString(radix)).join(",")

const readList = (text: string): ReadonlyArray<number> =>
  text === "" ? [] : text.split(",").map((digits) => digits === "" ? 0 : parseInt(digits, radix))

export const ofSeries = ({ day, hour, minute, total }: Series): Lists => total === 0 ? [] : [[total], minute, hour, day]

export const seriesOf = ([[total = 0] = [], minute = [], hour = [], day = []]: Lists): Series => ({
  total,
  minute,
  hour,
  day
})

// Ages fall from the first to the last: written from the last, each as the step from the one before.
export const ofTally = ({ ages, total }: Tally): Lists => [
  [total],
  ...ages.map((level) => level.map((age, i) => age - (level[i + 1] ?? 0)).reverse())
]

export const tallyOf = ([[total = 0] = [], ...levels]: Lists): Tally => ({
  total,
  ages: levels.map((steps) => {
    let age = 0
    return steps.map((step) => age += step).reverse()
  })
})
