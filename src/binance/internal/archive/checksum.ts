/** Verification of a file of the archive against its `.CHECKSUM` file. */
import type { DataIntegrity } from "../../../FetchError.js"
import { bounded } from "../../../internal/safe/json.js"
import { corrupt } from "../klines/failure.js"

const line = /^([0-9a-f]{64})\s+\*?(\S+)\s*$/i

/** The mismatch between a file and its checksum file. Undefined if they match. */
export const verify = (name: string, sha256: string, text: string): DataIntegrity | undefined => {
  const [, sum, about] = line.exec(text) ?? []
  if (sum === undefined || about === undefined) {
    return corrupt(`The checksum file of ${name} is not a checksum`, `a SHA-256 and ${name}`, bounded(text, 128))
  }
  if (about !== name) return corrupt(`The checksum file of ${name} belongs to another file`, name, about)
  return sum.toLowerCase() === sha256
    ? undefined
    : corrupt(`The checksum of ${name} does not match its contents`, sum.toLowerCase(), sha256)
}
