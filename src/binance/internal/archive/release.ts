/** Frees memory without a garbage collection. */

/**
 * Frees the memory of a buffer at once. The buffer is empty afterwards. Large buffers that become garbage soon would
 * otherwise cause collections of the whole heap, one for each 64 MB.
 */
export const release = (buffer: ArrayBuffer): void => {
  closed ??= makeClosed()
  closed.postMessage(undefined, [buffer])
}

/** A closed port. What is transferred to it is dropped. */
const makeClosed = (): MessagePort => {
  const { port1, port2 } = new MessageChannel()
  port1.close()
  port2.close()
  return port1
}

let closed: MessagePort | undefined
