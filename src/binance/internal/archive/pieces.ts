/**
 * The bytes of a file, which may be a hundred megabytes, in the pieces in which they came. What is beyond the first few
 * megabytes is given back to the system as soon as it was taken: the collector would keep it until long after the
 * candles in it have taken its place. Of smaller files it is quicker to leave that to the collector.
 */
export interface Pieces {
  readonly size: () => number
  readonly push: (piece: Uint8Array) => void
  /** Those from `start` to `end` in one, without copying where they came in one; fewer where they end before. */
  readonly slice: (start: number, end: number) => Uint8Array
  /** Those from `start` to `end`, each valid until the next. Afterwards there are none. */
  readonly take: (start: number, end: number) => Iterable<Uint8Array>
}

interface Piece {
  readonly bytes: Uint8Array
  /** What they lie in, if it is to be given back. */
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
      // Before it is handed out: of what was given back there are no bytes.
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
