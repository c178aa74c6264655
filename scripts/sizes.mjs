/**
 * Measures each entry of the package alone: bundled, without Effect and other peers, minified and gzipped. README.md has
 * the sizes in a paragraph between two marks. `--write` updates it; without it, a size that differs by more than a tenth
 * and 0.5 kB is an error.
 */
import { build } from "esbuild"
import { readFileSync, writeFileSync } from "node:fs"
import { argv } from "node:process"
import { gzipSync } from "node:zlib"

const manifest = JSON.parse(readFileSync("package.json", "utf8"))
const peers = Object.keys(manifest.peerDependencies)
const [begin, end] = ["<!-- sizes -->", "<!-- end of sizes -->"]

const sizeOf = async (entry) => {
  const { outputFiles: [file] } = await build({
    stdin: { contents: `export * from ${JSON.stringify(manifest.name + entry)}`, resolveDir: "." },
    external: [...peers, ...peers.map((peer) => `${peer}/*`), "node:*"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false
  })
  return gzipSync(file.contents).length / 1000
}

const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json").map((entry) =>
  entry.slice(1)
)
const measured = new Map()
for (const entry of entries) measured.set(manifest.name + entry, await sizeOf(entry))

const readme = readFileSync("README.md", "utf8")
const [start, stop] = [readme.indexOf(begin), readme.indexOf(end)]
if (start < 0 || stop < start) throw new Error(`README.md has no paragraph between ${begin} and ${end}`)

if (argv.includes("--write")) {
  const list = [...measured].map(([name, kB]) =>
    `\`${name.slice(manifest.name.length + 1) || manifest.name}\` ${kB.toFixed(1)}`
  )
  writeFileSync("README.md", `${readme.slice(0, start + begin.length)}\n${list.join(", ")}.\n${readme.slice(stop)}`)
} else {
  const written = new Map(
    [...readme.slice(start, stop).matchAll(/`([^`]+)` ([\d.]+)/g)].map(([, name, kB]) => [name, Number(kB)])
  )
  for (const [name, kB] of measured) {
    const stated = written.get(name.slice(manifest.name.length + 1) || manifest.name)
    if (stated === undefined || Math.abs(kB - stated) > Math.max(0.5, stated / 10)) {
      console.error(`${name}: ${kB.toFixed(1)} kB, README.md says ${stated ?? "nothing"}. To update it: npm run sizes`)
      process.exitCode = 1
    }
  }
}
for (const [name, kB] of measured) console.log(`${kB.toFixed(1).padStart(6)} kB  ${name}`)
