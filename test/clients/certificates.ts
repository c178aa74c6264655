/** Certificates for 127.0.0.1, good and bad, made on the spot. */
import tls from "node:tls"
import type { SelfsignedOptions } from "selfsigned"
import { generate } from "selfsigned"

export interface Certificate {
  readonly key: string
  readonly cert: string
}

export interface Certificates {
  readonly good: Certificate
  readonly selfSigned: Certificate
  readonly ofUnknownIssuer: Certificate
  readonly expired: Certificate
  readonly notYetValid: Certificate
  readonly ofAnotherHost: Certificate
}

const day = 86_400_000

const make = async (name: string, options: SelfsignedOptions): Promise<Certificate> => {
  const made = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    algorithm: "sha256",
    ...options
  })
  return { key: made.private, cert: made.cert }
}

const authority = (name: string) =>
  make(name, {
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true }
    ]
  })

const here: NonNullable<SelfsignedOptions["extensions"]> = [
  { name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }
]
const elsewhere: typeof here = [{ name: "subjectAltName", altNames: [{ type: 2, value: "elsewhere.test" }] }]

/** Made once, so that this process trusts one issuer: that of the certificates which are bad for another reason. */
export const certificates = (): Promise<Certificates> => made ??= makeAll()

let made: Promise<Certificates> | undefined

/** The certificate of the trusted issuer, for other processes. */
export const trustedIssuer = async (): Promise<string> => {
  await certificates()
  return issuer
}

let issuer = ""

const makeAll = async (): Promise<Certificates> => {
  const [trusted, unknown] = await Promise.all([authority("Trusted"), authority("Unknown")])
  trust(trusted)
  issuer = trusted.cert
  const now = Date.now()
  const [good, selfSigned, ofUnknownIssuer, expired, notYetValid, ofAnotherHost] = await Promise.all([
    make("127.0.0.1", { extensions: here, ca: trusted }),
    make("127.0.0.1", { extensions: here }),
    make("127.0.0.1", { extensions: here, ca: unknown }),
    make("127.0.0.1", {
      extensions: here,
      ca: trusted,
      notBeforeDate: new Date(now - 2 * day),
      notAfterDate: new Date(now - day)
    }),
    make("127.0.0.1", {
      extensions: here,
      ca: trusted,
      notBeforeDate: new Date(now + day),
      notAfterDate: new Date(now + 2 * day)
    }),
    make("elsewhere.test", { extensions: elsewhere, ca: trusted })
  ])
  return { good, selfSigned, ofUnknownIssuer, expired, notYetValid, ofAnotherHost }
}

/** What NODE_EXTRA_CA_CERTS does, for a process that runs already: every client asks here for its context. */
const trust = (issuer: Certificate): void => {
  const original = tls.createSecureContext
  tls.createSecureContext = (options) => {
    const made = original(options)
    made.context.addCACert(issuer.cert)
    return made
  }
}
