/** Values that fight back: they are classified all the same, and at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Classifier from "effect-errata/Classifier"
import * as FetchError from "effect-errata/FetchError"
import * as FastCheck from "effect/FastCheck"

const errno = (code: string, syscall: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall })

const tagOf = (cause: unknown) => Classifier.classifySync(cause)._tag

describe("hostile values", () => {
  const trap = () => {
    throw new Error("no")
  }
  const chain = (length: number, root: unknown) => {
    let error = root
    for (let i = 0; i < length; i++) error = new Error(`level ${i}`, { cause: error })
    return error
  }
  const cyclic: { cause?: unknown } = new Error("cyclic")
  cyclic.cause = cyclic
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const endless = (): object => new Proxy({}, { get: (_, key) => key === "cause" ? endless() : undefined })
  const wide = (depth: number): unknown =>
    new AggregateError(Array.from({ length: 1000 }, () => depth === 0 ? new Error("x") : shared[depth - 1]))
  const shared: Array<unknown> = []
  for (let depth = 0; depth < 4; depth++) shared.push(wide(depth))

  it("are classified, at once, whatever they are", () => {
    const values: ReadonlyArray<unknown> = [
      cyclic,
      revoked.proxy,
      endless(),
      new Proxy({}, { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap }),
      Object.create(null),
      shared.at(-1),
      chain(10_000, errno("ECONNRESET", "read")),
      {
        get code() {
          return trap()
        },
        get message() {
          return trap()
        }
      },
      { toString: trap, [Symbol.toPrimitive]: trap },
      { response: new Proxy({}, { get: trap }) },
      { response: { status: 500, headers: new Proxy({}, { ownKeys: trap }), data: revoked.proxy } },
      { errors: revoked.proxy },
      "x".repeat(1_000_000),
      Symbol("x"),
      10n,
      () => 1
    ]
    for (const value of values) {
      const error = Classifier.classifySync(value)
      assert.isTrue(FetchError.isFetchError(error))
      assert.isTrue(Object.is(error.cause, value))
    }
  })

  it("a frozen error, one getter that throws, a chain of ten", () => {
    assert.strictEqual(tagOf(Object.freeze(errno("ECONNREFUSED", "connect"))), "NetworkConnection")
    assert.strictEqual(
      tagOf(Object.defineProperty(errno("ECONNRESET", "read"), "name", { get: trap })),
      "NetworkConnection"
    )
    assert.strictEqual(tagOf(chain(10, errno("ECONNRESET", "read"))), "NetworkConnection")
  })

  it("anything at all, and any context", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.anything({ withProxy: true } as never), FastCheck.anything(), (cause, context) => {
        const error = Classifier.classifySync(cause, { context: context as never })
        return FetchError.isFetchError(error) && JSON.stringify(error) !== ""
      })
    )
  })
})
