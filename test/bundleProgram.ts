/** Bundles a TypeScript program into one file, which a process of its own runs without a loader. */
import { buildSync } from "esbuild"
import { fileURLToPath } from "node:url"

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

/** The names under which programs import this package, for programs that are written like those of a user. */
export const sourceAlias: Readonly<Record<string, string>> = {
  "effect-errata": source("index.ts"),
  ...Object.fromEntries(
    ["binance", "dashboard", "fleet", "testing"].map((entry) => [`effect-errata/${entry}`, source(`${entry}/index.ts`)])
  )
}

const banner = [
  // Packages in CommonJS ask for modules of Node.js.
  "import { createRequire as requireOf } from \"node:module\"; const require = requireOf(import.meta.url)",
  // A program ends with the process that started it, also if that is killed.
  "{ const { ppid } = process; setInterval(() => { if (process.ppid !== ppid) process.exit(1) }, 500).unref() }"
].join("\n")

export const bundleProgram = (
  program: URL,
  outfile: string,
  alias: Readonly<Record<string, string>> = {}
): void => {
  buildSync({
    entryPoints: [fileURLToPath(program)],
    outfile,
    alias: { ...alias },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
    banner: { js: banner }
  })
}
