/** The known name that a misspelt one most likely means. */

const maxLength = 64

/**
 * The known name with the fewest edits, or undefined if none is near: at most a third of the characters may differ, and
 * at most `limit`. Case and separators do not count: `per-minute` and `PERMINUTE` both find `perMinute`.
 */
export const nearest = (name: string, known: ReadonlyArray<string>, limit: number = 3): string | undefined => {
  if (name.length > maxLength) return undefined
  const spelled = plain(name)
  let best: string | undefined
  let fewest = Infinity
  for (const candidate of known) {
    const wanted = plain(candidate)
    const most = Math.min(limit, Math.floor(Math.max(wanted.length, spelled.length) / 3))
    if (Math.abs(wanted.length - spelled.length) > most) continue
    const edits = distance(spelled, wanted)
    if (edits <= most && edits < fewest) {
      best = candidate
      fewest = edits
    }
  }
  return best
}

const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "")

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment). */
export const distance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let last: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      let least = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, before[j - 2]! + 1)
      row.push(least)
    }
    before = last
    last = row
  }
  return last[b.length]!
}
