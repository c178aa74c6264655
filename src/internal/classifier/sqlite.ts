/** The result codes of SQLite by their texts, which all of its bindings keep. Some bindings keep nothing else. */
import type { Kind } from "./finding.js"
import { kind, Rank } from "./finding.js"

const read = kind("StorageRead", Rank.Wording)
const write = kind("StorageWrite", Rank.Wording)

export const sqliteTexts: ReadonlyArray<readonly [RegExp, Kind, string]> = [
  [/^database or disk is full\b/, kind("StorageSpace", Rank.Wording), "SQLITE_FULL"],
  [/^database is locked\b/, write, "SQLITE_BUSY"],
  [/^database (?:schema|table) is locked\b/, write, "SQLITE_LOCKED"],
  [/^attempt to write a readonly database\b/, write, "SQLITE_READONLY"],
  [/^database disk image is malformed\b/, read, "SQLITE_CORRUPT"],
  [/^file is not a database\b/, read, "SQLITE_NOTADB"],
  [/^unable to open database file\b/, read, "SQLITE_CANTOPEN"],
  [/^disk I\/O error\b/, read, "SQLITE_IOERR"]
]

/** Whether another connection holds the lock, so that another attempt makes sense. */
export const isBusy = (code: string | undefined): boolean => code !== undefined && /^SQLITE_(?:BUSY|LOCKED)/.test(code)
