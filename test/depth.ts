/**
 * How much of the random tests runs that take longest: `npm test` runs a part of them, `npm run check:depth` all. Seeds
 * are the same, so that the part is the beginning of the whole.
 */
const isDeep = process.env["MODE"] === "depth"

/** A number that depends on the depth. */
export const byDepth = (some: number, all: number): number => isDeep ? all : some
