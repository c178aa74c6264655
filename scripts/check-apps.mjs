/**
 * Installs each application of examples/apps with the packed package in an empty folder, as its own package, and runs its
 * `npm test`. Bun and Deno run the first one too, where `npm ci --prefix test/runtimes` has installed them.
 */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { execPath } from "node:process"

const runtimes = {
  Bun: [resolve("test/runtimes/node_modules/@oven/bun-linux-x64/bin/bun"), "run", "src/main.ts"],
  Deno: [resolve("test/runtimes/node_modules/@deno/linux-x64-glibc/deno"), "run", "--allow-all", "src/main.ts"]
}

const root = mkdtempSync(join(tmpdir(), "apps-"))
try {
  const packed = execFileSync("npm", ["pack", "--silent", "--pack-destination", root], { encoding: "utf8" }).trim()
  for (const app of readdirSync("examples/apps")) {
    const folder = join(root, app)
    const run = (command, ...args) =>
      execFileSync(command, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"], timeout: 180_000 })
    cpSync(join("examples/apps", app), folder, { recursive: true })
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    for (const kind of ["dependencies", "devDependencies"]) {
      if (manifest[kind]?.["effect-errata"] !== undefined) {
        manifest[kind]["effect-errata"] = `file:${join(root, packed)}`
      }
    }
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest))
    run("npm", "install", "--silent", "--no-audit", "--no-fund")
    run("npm", "test", "--silent")
    if (app !== "prices-api") continue
    for (const [name, command] of Object.entries(runtimes)) {
      if (existsSync(command[0])) {
        run(execPath, "dist/check.js", ...command)
        console.log(`${app}: the same on ${name}`)
      } else {
        console.warn(`Skipped: ${app} on ${name}. To run it: npm ci --prefix test/runtimes`)
      }
    }
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
