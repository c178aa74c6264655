/** Type-checks test/clients, if what it needs is installed there. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { execPath } from "node:process"

if (existsSync("test/clients/node_modules")) {
  execFileSync(execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "test/clients"], { stdio: "inherit" })
} else {
  console.warn("Skipped: the types of test/clients. To check them, too: npm ci --prefix test/clients")
}
