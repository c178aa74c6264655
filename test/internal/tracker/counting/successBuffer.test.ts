import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import { SuccessBuffer } from "../../../../src/internal/tracker/counting/successBuffer.js"

/** A buffer whose clock reads `time.now`, in nanoseconds, and throws where that is undefined. */
const bufferAt = (now: bigint | undefined) => {
  const time = { now, reads: 0, firsts: 0 }
  const clock: Clock.Clock = {
    ...Clock.make(),
    unsafeCurrentTimeNanos: () => {
      time.reads++
      if (time.now === undefined) throw new Error("no clock")
      return time.now
    }
  }
  return { buffer: new SuccessBuffer(clock, () => time.firsts++), time }
}

describe("SuccessBuffer", () => {
  it("has nothing at first, and nothing after it was taken", () => {
    const { buffer, time } = bufferAt(0n)
    expect([buffer.take(), time.firsts, time.reads]).toEqual([undefined, 0, 0])
    buffer.add()
    buffer.take()
    expect(buffer.take()).toBeUndefined()
  })

  it("counts calls, says so at the first one, and reads the clock only then and in the end", () => {
    const { buffer, time } = bufferAt(5n)
    for (let i = 0; i < 1000; i++) buffer.add()
    time.now = 905n
    expect([time.firsts, time.reads]).toEqual([1, 1])
    expect(buffer.take()).toEqual({ count: 1000, age: 900 })
    time.now = 1000n
    buffer.add()
    expect([buffer.take(), time.firsts]).toEqual([{ count: 1, age: 0 }, 2])
  })

  it.each([
    ["goes back", 100n, 40n],
    ["throws at the first call", undefined, 40n],
    ["throws in the end", 100n, undefined],
    ["always throws", undefined, undefined]
  ])("a clock that %s: the calls are of now", (_, first, end) => {
    const { buffer, time } = bufferAt(first)
    buffer.add()
    buffer.add()
    time.now = end
    expect([buffer.take(), time.firsts]).toEqual([{ count: 2, age: 0 }, 1])
  })
})
