/** Bundles a TypeScript program into one file, which a process of its own runs without a loader. */
import { buildSync } from "esbuild"
import { fileURLToPath } from "node:url"

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
    logLevel: "error"
  })
}
