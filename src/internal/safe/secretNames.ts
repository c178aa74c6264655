/** Which names are those of a secret: one list decides, for keys of objects and for texts. */

/** What stands in place of a secret. Masking a masked text changes nothing. */
export const mask = "<redacted>"

// What may stand between the words of a name, also as a URL writes it.
const between = "(?:[-_. +]|%(?:25)*(?:2D|5F|2E|20|2B)){0,2}"

/**
 * A pattern of all names. A space is where a spelling may put punctuation; a lookahead keeps a longer word out: a
 * secretary is no secret.
 */
export const spelled = [
  "api key",
  "(?:api|access) sign(?!al)",
  "(?:access|private|listen) key",
  "secret(?!ar[iy]|ion|ive)",
  "signature",
  "token(?!i[sz][aei])",
  "authori[sz]ation",
  "cookie",
  "pass (?:word(?!less)|wd|phrase|code)",
  "pwd",
  "credential",
  "bearer",
  "jwt",
  "session id",
  "mnemonic",
  "seed phrase",
  // Only as a whole name, and where it is one: the sign of a number is no secret.
  "(?:(?<![\\w-])|(?<=%(?:25)*[\\dA-F]{2}))(?:sign?|auth)(?=$|[\"'`\\\\=>]|:\\s?\\\\*[\"'`]|&quot;|%(?:25)*(?:22|3D))"
].join("|").replaceAll(" ", between)

const secretName = new RegExp(spelled, "i")
const maxName = 1024

/** Is a value under this name a secret? What stands under a name that is too long to be read may be one. */
export const isSecretName = (name: string): boolean => name.length > maxName || secretName.test(name)

/** Keys of an object whose value names another value of the object, and the keys of that. */
export const naming = { names: "name|key|field|param|parameter|property|header", values: "value|rejectedValue" }

/** Keys of an object that says what is wrong with a value elsewhere: where that is, what it is, and what is wrong. */
export const locating = {
  paths: "path|instancePath|dataPath",
  values: "value|received|input|actual|data|originalValue|rejectedValue",
  messages: "message|msg"
}
