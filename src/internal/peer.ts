/** Modules that are imported when a layer needs them, and not before. */
import * as Effect from "effect/Effect"

/** The module, or death with words that say what to install. */
export const peer = <A>(
  user: string,
  name: string,
  load: () => Promise<A>
): Effect.Effect<A> =>
  Effect.orDieWith(
    Effect.tryPromise({ try: load, catch: (cause) => cause }),
    (cause) => new Error(`${user} needs ${remedy(name)}`, { cause })
  )

const remedy = (name: string): string =>
  name.startsWith("node:")
    ? `${name}, and so Node.js`
    : `the package ${name}, which could not be imported. Install it: npm install ${name}`
