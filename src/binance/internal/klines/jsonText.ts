/** Candles as JSON, by rows or by columns. */
import { type Name, names } from "./columns.js"
import type { Model } from "./klinesModel.js"
import { maxLength, putNumber, putText } from "./numberText.js"

export const encode = (klines: Model, as: "rows" | "columns"): Uint8Array<ArrayBuffer> => {
  const { interval, length, missing } = klines
  const text = new JsonText(256 + 220 * length)
  text.put(`{"interval":"${interval}","length":${length},"missing":${JSON.stringify(missing)}`)
  if (as === "columns") putColumns(text, klines)
  else putRows(text, klines)
  text.put("}")
  return text.finish()
}

const putColumns = (text: JsonText, klines: Model): void => {
  for (const name of names) {
    text.put(`,"${name}":[`)
    const column = klines[name]
    for (let i = 0; i < column.length; i++) text.number(i === 0 ? "" : ",", column[i]!)
    text.put("]")
  }
  text.put(`,"source":[`)
  klines.source.forEach((source, i) => text.put(i === 0 ? `"${source}"` : `,"${source}"`))
  text.put("]")
}

const keys: ReadonlyArray<readonly [Name, string]> = names.map((name, i) => [name, `${i === 0 ? "{" : ","}"${name}":`])

const putRows = (text: JsonText, klines: Model): void => {
  text.put(`,"rows":[`)
  for (let i = 0; i < klines.length; i++) {
    if (i > 0) text.put(",")
    for (const [name, key] of keys) text.number(key, klines[name][i]!)
    text.put(`,"source":"${klines.source[i]}"}`)
  }
  text.put("]")
}

/** A growing buffer of ASCII. */
class JsonText {
  private bytes: Uint8Array<ArrayBuffer>
  private at = 0

  constructor(expected: number) {
    this.bytes = new Uint8Array(expected)
  }

  put(text: string): void {
    this.makeRoom(text.length)
    this.at = putText(this.bytes, this.at, text)
  }

  /** Writes a number. JSON cannot represent NaN and infinity. */
  number(before: string, value: number): void {
    this.makeRoom(before.length + maxLength)
    this.at = putText(this.bytes, this.at, before)
    this.at = Number.isFinite(value)
      ? putNumber(this.bytes, this.at, value)
      : putText(this.bytes, this.at, "null")
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.at)
  }

  private makeRoom(length: number): void {
    if (this.at + length <= this.bytes.length) return
    const longer = new Uint8Array(2 * (this.at + length))
    longer.set(this.bytes)
    this.bytes = longer
  }
}
