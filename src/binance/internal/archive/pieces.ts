/**
 * The bytes of a file of up to hundreds of megabytes, as they are downloaded. They are copied into blocks, which are
 * released as soon as they have been read: garbage collection would keep them until long after the candles are allocated.
 */
import { release } from "./release.js"

export interface Pieces {
  readonly size: () => number
  readonly push: (piece: Uint8Array) => void
  /** The bytes from `start` to `end` as one array, fewer if the file ends before. Valid until the first is taken. */
  readonly slice: (start: number, end: number) => Uint8Array
  /** Yields the bytes from `start` to `end` and releases all. Each array is valid until the next one is requested. */
  readonly take: (start: number, end: number) => Iterable<Uint8Array>
}

const blockSize = 1 << 20
/** The size of a file from which its blocks are returned to the system, and not to the allocator, which is faster. */
const large = 1 << 24

export const makePieces = (): Pieces => {
  /** Full blocks, and the last one, which has `free` bytes left. */
  const blocks: Array<Uint8Array<ArrayBuffer>> = []
  let free = 0
  let size = 0

  /** The parts of blocks from `start` to `end`. */
  function* parts(start: number, end: number) {
    let at = 0
    for (const block of blocks) {
      const part = block.subarray(Math.max(0, start - at), Math.max(0, Math.min(end, size) - at))
      // The length is read first: a released array has none.
      at += block.length
      yield { part, block }
    }
  }

  const clear = () => {
    blocks.length = 0
    free = 0
    size = 0
  }

  return {
    size: () => size,
    push: (piece) => {
      for (let from = 0; from < piece.length;) {
        if (free === 0) {
          // The first block is as long as the piece: most files have one.
          free = Math.max(piece.length - from, Math.min(size, blockSize))
          blocks.push(allocated(free, size >= large))
        }
        const block = blocks[blocks.length - 1]!
        const part = piece.subarray(from, from + free)
        block.set(part, block.length - free)
        free -= part.length
        from += part.length
        size += part.length
      }
    },
    slice: (start, end) => {
      const found = Array.from(parts(start, end), ({ part }) => part).filter(({ length }) => length > 0)
      if (found.length === 1) return found[0]!
      const bytes = new Uint8Array(found.reduce((length, part) => length + part.length, 0))
      let at = 0
      for (const part of found) {
        bytes.set(part, at)
        at += part.length
      }
      return bytes
    },
    take: function*(start, end) {
      try {
        for (const { block, part } of parts(start, end)) {
          if (part.length > 0) yield part
          if (block.buffer.resizable) block.buffer.resize(0)
          else release(block.buffer)
        }
      } finally {
        clear()
      }
    }
  }
}

const allocated = (length: number, isReturned: boolean): Uint8Array<ArrayBuffer> =>
  isReturned ? new Uint8Array(new ArrayBuffer(length, { maxByteLength: length }), 0, length) : new Uint8Array(length)
