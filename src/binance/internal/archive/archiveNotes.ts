/** Results from the archive that the pieces of a fetch share, so that no request is made twice. */
import { Once } from "../klines/once.js"
import { FileDays } from "./fileDays.js"

export class ArchiveNotes {
  /** The files that several pieces of a fetch need. */
  readonly files = new Once()
  readonly days: FileDays

  /** The fetches of a stream share `days`, but not the files, which would fill the memory. */
  constructor(days = new FileDays()) {
    this.days = days
  }
}
