/** Checks the options of a tracker of a fleet, and fills in their defaults. */
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Check from "../../../internal/options.js"
import type * as Model from "../../../internal/tracker/model.js"
import { checks, settingsOf } from "../../../internal/tracker/trackerOptions.js"
import type { DeliverySettings } from "./alertDeliveries.js"
import type { FleetSettings } from "./fleetService.js"

export interface Options extends Model.Options {
  /** Trackers with the same name share their counts and alerts. Default `tracker`. */
  readonly name?: string | undefined
  /**
   * The time between two flushes of what this process has counted: the most that is lost if it is killed. Default 1 second.
   */
  readonly flushEvery?: Duration.DurationInput | undefined
}

export interface DeliveryOptions {
  /** The name of the tracker. Default `tracker`. */
  readonly name?: string | undefined
  /** Each group delivers each alert once. Default `alerts`. */
  readonly group?: string | undefined
  /** The time after which another process delivers an alert that one has not finished. Default 1 minute. */
  readonly idle?: Duration.DurationInput | undefined
}

const name: Check.Check<string> = (path, value) =>
  Predicate.isString(value) && /^[^\s{}\p{C}]{1,100}$/u.test(value)
    ? Either.right(value)
    : Check.wrong(path, value, "a text of 1 to 100 characters without spaces and braces")

const struct = Check.struct(
  {
    ...checks,
    name: Check.withDefault(name, "tracker"),
    flushEvery: Check.withDefault(Check.duration(), "1 second")
  } satisfies Check.Checks<Options>
)

const deliveryStruct = Check.struct(
  {
    name: Check.withDefault(name, "tracker"),
    group: Check.withDefault(name, "alerts"),
    idle: Check.withDefault(Check.duration(), "1 minute")
  } satisfies Check.Checks<DeliveryOptions>
)

/** Left is a message. */
export const deliverySettings = (options: DeliveryOptions): Check.Checked<DeliverySettings> =>
  deliveryStruct("", options)

/** Left is a message. */
export const fleetSettings = (options: Options): Check.Checked<FleetSettings> =>
  Either.flatMap(
    struct("", options),
    ({ flushEvery, name, ...rest }) => Either.map(settingsOf(rest), (tracker) => ({ name, flushEvery, tracker }))
  )
