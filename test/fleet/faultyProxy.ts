/** A TCP proxy in front of a server that swallows, delays and cuts. */
import { connect, createServer, type Socket } from "node:net"

export interface FaultyProxy {
  readonly port: number
  /** What happens to the answers of the server, and to new connections. */
  mode: "pass" | "swallow" | "refuse"
  /** The port to which new connections lead. */
  target: number
  /** The delay of answers, in milliseconds. */
  delay: number
  /** The bytes of requests that have arrived. */
  readonly received: () => number
  /** Cuts all connections. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

export const startProxy = async (target: number): Promise<FaultyProxy> => {
  const sockets = new Set<Socket>()
  let received = 0
  const server = createServer((client) => {
    if (proxy.mode === "refuse") return client.destroy()
    const upstream = connect(proxy.target, "127.0.0.1")
    for (const [socket, other] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(socket)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on("data", (data) => {
      received += data.length
      upstream.write(data)
    })
    upstream.on("data", (data) => {
      if (proxy.mode === "swallow") return
      if (proxy.delay > 0) setTimeout(() => client.destroyed || client.write(data), proxy.delay)
      else client.write(data)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const proxy: FaultyProxy = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    mode: "pass",
    target,
    delay: 0,
    received: () => received,
    cut: () => {
      for (const socket of sockets) socket.destroy()
    },
    close: () => {
      proxy.cut()
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
  return proxy
}
