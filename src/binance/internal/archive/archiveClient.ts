/** A client of the archive: reads verified files as rows, and its listing. */
import * as HttpClient from "@effect/platform/HttpClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as FetchContext from "../../../FetchContext.js"
import * as FetchError from "../../../FetchError.js"
import { ExchangeClock } from "../klines/exchangeClock.js"
import type { KlinesError } from "../klines/failure.js"
import { archiveModules } from "../optionalModules.js"
import { type ArchiveFile, maxSizeOf, mayCome, type Series } from "./archiveFiles.js"
import { verify } from "./checksum.js"
import { type FileRows, rowsOf } from "./contents.js"
import { type Downloaded, makeDownload } from "./download.js"
import { firstDayIn, listingUrl } from "./s3Listing.js"

export interface Options {
  readonly baseUrl: string
  /** None if the archive has no listing. */
  readonly listingUrl: string | undefined
  readonly timeout: Duration.Duration
  readonly idleTimeout: Duration.Duration
}

export interface Archive {
  readonly clock: ExchangeClock
  /** Reads the rows of a file while it is downloaded. None if the file does not exist. */
  readonly rows: (
    series: Series,
    file: ArchiveFile,
    now: number,
    context: FetchContext.Input
  ) => Effect.Effect<Option.Option<FileRows>, KlinesError>
  /** The first day for which an instrument has files, see `firstDayIn`. */
  readonly firstDay: (
    series: Series,
    after: number | undefined,
    context: FetchContext.Input
  ) => Effect.Effect<number | undefined>
}

// The allowance for the zip structure around a file, in bytes.
const overhead = 65_536
const maxChecksum = 4096
const maxListing = 262_144
const pause = "1 second"

export const makeArchive = Effect.fnUntraced(function*(
  user: string,
  { baseUrl, idleTimeout, listingUrl: listing, timeout }: Options
) {
  const modules = yield* archiveModules(user)
  const client = (yield* HttpClient.HttpClient).pipe(HttpClient.withTracerPropagation(false))
  const clock = new ExchangeClock()
  const download = makeDownload(client, modules.crypto, clock, { timeout, idleTimeout })

  /** Retries a refused recent file once: some servers of the archive do not have it yet. */
  const downloadFresh = (url: string, maxSize: number, isFresh: boolean, context: FetchContext.Input) => {
    const once = download(url, maxSize, context)
    return Effect.catchIf(
      once,
      (error) => isFresh && error._tag === "ApiPermission" && error.status === 403,
      () => Effect.delay(once, pause)
    )
  }

  /**
   * Fetches a zip file and verifies its checksum. On a mismatch both are fetched once more: the file may have been
   * replaced in between.
   */
  const verified = Effect.fnUntraced(function*(
    series: Series,
    file: ArchiveFile,
    url: string,
    isFresh: boolean,
    context: FetchContext.Input
  ) {
    const fetch = Effect.gen(function*() {
      const zip = yield* downloadFresh(url, maxSizeOf(series, file) + overhead, isFresh, context)
      if (Option.isNone(zip)) return { zip, fault: undefined }
      const sum = yield* downloadFresh(`${url}.CHECKSUM`, maxChecksum, isFresh, context)
      if (Option.isNone(sum)) return yield* Effect.fail(unverified(file, isFresh))
      return { zip, fault: verify(`${file.name}.zip`, zip.value.sha256, text(sum.value)) }
    })
    const first = yield* fetch
    const { fault, zip } = first.fault === undefined ? first : yield* fetch
    return fault === undefined ? zip : yield* Effect.fail(fault)
  })

  const archive: Archive = {
    clock,

    rows: (series, file, now, context) => {
      const url = `${baseUrl}/${encodeURI(file.path)}.zip`
      return verified(series, file, url, mayCome(file, now), context).pipe(
        Effect.flatMap(Option.match({
          onNone: () => Effect.succeedNone,
          onSome: ({ bytes }) => Effect.asSome(rowsOf(modules, bytes, series, file))
        })),
        Effect.mapError((error) => FetchError.withContext(error, { ...context, url }))
      )
    },

    firstDay: (series, after, context) =>
      listing === undefined
        ? Effect.succeed(undefined)
        : download(listingUrl(listing, series, after), maxListing, context).pipe(
          Effect.map((found) => Option.isNone(found) ? undefined : firstDayIn(text(found.value))),
          // The listing only determines the reason. The answer is valid without it.
          Effect.orElseSucceed(() => undefined)
        )
  }
  return archive
})

const text = ({ bytes }: Downloaded): string => new TextDecoder().decode(bytes.slice(0, bytes.size()))

const unverified = (file: ArchiveFile, retryable: boolean): FetchError.DataIntegrity =>
  new FetchError.DataIntegrity({
    message: `${file.name}.zip has no checksum file, so its integrity cannot be verified`,
    wanted: `${file.name}.zip.CHECKSUM`,
    found: "nothing",
    // The checksum of a recent file may not be published yet.
    retryable
  })
