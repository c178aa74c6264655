import { describe, expect, it } from "@effect/vitest"
import { pressureOf } from "../../../src/internal/retry/pressure.js"

describe("pressureOf", () => {
  it.each([
    { errors: 0, attempts: 0, pressure: 0 },
    { errors: 0, attempts: 7, pressure: 0 },
    { errors: 1, attempts: 4, pressure: 1 / 14 },
    { errors: 4, attempts: 4, pressure: 4 / 14 },
    // A window of errors may reach further back than one of successes.
    { errors: 5, attempts: 4, pressure: 5 / 15 },
    { errors: 90, attempts: 90, pressure: 0.9 },
    { errors: 100, attempts: 990, pressure: 0.1 },
    { errors: 10, attempts: 0, pressure: 0.5 },
    { errors: 90, attempts: 0, pressure: 0.9 },
    // Another tracker may return anything.
    { errors: NaN, attempts: 0, pressure: 0 },
    { errors: -3, attempts: 4, pressure: 0 },
    { errors: 10, attempts: NaN, pressure: 0.5 },
    { errors: 10, attempts: -1, pressure: 0.5 }
  ])("$errors errors in $attempts attempts: $pressure", ({ attempts, errors, pressure }) => {
    expect(pressureOf(errors, attempts)).toBe(pressure)
  })
})
