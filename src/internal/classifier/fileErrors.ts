/** Codes of the operating system that files have in common with sockets and processes; the system call distinguishes them. */
import type { Finding, Tag } from "./finding.js"
import { finding, kind, Rank } from "./finding.js"
import { text } from "./read.js"

const codes = (list: string): ReadonlySet<string> => new Set(list.split(" "))

const space = codes("ENOSPC EDQUOT")
const refused = codes("EACCES EPERM EROFS")

/** Codes that speak of a file, unless the system call is one of another kind. */
export const fileCodes = codes(
  "ENOSPC EDQUOT EACCES EPERM EROFS ENOENT EISDIR ENOTDIR EEXIST ENOTEMPTY EMFILE ENFILE ENAMETOOLONG ELOOP EBUSY EIO EBADF EFBIG EXDEV ETXTBSY " +
    "EMLINK ESPIPE EINVAL ENXIO ENODEV ENOTSUP EOPNOTSUPP ESTALE EAGAIN EDEADLK ENODATA ENOMEM EFAULT EOVERFLOW ENOTBLK ENOLCK EILSEQ " +
    "ERR_FS_FILE_TOO_LARGE ERR_FS_EISDIR ERR_DIR_CLOSED ERR_FS_CP_EEXIST ERR_FS_CP_EINVAL ERR_FS_CP_DIR_TO_NON_DIR ERR_FS_CP_NON_DIR_TO_DIR"
)

const sockets = /^(?:connect|bind|listen|accept|shutdown|send|recv|getsockname|getpeername|setsockopt|socket)/

const reads = codes(
  "read pread readv scandir readdir opendir stat lstat fstat statfs readlink realpath access lseek fsopen watch readFile"
)

const writes = codes(
  "write pwrite writev mkdir mkdtemp rmdir unlink rename copyfile ftruncate truncate fsync fdatasync chmod fchmod lchmod chown fchown lchown utime " +
    "futime lutime link symlink rm cp sendfile"
)

/** Of a call that both reading and writing begin with. */
const opens = codes("open openat close")

// Codes of `open` that only a writer gets.
const writing = codes("EISDIR EEXIST ETXTBSY EROFS")

/** The system call that a message of Deno's file system names: `… (os error 2): writefile '/a/b'`. */
export const calledBy = (message: string): string | undefined => {
  const called = /^[^():]{4,160} \(os error \d+\): (\w+) '/.exec(message)?.[1]
  if (called === undefined || called === "open") return called
  return /^(?:write|mk|make|remove|rename|copy|link|symlink|truncate|chmod|chown|utime|create)/.test(called)
    ? "write"
    : "read"
}

/** The finding for a code that files and sockets share. `named` is the system call, if the error names one. */
export const byFile = (code: string, named: string | undefined, link: unknown, operation?: string): Finding => {
  const syscall = named ?? calledBy(text(link, "message") ?? "")
  const found = (tag: Tag): Finding => finding(kind(tag, Rank.Fact), link, code)
  if (syscall !== undefined && !reads.has(syscall) && !writes.has(syscall) && !opens.has(syscall)) {
    return found(sockets.test(syscall) ? "NetworkConnection" : "Unexpected")
  }
  // The kernel's table of watches is full, not the disk.
  if (space.has(code) && syscall !== "watch") return found("StorageSpace")
  if (refused.has(code)) return found("StoragePermission")
  return found(writesTo(code, syscall, link, operation) ? "StorageWrite" : "StorageRead")
}

const writesTo = (code: string, syscall: string | undefined, link: unknown, operation: string | undefined): boolean => {
  if (syscall !== undefined && writes.has(syscall)) return true
  if (syscall !== undefined && reads.has(syscall)) return false
  if (code.startsWith("ERR_FS_CP_") || code === "ERR_FS_EISDIR") return true
  if (syscall !== undefined && writing.has(code)) return true
  return operation === "write" || (operation !== "read" && writer.test(text(link, "stack") ?? ""))
}

// `open` fails in the same way for readers and writers: only the trace shows the caller.
const writer =
  /\bat (?:async )?(?:\w+\.)?(?:(?:writeFile|appendFile|f?truncate|mkdtemp|copyFile|cp)(?:Sync)?|(?:create)?WriteStream) \((?:node:|ext:deno_node\/|unknown\))/
