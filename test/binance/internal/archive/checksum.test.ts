import { describe, expect, it } from "vitest"
import { verify } from "../../../../src/binance/internal/archive/checksum.js"

const name = "BTCUSDT-1m-2020-01-01.zip"
const sum = "dd579c62368ded93d3f01a1904575b932279e32936e181c062763e605793c1c2"
const other = "0".repeat(64)

describe("a file agrees with its checksum", () => {
  it.each([
    ["as published, without an end of the line", `${sum}  ${name}`],
    ["with one", `${sum}  ${name}\n`],
    ["as Windows ends lines", `${sum}  ${name}\r\n`],
    ["marked as binary", `${sum} *${name}`],
    ["in capitals", `${sum.toUpperCase()}  ${name}`]
  ])("%s", (_, text) => expect(verify(name, sum, text)).toBeUndefined())
})

describe("a checksum that does not match, by its reason", () => {
  it.each([
    ["another sum", `${other}  ${name}`, `The checksum of ${name} does not match its contents`, other, sum],
    [
      "the sum of another file",
      `${sum}  BTCUSDT-1m-2020-01-02.zip`,
      `The checksum file of ${name} belongs to another file`,
      name,
      "BTCUSDT-1m-2020-01-02.zip"
    ],
    [
      "the name in other letters",
      `${sum}  ${name.toLowerCase()}`,
      `The checksum file of ${name} belongs to another file`,
      name,
      name.toLowerCase()
    ],
    ["nothing", "", `The checksum file of ${name} is not a checksum`, `a SHA-256 and ${name}`, ""],
    ["a page", "<html>", `The checksum file of ${name} is not a checksum`, `a SHA-256 and ${name}`, "<html>"],
    ["a sum without a name", sum, `The checksum file of ${name} is not a checksum`, `a SHA-256 and ${name}`, sum],
    [
      "a shorter sum",
      `${sum.slice(1)}  ${name}`,
      `The checksum file of ${name} is not a checksum`,
      `a SHA-256 and ${name}`,
      `${sum.slice(1)}  ${name}`
    ]
  ])("%s", (_, text, message, wanted, found) => {
    expect(verify(name, sum, text)).toMatchObject({ _tag: "DataIntegrity", message, wanted, found, retryable: false })
  })
})
