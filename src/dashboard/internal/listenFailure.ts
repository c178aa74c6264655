/** The reasons why a server cannot listen, and what to do about each. Pure. */

export interface Failure {
  readonly reason: "AddressInUse" | "Unavailable"
  readonly message: string
}

export interface Address {
  readonly host: string
  /** The ports that are tried, in this order. */
  readonly ports: ReadonlyArray<number>
}

const addresses = "\"127.0.0.1\" for this machine only, or \"0.0.0.0\" for all of its addresses"

/** The failure to listen to the last of the ports. */
export const listenFailure = (
  { code, message }: { readonly code?: string | undefined; readonly message: string },
  { host, ports }: Address
): Failure => {
  const [first = 0] = ports
  const last = ports.at(-1) ?? first
  const unavailable = (message: string): Failure => ({ reason: "Unavailable", message })
  switch (code) {
    case "EADDRINUSE":
      return {
        reason: "AddressInUse",
        message: `${
          first === last ? `port ${first} of ${host} is in use` : `the ports ${first} to ${last} of ${host} are in use`
        }: set the option "port" to another one, or to 0 for any free port`
      }
    case "EADDRNOTAVAIL":
      return unavailable(`${host} is not an address of this machine: set the option "host" to ${addresses}`)
    case "EAFNOSUPPORT":
      return unavailable(`this machine does not support addresses like ${host}: set the option "host" to ${addresses}`)
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NODATA":
    case "EAI_NONAME":
      return unavailable(`the name ${host} cannot be resolved: set the option "host" to ${addresses}`)
    case "EACCES":
    case "EPERM":
      return unavailable(
        last < 1024 && last > 0
          ? `port ${last} needs the privileges of an administrator: set the option "port" to one from 1024 on`
          : `the system does not permit this process to listen to port ${last} of ${host}: set the option "port" to another one, or permit it`
      )
    case "EMFILE":
    case "ENFILE":
      return unavailable("too many files and sockets are open: raise the limit of the system (ulimit -n)")
    default:
      return unavailable(`port ${last} of ${host} cannot be opened: ${message}`)
  }
}
