/** The `.CHECKSUM` beside a file of the archive, and what a file has to have to be the one it is about. */
import type { DataIntegrity } from "../../../FetchError.js"
import { bounded } from "../../../internal/safe/json.js"
import { corrupt } from "../klines/failure.js"

const line = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/i

/** What is wrong with a file, by the text beside it; nothing, mostly. */
export const verify = (name: string, sha256: string, text: string): DataIntegrity | undefined => {
  const [, sum, about] = line.exec(text) ?? []
  if (sum === undefined || about === undefined) {
    return corrupt(`What is beside ${name} is no checksum`, `a SHA-256 and ${name}`, bounded(text, 128))
  }
  if (about !== name) return corrupt(`The checksum beside ${name} is that of another file`, name, about)
  return sum.toLowerCase() === sha256
    ? undefined
    : corrupt(`${name} is not what its checksum was made of`, sum.toLowerCase(), sha256)
}
