/**
 * Mutation tests.
 *
 *     npm run mutants                                              all rooms: hours
 *     npm run mutants -- retry insight                             these rooms
 *     FILES=src/internal/retry/gate.ts npm run mutants -- retry    files of a room, separated by commas
 *
 * Results are kept in build/mutants: a later run tests only the mutants of changed code, and those whose tests have changed.
 */
import { spawnSync } from "node:child_process"
import { existsSync, rmSync } from "node:fs"
import { constants, setPriority } from "node:os"
import { argv, env, execPath, exit } from "node:process"
import { rooms } from "./rooms.mjs"

const stryker = "test/mutants/node_modules/@stryker-mutator/core/bin/stryker.js"

const asked = argv.slice(2)
const unknown = asked.filter((room) => !(room in rooms))
if (unknown.length > 0) {
  console.error(`Unknown room: ${unknown.join(", ")}. Rooms: ${Object.keys(rooms).join(", ")}`)
  exit(2)
}
if (env.FILES !== undefined && asked.length !== 1) {
  console.error("FILES needs the one room that they belong to: FILES=… npm run mutants -- retry")
  exit(2)
}
if (!existsSync(stryker)) {
  console.error("StrykerJS is not installed. To install it: npm ci --prefix test/mutants")
  exit(2)
}

// For hours: other programs come first.
setPriority(constants.priority.PRIORITY_LOW)
for (const room of asked.length === 0 ? Object.keys(rooms) : asked) {
  const { status } = spawnSync(execPath, [stryker, "run", "test/mutants/stryker.config.mjs"], {
    env: { ...env, ROOM: room },
    stdio: "inherit"
  })
  rmSync("build/mutants/sandbox", { recursive: true, force: true })
  if (status !== 0) exit(1)
}
exit(spawnSync(execPath, ["test/mutants/report.mjs"], { stdio: "inherit" }).status)
