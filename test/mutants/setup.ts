/** Leaves out the slow tests of a room. */
import { env } from "node:process"
import { beforeEach } from "vitest"

const { rooms }: { readonly rooms: Readonly<Record<string, { readonly slow?: ReadonlyArray<string> }>> } = await import(
  new URL("rooms.mjs", import.meta.url).href
)
const slow = rooms[env["ROOM"] ?? ""]?.slow ?? []

beforeEach(({ skip, task }) => {
  if (slow.some((name) => task.name.startsWith(name))) skip()
})
