/** The range of a request in milliseconds, and requests for parts of it. */
import * as DateTime from "effect/DateTime"
import { KlineRequest } from "../../KlineRequest.js"
import type { Range } from "./ranges.js"

export const rangeOf = ({ end, start }: KlineRequest): Range => ({
  start: DateTime.toEpochMillis(start),
  end: DateTime.toEpochMillis(end)
})

/** A request for a part of the range, which is valid as the request is. */
export const partOf = (request: KlineRequest, { end, start }: Range): KlineRequest =>
  new KlineRequest(
    { ...request, start: DateTime.unsafeMake(start), end: DateTime.unsafeMake(end) },
    { disableValidation: true }
  )
