/** An exchange over HTTP that counts weight by the minute, and bans. */
import { createServer } from "node:http"

interface Arrival {
  readonly at: number
  readonly weight: number
  readonly isBanned: boolean
}

export interface Exchange {
  readonly url: string
  readonly arrivals: Array<Arrival>
  /** From now on the next request is banned, and all others for so many seconds. */
  readonly ban: (seconds: number) => void
  readonly bannedUntil: () => number
  /** The weight of each minute. */
  readonly byMinute: () => ReadonlyMap<number, number>
  readonly close: () => Promise<void>
}

const now = (): number => performance.timeOrigin + performance.now()

export const startExchange = async (): Promise<Exchange> => {
  const arrivals: Array<Arrival> = []
  let banSeconds = 0
  let until = 0
  const byMinute = new Map<number, number>()
  const server = createServer((request, response) => {
    const at = now()
    if (banSeconds > 0) {
      until = at + 1000 * banSeconds
      banSeconds = 0
    }
    const weight = Number(new URL(request.url ?? "", "http://x").searchParams.get("weight"))
    const isBanned = at < until
    arrivals.push({ at, weight, isBanned })
    const minute = Math.floor(at / 60_000)
    byMinute.set(minute, (byMinute.get(minute) ?? 0) + weight)
    response.setHeader("x-used", String(byMinute.get(minute)))
    if (isBanned) response.setHeader("retry-after", String((until - at) / 1000))
    response.writeHead(isBanned ? 418 : 200).end("{}")
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`,
    arrivals,
    ban: (seconds) => {
      banSeconds = seconds
    },
    bannedUntil: () => until,
    byMinute: () => byMinute,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
  }
}
