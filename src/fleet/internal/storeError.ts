/** The errors of a store. */
import * as Schema from "effect/Schema"

/** The store cannot be reached, or refuses the operation. The message contains no secret. */
export class Unavailable
  extends Schema.TaggedError<Unavailable>("effect-errata/fleet/Unavailable")("FleetUnavailable", {
    /** The primitive that failed. */
    operation: Schema.String,
    message: Schema.String,
    /** Whether the operation may have been carried out all the same: its answer did not arrive. */
    mayBeDone: Schema.Boolean
  })
{}

/** A package that a layer needs is not installed. The message names the command that installs it. */
export class MissingPackage
  extends Schema.TaggedError<MissingPackage>("effect-errata/fleet/MissingPackage")("FleetMissingPackage", {
    package: Schema.String,
    message: Schema.String
  })
{}
