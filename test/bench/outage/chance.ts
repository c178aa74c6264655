import { Hash } from "effect"
import { PCGRandom } from "effect/Utils"

/** Numbers from 0 to 1, always the same for the same seed and purpose. */
export const chance = (seed: number, purpose: string): () => number => {
  const generator = new PCGRandom(seed, Hash.string(purpose))
  return () => generator.number()
}
