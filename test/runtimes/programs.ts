/** The runtimes, and the program in each of them, beside the package as an application gets it. */
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { copyFile, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { Result } from "./corpus.js"
import type { Addresses } from "./faults.js"
import type { Usage } from "./usage.js"

const run = promisify(execFile)

const here = import.meta.dirname
const root = join(here, "../..")
const installed = join(here, "node_modules")

export interface Runtime {
  readonly name: string
  readonly kind: "node" | "bun" | "deno"
  readonly command: string
  readonly arguments: ReadonlyArray<string>
}

const node = (version: number): Runtime => ({
  name: `Node.js ${version}`,
  kind: "node",
  command: join(installed, `node-${version}/bin/node`),
  arguments: []
})

/** Those that are installed: their packages are for Linux on x64. */
export const runtimes: ReadonlyArray<Runtime> = [
  node(20),
  node(22),
  node(24),
  node(26),
  { name: "Bun", kind: "bun", command: join(installed, "@oven/bun-linux-x64/bin/bun"), arguments: ["run"] },
  {
    name: "Deno",
    kind: "deno",
    command: join(installed, "@deno/linux-x64-glibc/deno"),
    arguments: ["run", "--allow-all", "--no-lock", "--no-remote", "--node-modules-dir=manual"]
  }
].filter(({ command }) => existsSync(command)) as ReadonlyArray<Runtime>

const sources = (folder: string): Array<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file))

/** Compiles the package and the program file by file; `issuer` is the certificate that the program trusts. */
export const compile = async (issuer: string): Promise<Project> => {
  const folder = join(root, "build/runtimes")
  const copy = join(folder, "node_modules/effect-errata")
  const options = { format: "esm", target: "es2022", logLevel: "warning" } as const
  await Promise.all([
    build({
      ...options,
      entryPoints: sources(join(root, "src")),
      outbase: join(root, "src"),
      outdir: join(copy, "dist")
    }),
    build({
      ...options,
      entryPoints: ["corpus", "faults", "globals", "usage"].map((file) => join(here, `${file}.ts`)),
      outdir: folder
    })
  ])
  await copyFile(join(root, "package.json"), join(copy, "package.json"))
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  await writeFile(join(folder, "issuer.pem"), issuer)
  await mkdir(join(folder, "cache"), { recursive: true })
  return { folder }
}

export interface Project {
  readonly folder: string
}

export interface Report {
  readonly results: ReadonlyArray<Result>
  readonly usage: Usage
}

/** Milliseconds: the program gives each fault five seconds. */
const timeout = 25_000

export const report = async (runtime: Runtime, { folder }: Project, addresses: Addresses): Promise<Report> => {
  const issuer = join(folder, "issuer.pem")
  const { stdout } = await run(
    runtime.command,
    [...runtime.arguments, join(folder, "corpus.js"), JSON.stringify(addresses)],
    {
      cwd: folder,
      timeout,
      maxBuffer: 1 << 24,
      env: {
        PATH: process.env["PATH"],
        HOME: process.env["HOME"],
        NODE_EXTRA_CA_CERTS: issuer,
        DENO_CERT: issuer,
        DENO_DIR: join(folder, "cache"),
        DENO_NO_UPDATE_CHECK: "1"
      }
    }
  )
  const lines: ReadonlyArray<unknown> = stdout.trim().split("\n").map((line) => JSON.parse(line))
  return { results: lines.slice(0, -1) as ReadonlyArray<Result>, usage: lines.at(-1) as Usage }
}
