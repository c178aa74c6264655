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
    ["another sum", `${other}  ${name}`, `${name} is not what its checksum was made of`, other, sum],
    [
      "the sum of another file",
      `${sum}  BTCUSDT-1m-2020-01-02.zip`,
      `The checksum beside ${name} is that of another file`,
      name,
      "BTCUSDT-1m-2020-01-02.zip"
    ],
    [
      "the name in other letters",
      `${sum}  ${name.toLowerCase()}`,
      `The checksum beside ${name} is that of another file`,
      name,
      name.toLowerCase()
    ],
    ["nothing", "", `What is beside ${name} is no checksum`, `a SHA-256 and ${name}`, ""],
    ["a page", "<html>", `What is beside ${name} is no checksum`, `a SHA-256 and ${name}`, "<html>"],
    ["a sum without a name", sum, `What is beside ${name} is no checksum`, `a SHA-256 and ${name}`, sum],
    [
      "a shorter sum",
      `${sum.slice(1)}  ${name}`,
      `What is beside ${name} is no checksum`,
      `a SHA-256 and ${name}`,
      `${sum.slice(1)}  ${name}`
    ]
  ])("%s", (_, text, message, wanted, found) => {
    expect(verify(name, sum, text)).toMatchObject({ _tag: "DataIntegrity", message, wanted, found, retryable: false })
  })
})
