/**
 * Bundles the core for a browser, once with all of it and once with what one tracked fetch needs, and prints the sizes.
 * esbuild refuses `node:` modules for a browser; the test at the end also catches one that is imported lazily.
 */
import { build } from "esbuild"
import { gzipSync } from "node:zlib"

const programs = {
  "the whole core": { stdin: { contents: `export * from "effect-errata"`, resolveDir: "." } },
  "one tracked fetch": { entryPoints: ["scripts/consumer/main.ts"] }
}
const kilobytes = (bytes) => `${(bytes.length / 1000).toFixed(1)} kB`

for (const [name, program] of Object.entries(programs)) {
  const { metafile, outputFiles } = await build({
    ...program,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    write: false
  })
  console.log(
    `${name}: ${kilobytes(outputFiles[0].contents)} minified, ${kilobytes(gzipSync(outputFiles[0].contents))} gzipped`
  )
  const fromNode = Object.values(metafile.inputs)
    .flatMap((input) => input.imports.map((imported) => imported.path))
    .filter((path) => path.startsWith("node:"))
  if (fromNode.length > 0) {
    console.error(`${name} imports ${fromNode.join(", ")}`)
    process.exitCode = 1
  }
}
