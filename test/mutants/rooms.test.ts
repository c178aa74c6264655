import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"

interface Room {
  readonly mutate: ReadonlyArray<string>
  readonly tests: ReadonlyArray<string>
}

interface Group {
  readonly reason: string
  readonly mutants: ReadonlyArray<{ readonly from: string; readonly to: string }>
}

const root = join(import.meta.dirname, "../..")

interface Rooms {
  readonly rooms: Readonly<Record<string, Room>>
  readonly filesByPattern: (patterns: ReadonlyArray<string>) => ReadonlyMap<string, ReadonlyArray<string>>
}

const { filesByPattern, rooms }: Rooms = await import(pathToFileURL(join(import.meta.dirname, "rooms.mjs")).href)

const reasons: Readonly<Record<string, ReadonlyArray<Group>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "reasons.json"), "utf8")
)

describe("mutation tests", () => {
  it.each(Object.keys(rooms))("%s: the files that are mutated and their tests exist", (room) => {
    const { mutate, tests } = rooms[room]!
    const named = [...filesByPattern([...mutate, ...tests])]
    expect(named.filter(([, files]) => files.length === 0)).toEqual([])
    expect(named.length).toBeGreaterThan(1)
  })

  it("every survivor with a reason is of code that exists", () => {
    const gone = Object.entries(reasons).flatMap(([path, groups]) => {
      const source = readFileSync(join(root, path), "utf8").replaceAll(/\s+/g, " ")
      return groups.flatMap(({ mutants }) => mutants).filter(({ from }) => !source.includes(from.replace("…", "")))
    })
    expect(gone).toEqual([])
  })
})
