import { describe } from "@effect/vitest"
import { FleetStore, FleetTracker } from "effect-errata/fleet"
import * as Layer from "effect/Layer"
import { trackerLaws } from "../laws/tracker.js"

// Hours of the test clock, in which a fleet does more than a process alone: `npm run check:fleet`.
describe.skipIf(process.env.MODE !== "fleet")("FleetTracker of one process", () => {
  trackerLaws(Layer.provide(FleetTracker.layer(), FleetStore.layerMemory))
})
