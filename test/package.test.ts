import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "..")
const read = (path: string) => readFileSync(join(root, path), "utf8")

const modulesIn = (folder: string) =>
  readdirSync(join(root, "src", folder))
    .filter((file) => /^[A-Z]\w*\.ts$/.test(file))
    .map((file) => file.slice(0, -".ts".length))
    .sort()

const modules = modulesIn("")

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".ts")
)

describe("package", () => {
  it("has an entry for each module of src, and no other", () => {
    const entry = (path: string) => ({ types: `./dist/${path}.d.ts`, default: `./dist/${path}.js` })
    expect(JSON.parse(read("package.json")).exports).toEqual({
      ".": entry("index"),
      ...Object.fromEntries(modules.map((module) => [`./${module}`, entry(module)])),
      ...Object.fromEntries(["binance", "dashboard", "fleet", "testing"].flatMap((folder) => [
        [`./${folder}`, entry(`${folder}/index`)],
        ...modulesIn(folder).map((module) => [`./${folder}/${module}`, entry(`${folder}/${module}`)])
      ])),
      "./package.json": "./package.json"
    })
  })

  it("exports each module as a namespace from the index, and nothing else", () => {
    const statements = read("src/index.ts")
      .replace(/\/\*.*?\*\//gs, "")
      .split("\n")
      .filter((line) => line.trim() !== "")
    expect(statements.sort()).toEqual(modules.map((module) => `export * as ${module} from "./${module}.js"`))
  })

  it("imports nothing from Node.js outside dashboard and testing, but for files and archives, when they are read", () => {
    const importing = (how: RegExp) =>
      sources.filter((file) => !/^(dashboard|testing)[\\/]/.test(file))
        .filter((file) => how.test(read(join("src", file)).replace(/^import type .*$/gm, "")))
    expect(importing(/\b(from|import)\s+["']node:/)).toEqual([])
    expect(importing(/\bimport\(\s*["']node:/)).toEqual([
      join("binance", "internal", "optionalModules.ts")
    ])
  })

  it("no module looks for files beside it, which the package might lack", () => {
    expect(sources.filter((file) => /import\.meta|__dirname|__filename/.test(read(join("src", file))))).toEqual([])
  })

  it("never asks the wall clock for the time", () => {
    // The linter knows Date.now(), but not this.
    const asking = sources.filter((file) => /new Date\b(?!\([^)])/.test(read(join("src", file))))
    expect(asking).toEqual([])
  })

  it("has no code in its files but modules, indexes and internal", () => {
    const files = readdirSync(join(root, "src")).filter((file) => file.endsWith(".ts"))
    expect(files.filter((file) => !/^[A-Z]/.test(file))).toEqual(["index.ts"])
  })
})
