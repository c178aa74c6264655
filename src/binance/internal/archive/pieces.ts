/**
 * The bytes of a file of up to hundreds of megabytes, in the pieces in which they were received. Beyond the first few
 * megabytes, memory is released as soon as it has been read: garbage collection would keep it until long after the
 * candles are allocated. For smaller files garbage collection is faster.
 */
export interface Pieces {
  readonly size: () => number
  readonly push: (piece: Uint8Array) => void
  /** The bytes from `start` to `end` as one array, fewer if the file ends before. Bytes of one piece are not copied. */
  readonly slice: (start: number, end: number) => Uint8Array
  /** Yields the bytes from `start` to `end` and releases them. Each array is valid until the next one is requested. */
  readonly take: (start: number, end: number) => Iterable<Uint8Array>
}

interface Piece {
  readonly bytes: Uint8Array
  /** The buffer of the bytes, if it is to be released. */
  readonly buffer: ArrayBuffer | undefined
}

const small = 1 << 24

export const makePieces = (): Pieces => {
  const pieces: Array<Piece> = []
  let size = 0

  /** The parts of pieces from `start` to `end`. */
  function* parts(start: number, end: number) {
    let at = 0
    for (const { buffer, bytes } of pieces) {
      const part = bytes.subarray(Math.max(0, start - at), Math.max(0, end - at))
      // The length is read first: a released array has none.
      at += bytes.length
      if (part.length > 0) yield { part, buffer }
      if (at >= end) return
    }
  }

  return {
    size: () => size,
    push: (piece) => {
      pieces.push(size < small ? { bytes: piece, buffer: undefined } : returnable(piece))
      size += piece.length
    },
    slice: (start, end) => {
      const length = Math.max(0, Math.min(end, size) - start)
      const found = Array.from(parts(start, end), ({ part }) => part)
      if (found.length === 1) return found[0]!
      const bytes = new Uint8Array(length)
      let at = 0
      for (const part of found) {
        bytes.set(part, at)
        at += part.length
      }
      return bytes
    },
    take: function*(start, end) {
      for (const { buffer, part } of parts(start, end)) {
        yield part
        buffer?.resize(0)
      }
      pieces.length = 0
      size = 0
    }
  }
}

const returnable = (piece: Uint8Array): Piece => {
  const buffer = new ArrayBuffer(piece.length, { maxByteLength: piece.length })
  const bytes = new Uint8Array(buffer, 0, piece.length)
  bytes.set(piece)
  return { bytes, buffer }
}
