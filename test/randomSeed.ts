/**
 * The seed of the random tests: the same one in each run, so that a run that failed can be repeated. `SEED=random` takes
 * a new one, and `SEED=<number>` that of a failure. A failing test prints its seed.
 */
import { FastCheck } from "effect"
import { randomInt } from "node:crypto"

const text = process.env["SEED"] ?? "1"
const seed = text === "random" ? randomInt(2 ** 31) : Number(text)
if (!Number.isInteger(seed)) throw new Error(`SEED is a whole number or "random", and not ${JSON.stringify(text)}`)

FastCheck.configureGlobal({ ...FastCheck.readConfigureGlobal(), seed })
