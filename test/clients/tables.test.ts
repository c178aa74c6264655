import { assert, describe, it } from "@effect/vitest"
import { codes, conflicts } from "./binance.js"
import { clients } from "./clients.js"
import { bodies, connections, http, time } from "./faults.js"
import { waits } from "./retryAfter.js"
import { statuses } from "./statuses.js"

const rows = [time, connections, http, bodies, statuses, codes, conflicts, waits].flat()

describe("tables", () => {
  it("have no fault twice", () => {
    const faults = rows.map(({ fault }) => fault)
    assert.deepStrictEqual(faults.filter((fault, i) => faults.indexOf(fault) !== i), [])
  })

  it("tell why a client makes another kind of error of a fault, or none", () => {
    const silent = rows.flatMap(({ but = [], expected: { retryable, tag }, fault }) =>
      but.filter(({ because, destroyed, expected }) =>
        because === undefined && destroyed === undefined && expected?.tag !== "fine" &&
        (expected?.tag !== tag || expected.retryable !== retryable)
      ).map(({ clients }) => `${fault}: ${clients.join(", ")}`)
    )
    assert.deepStrictEqual(silent, [])
  })

  it("show each fault to most of the clients", () => {
    for (const { but = [], fault } of rows) {
      const blind = new Set(but.flatMap(({ clients, expected }) => expected?.tag === "fine" ? clients : []))
      assert.isBelow(blind.size, Object.keys(clients).length / 2, fault)
    }
  })
})
