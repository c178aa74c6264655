import { describe, expect, it } from "@effect/vitest"
import { type AccessSettings, decide, type Head } from "../../src/dashboard/internal/access.js"

const open: AccessSettings = {
  hosts: new Set(["localhost", "127.0.0.1", "errata.example.com"]),
  isToken: undefined,
  cookie: { name: "errata_4400", value: "session" }
}
const closed: AccessSettings = { ...open, isToken: (text) => text === "0123456789abcdef" }

const head = (changes: Partial<Head> = {}): Head => ({
  method: "GET",
  url: "/events",
  host: "127.0.0.1:4400",
  origin: undefined,
  fetchSite: undefined,
  fetchMode: undefined,
  authorization: undefined,
  cookie: undefined,
  ...changes
})

const tagOf = (changes: Partial<Head>, settings = open) => {
  const decision = decide(head(changes), settings)
  return decision._tag === "Refuse" ? decision.status : decision._tag
}

describe("access", () => {
  it.each([
    ["127.0.0.1:4400", "Allow"],
    ["localhost:8080", "Allow"],
    ["LOCALHOST", "Allow"],
    ["localhost.:4400", "Allow"],
    ["app.localhost:4400", "Allow"],
    ["[::1]:4400", "Allow"],
    ["192.168.1.7", "Allow"],
    ["errata.example.com", "Allow"],
    ["evil.example", 403],
    ["127.0.0.1.evil.example", 403],
    ["localhost.evil.example", 403],
    ["errata.example.com.evil.example", 403],
    ["evillocalhost", 403],
    ["evil.example:4400@127.0.0.1", 400],
    ["127.0.0.1:4400, evil.example", 400],
    ["127.0.0.1:port", 400],
    ["", 400],
    [undefined, 400]
  ])("the host %s: %s", (host, expected) => {
    expect(tagOf({ host })).toBe(expected)
  })

  it.each([
    ["http://127.0.0.1:4400", "Allow"],
    ["https://127.0.0.1:4400", "Allow"],
    ["http://127.0.0.1:3000", 403],
    ["http://localhost:4400", 403],
    ["http://evil.example", 403],
    ["null", 403],
    ["", 403]
  ])("the origin %s: %s", (origin, expected) => {
    expect(tagOf({ origin })).toBe(expected)
  })

  it.each([
    ["none", "navigate", "Allow"],
    ["same-origin", "cors", "Allow"],
    ["cross-site", "navigate", "Allow"],
    ["cross-site", "no-cors", 403],
    ["same-site", "cors", 403],
    ["same-site", "no-cors", 403]
  ])("a request of a site %s in mode %s: %s", (fetchSite, fetchMode, expected) => {
    expect(tagOf({ fetchSite, fetchMode })).toBe(expected)
  })

  it("refuses another site that submits a form", () => {
    expect(tagOf({ method: "POST", fetchSite: "cross-site", fetchMode: "navigate" })).toBe(403)
  })

  it.each(["//evil.example/", "http://evil.example/", "*", ""])("refuses the path %s", (url) => {
    expect(tagOf({ url })).toBe(400)
  })

  it.each<readonly [string, Partial<Head>, string]>([
    ["nothing", {}, "AskForToken"],
    ["a wrong bearer", { authorization: "Bearer wrong" }, "AskForToken"],
    ["the right bearer", { authorization: "Bearer 0123456789abcdef" }, "Allow"],
    ["basic authorization", { authorization: "Basic 0123456789abcdef" }, "AskForToken"],
    ["the cookie of the session", { cookie: "a=b; errata_4400=session" }, "Allow"],
    ["a wrong cookie", { cookie: "errata_4400=sessio" }, "AskForToken"],
    ["the cookie of another port", { cookie: "errata_4401=session" }, "AskForToken"],
    ["a cookie whose value contains it", { cookie: "a=errata_4400=session" }, "AskForToken"],
    ["the token in the address of the page", { url: "/?token=0123456789abcdef&q=x" }, "SignIn"],
    ["a wrong token in the address", { url: "/?token=wrong" }, "AskForToken"],
    ["the token in the address of the events", { url: "/events?token=0123456789abcdef" }, "AskForToken"]
  ])("with a token required, %s: %o", (_, changes, expected) => {
    expect(tagOf(changes, closed)).toBe(expected)
  })

  it("takes the token out of the address, and stays on this server", () => {
    expect(decide(head({ url: "/?token=0123456789abcdef&q=%2F%2Fevil" }), closed)).toEqual({
      _tag: "SignIn",
      location: "./?q=%2F%2Fevil"
    })
  })
})
