/**
 * The bytes of a file, which may be a hundred megabytes. They are kept in blocks, and a block that was taken is given back
 * at once: waiting for the collector, the zip would stay until long after the candles in it have taken its place.
 */
export interface Pieces {
  readonly size: () => number
  readonly push: (piece: Uint8Array) => void
  /** A copy of a few of them; shorter where they end before. */
  readonly slice: (start: number, end: number) => Uint8Array
  /** Those from `start` to `end`, each valid until the next. Afterwards there are none. */
  readonly take: (start: number, end: number) => Iterable<Uint8Array>
}

const blockSize = 1 << 20

export const makePieces = (): Pieces => {
  const blocks: Array<ArrayBuffer> = []
  let size = 0

  /** The parts of blocks from `start` to `end`. */
  function* parts(start: number, end: number) {
    for (let at = start; at < Math.min(end, size); at += blockSize - at % blockSize) {
      const block = blocks[Math.floor(at / blockSize)]!
      const offset = at % blockSize
      yield { block, bytes: new Uint8Array(block, offset, Math.min(blockSize - offset, Math.min(end, size) - at)) }
    }
  }

  return {
    size: () => size,
    push: (piece) => {
      let from = 0
      while (from < piece.length) {
        const offset = size % blockSize
        if (offset === 0) blocks.push(new ArrayBuffer(blockSize, { maxByteLength: blockSize }))
        const part = piece.subarray(from, from + blockSize - offset)
        new Uint8Array(blocks.at(-1)!, offset).set(part)
        from += part.length
        size += part.length
      }
    },
    slice: (start, end) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start))
      let at = 0
      for (const part of parts(start, end)) {
        bytes.set(part.bytes, at)
        at += part.bytes.length
      }
      return bytes
    },
    take: function*(start, end) {
      for (const { block, bytes } of parts(start, end)) {
        yield bytes
        block.resize(0)
      }
      size = 0
    }
  }
}
