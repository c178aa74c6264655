/**
 * Checks that the package can be published, and ends with `npm publish --dry-run`:
 *
 *     npm run release            from a clean clone, on the tag of the version
 *     npm run release -- --untagged    the same, before the tag is set
 *
 * It publishes nothing. The licences and the SBOM of what is installed with the package are written to build/release.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { argv } from "node:process"

const manifest = JSON.parse(readFileSync("package.json", "utf8"))
const output = (command, ...args) =>
  execFileSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["ignore", "pipe", "pipe"] }).trim()

const folders = ["dist/", "src/", "docs/", "examples/", "images/"]
const single = ["package.json", "README.md", "CHANGELOG.md", "LICENSE"]
const licences = new Set(["MIT", "ISC", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "0BSD"])

/** Each check returns a line on success, and throws on failure. */
const checks = {
  "clean clone": () => {
    const changed = output("git", "status", "--porcelain")
    if (changed !== "") throw new Error(`there are changes that are not committed:\n${changed}`)
    return output("git", "rev-parse", "HEAD")
  },
  "version and changelog": () => {
    const { version } = manifest
    const heading = readFileSync("CHANGELOG.md", "utf8").match(/^## \[?([^\]\s]+)\]?(.*)$/m)
    if (heading?.[1] !== version) {
      throw new Error(`package.json has version ${version}, CHANGELOG.md begins with ${heading?.[1] ?? "no version"}`)
    }
    if (!argv.includes("--untagged") && heading[2].includes("unreleased")) {
      throw new Error(`CHANGELOG.md calls ${version} unreleased: write the date`)
    }
    return version
  },
  tag: () => {
    const wanted = `v${manifest.version}`
    const tags = output("git", "tag", "--points-at", "HEAD").split("\n")
    if (tags.includes(wanted)) return wanted
    if (argv.includes("--untagged")) return `${wanted} is not set yet`
    throw new Error(
      `HEAD has no tag ${wanted}. Set it with: git tag ${wanted}. To check without it: npm run release -- --untagged`
    )
  },
  "contents of the tarball": () => {
    const [{ entryCount, files, size, unpackedSize }] = JSON.parse(
      output("npm", "pack", "--dry-run", "--json", "--silent")
    )
    const paths = files.map(({ path }) => path)
    const odd = paths.filter((path) => !single.includes(path) && !folders.some((folder) => path.startsWith(folder)))
    if (odd.length > 0) throw new Error(`files that do not belong to the package: ${odd.join(", ")}`)
    const targets = Object.values(manifest.exports).flatMap((target) =>
      typeof target === "string" ? target : Object.values(target)
    )
    const missing = [...targets.map((target) => target.replace("./", "")), ...single].filter((path) =>
      !paths.includes(path)
    )
    if (missing.length > 0) throw new Error(`files that are missing: ${missing.join(", ")}`)
    return `${entryCount} files, ${Math.round(size / 1000)} kB packed, ${Math.round(unpackedSize / 1000)} kB unpacked`
  },
  "no dependencies, no install scripts": () => {
    const scripts = ["preinstall", "install", "postinstall"].filter((name) => name in manifest.scripts)
    if (manifest.dependencies !== undefined || scripts.length > 0) {
      throw new Error("the package has peers only, and runs nothing when installed")
    }
    return `${Object.keys(manifest.peerDependencies).length} peers`
  },
  licences: () => {
    // The peers are devDependencies too, so --omit=dev lists nothing: the tree is walked from the peers.
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"))
    const found = new Map()
    const walk = (name) => {
      const entry = packages[`node_modules/${name}`]
      if (entry === undefined || found.has(name)) return
      found.set(name, `${entry.version} ${entry.license ?? "no licence"}`)
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies }).forEach(walk)
    }
    Object.keys(manifest.peerDependencies).forEach(walk)
    const list = [...found].map(([name, rest]) => `${name} ${rest}`).sort()
    writeFileSync(
      "build/release/licences.txt",
      `${manifest.name} ${manifest.version} ${manifest.license}\n${list.join("\n")}\n`
    )
    const unknown = list.filter((line) => !licences.has(line.split(" ").at(-1)))
    if (unknown.length > 0) throw new Error(`licences to look at: ${unknown.join(", ")}`)
    return `${list.length} packages: ${[...new Set(list.map((line) => line.split(" ").at(-1)))].join(", ")}`
  },
  SBOM: () => {
    const sbom = output("npm", "sbom", "--sbom-format", "cyclonedx", "--sbom-type", "library", "--package-lock-only")
    writeFileSync("build/release/sbom.cdx.json", sbom)
    return `${JSON.parse(sbom).components.length} components in build/release/sbom.cdx.json`
  },
  audit: () => {
    const { stdout } = spawnSync("npm", ["audit", "--json"], { encoding: "utf8" })
    const { error, message, metadata } = JSON.parse(stdout || "{}")
    if (metadata === undefined) {
      return `not done: this registry offers no audit (${error?.summary || error?.code || message || "no answer"})`
    }
    const { critical, high } = metadata.vulnerabilities
    if (critical + high > 0) {
      throw new Error(`${critical} critical and ${high} high vulnerabilities: npm audit lists them`)
    }
    return "no high or critical vulnerability"
  },
  "package managers": () => output("node", "scripts/check-managers.mjs").replaceAll("\n", ", "),
  "npm publish --dry-run": () => {
    const { status, stderr } = spawnSync("npm", ["publish", "--dry-run", "--silent"], { encoding: "utf8" })
    if (status !== 0) throw new Error(stderr.trim())
    return "ready"
  }
}

mkdirSync("build/release", { recursive: true })
for (const [name, check] of Object.entries(checks)) {
  try {
    console.log(`ok      ${name}: ${check()}`)
  } catch (error) {
    console.error(`FAILED  ${name}: ${error.message}`)
    process.exitCode = 1
  }
}
