/**
 * Secrets never leave: what is masked, wherever it stands.
 *
 * One list of names decides. A name is compared without case and punctuation, so that `apiKey`, `API-KEY` and
 * `x_api_key` are one spelling.
 */

/** What stands in place of a secret. Masking a masked text changes nothing. */
export const mask = "<redacted>"

const secretNames = [
  "apikey",
  "secret",
  "signature",
  "token",
  "authorization",
  "cookie",
  "password",
  "passwd",
  "passphrase",
  "pwd",
  "listenkey",
  "privatekey",
  "accesskey",
  "credential",
  "bearer",
  "jwt",
  "sessionid"
]

/** Is a value under this name a secret? */
export const isSecretName = (name: string): boolean => {
  const plain = name.replace(/[^A-Za-z]/g, "").toLowerCase()
  return secretNames.some((secret) => plain.includes(secret))
}

// Each letter may be followed by the punctuation that spellings put between words, also percent-encoded or escaped.
const spelled = secretNames.map((name) => name.split("").join("[-_. ]?")).join("|")
const name = `[\\w.-]*(?:${spelled})[\\w.-]*`

/** A cheap look before the work: most texts hold none of these. */
const suspicious = new RegExp(`${spelled}|://[^/\\s]*@|basic\\s|-----BEGIN`, "i")

// `"name": "value"`, also with the quotes escaped any number of times, and with an array or object as the value.
const quoted = new RegExp(`((\\\\*)(["'])${name}\\2\\3\\s*[:=]\\s*)(?:\\2(["'])(?:(?!\\2\\4).)*(?:\\2\\4|$)|\\[[^\\]]*\\]?|\\{[^}]*\\}?|[^\\s,;}\\]]+)`, "gis")
// A header line takes everything up to the end of the line: `Authorization: Bearer abc`, `Cookie: a=b; c=d`.
const header = new RegExp(`(^|[\\s"'{\\[(,;<>|])(${name})(\\s*:\\s*)([^\\r\\n"'}\\]]+)`, "gi")
// `name=value`, in a query, a form or prose; `%3D` is `=` in a query inside a query.
const assigned = new RegExp(`(${name})(=|%3D|\\s+is\\s+|\\s=\\s?)("[^"]*"|'[^']*'|[^\\s&#;,"'<>)}\\]]+)`, "gi")
const bearer = /\b(bearer|basic)(\s+)[A-Za-z0-9+/_.~=-]{6,}/gi
const userInfo = /(:\/\/)[^/\s@?#]*@/g
const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g

/** Masks secrets in free text: URLs, header lines, JSON, assignments. */
export const redactText = (text: string): string =>
  suspicious.test(text)
    ? text
      .replace(pem, mask)
      .replace(userInfo, `$1${mask}@`)
      .replace(quoted, (_, prefix: string, escape: string, quote: string) => `${prefix}${escape}${quote}${mask}${escape}${quote}`)
      .replace(header, (whole, before: string, key: string, colon: string, value: string) =>
        value.startsWith("//") ? whole : `${before}${key}${colon}${mask}`)
      .replace(assigned, `$1$2${mask}`)
      .replace(bearer, `$1$2${mask}`)
    : text
