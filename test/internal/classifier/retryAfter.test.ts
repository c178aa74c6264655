import { assert, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { retryAfter } from "../../../src/internal/classifier/retryAfter.js"

const now = Date.UTC(2024, 0, 1)
const millis = (header: string | undefined, body?: unknown) =>
  Option.getOrUndefined(Option.map(retryAfter(header, body, now), Duration.toMillis))

it("failure 29, a header: seconds, a fraction, one of the three forms of an HTTP date; junk is none", () => {
  const table: ReadonlyArray<readonly [string | undefined, number | undefined]> = [
    ["7", 7000],
    [" 720 ", 720_000],
    ["1.5", 1500],
    ["0", 0],
    ["259200", 259_200_000],
    ["99999999", 99_999_999_000],
    ["Mon, 01 Jan 2024 00:00:30 GMT", 30_000],
    ["Monday, 01-Jan-24 00:00:30 GMT", 30_000],
    ["Mon Jan  1 00:00:30 2024", 30_000],
    ["Sun, 31 Dec 2023 23:59:59 GMT", undefined],
    ["Mon, 01 Jan 2024 00:00:00 GMT", undefined],
    ["-5", undefined],
    ["+5", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["soon", undefined],
    ["soon 5", undefined],
    ["", undefined],
    ["9".repeat(400), undefined],
    [undefined, undefined]
  ]
  for (const [header, expected] of table) assert.strictEqual(millis(header), expected, header)
})

it("a body: retryAfter as seconds or an instant, banned until an instant", () => {
  const table: ReadonlyArray<readonly [unknown, number | undefined]> = [
    [{ retryAfter: 3 }, 3000],
    [{ retry_after: 0.25 }, 250],
    [{ retryAfter: "4" }, 4000],
    [{ retryAfter: now + 5000 }, 5000],
    [{ retryAfter: now / 1000 + 5 }, 5000],
    [{ retryAfter: now - 5000 }, undefined],
    [{ retryAfter: -1 }, undefined],
    [{ retryAfter: NaN }, undefined],
    [{ error: { data: { retryAfter: now + 6000 } } }, 6000],
    [{ code: -1003, msg: `Way too much request weight used; IP banned until ${now + 7000}.` }, 7000],
    [`IP banned until ${now + 8000}`, 8000],
    [{ msg: `IP banned until ${now - 1}.` }, undefined],
    [null, undefined]
  ]
  for (const [body, expected] of table) assert.strictEqual(millis(undefined, body), expected, JSON.stringify(body))
})

it("the later of both", () => {
  assert.strictEqual(millis("2", { retryAfter: 9 }), 9000)
  assert.strictEqual(millis("9", { retryAfter: 2 }), 9000)
  assert.strictEqual(millis("junk", { retryAfter: 2 }), 2000)
})
