import * as TestClock from "effect/TestClock"
import { now, waits } from "./retryAfter.js"
import { testRows } from "./testRows.js"

testRows("Retry-After", waits, TestClock.setTime(now))
