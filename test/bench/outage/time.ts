/**
 * Simulated time. Imported before anything else, and imports nothing itself that knows the time: what has the real clock
 * by now keeps it.
 *
 * Effect, cockatiel and the simulated server all wait by `setTimeout`, and read the clocks that are replaced here.
 */
import * as FakeTimers from "@sinonjs/fake-timers"

const clock = FakeTimers.install({
  now: Date.UTC(2024, 0, 1),
  toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "hrtime", "performance"]
})

/** Milliseconds since the start of the program, as it believes. */
export const now = (): number => performance.now()

/** Lets the time pass until the promise is settled. */
export const pass = async <A>(promise: Promise<A>): Promise<A> => {
  const state = { isWaiting: true }
  const tick = async () => {
    while (state.isWaiting) await clock.tickAsync(1000)
  }
  const ticks = tick()
  try {
    return await promise
  } finally {
    state.isWaiting = false
    await ticks
  }
}
