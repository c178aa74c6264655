/** What the server of the page sends: the files of the page, and the sign-in page. */
import { createHash } from "node:crypto"
import { gzipSync } from "node:zlib"
import * as assets from "./assets.js"

export interface Body {
  readonly type: string
  readonly bytes: Buffer
  readonly gzipped?: Buffer | undefined
  readonly etag?: string | undefined
  readonly status?: number | undefined
}

/** Only files of this server; no inline code, no frames. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'"
].join("; ")

const html = "text/html; charset=utf-8"

const file = (type: string, text: string): Body => {
  const bytes = Buffer.from(text)
  return {
    type,
    bytes,
    gzipped: gzipSync(bytes, { level: 9 }),
    etag: `"${createHash("sha256").update(bytes).digest("base64url").slice(0, 16)}"`
  }
}

/** The files of the page, by their path. */
export const pageFiles = (): ReadonlyMap<string, Body> =>
  new Map([
    ["/", file(html, assets.html)],
    ["/app.js", file("text/javascript; charset=utf-8", assets.js)],
    ["/app.css", file("text/css; charset=utf-8", assets.css)]
  ])

/** Asks for the token. Works without a script. */
export const signInPage = (isWrong: boolean): Body => ({
  type: html,
  bytes: Buffer.from(assets.signIn.replace("{{note}}", isWrong ? "This token is not valid." : ""))
})

export const jsonBody = (value: unknown): Body => {
  const bytes = Buffer.from(JSON.stringify(value))
  return { type: "application/json; charset=utf-8", bytes, gzipped: gzipSync(bytes, { level: 4 }) }
}

/** Whether the client accepts gzip: `gzip;q=0` refuses it. */
export const acceptsGzip = (acceptEncoding: string | undefined): boolean =>
  /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)/i.test(acceptEncoding ?? "")

/** Whether the client has this version. Proxies that compress make a tag weak, and a client may list several. */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  (ifNoneMatch ?? "").split(",").map((tag) => tag.trim()).some((tag) => tag === "*" || tag.replace(/^W\//, "") === etag)
