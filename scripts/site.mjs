/**
 * Builds the site into build/site: the API reference from the docstrings and the pages of docs/, with a search. Then it
 * checks each link: the file must exist in the site, and the anchor in the file. `--if-installed` skips the build where
 * its packages are missing.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { argv, execPath, exit } from "node:process"

const site = "build/site"

if (!existsSync("site/node_modules")) {
  const install = "npm ci --prefix site"
  if (argv.includes("--if-installed")) {
    console.warn(`Skipped: the site. To build it: ${install} && npm run site`)
    exit(0)
  }
  console.error(`The packages of the site are not installed. Install them with: ${install}`)
  exit(1)
}

rmSync(site, { recursive: true, force: true })
execFileSync(execPath, ["site/node_modules/typedoc/bin/typedoc", "--options", "site/typedoc.json"], {
  stdio: "inherit"
})

const files = new Set(readdirSync(site, { recursive: true }))
const pages = new Map(
  [...files].filter((file) => /\.(html|svg)$/.test(file)).map((file) => [file, readFileSync(join(site, file), "utf8")])
)
const anchors = new Map(
  [...pages].map(([file, html]) => [file, new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))])
)

const outside = /^[a-z]+:/i
const broken = []
let links = 0
for (const [page, html] of pages) {
  for (const [, link] of html.matchAll(/ (?:href|src)="([^"]+)"/g)) {
    if (outside.test(link)) continue
    links++
    const [path, anchor] = decodeURIComponent(link).split("#")
    const target = path === "" ? page : normalize(join(dirname(page), path))
    if (!files.has(target)) broken.push(`${page}: ${link}: no such file`)
    else if (anchor && !anchors.get(target)?.has(anchor)) broken.push(`${page}: ${link}: no such anchor`)
  }
}
for (const [page, html] of pages) {
  if (page.startsWith("modules/") && !html.includes("href=\"../documents/")) {
    broken.push(`${page}: no link to a guide: its first comment needs "Guide: [Title](../docs/page.md)." and @module`)
  }
}
for (const line of broken.slice(0, 20)) console.error(line)
console.log(`${site}: ${pages.size} pages, ${links} links, ${broken.length} broken`)
if (pages.size === 0 || links === 0 || broken.length > 0) exit(1)
