/**
 * The clients of the event stream. Every frame is made and compressed once, and written to each client that has taken the
 * one before; a client that has not skips it, and is dropped if it takes nothing for ten seconds. Time is an argument, in
 * milliseconds.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import { constants, deflateRawSync } from "node:zlib"
import { acceptsGzip } from "./responses.js"

interface Client {
  readonly response: ServerResponse
  readonly isCompressed: boolean
  /** Since when nothing could be written to it. */
  stuckSince: number | undefined
}

/** A chunk of the stream in both encodings. */
export interface Chunk {
  readonly plain: Buffer
  readonly compressed: Buffer
}

/** The most clients at a time. Each costs some kilobytes and a file descriptor. */
export const maxClients = 2000

const patience = 10_000

// The header of a gzip stream that never ends: frames are appended to it as blocks that refer to nothing before them, so
// that one compressed frame serves every client, whenever it came.
const gzipHeader = Buffer.from([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF])

export const chunkOf = (text: string): Chunk => {
  const plain = Buffer.from(text)
  return { plain, compressed: deflateRawSync(plain, { level: 4, finishFlush: constants.Z_SYNC_FLUSH }) }
}

const hello = chunkOf("retry: 1000\n\n")
const heartbeat = chunkOf(": heartbeat\n\n")

export class EventClients {
  private readonly clients = new Set<Client>()
  /** The number of clients that were dropped because they did not read. */
  dropped = 0

  get size(): number {
    return this.clients.size
  }

  /** Starts the stream of a client. `latest` is the frame that it shows at once. */
  add(request: IncomingMessage, response: ServerResponse, latest: Chunk | undefined): void {
    const isCompressed = acceptsGzip(request.headers["accept-encoding"])
    const client: Client = { response, isCompressed, stuckSince: undefined }
    // The connection has only this response, which ends with it: without chunks, a frame is one write.
    response.useChunkedEncodingByDefault = false
    response.writeHead(200, {
      "connection": "close",
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "vary": "accept-encoding",
      ...(isCompressed ? { "content-encoding": "gzip" } : {})
    })
    if (isCompressed) response.write(gzipHeader)
    this.write(client, hello)
    if (latest !== undefined) this.write(client, latest)
    // A machine that vanished is noticed by the kernel.
    response.socket?.setKeepAlive(true, 30_000)
    this.clients.add(client)
    response.on("close", () => this.clients.delete(client))
    response.on("error", () => this.clients.delete(client))
  }

  /** Writes a chunk to the clients, in groups, so that other work can run in between. */
  *send(chunk: Chunk, now: number, group: number): Generator<void, void> {
    let written = 0
    for (const client of this.clients) {
      if (this.isReady(client, now)) {
        this.write(client, chunk)
        if (++written % group === 0) yield
      }
    }
  }

  sendHeartbeat(now: number, group: number): Generator<void, void> {
    return this.send(heartbeat, now, group)
  }

  /** Ends all streams. */
  end(): void {
    for (const { response } of this.clients) response.destroy()
    this.clients.clear()
  }

  private write({ isCompressed, response }: Client, chunk: Chunk): void {
    response.write(isCompressed ? chunk.compressed : chunk.plain)
  }

  /** Whether a client has taken what was written to it. Drops one that has not for too long. */
  private isReady(client: Client, now: number): boolean {
    const waiting = client.response.writableLength + (client.response.socket?.writableLength ?? 0)
    if (waiting === 0) {
      client.stuckSince = undefined
      return true
    }
    client.stuckSince ??= now
    if (now - client.stuckSince >= patience) {
      this.dropped++
      this.clients.delete(client)
      client.response.destroy()
    }
    return false
  }
}
