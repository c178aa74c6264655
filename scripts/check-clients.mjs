/** Type-checks the tests of other packages, if these are installed. */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { execPath } from "node:process"

for (const folder of ["test/clients", "test/reporters", "test/runtimes"]) {
  if (existsSync(`${folder}/node_modules`)) {
    execFileSync(execPath, ["node_modules/typescript/bin/tsc", "--noEmit", "-p", folder], { stdio: "inherit" })
  } else {
    console.warn(`Skipped: the types of ${folder}. To check them: npm ci --prefix ${folder}`)
  }
}
