/** The rule that an absent file of the archive is empty data, not an invalid request. */
import * as Option from "effect/Option"
import * as Classifier from "../../../Classifier.js"
import * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"

const archiveHost = /^https?:\/\/data\.binance\.vision(?:[:/]|$)/

// The slowest daily file is published six days after its day.
const week = 7 * 86_400_000

/**
 * Classifies a 404 of the archive as `DataEmpty`. The reason is `not_published_yet` for a range that ended less than a week
 * ago, and `date_range` otherwise.
 */
export const missingFile: Classifier.Rule = (cause, { context, now, request, response }) => {
  const url = request.url ?? context.url
  const isArchive = context.source === "vision" || archiveHost.test(url ?? "")
  if (!isArchive || !Option.exists(response, ({ status }) => status === 404)) return Option.none()
  const end = Date.parse(context.end ?? context.start ?? "")
  const empty = Classifier.dataEmpty(end > now - week ? "not_published_yet" : "date_range")
  return Option.some(
    new FetchError.DataEmpty({
      reason: empty.reason,
      message: url === undefined ? empty.message : `${empty.message} (${url})`,
      context: FetchContext.merge(context, { url }),
      cause
    })
  )
}
