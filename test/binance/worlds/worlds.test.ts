/**
 * Random worlds: an exchange whose truth is known, a client whose clock is wrong, sources that fail, and the laws of the
 * data path checked by brute force. A failing world is shrunk and printed.
 *
 * `npm run check:worlds` checks ten thousand; `WORLDS=from..to` checks others.
 */
import { expect, it } from "vitest"
import { makeWorld } from "./generator.js"
import { check, print, shrink } from "./shrink.js"

const isLong = process.env["MODE"] === "worlds"
const [from = 1, to = isLong ? 10_000 : 40] = (process.env["WORLDS"] ?? "").split("..").filter(Boolean).map(Number)
const shown = 3

it(`worlds ${from} to ${to} keep the laws of the data path`, async () => {
  const failed: Array<string> = []
  let count = 0
  for (let seed = from; seed <= to; seed++) {
    const failure = await check(makeWorld(seed))
    if (failure === undefined) continue
    count++
    if (failed.length < shown) failed.push(print(await shrink(failure, isLong ? 150 : 60)))
    else if (failed.length < 200) {
      failed.push(`World ${seed}: ${failure.violations[0]?.law}: ${failure.violations[0]?.says}`)
    }
  }
  expect(failed.join("\n\n"), `${count} of ${to - from + 1} worlds break a law`).toBe("")
}, isLong ? 7_200_000 : 120_000)
