import { existsSync, readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
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

const { rooms }: { readonly rooms: Readonly<Record<string, Room>> } = await import(
  pathToFileURL(join(import.meta.dirname, "rooms.mjs")).href
)

const reasons: Readonly<Record<string, ReadonlyArray<Group>>> = JSON.parse(
  readFileSync(join(import.meta.dirname, "reasons.json"), "utf8")
)

/** `a/{b,c}*.ts` as `a/b*.ts` and `a/c*.ts`. */
const alternatives = (pattern: string): ReadonlyArray<string> => {
  const braces = /\{([^{}]*)\}/.exec(pattern)
  return braces === null
    ? [pattern]
    : braces[1]!.split(",").flatMap((name) => alternatives(pattern.replace(braces[0], name)))
}

const filesOf = (path: string): ReadonlyArray<string> => {
  const folder = join(root, dirname(path))
  const [before, after] = basename(path).split("*")
  return after === undefined
    ? existsSync(join(root, path)) ? [path] : []
    : readdirSync(folder).filter((name) => name.startsWith(before!) && name.endsWith(after))
}

describe("mutation tests", () => {
  it.each(Object.keys(rooms))("%s: the files that are mutated and their tests exist", (room) => {
    const { mutate, tests } = rooms[room]!
    const patterns = [...mutate, ...tests].map((pattern) => pattern.replace("!", "")).flatMap(alternatives)
    expect(patterns.filter((pattern) => filesOf(pattern).length === 0)).toEqual([])
    expect(patterns.length).toBeGreaterThan(1)
  })

  it("every survivor with a reason is of code that exists", () => {
    const gone = Object.entries(reasons).flatMap(([path, groups]) => {
      const source = readFileSync(join(root, path), "utf8").replaceAll(/\s+/g, " ")
      return groups.flatMap(({ mutants }) => mutants).filter(({ from }) => !source.includes(from.replace("…", "")))
    })
    expect(gone).toEqual([])
  })
})
