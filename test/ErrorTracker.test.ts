import { describe } from "@effect/vitest"
import * as ErrorTracker from "effect-errata/ErrorTracker"
import { trackerLaws } from "./laws/tracker.js"

describe("layer", () => {
  trackerLaws(ErrorTracker.layer())
})
