/** HTTP over a bare socket: what a client library would not send. */
import { connect, type Socket } from "node:net"

/** Sends text, and returns all that comes until the server closes, or until `isDone`. */
export const exchange = (
  port: number,
  text: string,
  isDone: (received: string) => boolean = () => false
): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    let received = ""
    socket.setEncoding("latin1")
    socket.on("data", (part: string) => {
      received += part
      if (isDone(received)) {
        socket.destroy()
        resolve(received)
      }
    })
    socket.on("close", () => resolve(received))
    socket.on("error", reject)
  })

export const get = (
  port: number,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  isDone?: (received: string) => boolean
): Promise<string> => {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, connection: "close", ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
  return exchange(port, `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`, isDone)
}

/** Opens the stream of events and leaves it open. With `reads` false, nothing is ever read from it. */
export const openEvents = (port: number, reads = true): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(`GET /events HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`)
      if (reads) socket.once("data", () => resolve(socket.resume()))
      else resolve(socket.pause())
    })
    socket.on("error", reject)
  })

export const statusOf = (response: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(response)?.[1])
