/** Sets of marks in memory. Pure. The scripts of Redis do the same. */

/** The most marks of a set. */
export const maxMarks = 2000

export class Marks {
  private marks = new Map<string, number>()

  add(marks: ReadonlyMap<string, number>): void {
    for (const [name, value] of marks) this.marks.set(name, Math.max(value, this.marks.get(name) ?? -Infinity))
    if (this.marks.size <= maxMarks) return
    this.marks = new Map(Array.from(this.marks).sort(([, a], [, b]) => b - a).slice(0, maxMarks))
  }

  among(names: ReadonlyArray<string>): ReadonlyMap<string, number> {
    return new Map(names.flatMap((name) => {
      const value = this.marks.get(name)
      return value === undefined ? [] : [[name, value] as const]
    }))
  }
}
